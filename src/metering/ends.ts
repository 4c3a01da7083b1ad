import { sql } from 'kysely'
import type { Agreement } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import { type Deps, transact } from '../deps.ts'
import { type Decimal, isNegative } from '../kernel/decimal.ts'
import { type Id, newId } from '../kernel/id.ts'
import { hourOf, type Instant, later } from '../kernel/time.ts'
import { type Told, tell } from './allowances.ts'
import { deadlineOf, dueOf, flushEnd } from './hours.ts'
import { saveLost } from './losses.ts'
import { load, type Metered } from './metered.ts'
import type { MeteringTraits } from './model.ts'

const pageMax = 200
const pagesMax = 1_000
/** Changes that were slower to commit than a later one are seen on the next turns. */
const overlapMs = 5 * 60_000
const start: Place = ['1970-01-01T00:00:00.000Z', '']
type Place = readonly [updatedAt: Instant, id: string]

/**
 * Gives the records of agreements that changed their times: when one is over, what is open is due at once and must
 * be in before its last window closes. Keeps what their prices include. Returns where to go on.
 */
export async function followEnds(
  deps: Deps,
  connection: Id<'conn'>,
  traits: MeteringTraits,
  cursor: string | null,
): Promise<string> {
  const newest: Place = cursor === null ? start : JSON.parse(cursor)
  let place: Place = [later(newest[0], -overlapMs), '']
  for (let pages = 0; pages < pagesMax; pages++) {
    const changed = await agreements.changedAfter(deps, ...place, pageMax)
    const mine = changed.filter((agreement) => agreement.connection === connection)
    if (mine.length > 0)
      await transact(deps, async (tx) => {
        await retime(tx, mine, traits)
        if (traits.overageOnly) await tell(tx.db, mine.map(toldBy))
      })
    const last = changed.at(-1)
    if (last) place = [last.updatedAt, last.id]
    if (changed.length < pageMax) break
  }
  return JSON.stringify(place[0] > newest[0] ? place : newest)
}

/** Rows from before it was kept say nothing of what is included. */
const toldBy = ({ id, updatedAt, included, ...agreement }: Agreement): Told => ({
  ...agreement,
  agreement: id,
  at: updatedAt,
  included: included ?? [],
})

async function retime(
  { db, now }: Deps,
  changed: readonly Agreement[],
  traits: MeteringTraits,
): Promise<void> {
  const ends = new Map(changed.map(({ id, endedAt }) => [id as string, endedAt]))
  const ids = [...ends.keys()]
  const { rows } = await sql<{
    id: string
    agreement: string
    hour: Instant
    state: string
    due: Instant
    deadline: Instant
    takenUntil: Instant | null
  }>`select id, agreement, hour, state_is as state, due_at as due, deadline,
      taken_until as "takenUntil" from usage_records
    where agreement = any(${ids}::text[]) and kind = 'usage' and state_is in ('open', 'due', 'held')
    order by agreement, dimension, hour, kind for update`.execute(db)
  const moved = rows.flatMap(({ id, agreement, state, due, ...row }) => {
    const endedAt = ends.get(agreement) ?? null
    const hour = hourOf(row.hour)
    const deadline = latest(deadlineOf(traits, hour, endedAt), row.takenUntil)
    const isOver = endedAt !== null && endedAt <= now()
    const times = { id, deadline, due: state === 'open' ? dueOf(hour, endedAt, now()) : due }
    const isSame = deadline === row.deadline && (times.due === due || (isOver && due <= now()))
    return isSame ? [] : [times]
  })
  await sql`update usage_records r set due_at = t.due, deadline = t.deadline, updated_at = ${now()}
    from unnest(${moved.map(({ id }) => id)}::text[], ${moved.map(({ due }) => due)}::timestamptz[],
      ${moved.map(({ deadline }) => deadline)}::timestamptz[]) as t(id, due, deadline)
    where r.id = t.id`.execute(db)
  const closings = ids.map((id) => {
    const endedAt = ends.get(id) ?? null
    return endedAt && flushEnd(traits, endedAt)
  })
  await sql`update usage_series s set closes_at = t.closes_at
    from unnest(${ids}::text[], ${closings}::timestamptz[]) as t(agreement, closes_at)
    where s.agreement = t.agreement and s.closes_at is distinct from t.closes_at`.execute(db)
}

/** What a marketplace said of one record goes before its rules, as long as it is later. */
const latest = (deadline: Instant, takenUntil: Instant | null): Instant =>
  takenUntil !== null && takenUntil > deadline ? takenUntil : deadline

const closingsMax = 200
type Rest = { agreement: Id<'agr'>; dimension: string; carry: Decimal; closed: Instant }

/** When an agreement's last window has closed and all is settled, what is carried can go nowhere: it is lost. */
export async function closeRests(deps: Deps, connection: Id<'conn'>): Promise<void> {
  await transact(deps, async (tx) => {
    const now = tx.now()
    const { rows } = await sql<Rest>`
      select agreement, dimension, carry, closes_at as closed from usage_series s
      where connection = ${connection} and carry <> 0 and closes_at <= ${now}::timestamptz
        and not exists (select from usage_records r where r.agreement = s.agreement
          and r.dimension = s.dimension and r.state_is in ('open', 'due', 'held', 'sending'))
      order by agreement, dimension limit ${closingsMax} for update skip locked`.execute(tx.db)
    const meters = await load(
      tx,
      rows.map(({ agreement }) => agreement),
    )
    for (const rest of rows) await close(tx, connection, rest, meters.get(rest.agreement))
  })
}

async function close(
  tx: Deps,
  connection: Id<'conn'>,
  { agreement, dimension, carry, closed }: Rest,
  meter: Metered | undefined,
): Promise<void> {
  const now = tx.now()
  const hour = hourOf(meter?.endedAt ?? closed)
  const { rows } = await sql<{ id: Id<'rec'>; sent: Decimal }>`
    insert into usage_records (id, connection, agreement, dimension, hour, kind, quantity, events,
      allocated, state, state_is, due_at, deadline, sent, carried_in, carried_out,
      created_at, updated_at)
    values (${newId('rec')}, ${connection}, ${agreement}, ${dimension}, ${hour}, 'closing', 0, 0,
      false, '{"is":"lost"}', 'lost', ${now}, ${now}, ${carry}, ${carry}, 0, ${now}, ${now})
    on conflict (agreement, dimension, hour, kind) do update set
      sent = usage_records.sent + excluded.sent,
      carried_in = usage_records.carried_in + excluded.carried_in
    returning id, sent`.execute(tx.db)
  await sql`update usage_series set carry = 0
    where agreement = ${agreement} and dimension = ${dimension}`.execute(tx.db)
  const rate = meter?.rates.get(dimension)
  const reason = isNegative(carry)
    ? 'more was sent than was used, which is owed to the buyer: the agreement’s last window closed'
    : 'less than a whole unit was left when the agreement’s last window closed'
  for (const { id, sent } of rows)
    await saveLost(tx, [
      { id, agreement, dimension, hour, quantity: sent, added: carry, reason, rate },
    ])
}
