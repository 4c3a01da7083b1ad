import type { World } from '../world.ts'

/** Something that will happen at a simulated time. Survives a restart. */
export type Timer = {
  readonly id: string
  readonly kind: string
  readonly due: number
  readonly data: any
}

export type Timers = {
  /** Plans `kind` for `due`; the same id replaces an earlier plan. */
  set(kind: string, due: number, data: unknown, id?: string): void
  cancel(id: string): void
  /** The earliest timer due by `now`, removed from the plan, or undefined. */
  take(now: number): Timer | undefined
  next(): number | null
  values(): Timer[]
}

/** The list of that name; the same name is always the same list. */
export function createTimers(world: World, name: string): Timers {
  const table = world.table<Timer>(name)
  const sequence = world.table<{ count: number }>(`${name}.sequence`)
  const earliest = () => {
    let first: Timer | undefined
    for (const timer of table.values()) if (!first || timer.due < first.due) first = timer
    return first
  }
  return {
    set(kind, due, data, id) {
      const count = (sequence.get('timers')?.count ?? 0) + 1
      sequence.put('timers', { count })
      const key = id ?? `${kind}:${count}`
      table.put(key, { id: key, kind, due, data })
    },
    cancel: (id) => table.delete(id),
    take(now) {
      const first = earliest()
      if (!first || first.due > now) return undefined
      table.delete(first.id)
      return first
    },
    next: () => earliest()?.due ?? null,
    values: () => table.values(),
  }
}
