import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import type { Day, Instant } from '../kernel/time.ts'
import { zoneDay } from '../kernel/zone.ts'
import { record } from '../platform/record.ts'
import * as acceptance from './acceptance.ts'
import { takenBackByHand } from './hand.ts'
import { type Offer, type OfferState, type OfferTerms, zoneOf } from './model.ts'
import { parties, prepare, saleOf } from './prepare.ts'
import { quote } from './quote.ts'
import type { AmendOffer, CreateOffer } from './request.ts'
import { extensionViolations } from './rules.ts'
import * as steps from './steps.ts'
import * as store from './store.ts'
import { anyAskedBefore } from './waiting.ts'

export const job = 'offers.publish'

export const get = (deps: Deps, id: string): Promise<Offer> => store.get(deps.db, id)

/** By the marketplace's own id of the offer. */
export const findByRef = (
  deps: Deps,
  connection: string,
  offerRef: string,
): Promise<Offer | undefined> => store.findByRef(deps.db, connection, offerRef)

/**
 * The offer that an agreement names, by the marketplace's id of it. Where none has that id, those that wait for an
 * agreement are asked about soon, unless they were since the agreement was first seen so (`seenAt`).
 */
export async function seek(
  tx: Deps,
  connection: Id<'conn'>,
  { offerRef, seenAt }: { readonly offerRef: string; readonly seenAt: Instant },
): Promise<Offer | undefined> {
  const offer = await store.findByRef(tx.db, connection, offerRef)
  if (offer === undefined && (await anyAskedBefore(tx.db, connection, seenAt)))
    await connections.runNow(tx, 'offers', connection)
  return offer
}

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Offer[]> => store.list(deps.db, limit, after, filter)

/** What changed after a point of (time, id), in that order: for whoever mirrors offers. */
export const changedAfter = (
  deps: Deps,
  updatedAt: Instant,
  id: string,
  limit: number,
): Promise<Offer[]> => store.changedAfter(deps.db, updatedAt, id, limit)

/** Keeps a draft. It may break rules, which a preview tells; what it names must exist. */
export async function create(deps: Deps, command: CreateOffer): Promise<Offer> {
  const { connection, listing, plan = null, buyer, ...terms } = command
  return keep(deps, { connection, listing, plan, buyer }, terms, 'offer.created')
}

/** A new draft with the terms of any offer. */
export async function clone(deps: Deps, id: string): Promise<Offer> {
  const { terms, ...from } = await store.get(deps.db, id)
  return keep(deps, from, terms, 'offer.cloned', { from: id })
}

async function keep(
  deps: Deps,
  { connection, listing, plan, buyer }: Pick<Offer, 'connection' | 'listing' | 'plan' | 'buyer'>,
  terms: OfferTerms,
  event: string,
  data: object = {},
): Promise<Offer> {
  const found = await parties(deps, { connection, listing, plan, buyer })
  const at = deps.now()
  const offer: Offer = {
    id: newId('offer'),
    connection,
    listing,
    plan,
    buyer,
    terms,
    state: { is: 'draft' },
    order: null,
    sentKey: null,
    quote: quote(terms, saleOf(deps, found)),
    problem: null,
    looked: null,
    timeZone: zoneOf(found.port.traits),
    openSince: null,
    mayBe: [],
    keysUsed: 0,
    dueAt: null,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  }
  await transact(deps, async (tx) => {
    await store.insert(tx.db, offer)
    await record(tx, event, offer.id, { name: terms.name, buyer, ...data })
  })
  return offer
}

/** Changes a draft; an offer that was refused becomes one again. Throws `stale` when `revision` is not the newest. */
export async function amend(
  deps: Deps,
  id: string,
  command: AmendOffer,
  revision?: number,
): Promise<Offer> {
  const offer = await seen(deps, id, revision, ['draft', 'refused'])
  const next = amended(offer, command)
  const found = await parties(deps, next)
  const drawn: Offer = {
    ...next,
    state: { is: 'draft' },
    order: null,
    sentKey: null,
    problem: null,
    timeZone: zoneOf(found.port.traits),
    quote: quote(next.terms, saleOf(deps, found)),
    updatedAt: deps.now(),
  }
  await transact(deps, async (tx) => {
    await store.amend(tx.db, drawn, offer.revision)
    await record(tx, 'offer.amended', offer.id, {
      fields: Object.keys(command),
      was: offer.state.is,
    })
  })
  return { ...drawn, revision: offer.revision + 1 }
}

