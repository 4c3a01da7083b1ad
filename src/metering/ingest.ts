import { type Deps, transact } from '../deps.ts'
import type { Instant } from '../kernel/time.ts'
import { tellOdd } from './add.ts'
import {
  type Bad,
  type Batch,
  type Conflict,
  type Entry,
  type Read,
  type Refused,
  readBatch,
  verdicts,
} from './batch.ts'
import { rehearse } from './dry-run.ts'
import type { Outcome } from './fates.ts'
import { readEvent } from './incoming.ts'
import { load, type Metered } from './metered.ts'
import { takeMixed } from './mixed.ts'
import { type AnyEvent, isDirect, isReversal, type UsageEvent } from './model.ts'
import { refusalOf, windowOf } from './place.ts'
import { type Plan, plan } from './plan.ts'
import { repeated } from './race.ts'
import { type RolledUp, rollUp } from './roll-up.ts'
import { knownEvents } from './stored.ts'
import { rollUpTogether } from './together.ts'

/** What became of a batch: `accepted + duplicates + refused + conflicts` are all its events. */
export type Ingested = {
  readonly accepted: number
  readonly duplicates: number
  /** Of the accepted: reported for a later hour, because their own was sent already. */
  readonly moved: number
  /** Of the accepted: kept, but no marketplace takes them any more. */
  readonly lost: number
  /** Of the accepted: named events that no meter reads. */
  readonly unmetered: number
  readonly refused: readonly Refused[]
  readonly conflicts: readonly Conflict[]
}

export type IngestOptions = {
  /** How an event is read; by our own form if absent. */
  readonly read?: Read | undefined
}

/** An event that its agreement can have metered; a reversal need not name one. */
export type Judged<Event = AnyEvent> = Entry<Event> & { readonly meter: Metered | undefined }
type Direct = Entry<UsageEvent> & { readonly meter: Metered }

/** Takes a batch of usage events, each on its own: what is wrong with one costs no other. */
export async function ingest(
  deps: Deps,
  values: readonly unknown[],
  { read = readEvent }: IngestOptions = {},
): Promise<Ingested> {
  const batch = readBatch(values, read)
  return repeated(deps, (careful) => take(deps, batch, careful))
}

/** What would become of one event that would be taken. */
export type Rehearsed = Outcome & { readonly id: string; readonly source: string }

/** What would become of a batch, and where each event of it would go: the same rules, and nothing is stored. */
export async function tryOut(
  deps: Deps,
  values: readonly unknown[],
  { read = readEvent }: IngestOptions = {},
): Promise<Ingested & { readonly events: readonly Rehearsed[] }> {
  const batch = readBatch(values, read)
  return repeated(deps, (careful) =>
    rehearse(deps, async (tx) => {
      const now = tx.now()
      const { good, bad, ours } = await judge(tx, batch.entries, now)
      const { outcomes, ...took } = await takeMixed(tx, good, now, careful)
      const whole = await conclude(tx, batch, { ...took, bad: [...bad, ...took.bad] }, ours)
      const byIndex = new Map(good.map(({ index, event }) => [index, event]))
      const events = outcomes.flatMap((outcome): Rehearsed[] => {
        const event = byIndex.get(outcome.index)
        return event ? [{ ...outcome, id: event.id, source: event.source }] : []
      })
      return { ...whole, events: events.toSorted((a, b) => a.index - b.index) }
    }),
  )
}

async function take(deps: Deps, batch: Batch, careful: boolean): Promise<Ingested> {
  const now = deps.now()
  const { good, bad, ours } = await judge(deps, batch.entries, now)
  const direct = good.flatMap(directOf)
  if (direct.length < good.length) {
    const took = await transact(deps, (tx) => takeMixed(tx, good, now, careful))
    return conclude(deps, batch, { ...took, bad: [...bad, ...took.bad] }, ours)
  }
  const wanted = direct.map(wantedOf)
  const where = await plan(deps.db, wanted, now, careful)
  const isSimple = where.places.every((at) => at.reason === null && !at.isMoved)
  const placed = direct.map(({ event }, n) => ({ event, slot: where.slotOf[n] ?? 0 }))
  const known =
    isSimple && !deps.db.isTransaction
      ? await rollUpTogether(deps.db, { placed, slots: where.slots, now })
      : await transact(deps, async (tx) => {
          const rolled = await rollUp(tx.db, placed, where.slots, now)
          await tellOdd(tx, wanted, where, rolled)
          return rolled.known
        })
  return conclude(
    deps,
    batch,
    { ...countsOf(where, known), bad, known: direct.filter((_, n) => known.has(n)) },
    ours,
  )
}

const directOf = ({ index, event, meter }: Judged): Direct[] =>
  isDirect(event) && meter ? [{ index, event, meter }] : []

const wantedOf = ({ event: { dimension, quantity, at }, meter }: Direct) => ({
  meter,
  dimension,
  quantity,
  at,
})

function countsOf({ places }: Plan, known: RolledUp['known']) {
  const fresh = places.filter((_, n) => !known.has(n))
  return {
    accepted: fresh.length,
    moved: fresh.filter((at) => at.isMoved).length,
    lost: fresh.filter((at) => at.late).length,
    unmetered: 0,
  }
}

/** What came of the events that were good. */
export type Took = Pick<Ingested, 'accepted' | 'moved' | 'lost' | 'unmetered'> & {
  /** Those whose ids were known. */
  readonly known: readonly Entry[]
  readonly bad: readonly Bad[]
}

async function conclude(
  deps: Deps,
  batch: Batch,
  { known, bad, accepted, moved, lost, unmetered }: Took,
  ours: (event: AnyEvent) => AnyEvent,
): Promise<Ingested> {
  const held = await knownEvents(
    deps.db,
    [...known, ...bad].map(({ event }) => event),
  )
  return { accepted, moved, lost, unmetered, ...verdicts(batch, known, bad, held, ours) }
}

/** Holds events against their agreements. What would be refused is looked at again with fresh eyes. */
async function judge(deps: Deps, entries: readonly Entry[], now: Instant) {
  const window = windowOf(now)
  const refOf = ({ event }: Entry) => event.agreement ?? []
  const meters = await load(deps, entries.flatMap(refOf))
  const meterOf = ({ agreement }: AnyEvent) =>
    agreement === null ? undefined : meters.get(agreement)
  const refuse = ({ event }: Entry) => refusalOf(event, meterOf(event), window)
  const doubtful = entries.filter(refuse).flatMap(refOf)
  for (const [ref, meter] of await load(deps, doubtful, { fresh: true })) meters.set(ref, meter)
  const ours = <Event extends AnyEvent>(event: Event): Event => {
    const id = meterOf(event)?.agreement
    return id === undefined || id === event.agreement ? event : { ...event, agreement: id }
  }
  const good: Judged[] = []
  const bad: Bad[] = []
  for (const entry of entries) {
    const meter = meterOf(entry.event)
    const event = ours(entry.event)
    const refusal = refuse(entry)
    if (refusal) bad.push({ ...entry, event, refusal })
    else if (meter || isReversal(event)) good.push({ ...entry, event, meter })
  }
  return { good, bad, ours }
}
