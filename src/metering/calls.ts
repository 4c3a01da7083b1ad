import { type Instant, later } from '../kernel/time.ts'
import { type Blocked, productOf } from './circuit.ts'
import type { Report } from './model.ts'
import { pack } from './pace.ts'
import type { MeteringPort } from './port.ts'

/** What is to be sent of what was taken up, in calls; the rest waits. */
export type Plan = {
  readonly calls: readonly (readonly Report[])[]
  /** When each of the others is looked at next, by its id. */
  readonly waits: ReadonlyMap<string, Instant>
}

export type Planned = {
  /** Nearest deadline first. */
  readonly reports: readonly Report[]
  readonly deadlines: ReadonlyMap<string, Instant>
  /** More is due than was taken up. */
  readonly isFull: boolean
  /** One call is to find out whether the account is well again. */
  readonly isProbe: boolean
  readonly blocked: Readonly<Record<string, Blocked>>
}

/** So near its deadline nothing waits for others to fill its call. */
const fillMs = 15 * 60_000
/** So long the others of a blocked product wait for the one call that finds out. */
const triedMs = 60_000

/** Plans calls: as few as can be, only full ones while more is due, and one at a time where there was trouble. */
export function plan(
  { reports, deadlines, isFull, isProbe, blocked }: Planned,
  port: Pick<MeteringPort, 'traits' | 'compatible'>,
  now: Instant,
): Plan {
  const isBlocked = (report: Report) => blocked[productOf([report]) ?? ''] !== undefined
  const free = pack(
    reports.filter((report) => !isBlocked(report)),
    port,
  )
  const waits = new Map<string, Instant>()
  const put = (batches: readonly (readonly Report[])[], until: Instant) => {
    for (const { id } of batches.flat()) waits.set(id, until)
  }
  const tried = [
    ...Map.groupBy(reports.filter(isBlocked), (one) => productOf([one]) ?? ''),
  ].flatMap(([product, own]) => {
    const batches = pack(own, port)
    const until = blocked[product]?.until ?? now
    const isOver = until <= now
    put(batches.slice(isOver ? 1 : 0), isOver ? later(now, triedMs) : until)
    return isOver ? batches.slice(0, 1) : []
  })
  if (isProbe) {
    const [first, ...others] = [...free, ...tried]
    put(others, now)
    return { calls: first ? [first] : [], waits }
  }
  const far = later(now, fillMs)
  const isSpare = (batch: readonly Report[]) =>
    batch.length < port.traits.batchMax && batch.every(({ id }) => (deadlines.get(id) ?? now) > far)
  const spare = isFull ? free.filter(isSpare) : []
  // Where most calls cannot be filled, waiting would only make work.
  const isWorthIt = spare.flat().length * 2 <= free.flat().length
  const kept = isWorthIt ? spare : []
  put(kept, now)
  return { calls: [...free.filter((batch) => !kept.includes(batch)), ...tried], waits }
}
