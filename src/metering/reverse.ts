import type { Deps } from '../deps.ts'
import { compare, type Decimal, negate, total } from '../kernel/decimal.ts'
import { hourOf, type Instant } from '../kernel/time.ts'
import * as meters from '../meters/service.ts'
import { add, type Wish } from './add.ts'
import type { Bad, Entry } from './batch.ts'
import { type Fate, fateOf, type Outcome } from './fates.ts'
import { load, type Metered } from './metered.ts'
import type { Allocation, Reversal, UsageEvent } from './model.ts'
import type { Origin, Refusal } from './place.ts'
import {
  type Bare,
  type ContributionRow,
  contributionsOf,
  type EventRow,
  eventKey,
  heldEvents,
  knownEvents,
  storeBare,
} from './stored.ts'

export type TakenBack = {
  readonly known: readonly Entry[]
  readonly bad: readonly Bad[]
  readonly outcomes: readonly Outcome[]
}

/** A reversal, the event that it takes back, and what metering knows of that event's agreement. */
type Back = Entry<Reversal> & { readonly original: EventRow; readonly meter: Metered }

/**
 * Takes events back, each whole and once: an event's own quantity, or what meters made of it. Whoever comes second, or
 * names what cannot be taken back, is refused.
 */
export async function takeBack(
  tx: Deps,
  entries: readonly Entry<Reversal>[],
  now: Instant,
  careful: boolean,
): Promise<TakenBack> {
  if (entries.length === 0) return { known: [], bad: [], outcomes: [] }
  const own = await knownEvents(
    tx.db,
    entries.map(({ event }) => event),
  )
  const isKnown = ({ event }: Entry) => own.has(eventKey(event))
  const { backs, bad } = await match(
    tx,
    entries.filter((entry) => !isKnown(entry)),
  )
  const direct = await takeDirect(tx, backs.filter(isDirect), now, careful)
  const named = await takeNamed(
    tx,
    backs.filter((back) => !isDirect(back)),
    now,
    careful,
  )
  const outcomes = [...direct, ...named]
  // Somebody took the same back at the same time: who that was can be seen now.
  const done = new Set(outcomes.map(({ index }) => index))
  const later = await takeBack(
    tx,
    backs.filter(({ index }) => !done.has(index)),
    now,
    careful,
  )
  return {
    known: [...entries.filter(isKnown), ...later.known],
    bad: [...bad, ...later.bad],
    outcomes: [...outcomes, ...later.outcomes],
  }
}

const isDirect = ({ original }: Back) => original.dimension !== null

/** Finds what each takes back, or why it cannot. */
async function match(
  tx: Deps,
  entries: readonly Entry<Reversal>[],
): Promise<{ readonly backs: readonly Back[]; readonly bad: readonly Bad[] }> {
  const keyOf = ({ event: { source, reverses } }: Entry<Reversal>) => ({ source, id: reverses })
  const originals = await heldEvents(tx.db, entries.map(keyOf))
  const found = await load(
    tx,
    [...originals.values()].map(({ agreement }) => agreement),
    { fresh: true },
  )
  const first = new Map<string, string>()
  const backs: Back[] = []
  const bad: Bad[] = []
  for (const entry of entries) {
    const key = eventKey(keyOf(entry))
    const original = originals.get(key)
    const meter = original && found.get(original.agreement)
    const by = first.get(key) ?? original?.reversedBy
    const refusal = refusalOf(entry.event, original, by)
    if (!original || !meter || refusal) bad.push({ ...entry, refusal: refusal ?? noMeter })
    else {
      first.set(key, entry.event.id)
      backs.push({ ...entry, original, meter })
    }
  }
  return { backs, bad }
}

const noMeter: Refusal = {
  code: 'unknown_agreement',
  path: 'reverses',
  message: 'the agreement of the event is not known here',
}

function refusalOf(
  { reverses, source, agreement }: Reversal,
  original: EventRow | undefined,
  by: string | null | undefined,
): Refusal | undefined {
  const no = (code: Refusal['code'], message: string, path = 'reverses') => ({
    code,
    path,
    message,
  })
  if (!original) return no('unknown_event', `no event ${reverses} of source ${source} is known`)
  if (original.reverses !== null)
    return no('is_reversal', 'a reversal cannot be taken back: report the usage under a new id')
  if (agreement !== null && agreement !== original.agreement)
    return no('other_agreement', 'the event is of another agreement', 'agreement')
  if (by) return no('reversed_already', `it was taken back before, by ${by}`)
  return undefined
}

