import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { type Hour, hourOf, type Instant, later } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Allocation, Report, UsageState } from './model.ts'
import type { Frozen } from './quantities.ts'
import { seriesKey } from './roll-up.ts'

/** A record as its sender sees it. */
export type Work = {
  readonly id: Id<'rec'>
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly hour: Hour
  readonly quantity: Decimal
  readonly allocated: boolean
  readonly sent: Decimal | null
  readonly report: Report | null
  readonly deadline: Instant
}
type Row = Omit<Work, 'hour'> & { readonly hour: Instant }
const read = (row: Row): Work => ({ ...row, hour: hourOf(row.hour) })
const columns = sql`id, agreement, dimension, hour, quantity, allocated, sent, report, deadline`

/** How long a sender may take before its records are taken up by another. */
const claimMs = 5 * 60_000

/** Makes due what has waited long enough for its hour's events. */
export async function ripen(db: Db, connection: string, now: Instant): Promise<void> {
  await sql`update usage_records set state = '{"is":"due","waiting":null}', state_is = 'due',
      updated_at = ${now}
    where id in (select id from usage_records where connection = ${connection}
      and state_is = 'open' and due_at <= ${now}::timestamptz for update skip locked)`.execute(db)
}

/** Records that were not sent in time, held. */
export async function expired(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
): Promise<Work[]> {
  const { rows } = await sql<Row>`
    select ${columns} from usage_records where connection = ${connection}
      and state_is in ('open', 'due', 'held') and deadline <= ${now}::timestamptz
    order by deadline, id limit ${limit} for update skip locked`.execute(db)
  return rows.map(read)
}

/**
 * Takes up what is due, the nearest deadline first: also what was sent and never answered, and what a sender that
 * died left behind. Records held by another sender are passed over.
 */
export async function take(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
): Promise<Work[]> {
  const { rows } = await sql<Row>`
    update usage_records r set due_at = ${later(now, claimMs)}, attempts = attempts + 1
    from (select id from usage_records where connection = ${connection}
        and state_is in ('due', 'sending') and due_at <= ${now}::timestamptz
      order by deadline, hour, id limit ${limit} for update skip locked) as taken
    where r.id = taken.id
    returning r.id, r.agreement, r.dimension, r.hour, r.quantity, r.allocated, r.sent, r.report,
      r.deadline`.execute(db)
  return rows.map(read).toSorted((a, b) => order(a.deadline, b.deadline) || order(a.id, b.id))
}
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** What each agreement and dimension carries, by `seriesKey`, held so that nobody else takes from it meanwhile. */
export async function holdCarries(
  db: Db,
  connection: string,
  series: readonly {
    readonly agreement: string
    readonly dimension: string
    readonly closesAt: Instant | null
  }[],
): Promise<Map<string, Decimal>> {
  const { rows } = await sql<{ agreement: string; dimension: string; carry: Decimal }>`
    insert into usage_series (agreement, dimension, connection, closes_at)
    select agreement, dimension, ${connection}, closes_at
    from unnest(${series.map((s) => s.agreement)}::text[],
      ${series.map((s) => s.dimension)}::text[], ${series.map((s) => s.closesAt)}::timestamptz[])
      as s(agreement, dimension, closes_at)
    order by agreement, dimension
    on conflict (agreement, dimension) do update set closes_at = excluded.closes_at
    returning agreement, dimension, carry`.execute(db)
  return new Map(rows.map((row) => [seriesKey(row), row.carry]))
}

export async function saveCarries(
  db: Db,
  carries: readonly {
    readonly agreement: string
    readonly dimension: string
    readonly carry: Decimal
  }[],
): Promise<void> {
  await sql`update usage_series u set carry = s.carry
    from unnest(${carries.map((s) => s.agreement)}::text[],
      ${carries.map((s) => s.dimension)}::text[], ${carries.map((s) => s.carry)}::numeric[])
      as s(agreement, dimension, carry)
    where u.agreement = s.agreement and u.dimension = s.dimension`.execute(db)
}

