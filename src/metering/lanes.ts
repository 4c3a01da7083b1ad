import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Circuit } from './circuit.ts'

/** One seller account's place in the sending queue. */
export type Lane = Circuit & {
  readonly connection: Id<'conn'>
  /** It was left alone after trouble: one call finds out whether it is over. */
  readonly isProbe: boolean
  /** Accounts that have something due as well. */
  readonly others: number
}

/** Deadlines in the same quarter of an hour are equally near: there, who was served longest ago goes first. */
const near = sql`interval '15 minutes'`
/** An account whose calls are reserved so far ahead has no room for more. */
const roomMs = 1_000
/** So long one sender alone finds out whether an account is well again; should it die, another does. */
const probeMs = 60_000
const everything = sql`'9999-12-31T00:00:00Z'::timestamptz`

const working = sql`r.state_is in ('open', 'due', 'held', 'sending')`
const circuit = sql`l.failures, l.open_until as "openUntil", l.problem, l.blocked`

/** Makes room for an account that has none yet. */
export async function ensure(db: Db, connection: Id<'conn'>): Promise<void> {
  await sql`insert into usage_lanes (connection) values (${connection}) on conflict do nothing`.execute(
    db,
  )
}

/**
 * The account to serve next: of those that may be called, the one whose due usage has the nearest deadline. Whoever
 * looks at the same moment gets another. What is past its deadline and was never answered waits for all that is not.
 */
export async function choose(
  db: Db,
  now: Instant,
  except: readonly string[] = [],
): Promise<Lane | undefined> {
  const { rows } = await sql<Lane>`
    with ready as materialized (
      select l.connection, l.served_at, coalesce(
        (select r.deadline from usage_records r where r.connection = l.connection and ${working}
          and r.due_at <= ${now}::timestamptz and r.deadline > ${now}::timestamptz
          order by r.deadline limit 1),
        (select ${everything} from usage_records r where r.connection = l.connection
          and r.state_is = 'sending' and r.due_at <= ${now}::timestamptz
          and r.deadline <= ${now}::timestamptz limit 1)) as deadline
      from usage_lanes l join connections c on c.id = l.connection
      where c.deleted_at is null and (l.open_until is null or l.open_until <= ${now}::timestamptz)
        and l.connection <> all(${[...except]}::text[])
    ), chosen as (
      select l.connection, l.open_until is not null as probes,
        (select count(*) from ready where deadline is not null) - 1 as others
      from ready join usage_lanes l using (connection)
      where ready.deadline is not null
        and (l.open_until is null or l.open_until <= ${now}::timestamptz)
        and (l.paced_at is null or l.paced_at <= clock_timestamp() + ${roomMs} * interval '1 ms')
      order by date_bin(${near}, ready.deadline, 'epoch'), ready.served_at nulls first,
        ready.deadline, l.connection
      limit 1 for update of l skip locked
    )
    update usage_lanes l set served_at = clock_timestamp(),
      open_until = case when chosen.probes then ${later(now, probeMs)}::timestamptz end
    from chosen where l.connection = chosen.connection
    returning l.connection, chosen.probes as "isProbe", chosen.others::int as others, ${circuit}`.execute(
    db,
  )
  return rows[0]
}

/**
 * Reserves calls of an account, for all who send: in any second, however late they begin within `lateMs` of their time,
 * no more than it takes. Returns in how many milliseconds the first may begin, and how far apart they are.
 */
export async function reserve(
  db: Db,
  connection: Id<'conn'>,
  calls: number,
  perSecondMax: number,
  lateMs: number,
): Promise<{ readonly waitMs: number; readonly apartMs: number }> {
  const apartMs = (1_000 + lateMs) / perSecondMax
  const { rows } = await sql<{ waitMs: number }>`
    update usage_lanes set paced_at = greatest(paced_at, clock_timestamp())
      + ${calls * apartMs}::float8 * interval '1 ms'
    where connection = ${connection}
    returning extract(epoch from paced_at - clock_timestamp())::float8 * 1000
      - ${calls * apartMs}::float8 as "waitMs"`.execute(db)
  return { waitMs: Math.max(0, rows[0]?.waitMs ?? 0), apartMs }
}

/** Changes an account's circuit by `change`, one at a time. Returns it before and after. */
export async function turn(
  db: Db,
  connection: Id<'conn'>,
  change: (before: Circuit) => Circuit,
): Promise<{ readonly before: Circuit; readonly after: Circuit }> {
  const { rows } = await sql<Circuit>`
    select ${circuit} from usage_lanes l where connection = ${connection} for update`.execute(db)
  const [before] = rows
  if (!before) throw new Problem('not_found', `no lane of ${connection}`)
  const after = change(before)
  if (after !== before)
    await sql`update usage_lanes set failures = ${after.failures}, open_until = ${after.openUntil},
        problem = ${after.problem && json(after.problem)}, blocked = ${json(after.blocked)}
      where connection = ${connection}`.execute(db)
  return { before, after }
}

/** One account's circuit; undefined before it had anything to send. */
export async function find(db: Db, connection: Id<'conn'>): Promise<Circuit | undefined> {
  const { rows } = await sql<Circuit>`
    select ${circuit} from usage_lanes l where connection = ${connection}`.execute(db)
  return rows[0]
}

/** Whoever is left alone for longer than this is tried when the account is next kept up with. */
const soonMs = 60_000

/**
 * When a sender is next needed: something falls due, an account is left alone no longer, or a deadline passes. Null:
 * nothing waits.
 */
export async function nextNeeded(db: Db, now: Instant): Promise<Instant | null> {
  const { rows } = await sql<{ at: Instant | null }>`
    select min(least(case when c.deleted_at is null and due.at is not null
        and (l.open_until is null or l.open_until <= ${later(now, soonMs)}::timestamptz)
      then greatest(l.open_until, due.at) end, last.at)) as at
    from usage_lanes l join connections c on c.id = l.connection
    cross join lateral (select min(r.due_at) as at from usage_records r
      where r.connection = l.connection and ${working}) as due
    left join lateral (select r.deadline as at from usage_records r
      where r.connection = l.connection and r.state_is in ('open', 'due', 'held')
      order by r.deadline limit 1) as last on true`.execute(db)
  return rows[0]?.at ?? null
}

/** Accounts with usage whose deadline has passed. */
export async function withExpired(db: Db, now: Instant): Promise<Id<'conn'>[]> {
  const { rows } = await sql<{ connection: Id<'conn'> }>`
    select l.connection from usage_lanes l where exists (select from usage_records r
      where r.connection = l.connection and r.state_is in ('open', 'due', 'held')
        and r.deadline <= ${now}::timestamptz)
    order by l.connection`.execute(db)
  return rows.map(({ connection }) => connection)
}