async function takeDirect(
  tx: Deps,
  backs: readonly Back[],
  now: Instant,
  careful: boolean,
): Promise<Outcome[]> {
  const wishes = backs.map(wishOf)
  const { known, places } = await add(tx, wishes, now, careful)
  return backs.flatMap(({ index }, n): Outcome[] => {
    const [wish, place] = [wishes[n], places[n]]
    if (!wish || !place || known.has(n)) return []
    return [{ index, fates: [fateOf(wish, place)], isUnmetered: false }]
  })
}

function wishOf({ event: { id, source, reverses, at }, original, meter }: Back): Wish {
  const { agreement, hour, late } = original
  const [dimension, quantity] = [original.dimension ?? '', negate(original.quantity ?? '0')]
  const allocations = original.allocations?.map(negated) ?? null
  const told = at ?? original.at
  const event: UsageEvent = { id, source, agreement, dimension, quantity, at: told, allocations }
  return {
    meter,
    dimension,
    quantity,
    at: original.at,
    origin: { hour: hourOf(hour), late },
    part: { is: 'event', event, reverses },
  }
}

const negated = ({ quantity, tags }: Allocation): Allocation => ({
  quantity: negate(quantity),
  tags,
})

/** Takes back what meters made of named events, as far as it is told of now: another event may count in its place. */
async function takeNamed(
  tx: Deps,
  backs: readonly Back[],
  now: Instant,
  careful: boolean,
): Promise<Outcome[]> {
  const stored = await storeBare(tx.db, backs.map(bareOf), now)
  const fresh = backs.filter(({ event }) => stored.has(eventKey(event)))
  if (fresh.length === 0) return []
  const made = Map.groupBy(
    await contributionsOf(
      tx.db,
      fresh.map(({ original }) => original),
    ),
    ({ source, event }) => eventKey({ source, id: event }),
  )
  const { given } = await meters.reversed(tx, fresh.map(toldOf))
  const byKey = new Map(fresh.map((back) => [eventKey(back.event), back]))
  const wishes = given.flatMap((one) => {
    const back = byKey.get(eventKey({ source: one.source, id: one.event }))
    if (!back) return []
    return undo(back, one, made.get(eventKey(back.original)) ?? [])
  })
  const { places } = await add(
    tx,
    wishes.map(({ wish }) => wish),
    now,
    careful,
  )
  const fates = new Map<number, Fate[]>(fresh.map(({ index }) => [index, []]))
  for (const [n, { index, wish }] of wishes.entries()) {
    const place = places[n]
    if (place) fates.get(index)?.push(fateOf(wish, place))
  }
  return [...fates].map(([index, all]) => ({ index, fates: all, isUnmetered: false }))
}

const bareOf = ({ event, original }: Back): Bare => ({
  source: event.source,
  id: event.id,
  agreement: original.agreement,
  at: event.at ?? original.at,
  hour: hourOf(original.hour),
  named: null,
  reverses: event.reverses,
})

const toldOf = ({ event: { source, id }, original, meter }: Back): meters.Reversal => ({
  source,
  id,
  original: {
    source,
    id: original.id,
    agreement: original.agreement,
    listing: meter.listing,
    name: original.name ?? '',
    properties: original.properties ?? {},
    at: original.at,
    hour: hourOf(original.at),
  },
})

/**
 * Takes back each contribution from where it went, where all of them are taken back; otherwise the difference finds its
 * own place.
 */
function undo(
  { index, original: { agreement, at }, meter }: Back,
  one: meters.Contribution,
  made: readonly ContributionRow[],
): { readonly index: number; readonly wish: Wish }[] {
  const { dimension, quantity } = one
  const rows = made.filter((row) => row.meter === one.meter && row.dimension === dimension)
  const wish = (quantity: Decimal, run: string, origin?: Origin) => {
    const contribution = { ...one, run, agreement, quantity, at }
    const part = { is: 'meter', contribution } as const
    return { index, wish: { meter, dimension, quantity, at, origin, part } }
  }
  if (compare(total(rows.map((row) => row.quantity)), negate(quantity)) !== 0)
    return [wish(quantity, '')]
  return rows.map(({ run, hour, late, ...row }) => wish(negate(row.quantity), run, { hour, late }))
}
