import type { Buyer } from '../buyers/model.ts'
import * as buyers from '../buyers/service.ts'
import type { Connection } from '../connections/model.ts'
import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import { asProblem, refuse, type Violation } from '../kernel/problem.ts'
import { zoneDay } from '../kernel/zone.ts'
import { factsOf, type Listing, type Plan } from '../listings/model.ts'
import * as listings from '../listings/service.ts'
import * as documents from './documents.ts'
import { type Offer, type OfferOrder, type OfferTerms, zoneOf } from './model.ts'
import type { OffersPort } from './port.ts'
import type { Sale } from './quote.ts'
import { type Setting, violations } from './rules.ts'
import { agreementHolder } from './waiting.ts'

/** What an offer names, found. */
export type Parties = {
  readonly connection: Connection
  readonly listing: Listing
  readonly plan: Plan | undefined
  readonly buyer: Buyer
  readonly port: OffersPort
  /** The marketplace's name in prose. */
  readonly title: string
}
type Names = Pick<Offer, 'connection' | 'listing' | 'plan' | 'buyer'>

/** Finds what an offer names. Throws `invalid` with everything that does not exist or does not fit together. */
export async function parties(deps: Deps, names: Names): Promise<Parties> {
  const faults: Violation[] = []
  const named = async <T>(path: string, read: Promise<T>): Promise<T | undefined> =>
    read.catch((error: unknown) => {
      const { code, message } = asProblem(error)
      if (code !== 'not_found' && code !== 'unsupported') throw error
      faults.push({ path, message })
      return undefined
    })
  // One after the other: inside a transaction there is one database connection.
  const connection = await named('connection', connections.get(deps, names.connection))
  const port =
    connection && (await named('connection', connections.port(deps, connection.id, 'offers')))
  const listing = await named('listing', listings.get(deps, names.listing))
  const buyer = await named('buyer', buyers.get(deps, names.buyer))
  if (listing && connection && listing.connection !== connection.id)
    faults.push({ path: 'listing', message: `belongs to ${listing.connection}` })
  const plan = listing?.plans.find(({ id }) => id === names.plan)
  if (listing && names.plan !== null && !plan)
    faults.push({ path: 'plan', message: `the listing has no plan ${names.plan}` })
  refuse(faults)
  if (!connection || !port || !listing || !buyer) throw new Error('refused above')
  const adapter = deps.adapters.find(({ provider }) => provider === connection.provider)
  return { connection, port, listing, plan, buyer, title: adapter?.title ?? connection.provider }
}

/** What decides the fee of a sale of this listing today. */
export const saleOf = (deps: Deps, { connection, listing, plan, port }: Parties): Sale => ({
  provider: connection.provider,
  facts: factsOf(listing),
  today: zoneDay(deps.now(), zoneOf(port.traits)),
  renewalQuestion: port.traits.renewalQuestion,
  dealTypeOf: port.dealTypeOf?.bind(port),
  planCharges: (plan?.shape?.charge ?? null) !== null,
})

export type Prepared = Parties & {
  readonly order: OfferOrder
  readonly violations: readonly Violation[]
  /** Whether only the marketplace's own rules are broken, if any: then the order is whole and can be shown as sent. */
  readonly isSound: boolean
}

/** The order as it would be frozen now, or as it was when the offer was submitted, with every rule it breaks. */
export async function prepare(deps: Deps, offer: Offer): Promise<Prepared> {
  const found = await parties(deps, offer)
  const urls = await documents.find(deps, offer.terms.legal.documents)
  const isFrozen = offer.order !== null && offer.state.is !== 'refused'
  const order = (isFrozen ? offer.order : null) ?? assemble(deps, offer, found, urls)
  const { port, title, listing } = found
  const setting: Setting = { traits: port.traits, title, removed: listing.removed }
  const ours = [
    ...violations(order, setting),
    ...unknownDocuments(offer.terms, urls),
    ...(await unknownAgreement(deps, offer)),
  ]
  return {
    ...found,
    order,
    violations: distinct([...ours, ...theirs(port, order, ours.length === 0)]),
    isSound: ours.length === 0,
  }
}

function assemble(
  deps: Deps,
  { terms }: Offer,
  { listing, plan: sold, buyer, connection, port }: Parties,
  urls: ReadonlyMap<string, string>,
): OfferOrder {
  return {
    terms,
    listingRef: listing.listingRef,
    planRef: sold?.planRef ?? null,
    planKey: sold?.planKey ?? null,
    planShape: sold?.shape ?? null,
    dimensions: listing.dimensions,
    buyerName: buyer.name,
    buyerRefs: buyers.accountsAt(buyer, connection.provider),
    documents: terms.legal.documents.flatMap((id) => urls.get(id) ?? []),
    submittedOn: zoneDay(deps.now(), zoneOf(port.traits)),
  }
}

const unknownDocuments = ({ legal }: OfferTerms, urls: ReadonlyMap<string, string>): Violation[] =>
  legal.documents.flatMap((id, i) =>
    urls.has(id) ? [] : [{ path: `legal.documents.${i}`, message: `no document ${id}` }],
  )

/** A renewal may cost half the fee, so what it renews must be there, and be this buyer's. */
async function unknownAgreement(deps: Deps, { terms, buyer }: Offer): Promise<Violation[]> {
  const of = terms.renewal?.of
  if (of === undefined) return []
  const found = await agreementHolder(deps.db, of)
  if (!found) return [{ path: 'renewal.of', message: `no agreement ${of}` }]
  if (found.buyer === null || found.buyer === buyer) return []
  return [{ path: 'renewal.of', message: `${of} is an agreement of ${found.buyer}` }]
}

/** The marketplace's own rules. That an order is too broken for its adapter to read is told only if nothing else is. */
function theirs(port: OffersPort, order: OfferOrder, isSound: boolean): readonly Violation[] {
  try {
    return port.violations(order)
  } catch (error) {
    const problem = asProblem(error)
    if (problem.code !== 'invalid') throw error
    return problem.details.errors ?? (isSound ? [{ path: '', message: problem.message }] : [])
  }
}

const distinct = (all: readonly Violation[]): Violation[] =>
  all.filter(
    ({ path, message }, i) =>
      all.findIndex((other) => other.path === path && other.message === message) === i,
  )
