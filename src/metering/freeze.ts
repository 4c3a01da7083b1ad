import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import { compare, isZero } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { hourMs, hourOf, type Instant, later } from '../kernel/time.ts'
import { plan } from './calls.ts'
import type { Blocked } from './circuit.ts'
import * as claims from './claims.ts'
import { holder } from './hold.ts'
import { isOutrun } from './included.ts'
import { load, type Metered } from './metered.ts'
import type { Allocation, MeteringTraits, Report, UsageState } from './model.ts'
import { timesOf } from './place.ts'
import type { MeteringPort } from './port.ts'
import { apportion, type Frozen, freeze } from './quantities.ts'
import { openRecord, type Slot } from './roll-up.ts'
import { type Books, open } from './series.ts'

export type Taken = {
  /** To be made now. */
  readonly calls: readonly (readonly Report[])[]
  /** What they hold. */
  readonly reports: readonly Report[]
  /** Our agreement of each record. */
  readonly agreements: ReadonlyMap<string, Id<'agr'>>
  /** Where each record goes back to should its call not be made. */
  readonly before: ReadonlyMap<string, UsageState>
  /** How many records were looked at. */
  readonly count: number
  /** More may be due. */
  readonly isFull: boolean
}

/** How its account stands; absent: well. */
export type Standing = {
  readonly isProbe: boolean
  readonly blocked: Readonly<Record<string, Blocked>>
}
const well: Standing = { isProbe: false, blocked: {} }

/**
 * Takes up records and freezes those that were never sent: their whole quantity, hour and identity are written
 * before any call is made, and what they leave over moves on to their series. What is far above all that was sent before
 * waits for a person.
 */
export async function claim(
  tx: Deps,
  connection: Id<'conn'>,
  port: MeteringPort,
  limit: number,
  { isProbe, blocked }: Standing = well,
): Promise<Taken> {
  const now = tx.now()
  const works = await claims.take(tx.db, connection, now, limit, isProbe)
  const fresh = works.filter(({ sent }) => sent === null)
  const { resting, frozen } = await freezeAll(tx, connection, port, fresh)
  const reports = works.flatMap(({ id, report }) => report ?? frozen.get(id)?.report ?? [])
  const isFull = works.length === limit
  const deadlines = new Map(works.map(({ id, deadline }) => [id as string, deadline]))
  const { calls, waits } = plan({ reports, deadlines, isFull, isProbe, blocked }, port, now)
  const before = new Map(works.map(({ id, state }) => [id as string, standsAt(state)]))
  const going = reports.map(({ id }): claims.Decided => {
    const { split = null, report = null } = frozen.get(id) ?? {}
    const until = waits.get(id)
    const back = before.get(id) ?? due
    return until === undefined
      ? { id, split, report, state: sending, dueAt: later(now, claims.claimMs), isCalled: true }
      : { id, split, report, state: back, dueAt: until, isCalled: false }
  })
  await claims.save(tx.db, [...resting, ...going], now)
  const agreements = new Map(works.map(({ id, agreement }) => [id as string, agreement]))
  return { calls, reports: calls.flat(), agreements, before, count: works.length, isFull }
}

const due: UsageState = { is: 'due', waiting: null }
const sending: UsageState = { is: 'sending', problem: null }
/** What was sent and never answered stays unknown until it is answered. */
const standsAt = (state: UsageState): UsageState => (state.is === 'sending' ? state : due)

type Ready = { readonly split: Frozen; readonly report: Report }
type FrozenAll = {
  /** Nothing is sent for these, or not now. */
  readonly resting: readonly claims.Decided[]
  readonly frozen: ReadonlyMap<string, Ready>
}

