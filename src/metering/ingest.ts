import { sql } from 'kysely'
import { type Deps, transact } from '../deps.ts'
import { type Decimal, plus } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import { type Hour, hourMs, hourOf, type Instant, later } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import {
  type Batch,
  type Conflict,
  type Entry,
  type Refused,
  readBatch,
  verdicts,
} from './batch.ts'
import { dueOf } from './hours.ts'
import { lose, type TooLate } from './late.ts'
import { load, type Metered } from './metered.ts'
import type { UsageEvent } from './model.ts'
import { type Place, placeOf, type Refusal, refusalOf, timesOf, windowOf } from './place.ts'
import {
  isRace,
  knownEvents,
  type Placed,
  type RolledUp,
  rollUp,
  type Slot,
  sealedHours,
  seriesKey,
} from './roll-up.ts'
import { rollUpTogether } from './together.ts'

/** What became of a batch: `accepted + duplicates + refused + conflicts` are all its events. */
export type Ingested = {
  readonly accepted: number
  readonly duplicates: number
  /** Of the accepted: reported for a later hour, because their own was sent already. */
  readonly moved: number
  /** Of the accepted: kept, but no marketplace takes them any more. */
  readonly lost: number
  readonly refused: readonly Refused[]
  readonly conflicts: readonly Conflict[]
}

const attemptsMax = 5

/** Takes a batch of usage events, each on its own: what is wrong with one costs no other. */
export async function ingest(deps: Deps, values: readonly unknown[]): Promise<Ingested> {
  const batch = readBatch(values)
  for (let attempt = 1; ; attempt++) {
    try {
      return await undoable(deps, () => take(deps, batch, attempt > 1))
    } catch (cause) {
      if (!isRace(cause)) throw cause
      if (attempt === attemptsMax)
        throw new Problem('unavailable', 'these hours are being sent right now; try again', {
          retryAfterMs: 1_000,
        })
    }
  }
}

/** Inside somebody's transaction, a statement that failed is undone alone. */
async function undoable<T>(deps: Deps, act: () => Promise<T>): Promise<T> {
  if (!deps.db.isTransaction) return act()
  await sql`savepoint usage`.execute(deps.db)
  try {
    return await act()
  } catch (error) {
    await sql`rollback to savepoint usage`.execute(deps.db)
    throw error
  }
}

async function take(deps: Deps, batch: Batch, careful: boolean): Promise<Ingested> {
  const now = deps.now()
  const { good, bad, ours } = await judge(deps, batch.entries, now)
  const plan = await place(deps, good, now, careful)
  const isSimple = plan.places.every((at) => at.reason === null && !at.isMoved)
  const known =
    isSimple && !deps.db.isTransaction
      ? await rollUpTogether(deps.db, { ...plan, now })
      : await transact(deps, (tx) => storeOdd(tx, good, plan, now))
  const fresh = plan.places.filter((_, n) => !known.has(n))
  const counts = {
    accepted: fresh.length,
    moved: fresh.filter((at) => at.isMoved).length,
    lost: fresh.filter((at) => at.late).length,
  }
  const again = good.filter((_, n) => known.has(n))
  const held = await knownEvents(
    deps.db,
    [...again, ...bad].map(({ event }) => event),
  )
  return { ...counts, ...verdicts(batch, again, bad, held, ours) }
}

type Judged = Entry & { readonly meter: Metered }
type Bad = Entry & { readonly refusal: Refusal }

/** Holds events against their agreements. What would be refused is looked at again with fresh eyes. */
async function judge(deps: Deps, entries: readonly Entry[], now: Instant) {
  const window = windowOf(now)
  const refs = entries.map(({ event }) => event.agreement)
  const meters = await load(deps, refs)
  const refuse = ({ event }: Entry) => refusalOf(event, meters.get(event.agreement), window)
  const doubtful = entries.filter(refuse).map(({ event }) => event.agreement)
  for (const [ref, meter] of await load(deps, doubtful, { fresh: true })) meters.set(ref, meter)
  const ours = (event: UsageEvent): UsageEvent => {
    const id = meters.get(event.agreement)?.agreement
    return id === undefined || id === event.agreement ? event : { ...event, agreement: id }
  }
  const good: Judged[] = []
  const bad: Bad[] = []
  for (const entry of entries) {
    const meter = meters.get(entry.event.agreement)
    const event = ours(entry.event)
    const refusal = refuse(entry)
    if (refusal) bad.push({ ...entry, event, refusal })
    else if (meter) good.push({ ...entry, event, meter })
  }
  return { good, bad, ours }
}

