import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { type Hour, hourOf, type Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Allocation, Report, UsageState } from './model.ts'
import type { Frozen } from './quantities.ts'
import { isForContract } from './ratings.ts'
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
  readonly state: UsageState
  /** Somebody let it go though it was held. */
  readonly releasedAt: Instant | null
}
type Row = Omit<Work, 'hour'> & { readonly hour: Instant }
const read = (row: Row): Work => ({ ...row, hour: hourOf(row.hour) })
const columns = sql`r.id, r.agreement, r.dimension, r.hour, r.quantity, r.allocated, r.sent, r.report,
  r.deadline, r.state, r.released_at as "releasedAt"`

/** How long a sender may take before its records are taken up by another. */
export const claimMs = 5 * 60_000

const ripeMax = 5_000

/** Shows as due what has waited long enough for its hour's events, and what no contract is to look at first. */
export async function ripen(db: Db, connection: string, now: Instant): Promise<void> {
  await sql`update usage_records set state = '{"is":"due","waiting":null}', state_is = 'due',
      updated_at = ${now}
    where id in (select r.id from usage_records r where r.connection = ${connection}
      and r.state_is = 'open' and r.due_at <= ${now}::timestamptz and not ${isForContract}
      order by r.due_at limit ${ripeMax} for update of r skip locked)`.execute(db)
}

/**
 * Records that were not sent in time, the earliest first; nobody else changes them until the transaction ends. What a
 * contract prices does not expire with its hour: it is billed in another.
 */
export async function expired(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
): Promise<Work[]> {
  const { rows } = await sql<Row>`
    select ${columns} from usage_records r where r.connection = ${connection}
      and r.state_is in ('open', 'due', 'held') and r.deadline <= ${now}::timestamptz
      and (r.state_is = 'due' or not ${isForContract})
    order by r.deadline, r.id limit ${limit} for update skip locked`.execute(db)
  return rows.map(read)
}

/**
 * Records that are due, the nearest deadline first: also what was sent and never answered, what a sender that died left
 * behind, and what was held long enough. What is past its deadline comes last: it may have been taken, and only the
 * marketplace knows. Whoever `probes` sends again what was never answered before it adds to that. Records that another
 * sender looks at are passed over; the others are kept from changing until the transaction ends.
 */
export async function take(
  db: Db,
  connection: string,
  now: Instant,
  limit: number,
  probes = false,
): Promise<Work[]> {
  const select = async (which: ReturnType<typeof sql>, left: number) => {
    if (left <= 0) return []
    const { rows } = await sql<Row>`
      select ${columns} from usage_records r where r.connection = ${connection} and ${which}
        and r.due_at <= ${now}::timestamptz
      order by r.deadline, r.hour, r.id limit ${left} for update of r skip locked`.execute(db)
    return rows.map(read)
  }
  const unknown = sql`r.state_is = 'sending' and r.deadline > ${now}::timestamptz`
  const again = probes ? await select(unknown, limit) : []
  if (again.length > 0) return again
  const inTime = sql`r.state_is in ('open', 'due', 'held', 'sending')
    and (r.state_is <> 'open' or not ${isForContract}) and r.deadline > ${now}::timestamptz`
  const works = await select(inTime, limit)
  const past = sql`r.state_is = 'sending' and r.deadline <= ${now}::timestamptz`
  return [...works, ...(await select(past, limit - works.length))]
}

/** What an account holds for a person, with what its series has seen; nobody else changes it meanwhile. */
export async function heldOf(
  db: Db,
  connection: string,
  limit: number,
): Promise<(Work & Pick<SeriesRow, 'peak' | 'hours'>)[]> {
  const { rows } = await sql<Row & Pick<SeriesRow, 'peak' | 'hours'>>`
    select ${columns}, coalesce(s.peak, 0) as peak, coalesce(s.hours, 0) as hours
    from usage_records r left join usage_series s using (agreement, dimension)
    where r.connection = ${connection} and r.state_is = 'held'
    order by r.deadline, r.id limit ${limit} for update of r skip locked`.execute(db)
  return rows.map((row) => ({ ...read(row), peak: row.peak, hours: row.hours }))
}

/** One record, kept from changing until the transaction ends. Throws `not_found`. */
export async function lock(
  db: Db,
  id: string,
): Promise<Work & { readonly connection: Id<'conn'> }> {
  const { rows } = await sql<Row & { readonly connection: Id<'conn'> }>`
    select ${columns}, r.connection from usage_records r where r.id = ${id} for update`.execute(db)
  const [row] = rows
  if (!row) throw new Problem('not_found', `no usage record ${id}`)
  return { ...read(row), connection: row.connection }
}

/** What a series carries, and what it has seen of its hours. */
export type SeriesRow = {
  readonly agreement: string
  readonly dimension: string
  readonly carry: Decimal
  /** The largest hour that was ever sent of it, and how many hours were. */
  readonly peak: Decimal
  readonly hours: number
}