async function freezeAll(
  tx: Deps,
  connection: Id<'conn'>,
  { traits }: MeteringPort,
  works: readonly claims.Work[],
): Promise<FrozenAll> {
  const frozen = new Map<string, Ready>()
  if (works.length === 0) return { resting: [], frozen }
  const now = tx.now()
  const refs = works.map(({ agreement }) => agreement)
  const meters = await load(tx, refs, { fresh: true })
  const books = await open(tx, connection, meters, works)
  const freezing = { works, meters, books }
  const late = await putOff(tx, connection, freezing)
  const hold = await holder(tx, connection, freezing)
  const resting = [...late.values()]
  const ready = works.filter(({ id }) => !late.has(id)).toSorted(byHour)
  const tagged = await claims.allocationsOf(
    tx.db,
    ready.filter(({ allocated }) => allocated),
  )
  for (const work of ready) {
    const meter = meters.get(work.agreement)
    if (!meter) continue
    const held = hold.judge(work)
    if (held) {
      resting.push(held)
      continue
    }
    const { split, report } = freezeOne(work, meter, books, traits, tagged.get(work.id))
    if (report) frozen.set(work.id, { split, report })
    else resting.push(restOf(work, split, now))
  }
  await books.save()
  await hold.tell()
  await openNext(tx, meters, books)
  return { resting, frozen }
}

/** Splits a record's quantity; without a report where nothing of it is sent. */
function freezeOne(
  work: claims.Work,
  meter: Metered,
  books: Books,
  traits: MeteringTraits,
  tagged: readonly Allocation[] = [],
): { readonly split: Frozen; readonly report: Report | null } {
  const { id, dimension, hour } = work
  const covered = books.draw(work, work.quantity)
  const takes = meter.billed.has(dimension) ? { ...traits, quantity: 'whole' as const } : traits
  const split = freeze(books.carry(work), work.quantity, takes, covered)
  books.leave(work, split.carriedOut)
  books.learn(work, work.quantity)
  const quantity = split.sent
  if (isZero(quantity)) return { split, report: null }
  const allocations = apportion(quantity, tagged, takes)
  const report = { id, ...meter.identity(dimension), dimension, hour, quantity, allocations }
  return { split, report }
}

const byHour = (a: claims.Work, b: claims.Work) => (a.hour < b.hour ? -1 : 1)

/** Where a record of which nothing is sent comes to rest. */
function restOf({ id, quantity }: claims.Work, split: Frozen, at: Instant): claims.Decided {
  const isIncluded = !isZero(split.covered) && compare(split.covered, quantity) === 0
  const state: UsageState = { is: isIncluded ? 'included' : 'carried', at }
  return { id, split, report: null, state, dueAt: null, isCalled: false }
}

/** Where more than a whole unit is carried, the present hour takes it. */
async function openNext(
  tx: Deps,
  meters: ReadonlyMap<string, Metered>,
  books: Books,
): Promise<void> {
  const now = tx.now()
  for (const { agreement, dimension, carry } of books.series) {
    const meter = meters.get(agreement)
    if (meter && meter.endedAt === null && compare(carry, '1') >= 0)
      await openRecord(tx.db, slotAt(meter, dimension, now), now)
  }
}

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
): Promise<ReadonlyMap<string, claims.Decided>> {
  const now = tx.now()
  const doubtful = works.filter((work) => {
    const meter = meters.get(work.agreement)
    return (
      meter?.endedAt === null &&
      later(now, rushMs) < work.deadline &&
      isOutrun(work.hour, books.allowances(work), meter.readAt)
    )
  })
  for (const id of new Set(doubtful.map(({ agreement }) => agreement))) {
    const meter = meters.get(id)
    if (meter) await agreements.refresh(tx, connection, meter.agreementRef)
  }
  const state: UsageState = { is: 'due', waiting }
  const wait = { split: null, report: null, state, dueAt: later(now, putOffMs), isCalled: false }
  return new Map(doubtful.map(({ id }) => [id, { id, ...wait }]))
}

/** Records to be frozen, with what is known of their agreements and series. */
export type Freezing = {
  readonly works: readonly claims.Work[]
  readonly meters: ReadonlyMap<string, Metered>
  readonly books: Books
}

const slotAt = (meter: Metered, dimension: string, now: Instant): Slot => {
  const place = { hour: hourOf(now), late: false, isMoved: false, reason: null }
  const { agreement, connection } = meter
  return { agreement, connection, dimension, ...place, ...timesOf(place, meter, now) }
}
