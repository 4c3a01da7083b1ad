import type { Deps } from '../deps.ts'
import { compare, isZero } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { hourOf, type Instant } from '../kernel/time.ts'
import * as claims from './claims.ts'
import { flushEnd } from './hours.ts'
import { load, type Meter } from './meters.ts'
import type { Report } from './model.ts'
import { timesOf } from './place.ts'
import type { MeteringPort } from './port.ts'
import { apportion, freeze } from './quantities.ts'
import { openRecord, type Slot, seriesKey } from './roll-up.ts'

export type Taken = {
  readonly reports: readonly Report[]
  /** Our agreement of each record. */
  readonly agreements: ReadonlyMap<string, Id<'agr'>>
  /** More may be due. */
  readonly isFull: boolean
}

/**
 * Takes up records and freezes those that were never sent: their whole quantity, hour and identity are written
 * before any call is made, and what they leave over moves on to their series.
 */
export async function claim(
  tx: Deps,
  connection: Id<'conn'>,
  port: MeteringPort,
  limit: number,
): Promise<Taken> {
  const now = tx.now()
  const works = await claims.take(tx.db, connection, now, limit)
  const known = works.flatMap(({ report }) => report ?? [])
  const fresh = await freezeAll(
    tx,
    connection,
    port,
    works.filter(({ sent }) => sent === null),
  )
  const reports = new Map([...known, ...fresh].map((report) => [report.id, report]))
  const sending = works.flatMap(({ id }) => reports.get(id) ?? [])
  const states = sending.map(({ id }) => ({ id, state: { is: 'sending', problem: null } as const }))
  await claims.move(tx.db, states, ['due', 'sending'], now)
  const agreements = new Map(works.map(({ id, agreement }) => [id, agreement]))
  return { reports: sending, agreements, isFull: works.length === limit }
}

async function freezeAll(
  tx: Deps,
  connection: Id<'conn'>,
  { traits }: MeteringPort,
  works: readonly claims.Work[],
): Promise<Report[]> {
  if (works.length === 0) return []
  const now = tx.now()
  const meters = await load(
    tx,
    works.map(({ agreement }) => agreement),
    { fresh: true },
  )
  const series = new Map(works.map((work) => [seriesKey(work), seriesOf(work, meters)]))
  const carries = await claims.holdCarries(tx.db, connection, [...series.values()])
  const tagged = await claims.allocationsOf(
    tx.db,
    works.filter(({ allocated }) => allocated),
  )
  const inOrder = works.toSorted((a, b) => (a.hour < b.hour ? -1 : 1))
  const frozen = inOrder.flatMap((work) => {
    const meter = meters.get(work.agreement)
    if (!meter) return []
    const split = freeze(carries.get(seriesKey(work)) ?? '0', work.quantity, traits)
    carries.set(seriesKey(work), split.carriedOut)
    const { id, dimension, hour } = work
    const quantity = split.sent
    const allocations = apportion(quantity, tagged.get(id) ?? [], traits)
    const report = { id, ...meter.identity(dimension), dimension, hour, quantity, allocations }
    return [{ id, split, report: isZero(quantity) ? null : report }]
  })
  await claims.saveFrozen(tx.db, frozen, now)
  const left = [...series].map(([key, one]) => ({ ...one, carry: carries.get(key) ?? '0' }))
  await claims.saveCarries(tx.db, left)
  for (const { agreement, dimension, carry } of left) {
    const meter = meters.get(agreement)
    if (meter && meter.endedAt === null && compare(carry, '1') >= 0)
      await openRecord(tx.db, slotAt(meter, dimension, now), now)
  }
  return frozen.flatMap(({ report }) => report ?? [])
}

const seriesOf = ({ agreement, dimension }: claims.Work, meters: ReadonlyMap<string, Meter>) => {
  const { endedAt = null, traits = null } = meters.get(agreement) ?? {}
  const closesAt: Instant | null = endedAt && traits && flushEnd(traits, endedAt)
  return { agreement, dimension, closesAt }
}

const slotAt = (meter: Meter, dimension: string, now: Instant): Slot => {
  const place = { hour: hourOf(now), late: false, isMoved: false, reason: null }
  const { agreement, connection } = meter
  return { agreement, connection, dimension, ...place, ...timesOf(place, meter, now) }
}