function amended(offer: Offer, command: AmendOffer): Offer {
  const { connection, listing, plan, buyer, ...parts } = command
  const given = Object.entries(parts).filter(([, value]) => value !== undefined)
  const terms = Object.entries({ ...offer.terms, ...Object.fromEntries(given) })
  return {
    ...offer,
    connection: connection ?? offer.connection,
    listing: listing ?? offer.listing,
    plan: plan === undefined ? offer.plan : plan,
    buyer: buyer ?? offer.buyer,
    // Null takes a part away, and only the parts that may be absent can be null.
    terms: Object.fromEntries(terms.filter(([, value]) => value !== null)) as OfferTerms,
  }
}

/** Freezes the order and asks for it to be sent. Throws `invalid` with every rule it breaks. */
export async function submit(deps: Deps, id: string, revision?: number): Promise<Offer> {
  const offer = await seen(deps, id, revision, ['draft', 'refused'])
  const prepared = await prepare(deps, offer)
  refuse(prepared.violations)
  const { order } = prepared
  const value = quote(offer.terms, saleOf(deps, prepared))
  return start(deps, offer, steps.submitted(offer, { order, quote: value }, deps.now()))
}

/** Asks for a live offer to be taken back: until it is, the buyer may still accept. One that was handed off just is. */
export async function withdraw(deps: Deps, id: string, revision?: number): Promise<Offer> {
  const offer = await seen(deps, id, revision, ['live', 'handed_off'])
  const { state } = offer
  const move =
    state.is === 'live' ? steps.withdrawing({ ...offer, state }, deps.now()) : takenBackByHand()
  return start(deps, offer, move)
}

/** Asks for a live offer to be open for longer. */
export async function extend(
  deps: Deps,
  id: string,
  acceptBy: Day,
  revision?: number,
): Promise<Offer> {
  const offer = await seen(deps, id, revision, ['live'])
  const { state, timeZone } = offer
  if (state.is !== 'live') throw new Problem('internal', `offer ${id} is ${state.is}`)
  const { port, title } = await parties(deps, offer)
  const today = zoneDay(deps.now(), timeZone)
  const days = { acceptBy: offer.terms.acceptBy, wanted: acceptBy, today }
  refuse(extensionViolations(days, { traits: port.traits, title }))
  return start(deps, offer, steps.extending({ ...offer, state }, acceptBy, deps.now()))
}

/** Takes a step that a person asked for, and has its job run. */
export async function start(deps: Deps, offer: Offer, move: steps.Move): Promise<Offer> {
  await transact(deps, async (tx) => {
    await take(tx, offer, move)
    await enqueue(tx, job, offer.id)
  })
  return store.get(deps.db, offer.id)
}

/** Takes a step and tells of it. Throws `conflict` when somebody moved the offer first. */
export async function take(tx: Deps, offer: Offer, move: steps.Move): Promise<void> {
  await store.advance(tx.db, offer, move, tx.now())
  await record(tx, move.event, offer.id, move.data)
}

/** An agreement came of an offer. Telling it again changes nothing; what we thought of the offer does not matter. */
export async function accepted(
  tx: Deps,
  offerId: string,
  agreement: acceptance.Acceptance,
): Promise<void> {
  const offer = await store.get(tx.db, offerId)
  const move = acceptance.subscribed(offer, agreement)
  if (move) await take(tx, offer, move)
}

/** Looks at once at what a marketplace says has moved. Knowing nothing of it changes nothing. */
export async function poke(
  deps: Deps,
  connection: string,
  about: { readonly offerRef: string | null; readonly operation: string | null },
): Promise<void> {
  await transact(deps, async (tx) => {
    const ids = await store.pullForward(tx.db, connection, about, tx.now())
    for (const id of ids) await enqueue(tx, job, id)
  })
}

/** The offer as a person saw it, in one of these states. Throws `stale` or `conflict` when it is not. */
export async function seen(
  deps: Deps,
  id: string,
  revision: number | undefined,
  allowed: readonly OfferState['is'][],
): Promise<Offer> {
  const offer = await store.get(deps.db, id)
  if (revision !== undefined && revision !== offer.revision)
    throw new Problem('stale', 'the offer was changed since it was read')
  if (!allowed.includes(offer.state.is))
    throw new Problem(
      'conflict',
      `the offer is ${offer.state.is}; this is for one that is ${allowed.join(' or ')}`,
    )
  return offer
}
