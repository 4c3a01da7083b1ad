import type { Random } from './random.ts'
import { type CloudName, dimensions, type Step, spoiledKinds } from './steps.ts'

/** One event: of which agreement and dimension, how much, and when, in milliseconds after the start. */
export type PlannedEvent = {
  readonly agreement: number
  readonly dimension: string
  /** A decimal above zero, exact. */
  readonly quantity: string
  readonly at: number
  /** The event it takes back whole, by its place; null for usage. */
  readonly reverses: number | null
}

type Wanted = {
  readonly events: number
  readonly clouds: readonly CloudName[]
  readonly reversals: boolean
  /** For each agreement after which pass it is cancelled, or null. */
  readonly agreements: readonly (number | null)[]
  readonly passes: readonly number[]
}

const batchMax = 500
const atOnceMax = 3
const repeatsMax = 5
const minuteMs = 60_000

/**
 * Events of each stretch between two jumps of the clock, and the order in which they arrive: shuffled, some stretches
 * late, many again and again beside other neighbours, some in two batches at once.
 */
export function planEvents(random: Random, wanted: Wanted) {
  const { passes } = wanted
  const events: PlannedEvent[] = []
  const arrivals: number[][] = passes.map(() => [])
  const known: number[][] = passes.map(() => [])
  const perPass = Math.ceil(wanted.events / passes.length)
  let from = 0
  let until = 0
  for (let n = 0; n < passes.length; n++) {
    for (let i = 0; i < perPass; i++) {
      const event = usageAt(random, wanted, n, { from, until })
      const place = events.push(event) - 1
      const first = arriveFrom(random, n, passes.length)
      arrivals[first]?.push(place)
      known[first]?.push(place)
      repeat(random, place, first, arrivals)
    }
    from = until
    until += (passes[n] ?? 0) * minuteMs
  }
  if (wanted.reversals) reverse(random, wanted, { events, arrivals, known })
  const sends = arrivals.map((places, n): Step[] => [
    ...sendAll(random, places),
    ...contradict(random, known[n - 1] ?? []),
  ])
  return { events, sends }
}

type Stretch = { readonly from: number; readonly until: number }

/** Mostly of the newest stretch, at times of any moment before: such an event comes after its hour was sent. */
function usageAt(random: Random, wanted: Wanted, pass: number, { from, until }: Stretch) {
  const since = random.chance(0.08) ? 0 : from
  const alive = wanted.agreements.flatMap((end, n) =>
    end === null || end >= pass || random.chance(0.1) ? [n] : [],
  )
  const agreement = alive.length > 0 ? random.pick(alive) : 0
  return {
    agreement,
    dimension: random.pick(dimensions),
    quantity: quantityOf(random),
    at: since + Math.floor(random.next() * (until - since)),
    reverses: null,
  }
}

/** Whole, with a few decimals, with twelve, and now and then a lot. */
function quantityOf(random: Random): string {
  const kind = random.next()
  if (kind < 0.3) return String(random.whole(1, 20))
  if (kind < 0.9) return decimal(random.whole(0, 9), random.whole(1, 999_999), 6)
  if (kind < 0.97) return decimal(0, random.whole(1, 999_999), 12)
  return decimal(random.whole(50, 400), random.whole(1, 999), 3)
}

const decimal = (whole: number, part: number, places: number): string =>
  `${whole}.${String(part).padStart(places, '0')}`.replace(/0+$/, '').replace(/\.$/, '') || '0'

/** One in ten is delayed by a stretch or more. */
const arriveFrom = (random: Random, pass: number, passes: number): number =>
  random.chance(0.1) ? random.whole(pass, passes - 1) : pass

/** Half of them come again, up to five times, now or later. */
function repeat(random: Random, place: number, first: number, arrivals: number[][]): void {
  if (random.chance(0.5)) return
  const times = random.whole(1, repeatsMax)
  for (let i = 0; i < times; i++) arrivals[random.whole(first, arrivals.length - 1)]?.push(place)
}

/** A few are taken back, after they were told, and only once, however often that is said. */
function reverse(
  random: Random,
  wanted: Wanted,
  {
    events,
    arrivals,
    known,
  }: { events: PlannedEvent[]; arrivals: number[][]; known: readonly (readonly number[])[] },
): void {
  for (let pass = 0; pass + 1 < arrivals.length; pass++) {
    for (const place of known[pass] ?? []) {
      const event = events[place]
      if (!event || wanted.agreements[event.agreement] !== null || !random.chance(0.03)) continue
      const own = events.push({ ...event, reverses: place }) - 1
      const first = random.whole(pass + 1, arrivals.length - 1)
      arrivals[first]?.push(own)
      repeat(random, own, first, arrivals)
    }
  }
}

function sendAll(random: Random, places: readonly number[]): Step[] {
  const steps: Step[] = []
  const queue = random.shuffled(places)
  for (let at = 0; at < queue.length; ) {
    const batches = Array.from({ length: random.whole(1, atOnceMax) }, () => {
      const size = random.chance(0.3) ? random.whole(1, 20) : random.whole(50, batchMax - 5)
      const events = queue.slice(at, at + size)
      at += size
      const spoiled = random.chance(0.3)
        ? Array.from({ length: random.whole(1, 3) }, () => random.pick(spoiledKinds))
        : []
      return { events: [...new Set(events)], spoiled }
    })
    steps.push({ do: 'send', batches: batches.filter(({ events }) => events.length > 0) })
  }
  return steps
}

const contradict = (random: Random, known: readonly number[]): Step[] =>
  known.length > 0 && random.chance(0.3)
    ? [{ do: 'contradict', events: random.shuffled(known).slice(0, random.whole(1, 5)) }]
    : []