/** What each agreement and dimension carries, by `seriesKey`, held so that nobody else takes from it meanwhile. */
export async function holdSeries(
  db: Db,
  connection: string,
  series: readonly {
    readonly agreement: string
    readonly dimension: string
    readonly closesAt: Instant | null
  }[],
): Promise<Map<string, SeriesRow>> {
  const { rows } = await sql<SeriesRow>`
    insert into usage_series (agreement, dimension, connection, closes_at)
    select agreement, dimension, ${connection}, closes_at
    from unnest(${series.map((s) => s.agreement)}::text[],
      ${series.map((s) => s.dimension)}::text[], ${series.map((s) => s.closesAt)}::timestamptz[])
      as s(agreement, dimension, closes_at)
    order by agreement, dimension
    on conflict (agreement, dimension) do update set closes_at = excluded.closes_at
    returning agreement, dimension, carry, peak, hours`.execute(db)
  return new Map(rows.map((row) => [seriesKey(row), row]))
}

export async function saveSeries(db: Db, series: readonly SeriesRow[]): Promise<void> {
  await sql`update usage_series u set carry = s.carry, peak = s.peak, hours = s.hours
    from unnest(${series.map((s) => s.agreement)}::text[],
      ${series.map((s) => s.dimension)}::text[], ${series.map((s) => s.carry)}::numeric[],
      ${series.map((s) => s.peak)}::numeric[], ${series.map((s) => s.hours)}::int[])
      as s(agreement, dimension, carry, peak, hours)
    where u.agreement = s.agreement and u.dimension = s.dimension
      and (u.carry, u.peak, u.hours) is distinct from (s.carry, s.peak, s.hours)`.execute(db)
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

/** What a sender decides of a record that it took up. */
export type Decided = {
  readonly id: string
  /** Frozen just now: from here on the record takes no more, and a repeat of it is identical. Null: as it was. */
  readonly split: Frozen | null
  readonly report: Report | null
  /** Null: it stays where it stands. */
  readonly state: UsageState | null
  /** When it is looked at next; null: as it was. */
  readonly dueAt: Instant | null
  /** A call is about to be made for it. */
  readonly isCalled: boolean
}

/** Writes down what was decided, in one statement. */
export async function save(db: Db, decided: readonly Decided[], now: Instant): Promise<void> {
  if (decided.length === 0) return
  const each = <Value>(pick: (one: Decided) => Value) => decided.map(pick)
  const text = (value: unknown) => (value === null ? null : JSON.stringify(value))
  await sql`update usage_records r set sent = coalesce(f.sent, r.sent),
      included = coalesce(f.included, r.included), rated = coalesce(f.rated, r.rated),
      carried_in = coalesce(f.carried_in, r.carried_in),
      carried_out = coalesce(f.carried_out, r.carried_out),
      report = coalesce(f.report::json, r.report), updated_at = ${now},
      state = coalesce(f.state::jsonb, r.state),
      state_is = coalesce(f.state::jsonb ->> 'is', r.state_is),
      due_at = coalesce(f.due_at, r.due_at), attempts = r.attempts + f.calls
    from unnest(${each(({ id }) => id)}::text[],
      ${each(({ split }) => split?.sent ?? null)}::numeric[],
      ${each(({ split }) => split?.covered ?? null)}::numeric[],
      ${each(({ split }) => split?.rated ?? null)}::numeric[],
      ${each(({ split }) => split?.carriedIn ?? null)}::numeric[],
      ${each(({ split }) => split?.carriedOut ?? null)}::numeric[],
      ${each(({ report }) => text(report))}::text[], ${each(({ state }) => text(state))}::text[],
      ${each(({ dueAt }) => dueAt)}::timestamptz[], ${each(({ isCalled }) => Number(isCalled))}::int[])
      as f(id, sent, included, rated, carried_in, carried_out, report, state, due_at, calls)
    where r.id = f.id`.execute(db)
}

export type FrozenRecord = Pick<Decided, 'id' | 'report' | 'state'> & { readonly split: Frozen }

/** Freezes records that no call is made for now. */
export const saveFrozen = (db: Db, frozen: readonly FrozenRecord[], now: Instant): Promise<void> =>
  save(
    db,
    frozen.map((one) => ({ ...one, dueAt: null, isCalled: false })),
    now,
  )

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

/** What was taken up and never sent goes back to where it stood; who sees it first takes it up again. */
export async function giveBack(
  db: Db,
  works: readonly { readonly id: string; readonly state: UsageState }[],
  now: Instant,
): Promise<void> {
  await sql`update usage_records r set state = b.state::jsonb, state_is = b.state::jsonb ->> 'is',
      due_at = ${now}, attempts = attempts - 1, updated_at = ${now}
    from unnest(${works.map(({ id }) => id)}::text[],
      ${works.map(({ state }) => JSON.stringify(state))}::text[]) as b(id, state)
    where r.id = b.id and r.state_is = 'sending'`.execute(db)
}

/**
 * No answer came: the records stay as they are and are sent again to the letter, after `baseMs`, and if that `grows`
 * after twice as long each time.
 */
export async function leaveUnknown(
  db: Db,
  ids: readonly string[],
  problem: string,
  now: Instant,
  wait: { readonly baseMs: number; readonly grows: boolean; readonly mostMs: number },
): Promise<void> {
  const state: UsageState = { is: 'sending', problem }
  const factor = wait.grows ? sql`2 ^ least(greatest(attempts, 1) - 1, 20)` : sql`1`
  await sql`update usage_records set state = ${JSON.stringify(state)}::jsonb, updated_at = ${now},
      due_at = ${now}::timestamptz
        + interval '1 ms' * least(${wait.mostMs}::float8, ${wait.baseMs}::float8 * ${factor})
    where id = any(${ids}::text[]) and state_is = 'sending'`.execute(db)
}