type Plan = {
  readonly placed: readonly Placed[]
  readonly slots: readonly Slot[]
  /** Of each event. */
  readonly places: readonly Place[]
}

/** Finds the record for each event; `careful` also where none should have been sent yet. */
async function place(
  deps: Deps,
  good: readonly Judged[],
  now: Instant,
  careful: boolean,
): Promise<Plan> {
  const groups = new Map<string, Judged & { hour: Hour }>()
  const keys = good.map((entry) => {
    const hour = hourOf(entry.event.at)
    const key = `${hour} ${seriesKey(entry.event)}`
    if (!groups.has(key)) groups.set(key, { ...entry, hour })
    return key
  })
  const asked = [...groups.values()].filter(
    ({ meter, hour }) => careful || dueOf(hour, meter.endedAt, now) <= now,
  )
  const sealed = await sealedHours(
    deps.db,
    asked.map(({ event }) => event),
    oldestTaken(asked, now),
  )
  const slots = new Map<string, { slot: Slot; index: number }>()
  const found = new Map<string, { at: Place; slot: number }>()
  for (const [key, { meter, event }] of groups) {
    const at = placeOf(event, meter, sealed.get(seriesKey(event)) ?? noHours, now)
    const slot = slotOf(event, meter, at, now)
    const name = `${at.hour} ${at.late} ${seriesKey(event)}`
    const { index } = slots.get(name) ?? { index: slots.size }
    slots.set(name, { slot, index })
    found.set(key, { at, slot: index })
  }
  const where = keys.map((key) => found.get(key)).filter((at) => at !== undefined)
  return {
    placed: good.map(({ event }, n) => ({ event, slot: where[n]?.slot ?? 0 })),
    slots: [...slots.values()].map(({ slot }) => slot),
    places: where.map(({ at }) => at),
  }
}

const noHours: ReadonlySet<Hour> = new Set()

/** The earliest hour that a marketplace of these may still take. */
const oldestTaken = (asked: readonly Judged[], now: Instant): Hour => {
  const hours = asked.map(({ meter }) => meter.traits?.lateHoursMax ?? 0)
  return hourOf(later(now, -(Math.max(0, ...hours) + 1) * hourMs))
}

const slotOf = (event: UsageEvent, meter: Metered, at: Place, now: Instant): Slot => ({
  agreement: meter.agreement,
  dimension: event.dimension,
  hour: at.hour,
  late: at.late,
  connection: meter.connection,
  ...timesOf(at, meter, now),
})

/** Stores a batch of which some came too late for their hour or for any, and writes that down. */
async function storeOdd(
  tx: Deps,
  good: readonly Judged[],
  { placed, slots, places }: Plan,
  now: Instant,
): Promise<RolledUp['known']> {
  const { known, late } = await rollUp(tx.db, placed, slots, now)
  const moved = new Map<string, { event: UsageEvent; to: Hour; quantity: Decimal }>()
  const lost = new Map<number, { entry: Judged; at: Place; added: Decimal }>()
  for (const [n, at] of places.entries()) {
    const [entry, slot] = [good[n], placed[n]?.slot]
    if (!entry || slot === undefined || known.has(n)) continue
    const { event } = entry
    if (at.isMoved) {
      const key = `${hourOf(event.at)} ${seriesKey(event)}`
      const quantity = plus(moved.get(key)?.quantity ?? '0', event.quantity)
      moved.set(key, { event, to: at.hour, quantity })
    } else if (at.late)
      lost.set(slot, { entry, at, added: plus(lost.get(slot)?.added ?? '0', event.quantity) })
  }
  for (const { event, to, quantity } of moved.values())
    await record(tx, 'usage.late', event.agreement, {
      dimension: event.dimension,
      hour: hourOf(event.at),
      reportedFor: to,
      quantity,
    })
  const tooLate = late.flatMap(({ id, slot, sent }): TooLate[] => {
    const why = lost.get(slot)
    if (!why) return []
    const { event, meter } = why.entry
    return [{ id, event, meter, at: why.at, added: why.added, sent }]
  })
  await lose(tx, tooLate)
  return known
}