/** How a record's events are tagged, summed; untagged usage has no tags. */
export async function allocationsOf(
  db: Db,
  works: readonly Work[],
): Promise<Map<string, Allocation[]>> {
  const parts = new Map<string, Allocation[]>()
  if (works.length === 0) return parts
  const { rows } = await sql<{ id: string; tags: Record<string, string>; quantity: Decimal }>`
    select r.id, part.tags, sum(part.quantity) as quantity
    from usage_records r
    join usage_parts e using (agreement, dimension, hour)
    cross join lateral (
      select coalesce(a -> 'tags', '{}') as tags, (a ->> 'quantity')::numeric as quantity
      from jsonb_array_elements(e.allocations) as a
      union all select '{}', e.quantity where e.allocations is null) as part
    where r.id = any(${works.map(({ id }) => id)}::text[]) and not e.late
    group by r.id, part.tags order by r.id, part.tags`.execute(db)
  for (const { id, tags, quantity } of rows)
    parts.set(id, [...(parts.get(id) ?? []), { tags, quantity: trim(quantity) }])
  return parts
}

export type FrozenRecord = {
  readonly id: string
  readonly split: Frozen
  readonly report: Report | null
  /** Where it comes to rest; null when it goes on to be sent or lost. */
  readonly state: UsageState | null
}

/** Freezes what is sent: from here on the record takes no more, and a repeat of it is identical. */
export async function saveFrozen(
  db: Db,
  frozen: readonly FrozenRecord[],
  now: Instant,
): Promise<void> {
  await sql`update usage_records r set sent = f.sent, included = f.included, rated = f.rated,
      carried_in = f.carried_in, carried_out = f.carried_out, report = f.report::json,
      updated_at = ${now}, state = coalesce(f.state::jsonb, r.state),
      state_is = coalesce(f.state::jsonb ->> 'is', r.state_is)
    from unnest(${frozen.map(({ id }) => id)}::text[],
      ${frozen.map(({ split }) => split.sent)}::numeric[],
      ${frozen.map(({ split }) => split.covered)}::numeric[],
      ${frozen.map(({ split }) => split.rated)}::numeric[],
      ${frozen.map(({ split }) => split.carriedIn)}::numeric[],
      ${frozen.map(({ split }) => split.carriedOut)}::numeric[],
      ${frozen.map(({ report }) => report && JSON.stringify(report))}::text[],
      ${frozen.map(({ state }) => state && JSON.stringify(state))}::text[])
      as f(id, sent, included, rated, carried_in, carried_out, report, state)
    where r.id = f.id`.execute(db)
}

/** Moves records, `from` one of these states, and says which did move: the others were moved by somebody else. */
export async function move(
  db: Db,
  to: readonly {
    readonly id: string
    readonly state: UsageState
    readonly outcome?: unknown
    readonly dueAt?: Instant | undefined
    /** Moves its deadline on, never back. */
    readonly takenUntil?: Instant | undefined
  }[],
  from: readonly UsageState['is'][],
  now: Instant,
): Promise<Set<string>> {
  if (to.length === 0) return new Set()
  const ids = to.map(({ id }) => id)
  // In the order in which batches of events lock them.
  await sql`select id from usage_records where id = any(${ids}::text[])
    order by agreement, dimension, hour, kind for update`.execute(db)
  const { rows } = await sql<{ id: string }>`
    update usage_records r set state = t.state::jsonb, state_is = t.state::jsonb ->> 'is',
      outcome = coalesce(t.outcome::jsonb, r.outcome), due_at = coalesce(t.due_at, r.due_at),
      taken_until = greatest(r.taken_until, t.taken_until),
      deadline = greatest(r.deadline, t.taken_until), updated_at = ${now}
    from unnest(${ids}::text[], ${to.map(({ state }) => JSON.stringify(state))}::text[],
      ${to.map(({ outcome }) => (outcome === undefined ? null : JSON.stringify(outcome)))}::text[],
      ${to.map(({ dueAt }) => dueAt ?? null)}::timestamptz[],
      ${to.map(({ takenUntil }) => takenUntil ?? null)}::timestamptz[])
      as t(id, state, outcome, due_at, taken_until)
    where r.id = t.id and r.state_is = any(${from}::text[])
    returning r.id`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** When the next record of a connection is to be looked at, or null. */
export async function nextDue(db: Db, connection: string): Promise<Instant | null> {
  const { rows } = await sql<{ due: Instant | null }>`
    select min(due_at) as due from usage_records
    where connection = ${connection} and state_is in ('open', 'due', 'sending')`.execute(db)
  return rows[0]?.due ?? null
}
