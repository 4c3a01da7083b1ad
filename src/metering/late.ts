import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import { type Decimal, isZero, minus } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { hourStart } from '../kernel/time.ts'
import { type Loss, saveLost } from './losses.ts'
import type { Metered } from './metered.ts'
import type { UsageState } from './model.ts'
import { type Place, shrinksLoss } from './place.ts'
import { open } from './series.ts'

/** Usage that came too late for any marketplace, on the record that keeps it. */
export type TooLate = {
  readonly id: Id<'rec'>
  readonly meter: Metered
  readonly dimension: string
  readonly at: Place
  /** What came just now. */
  readonly added: Decimal
  /** What the record has beyond what is included, with what came. */
  readonly sent: Decimal
}

/** Loses what came too late, except for what its agreement's price includes anyway. */
export async function lose(tx: Deps, tooLate: readonly TooLate[]): Promise<void> {
  const covered = await coverAll(tx, tooLate)
  const losses = tooLate.flatMap(({ id, meter, dimension, at, ...late }): Loss[] => {
    const included = covered.get(id) ?? '0'
    const [added, quantity] = [minus(late.added, included), minus(late.sent, included)]
    if (isZero(quantity) && !isZero(late.sent)) return []
    const { agreement } = meter
    const rate = meter.rates.get(dimension)
    const reason = shrinksLoss(at) ? null : at.reason
    return [{ id, agreement, dimension, hour: at.hour, quantity, added, reason, rate }]
  })
  await saveLost(tx, losses)
}

/** Draws on what is included, and moves that part of each record from what is lost. Answers how much, by record. */
async function coverAll(
  tx: Deps,
  tooLate: readonly TooLate[],
): Promise<ReadonlyMap<string, Decimal>> {
  const covered = new Map<string, Decimal>()
  const ours = tooLate.filter(({ meter }) => meter.traits?.overageOnly)
  const accounts = Map.groupBy(ours, ({ meter }) => meter.connection)
  for (const connection of [...accounts.keys()].toSorted()) {
    const own = accounts.get(connection) ?? []
    const meters = new Map(own.map(({ meter }) => [meter.agreement as string, meter]))
    const books = await open(tx, connection, meters, own.map(seriesOf))
    for (const late of own.toSorted(byHour)) {
      const { id, meter, at, added } = late
      // Nothing is included after the end.
      if (meter.endedAt !== null && hourStart(at.hour) >= meter.endedAt) continue
      covered.set(id, books.draw({ ...seriesOf(late), hour: at.hour }, added))
    }
    await books.save()
  }
  await saveCovered(tx, covered)
  return covered
}

const seriesOf = ({ meter: { agreement }, dimension }: TooLate) => ({ agreement, dimension })
const byHour = (a: TooLate, b: TooLate) => (a.at.hour < b.at.hour ? -1 : 1)

async function saveCovered(
  { db, now }: Deps,
  covered: ReadonlyMap<string, Decimal>,
): Promise<void> {
  if (covered.size === 0) return
  const included: UsageState = { is: 'included', at: now() }
  await sql`update usage_records r set included = r.included + c.covered, sent = r.sent - c.covered,
      state = case when r.sent = c.covered and c.covered > 0 then ${JSON.stringify(included)}::jsonb
        else r.state end,
      state_is = case when r.sent = c.covered and c.covered > 0 then 'included' else r.state_is end
    from unnest(${[...covered.keys()]}::text[], ${[...covered.values()]}::numeric[])
      as c(id, covered)
    where r.id = c.id`.execute(db)
}
