import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, type Problem } from '../kernel/problem.ts'
import { afterFailure, afterSuccess, type Circuit, productOf } from './circuit.ts'
import { claim, type Taken } from './freeze.ts'
import * as lanes from './lanes.ts'
import type { Report, ReportOutcome } from './model.ts'
import { callsPerClaim, reserveTurns, type Turns } from './pace.ts'
import type { MeteringPort } from './port.ts'
import { rateRipe } from './rating.ts'
import { giveBack, leaveUnknown, settle } from './settle.ts'

/** What a sender has done in one turn. */
export type Turn = {
  /** Accounts whose contracts have priced what they are to price. */
  readonly rated: Set<string>
  /** Accounts that had nothing to take up after all. */
  readonly passedOver: Set<string>
  /** Asks for another sender; of a turn it does so once. */
  help(): Promise<void>
}

/**
 * Serves the account that is next, once: takes up what is due, makes a few seconds' worth of calls and settles them.
 * Returns how many records it looked at; undefined where nobody can be served right now. What it runs into is written to
 * the account's circuit and keeps no other from being served.
 */
export async function serveNext(deps: Deps, turn: Turn): Promise<number | undefined> {
  const lane = await lanes.choose(deps.db, deps.now(), [...turn.passedOver])
  if (!lane) return undefined
  try {
    const count = await serve(deps, lane, turn)
    if (count === 0) turn.passedOver.add(lane.connection)
    return count
  } catch (error) {
    const problem = logged(deps, lane, error)
    const called = { product: undefined, isProbe: true }
    await change(deps, lane.connection, (circuit) =>
      afterFailure(atLeast(circuit, unservedFailures), problem, called, deps.now()),
    )
    return 0
  }
}

/** What an account ran into; what is our own fault is logged with its cause. */
function logged({ log }: Deps, { connection }: lanes.Lane, error: unknown): Problem {
  const problem = asProblem(error)
  const fields = { connection, code: problem.code, problem: problem.message }
  if (problem.code === 'internal')
    log.error({ ...fields, cause: String(problem.cause ?? '') }, 'usage: an account has trouble')
  else log.warn(fields, 'usage: an account has trouble')
  return problem
}

/** An account that cannot be served at all counts as one more call that failed after so many. */
const unservedFailures = 2
const atLeast = (circuit: Circuit, failures: number): Circuit => ({
  ...circuit,
  failures: Math.max(circuit.failures, failures),
})

async function serve(deps: Deps, lane: lanes.Lane, turn: Turn): Promise<number> {
  const { connection } = lane
  const port = await connections.port(deps, connection, 'metering')
  if (!turn.rated.has(connection)) {
    turn.rated.add(connection)
    // What cannot be priced waits, and is shown with what is kept up with; the rest is sent.
    await rateRipe(deps, connection).catch((error) => logged(deps, lane, error))
  }
  const { batchMax } = port.traits
  const limit = lane.isProbe ? batchMax : batchMax * callsPerClaim(port)
  const { taken, turns } = await transact(deps, async (tx) => {
    const taken = await claim(tx, connection, port, limit, lane)
    const turns = await reserveTurns(tx, connection, port, taken.calls.length)
    return { taken, turns }
  })
  if (taken.isFull || lane.others > 0) await turn.help()
  await deliver({ deps, lane, port, taken, turns })
  return taken.count
}

type Sending = {
  readonly deps: Deps
  readonly lane: lanes.Lane
  readonly port: MeteringPort
  readonly taken: Taken
  readonly turns: Turns
}

/** Makes the calls, one after the other, and settles each. What is left when the circuit opens goes back. */
async function deliver(sending: Sending): Promise<void> {
  const { deps, lane, taken, turns } = sending
  const queue = [...taken.calls]
  let isTroubled = lane.isProbe || lane.failures > 0
  try {
    for (let reports = queue.shift(); reports; reports = queue.shift()) {
      await turns.next(deps)
      const called = { product: productOf(reports), isProbe: lane.isProbe }
      const problem = await report(sending, reports)
      const isBlocked = lane.blocked[called.product ?? ''] !== undefined
      if (problem) {
        isTroubled = true
        const after = await change(deps, lane.connection, (circuit) =>
          afterFailure(circuit, problem, called, deps.now()),
        )
        if (after.openUntil !== null) return
      } else if (isTroubled || isBlocked)
        await change(deps, lane.connection, (circuit) => afterSuccess(circuit, called, deps.now()))
    }
  } finally {
    if (queue.length > 0) await giveBack(deps, queue.flat(), taken.before)
  }
}

/** Makes one call. Returns what it ran into, after its records are left to be sent again. */
async function report(
  { deps, lane, port, taken }: Sending,
  reports: readonly Report[],
): Promise<Problem | undefined> {
  let answer: readonly ReportOutcome[]
  try {
    answer = await port.report(reports)
  } catch (error) {
    const problem = logged(deps, lane, error)
    await leaveUnknown(deps, reports, problem)
    return problem
  }
  await settle(deps, lane.connection, reports, taken.agreements, answer)
  return undefined
}

/** Changes an account's circuit; where it opens or closes, what is kept up with shows it at once. */
async function change(
  deps: Deps,
  connection: Id<'conn'>,
  to: (circuit: Circuit) => Circuit,
): Promise<Circuit> {
  const { before, after } = await transact(deps, (tx) => lanes.turn(tx.db, connection, to))
  const isNews = troubleOf(before) !== troubleOf(after)
  if (isNews) await connections.runNow(deps, 'metering', connection).catch(unlessGone)
  return after
}

const troubleOf = ({ problem, blocked }: Circuit): boolean =>
  problem !== null || Object.keys(blocked).length > 0

/** An account that was disconnected meanwhile keeps up with nothing. */
function unlessGone(error: unknown): void {
  if (asProblem(error).code !== 'not_found') throw error
}
