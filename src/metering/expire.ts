import { type Deps, transact } from '../deps.ts'
import { type Decimal, isNegative, isZero, minus, plus } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import * as claims from './claims.ts'
import * as lanes from './lanes.ts'
import { type Loss, saveLost } from './losses.ts'
import { load, type Metered } from './metered.ts'
import type { UsageState } from './model.ts'
import { open } from './series.ts'

const expiredMax = 500
const passesMax = 100

/** Gives up what can no longer be sent, of every account, whatever keeps one from being served. */
export async function expireAll(deps: Deps): Promise<void> {
  for (const connection of await lanes.withExpired(deps.db, deps.now()))
    await expire(deps, connection)
}

/** Gives up what can no longer be sent of one seller account, by name and value. */
export async function expire(deps: Deps, connection: Id<'conn'>): Promise<void> {
  for (let pass = 0; pass < passesMax && (await expireSome(deps, connection)); pass++);
}

/** Returns whether there may be more. */
const expireSome = (deps: Deps, connection: Id<'conn'>): Promise<boolean> =>
  transact(deps, async (tx) => {
    const works = await claims.expired(tx.db, connection, tx.now(), expiredMax)
    if (works.length > 0) await give(tx, connection, works, tooLate)
    return works.length === expiredMax
  })

const tooLate = ({ state, deadline }: claims.Work): string =>
  state.is === 'held'
    ? `it was held (${state.reason}), and nobody let it go before the marketplace’s deadline (${deadline})`
    : `it was not accepted before the marketplace’s deadline (${deadline})`

/**
 * Gives records up that were never taken, for a reason: what the price includes of them is included, and the rest is
 * lost. What takes usage back is no loss: it goes on to the next record.
 */
export async function give(
  tx: Deps,
  connection: Id<'conn'>,
  works: readonly claims.Work[],
  reasonOf: (work: claims.Work) => string,
): Promise<void> {
  const refs = works.map(({ agreement }) => agreement)
  const meters = await load(tx, refs, { fresh: true })
  const closed = await closeUnsent(tx, connection, works, meters)
  const losses = works.flatMap((work): Loss[] => {
    const quantity = work.sent ?? closed.get(work.id) ?? work.quantity
    if (isZero(quantity) && !isZero(work.quantity)) return []
    const rate = meters.get(work.agreement)?.rates.get(work.dimension)
    return [{ ...work, quantity, added: quantity, reason: reasonOf(work), rate }]
  })
  await saveLost(tx, losses)
}

/** Sums up what was never frozen, nothing carried: what is left beyond what the price includes, by record. */
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
