import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import { compare, isZero } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { hourMs, hourOf, type Instant, later } from '../kernel/time.ts'
import * as claims from './claims.ts'
import { isOutrun } from './included.ts'
import { load, type Metered } from './metered.ts'
import type { Report, UsageState } from './model.ts'
import { timesOf } from './place.ts'
import type { MeteringPort } from './port.ts'
import { apportion, type Frozen, freeze } from './quantities.ts'
import { openRecord, type Slot } from './roll-up.ts'
import { type Books, open } from './series.ts'

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
  const refs = works.map(({ agreement }) => agreement)
  const meters = await load(tx, refs, { fresh: true })
  const books = await open(tx, connection, meters, works)
  const ready = await putOff(tx, connection, { works, meters, books })
  const tagged = await claims.allocationsOf(
    tx.db,
    ready.filter(({ allocated }) => allocated),
  )
  const inOrder = ready.toSorted((a, b) => (a.hour < b.hour ? -1 : 1))
  const frozen = inOrder.flatMap((work): claims.FrozenRecord[] => {
    const meter = meters.get(work.agreement)
    if (!meter) return []
    const { id, dimension, hour } = work
    const covered = books.draw(work, work.quantity)
    const split = freeze(books.carry(work), work.quantity, traits, covered)
    books.leave(work, split.carriedOut)
    const quantity = split.sent
    if (isZero(quantity)) return [{ id, split, report: null, state: restOf(work, split, now) }]
    const allocations = apportion(quantity, tagged.get(id) ?? [], traits)
    const report = { id, ...meter.identity(dimension), dimension, hour, quantity, allocations }
    return [{ id, split, report, state: null }]
  })
  await claims.saveFrozen(tx.db, frozen, now)
  await books.save()
  for (const { agreement, dimension, carry } of books.series) {
    const meter = meters.get(agreement)
    if (meter && meter.endedAt === null && compare(carry, '1') >= 0)
      await openRecord(tx.db, slotAt(meter, dimension, now), now)
  }
  return frozen.flatMap(({ report }) => report ?? [])
}

/** Where a record of which nothing is sent comes to rest. */
const restOf = ({ quantity }: claims.Work, { covered }: Frozen, at: Instant): UsageState => ({
  is: !isZero(covered) && compare(covered, quantity) === 0 ? 'included' : 'carried',
  at,
})

/** So long before its deadline an hour is sent even if nobody could tell whether its units are included. */
const rushMs = 2 * hourMs
const putOffMs = 5 * 60_000
const waiting =
  'the period of its included units is over, and whether another began must be read first'

/** Lets hours wait whose agreement may have been renewed since it was read, and asks for it to be read again. */
async function putOff(
  tx: Deps,
  connection: Id<'conn'>,
  { works, meters, books }: Freezing,
): Promise<readonly claims.Work[]> {
  const now = tx.now()
  const doubtful = works.filter((work) => {
    const meter = meters.get(work.agreement)
    return (
      meter?.endedAt === null &&
      later(now, rushMs) < work.deadline &&
      isOutrun(work.hour, books.allowances(work), meter.readAt)
    )
  })
  if (doubtful.length === 0) return works
  const dueAt = later(now, putOffMs)
  const states = doubtful.map(({ id }) => ({ id, state: { is: 'due', waiting } as const, dueAt }))
  await claims.move(tx.db, states, ['due'], now)
  for (const id of new Set(doubtful.map(({ agreement }) => agreement))) {
    const meter = meters.get(id)
    if (meter) await agreements.refresh(tx, connection, meter.agreementRef)
  }
  return works.filter((work) => !doubtful.includes(work))
}

type Freezing = {
  readonly works: readonly claims.Work[]
  readonly meters: ReadonlyMap<string, Metered>
  readonly books: Books
}

const slotAt = (meter: Metered, dimension: string, now: Instant): Slot => {
  const place = { hour: hourOf(now), late: false, isMoved: false, reason: null }
  const { agreement, connection } = meter
  return { agreement, connection, dimension, ...place, ...timesOf(place, meter, now) }
}
