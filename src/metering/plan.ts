import { sql } from 'kysely'
import { type Decimal, isNegative } from '../kernel/decimal.ts'
import { type Hour, hourMs, hourOf, type Instant, later } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import { dueOf } from './hours.ts'
import type { Metered } from './metered.ts'
import { type Origin, type Place, placeBack, placeOf, type Standing, timesOf } from './place.ts'
import { type Slot, sealedHours, seriesKey } from './roll-up.ts'

/** A quantity that wants a record. What is negative takes usage back. */
export type Wanted = {
  readonly meter: Metered
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  /** Where that went which it takes back; without one it is looked for at its own hour. */
  readonly origin?: Origin | undefined
}

/** The records that quantities go to: of each its slot, and where that is. */
export type Plan = {
  readonly slots: readonly Slot[]
  readonly slotOf: readonly number[]
  readonly places: readonly Place[]
}

type Group = Wanted & { readonly hour: Hour; readonly back: Origin | null }

/** Finds the record for each quantity; `careful` also where none should have been sent yet. */
export async function plan(
  db: Db,
  wanted: readonly Wanted[],
  now: Instant,
  careful: boolean,
): Promise<Plan> {
  const groups = new Map<string, Group>()
  const keys = wanted.map((one) => {
    const hour = hourOf(one.at)
    const back = backOf(one, hour)
    const { agreement } = one.meter
    const key = `${hour} ${back ? `${back.hour} ${back.late}` : ''} ${agreement} ${one.dimension}`
    if (!groups.has(key)) groups.set(key, { ...one, hour, back })
    return key
  })
  const asked = [...groups.values()].filter(
    ({ meter, hour, back }) => careful || back || dueOf(hour, meter.endedAt, now) <= now,
  )
  const sealed = await sealedHours(db, asked.map(seriesOf), oldestTaken(asked, now))
  const standing = await standings(db, asked)
  const slots = new Map<string, { slot: Slot; index: number }>()
  const found = new Map<string, { at: Place; slot: number }>()
  for (const [key, group] of groups) {
    const hours = sealed.get(seriesKey(seriesOf(group))) ?? noHours
    const at = group.back
      ? placeBack(group.back, standing(group), group.meter, hours, now)
      : placeOf(group, group.meter, hours, now)
    const name = `${at.hour} ${at.late} ${group.meter.agreement} ${group.dimension}`
    const { index } = slots.get(name) ?? { index: slots.size }
    slots.set(name, { slot: slotAt(group, at, now), index })
    found.set(key, { at, slot: index })
  }
  const where = keys.map((key) => found.get(key)).filter((at) => at !== undefined)
  return {
    slots: [...slots.values()].map(({ slot }) => slot),
    slotOf: where.map(({ slot }) => slot),
    places: where.map(({ at }) => at),
  }
}

const noHours: ReadonlySet<Hour> = new Set()
const seriesOf = ({ meter: { agreement }, dimension }: Wanted) => ({ agreement, dimension })

/** Where what is negative takes usage back from; null for usage. */
const backOf = ({ quantity, origin }: Wanted, hour: Hour): Origin | null =>
  origin ?? (isTaken(quantity) ? { hour, late: false } : null)
/** Nearly all are not; a look at the sign is enough. */
const isTaken = (quantity: Decimal) => quantity.startsWith('-') && isNegative(quantity)

/** The earliest hour that a marketplace of these may still take. */
const oldestTaken = (asked: readonly Wanted[], now: Instant): Hour => {
  const hours = asked.map(({ meter }) => meter.traits?.lateHoursMax ?? 0)
  return hourOf(later(now, -(Math.max(0, ...hours) + 1) * hourMs))
}

const slotAt = ({ meter, dimension }: Wanted, at: Place, now: Instant): Slot => ({
  agreement: meter.agreement,
  dimension,
  hour: at.hour,
  late: at.late,
  connection: meter.connection,
  ...timesOf(at, meter, now),
})

type Found = {
  readonly agreement: string
  readonly dimension: string
  readonly hour: Instant
  readonly standing: Standing
}
const placeKey = (agreement: string, dimension: string, hour: Hour) =>
  `${hour} ${agreement} ${dimension}`

/** How the records stand to which that went which is taken back. */
async function standings(db: Db, asked: readonly Group[]): Promise<(of: Group) => Standing> {
  const backs = asked.flatMap((group) => (group.back ? [{ ...group, back: group.back }] : []))
  if (backs.length === 0) return () => 'absent'
  const { rows } = await sql<Found>`
    select r.agreement, r.dimension, r.hour, case
      when not bool_or(r.kind = 'usage') then 'late'
      when bool_or(r.kind = 'usage' and r.state_is in ('refused', 'lost')) then 'gone'
      when bool_or(r.kind = 'usage' and r.sent is null) then 'unsent'
      else 'sent' end as standing
    from usage_records r
    join (select distinct * from unnest(${backs.map((b) => b.meter.agreement)}::text[],
      ${backs.map((b) => b.dimension)}::text[], ${backs.map((b) => b.back.hour)}::timestamptz[])
      as b(agreement, dimension, hour)) b using (agreement, dimension, hour)
    where r.kind in ('usage', 'late') group by 1, 2, 3`.execute(db)
  const known = new Map(
    rows.map(({ agreement, dimension, hour, standing }) => [
      placeKey(agreement, dimension, hourOf(hour)),
      standing,
    ]),
  )
  return ({ meter, dimension, hour, back }) =>
    known.get(placeKey(meter.agreement, dimension, back?.hour ?? hour)) ?? 'absent'
}
