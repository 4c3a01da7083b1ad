import type { Report } from './model.ts'
import type { MeteringPort } from './port.ts'

/** Puts reports into as few calls as their marketplace allows, in order. */
export function pack(
  reports: readonly Report[],
  { traits, compatible }: Pick<MeteringPort, 'traits' | 'compatible'>,
): Report[][] {
  const batches: Report[][] = []
  let open: Report[][] = []
  for (const report of reports) {
    const fitting = open.find((batch) => batch.every((other) => compatible(other, report)))
    if (fitting) fitting.push(report)
    else {
      const batch = [report]
      open.push(batch)
      batches.push(batch)
    }
    open = open.filter((batch) => batch.length < traits.batchMax)
  }
  return batches
}

const windowMs = 1_000
type Pace = { starts: readonly number[]; last: Promise<void> }
const paces = new WeakMap<MeteringPort, Pace>()

/** Waits until a call may begin: in any second of this process at most `callsPerSecondMax` do, for one account. */
export function turn(port: MeteringPort): Promise<void> {
  const pace = paces.get(port) ?? { starts: [], last: Promise.resolve() }
  paces.set(port, pace)
  pace.last = pace.last.then(() => begin(pace, port.traits.callsPerSecondMax))
  return pace.last
}

async function begin(pace: Pace, max: number): Promise<void> {
  const earliest = pace.starts.at(-max)
  if (pace.starts.length >= max && earliest !== undefined) {
    const waitMs = earliest + windowMs - performance.now()
    // One more: timers may fire a little early.
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs + 1))
  }
  pace.starts = [...pace.starts, performance.now()].slice(-max)
}
