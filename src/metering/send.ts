import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { type Decimal, isNegative, isZero, minus, plus } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, type Problem } from '../kernel/problem.ts'
import * as claims from './claims.ts'
import { claim, type Taken } from './freeze.ts'
import { type Loss, saveLost } from './losses.ts'
import { load, type Metered } from './metered.ts'
import type { Report, UsageState } from './model.ts'
import { pack, turn } from './pace.ts'
import type { MeteringPort } from './port.ts'
import { open } from './series.ts'
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
    const refs = works.map(({ agreement }) => agreement)
    const meters = await load(tx, refs, { fresh: true })
    const closed = await closeUnsent(tx, connection, works, meters)
    const losses = works.flatMap((work): Loss[] => {
      const quantity = work.sent ?? closed.get(work.id) ?? work.quantity
      if (isZero(quantity) && !isZero(work.quantity)) return []
      const rate = meters.get(work.agreement)?.rates.get(work.dimension)
      const reason = `it was not accepted before the marketplace’s deadline (${work.deadline})`
      return [{ ...work, quantity, added: quantity, reason, rate }]
    })
    await saveLost(tx, losses)
    return works.length === expiredMax
  })
}

/**
 * Sums up what was never frozen, nothing carried: what is left beyond what the price includes, by record. What takes
 * usage back is no loss: it goes on to the next record.
 */
async function closeUnsent(
  tx: Deps,
  connection: Id<'conn'>,
  works: readonly claims.Work[],
  meters: ReadonlyMap<string, Metered>,
): Promise<ReadonlyMap<string, Decimal>> {
  const unsent = works.filter(({ sent }) => sent === null)
  if (unsent.length === 0) return new Map()
  const books = await open(tx, connection, meters, unsent)
  const inOrder = unsent.toSorted((a, b) => (a.hour < b.hour ? -1 : 1))
  const closed = inOrder.map((work) => {
    const covered = books.draw(work, work.quantity)
    const rest = minus(work.quantity, covered)
    const isOwed = isNegative(rest)
    if (isOwed) books.leave(work, plus(books.carry(work), rest))
    const is = isZero(rest) && !isZero(covered) ? 'included' : isOwed ? 'carried' : null
    const [sent, carriedOut] = isOwed ? ['0', rest] : [rest, '0']
    const split = { carriedIn: '0', covered, rated: '0', sent, carriedOut }
    const state: UsageState | null = is && { is, at: tx.now() }
    return { id: work.id, split, report: null, state }
  })
  await claims.saveFrozen(tx.db, closed, tx.now())
  await books.save()
  return new Map(closed.map(({ id, split }) => [id, split.sent]))
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
