import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import * as lanes from './lanes.ts'
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

/** Calls that one sender makes at the same time, each for whichever account is next. */
export const callsAtOnce = 4
const callsPerClaimMax = 20
const claimedSeconds = 2

/** Calls' worth of records that one sender takes up: a few seconds of what the marketplace takes. */
export const callsPerClaim = ({ traits }: MeteringPort): number =>
  Math.min(
    Math.max(Math.floor(traits.callsPerSecondMax * claimedSeconds), callsAtOnce),
    callsPerClaimMax,
  )

/** A call that may have begun later than this after the moment reserved for it takes another: the next ones count on it. */
const lateMaxMs = 50
const spaceMax = 64

/**
 * When calls of one account may begin, reserved where every sender sees it: the first by whoever takes up the records,
 * the others as they come.
 */
export type Turns = {
  /** Waits until the next call may begin. */
  next(deps: Deps): Promise<void>
}

/** A moment reserved: not before `from`, and so long after `since` that nobody else begins too soon after it. */
type Moment = { readonly from: number; readonly since: number; readonly lateMs: number }

export async function reserveTurns(
  tx: Deps,
  connection: Id<'conn'>,
  { traits }: MeteringPort,
  calls: number,
): Promise<Turns> {
  // The clock that counts is the database's: its moment lies somewhere between the question and the answer.
  const reserve = async ({ db }: Deps, space: number): Promise<Moment> => {
    const asked = performance.now()
    const { waitMs, apartMs } = await lanes.reserve(
      db,
      connection,
      space,
      traits.callsPerSecondMax,
      lateMaxMs,
    )
    const lateMs = lateMaxMs + (space - 1) * apartMs
    return { from: performance.now() + waitMs, since: asked + waitMs, lateMs }
  }
  let first = calls === 0 ? undefined : await reserve(tx, 1)
  return {
    async next(deps) {
      // A machine that is late leaves more room after it, until that is enough.
      for (let space = 1; ; space = Math.min(space * 2, spaceMax)) {
        const moment = first ?? (await reserve(deps, space))
        first = undefined
        // One more: timers may fire a little early.
        const waitMs = Math.ceil(moment.from - performance.now()) + 1
        if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs))
        if (performance.now() - moment.since <= moment.lateMs || space === spaceMax) return
      }
    },
  }
}

const windowMs = 1_000
type Pace = { starts: readonly number[]; last: Promise<void> }
const paces = new WeakMap<MeteringPort, Pace>()

/** Waits until a call that tells no usage may begin: in any second of this process at most `callsPerSecondMax` do. */
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
