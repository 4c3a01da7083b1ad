import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, type Problem } from '../kernel/problem.ts'
import * as claims from './claims.ts'
import { claim, type Taken } from './freeze.ts'
import { type Loss, saveLost } from './losses.ts'
import { load } from './meters.ts'
import type { Report } from './model.ts'
import { pack, turn } from './pace.ts'
import type { MeteringPort } from './port.ts'
import { giveBack, leaveUnknown, settle } from './settle.ts'

/** Calls' worth of records taken up at once; a turn goes on while there are more. */
const callsPerClaim = 100
const callsAtOnce = 4
/** After so many calls without an answer the marketplace is left alone until the next turn. */
const failuresMax = 3
const expiredMax = 500
const passesMax = 100

/**
 * One turn for one seller account: what its deadline has passed is lost, what is due is frozen and sent. Returns
 * whether more may be due. Throws what a call ran into, after all that could be settled is settled.
 */
export async function sendDue(deps: Deps, connection: Id<'conn'>): Promise<boolean> {
  const port = await connections.port(deps, connection, 'metering')
  await claims.ripen(deps.db, connection, deps.now())
  for (let pass = 0; pass < passesMax && (await expire(deps, connection)); pass++);
  const limit = port.traits.batchMax * callsPerClaim
  const taken = await transact(deps, (tx) => claim(tx, connection, port, limit))
  await deliver({ deps, connection, port, agreements: taken.agreements }, pack(taken.reports, port))
  return taken.isFull
}

/** Gives up what can no longer be sent. Returns whether there may be more. */
async function expire(deps: Deps, connection: Id<'conn'>): Promise<boolean> {
  return transact(deps, async (tx) => {
    const works = await claims.expired(tx.db, connection, tx.now(), expiredMax)
    if (works.length === 0) return false
    const meters = await load(
      tx,
      works.map(({ agreement }) => agreement),
    )
    const losses = works.map((work): Loss => {
      const meter = meters.get(work.agreement)
      const quantity = work.sent ?? work.quantity
      const rate = meter?.rates.get(work.dimension)
      const reason = `it was not accepted before the marketplace’s deadline (${work.deadline})`
      return { ...work, quantity, added: quantity, reason, rate }
    })
    await saveLost(tx, losses)
    return works.length === expiredMax
  })
}

/** Makes the calls, some at once, and settles each as its answer comes. */
async function deliver(sending: Sending, batches: readonly (readonly Report[])[]): Promise<void> {
  const { deps, port } = sending
  const problems: Problem[] = []
  const queue = [...batches]
  const worker = async () => {
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      if (isHopeless(problems)) {
        queue.unshift(batch)
        return
      }
      await turn(port)
      await report(sending, batch).catch((error) => problems.push(asProblem(error)))
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, worker))
  if (queue.length > 0) await giveBack(deps, queue.flat())
  const told = problems.find(({ code }) => code === 'throttled') ?? problems[0]
  if (told) throw told
}

const isHopeless = (problems: readonly Problem[]): boolean =>
  problems.length >= failuresMax ||
  problems.some(({ code }) => ['throttled', 'unauthenticated', 'forbidden'].includes(code))

async function report(
  { deps, connection, port, agreements }: Sending,
  reports: readonly Report[],
): Promise<void> {
  const answer = await port.report(reports).catch(async (error) => {
    const problem = asProblem(error)
    await leaveUnknown(deps, reports, problem)
    throw problem
  })
  await settle(deps, connection, reports, agreements, answer)
}

type Sending = {
  readonly deps: Deps
  readonly connection: Id<'conn'>
  readonly port: MeteringPort
  readonly agreements: Taken['agreements']
}
