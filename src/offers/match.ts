import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, refuse, type Violation } from '../kernel/problem.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { type Match, matched, matches } from './matching.ts'
import type { Offer } from './model.ts'
import { seen, take } from './service.ts'
import * as store from './store.ts'
import * as waiting from './waiting.ts'

const askEveryMs = 10 * 60_000
const buyersMax = 50
const offersMax = 200
const accountsMax = 200
const expiredWaitMs = 2 * dayMs
const acceptedWaitMs = 90 * dayMs
/** Agreements lie later in a deal's life: they are asked by their job's name to read themselves, and tie by reference. */
const refreshJob = 'agreements.refresh'

/**
 * Asks which agreements the accounts hold that offers were made to, and ties what is sure. An offer that nobody tells
 * of is asked about at most every ten minutes, and as soon as an agreement is seen that names an offer we do not know.
 * Offers whose marketplace tells wait here only once it says that they are accepted.
 */
export async function matchWaiting(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const heldBy = await holders(deps, connection)
  if (!heldBy) return
  const { traits } = await connections.port(deps, connection, 'offers')
  const kind: waiting.Kind = {
    connection,
    byHand: traits.byHand === true,
    expiredAfter: later(deps.now(), -expiredWaitMs),
    acceptedAfter: later(deps.now(), -acceptedWaitMs),
  }
  const before = later(deps.now(), -askEveryMs)
  for (const buyer of await waiting.dueBuyers(deps.db, kind, before, buyersMax)) {
    const askedAt = deps.now()
    const offers = await waiting.ofBuyer(deps.db, kind, buyer, offersMax)
    const accounts = [...new Set(offers.flatMap(({ order }) => order?.buyerRefs ?? []))]
    const held: string[] = []
    for (const account of accounts.slice(0, accountsMax)) held.push(...(await heldBy(account)))
    const found = await waiting.candidates(deps.db, connection, held)
    await transact(deps, (tx) => keep(tx, offers, found, askedAt)).catch(movedOn)
  }
}

/** Who tells which agreements an account holds; undefined where agreements name the account that offers are made to. */
export async function holders(deps: Deps, connection: Id<'conn'>) {
  try {
    const port = await connections.port(deps, connection, 'agreements')
    return port.heldBy?.bind(port)
  } catch (error) {
    if (asProblem(error).code === 'unsupported') return undefined
    throw error
  }
}

/** Somebody moved one of them meanwhile: it is asked about again at the next turn. */
function movedOn(error: unknown): void {
  if (asProblem(error).code !== 'conflict') throw error
}

type Found = Awaited<ReturnType<typeof waiting.candidates>>

async function keep(tx: Deps, offers: readonly Offer[], found: Found, askedAt: Instant) {
  const listings = [...new Set(offers.map(({ listing }) => listing))]
  const all = listings.flatMap((listing) =>
    matches(
      offers.filter((offer) => offer.listing === listing),
      found.filter((candidate) => candidate.listing === listing),
    ),
  )
  await waiting.noteAsked(
    tx.db,
    all.map((one) => ({ id: one.offer.id, mayBe: one.is === 'open' ? one.mayBe : [] })),
    askedAt,
  )
  for (const one of all)
    await (one.is === 'sure' ? tie(tx, one.offer, one.agreement) : tell(tx, one))
}

async function tie(tx: Deps, offer: Offer, agreement: waiting.Candidate, by?: 'person') {
  await take(tx, offer, matched(offer, agreement, by ?? 'account'))
  await enqueue(tx, refreshJob, `${offer.connection}/${agreement.agreementRef}`)
}

/** Says once on both sides what may belong together. */
async function tell(tx: Deps, { offer, mayBe }: Extract<Match, { is: 'open' }>): Promise<void> {
  const news = mayBe.filter((id) => !offer.mayBe.includes(id))
  if (news.length === 0) return
  await record(tx, 'offer.may_be', offer.id, { agreements: mayBe })
  for (const id of news) await record(tx, 'agreement.may_come_of', id, { offer: offer.id })
}

/** A person says which agreement came of an offer. Throws `invalid` with every reason why it cannot be that one. */
export async function match(
  deps: Deps,
  id: string,
  agreement: string,
  revision?: number,
): Promise<Offer> {
  const offer = await seen(deps, id, revision, [
    'handed_off',
    'live',
    'withdrawing',
    'extending',
    'accepted',
    'expired',
    'withdrawn',
  ])
  const found = await waiting.named(deps.db, agreement)
  refuse(unfit(offer, agreement, found))
  if (!found || found.offerRef === null) throw new Error('refused above')
  const candidate = { ...found, offerRef: found.offerRef }
  await transact(deps, (tx) => tie(tx, offer, candidate, 'person'))
  return store.get(deps.db, offer.id)
}

function unfit(
  { id, connection, listing, state }: Offer,
  agreement: string,
  found: Awaited<ReturnType<typeof waiting.named>>,
): Violation[] {
  const because = (wrong: boolean, message: string): Violation[] =>
    wrong ? [{ path: 'agreement', message }] : []
  const other = state.is === 'accepted' ? state.agreement : null
  const taken = because(other !== null, `the offer became ${other}`)
  if (!found) return [...taken, ...because(true, `no agreement ${agreement}`)]
  const { of } = found
  return [
    ...taken,
    ...because(found.connection !== connection, `belongs to ${found.connection}`),
    ...because(found.listing === null, 'is of a listing that is not known here'),
    ...because(found.listing !== null && found.listing !== listing, `is of ${found.listing}`),
    ...because(found.offerRef === null, 'came of no private offer'),
    ...because(of !== null && of !== id, `came of ${of}`),
  ]
}
