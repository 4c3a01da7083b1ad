import { type Deps, enqueue } from '../deps.ts'
import { asProblem } from '../kernel/problem.ts'
import { later } from '../kernel/time.ts'
import type { Outcome } from '../platform/jobs.ts'
import { expireAll } from './expire.ts'
import * as lanes from './lanes.ts'
import { callsAtOnce } from './pace.ts'
import { serveNext, type Turn } from './send.ts'

/** The job of one sender; its subject is the sender's place: `slot-0`, `slot-1` and so on. */
export const sendJob = 'metering.send'
/** Senders of all processes together. */
const placesMax = 64
/** Senders of one process, where nobody chose otherwise. */
const sendersUsual = 2

/** One sender goes on so long before others get its job's place. */
const turnMs = 20_000
const pauseMs = 100
/** Longer than this nobody waits for an account to have room, or for rows that others look at. */
const patienceMs = 3_000
const againMs = 1_000
const troubleMs = 5_000

const slotOf = (n: number) => `slot-${n}`

/**
 * One sender's turn: whatever is due of any account, the nearest deadline first, until nothing is due or its time is
 * over. The first sender comes again when something falls due; it calls the others when there is more than it can do.
 */
export async function takeTurn(deps: Deps, subject: string): Promise<Outcome> {
  const place = Number(/^slot-(\d{1,3})$/.exec(subject)?.[1] ?? Number.NaN)
  if (!(place < placesMax)) return 'done'
  const running = busy.get(deps.opened) ?? 0
  // Another process may have a hand free.
  if (running >= (deps.senders ?? sendersUsual)) return { again: later(deps.now(), againMs) }
  busy.set(deps.opened, running + 1)
  try {
    return await goOn(deps, place)
  } catch (error) {
    const { message, cause } = asProblem(error)
    deps.log.error({ subject, cause: String(cause ?? message) }, 'usage: a sender was interrupted')
    return { again: later(deps.now(), troubleMs) }
  } finally {
    busy.set(deps.opened, (busy.get(deps.opened) ?? 1) - 1)
  }
}

/** Senders at work, by the world's opened ports: as long-lived as they are. */
const busy = new WeakMap<Deps['opened'], number>()

async function goOn(deps: Deps, place: number): Promise<Outcome> {
  const until = performance.now() + turnMs
  let patientUntil = performance.now() + patienceMs
  const turn = turnOf(deps, place)
  await expireAll(deps)
  while (performance.now() < until) {
    const hands = Array.from({ length: callsAtOnce }, () => serveAll(deps, turn, until))
    if ((await Promise.all(hands)).some((served) => served > 0))
      patientUntil = performance.now() + patienceMs
    const next = await lanes.nextNeeded(deps.db, deps.now())
    if (next === null) return 'done'
    if (next > deps.now()) return place === 0 ? { again: next } : 'done'
    if (performance.now() > patientUntil)
      return place === 0 ? { again: later(deps.now(), againMs) } : 'done'
    await expireAll(deps)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return { again: deps.now() }
}

/** Serves one account after another while there is one. Returns how many records it looked at. */
async function serveAll(deps: Deps, turn: Turn, until: number): Promise<number> {
  let served = 0
  while (performance.now() < until) {
    const count = await serveNext(deps, turn)
    if (count === undefined) break
    served += count
  }
  return served
}

function turnOf(deps: Deps, place: number): Turn {
  let isHelped = place + 1 >= placesMax
  return {
    passedOver: new Set(),
    rated: new Set(),
    async help() {
      if (isHelped) return
      isHelped = true
      await enqueue(deps, sendJob, slotOf(place + 1))
    },
  }
}

/** Wakes senders: now if something is due, another besides the first, which may be waiting for an answer; else in time. */
export async function wake(deps: Deps): Promise<void> {
  const next = await lanes.nextNeeded(deps.db, deps.now())
  if (next === null) return
  await enqueue(deps, sendJob, slotOf(0), next)
  if (next <= deps.now()) await enqueue(deps, sendJob, slotOf(1))
}
