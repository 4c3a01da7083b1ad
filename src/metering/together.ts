import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import { isRace, type Placed, type RolledUp, rollUp, type Slot } from './roll-up.ts'
import { eventKey } from './stored.ts'

/** Statements under way at once, and events in one: more wait for each other's rows and gain nothing. */
const statementsMax = 2
const eventsMax = 2_000

type Batch = {
  readonly placed: readonly Placed[]
  readonly slots: readonly Slot[]
  readonly now: Instant
}
type Waiting = Batch & {
  readonly resolve: (known: RolledUp['known']) => void
  readonly reject: (error: unknown) => void
}
type Queue = { waiting: Waiting[]; running: number }
const queues = new WeakMap<Db, Queue>()

/**
 * `rollUp` of batches that arrive at the same time, in one statement: they mostly add to the same records. Each is
 * answered when what it brought is committed; positions of events that were known are its own.
 */
export function rollUpTogether(db: Db, batch: Batch): Promise<RolledUp['known']> {
  const queue = queues.get(db) ?? { waiting: [], running: 0 }
  queues.set(db, queue)
  return new Promise((resolve, reject) => {
    queue.waiting.push({ ...batch, resolve, reject })
    proceed(db, queue)
  })
}

function proceed(db: Db, queue: Queue): void {
  while (queue.running < statementsMax) {
    const [first, ...others] = queue.waiting
    if (!first) return
    const batches = next([first, ...others])
    queue.waiting = queue.waiting.slice(batches.length)
    queue.running++
    void store(db, batches).finally(() => {
      queue.running--
      proceed(db, queue)
    })
  }
}

/** The batches of the next statement. One that repeats an event of another's waits for the one after. */
function next([first, ...others]: readonly [Waiting, ...Waiting[]]): [Waiting, ...Waiting[]] {
  const taken: [Waiting, ...Waiting[]] = [first]
  if (others.length === 0) return taken
  const keysOf = ({ placed }: Batch) => placed.map(({ event }) => eventKey(event))
  const keys = new Set(keysOf(first))
  let events = first.placed.length
  for (const batch of others) {
    events += batch.placed.length
    const own = keysOf(batch)
    if (events > eventsMax || own.some((key) => keys.has(key))) break
    taken.push(batch)
    for (const key of own) keys.add(key)
  }
  return taken
}

async function store(db: Db, batches: readonly [Waiting, ...Waiting[]]): Promise<void> {
  try {
    const all = merged(batches)
    const { known } = await rollUp(db, all.placed, all.slots, all.now)
    let from = 0
    for (const { placed, resolve } of batches) {
      const start = from
      const own = [...known].filter((n) => n >= start && n < start + placed.length)
      resolve(new Set(own.map((n) => n - start)))
      from += placed.length
    }
  } catch (error) {
    // One of them met a record that was just sent: only that one has to look again.
    if (batches.length > 1 && isRace(error)) {
      for (const batch of batches) await store(db, [batch])
      return
    }
    for (const { reject } of batches) reject(error)
  }
}

function merged([first, ...others]: readonly [Batch, ...Batch[]]): Batch {
  if (others.length === 0) return first
  const slots = new Map<string, { slot: Slot; index: number }>()
  const placed = [first, ...others].flatMap((batch) => {
    const indexes = batch.slots.map((slot) => {
      const { agreement, dimension, hour, late } = slot
      const key = `${agreement} ${hour} ${late} ${dimension}`
      const { index } = slots.get(key) ?? { index: slots.size }
      slots.set(key, { slot, index })
      return index
    })
    return batch.placed.map(({ event, slot }) => ({ event, slot: indexes[slot] ?? 0 }))
  })
  return { placed, slots: [...slots.values()].map(({ slot }) => slot), now: first.now }
}
