import type { World } from '../world.ts'

const TIMERS_MAX = 100_000

/** Something that will happen at a simulated time. Survives a restart; what it does is registered anew. */
export type Timer = {
  readonly id: string
  readonly kind: string
  readonly due: number
  readonly data: any
}

export type TimerHandler = (data: any, at: number) => void | Promise<void>

export type Timers = {
  /** What to do when a timer of this kind falls due; `at` is when it was due. */
  on(kind: string, handler: TimerHandler): void
  /** Plans `kind` for `due`; the same id replaces an earlier plan. */
  set(kind: string, due: number, data: unknown, id?: string): void
  cancel(id: string): void
  next(): number | null
  values(): Timer[]
  /** Does everything due by `now()`, earliest first, what that plans for now included. */
  run(now: () => number): Promise<void>
}

export function createTimers(world: World): Timers {
  const table = world.table<Timer>('gcp.timers')
  const sequence = world.table<{ count: number }>('gcp.timers.sequence')
  const handlers = new Map<string, TimerHandler>()
  const earliest = () => {
    let first: Timer | undefined
    for (const timer of table.values()) if (!first || timer.due < first.due) first = timer
    return first
  }
  return {
    on: (kind, handler) => void handlers.set(kind, handler),
    set(kind, due, data, id) {
      const count = (sequence.get('timers')?.count ?? 0) + 1
      sequence.put('timers', { count })
      const key = id ?? `${kind}:${count}`
      table.put(key, { id: key, kind, due, data })
    },
    cancel: (id) => table.delete(id),
    next: () => earliest()?.due ?? null,
    values: () => table.values(),
    async run(now) {
      for (let count = 0; count < TIMERS_MAX; count += 1) {
        const timer = earliest()
        if (!timer || timer.due > now()) return
        table.delete(timer.id)
        // One thing that breaks must not keep all others from happening.
        try {
          await handlers.get(timer.kind)?.(timer.data, timer.due)
        } catch (error) {
          console.error(`simulated Google, ${timer.kind}:`, error)
        }
      }
    },
  }
}
