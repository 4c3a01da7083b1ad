import type { Agreement } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import type { Buyer } from '../buyers/model.ts'
import * as buyers from '../buyers/service.ts'
import * as commitments from '../commitments/service.ts'
import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import { Problem } from '../kernel/problem.ts'
import { dayOf, type Instant } from '../kernel/time.ts'
import * as listings from '../listings/service.ts'
import type { Offer } from '../offers/model.ts'
import * as offers from '../offers/service.ts'
import type { Wanted } from './mirror.ts'
import { agreementKey, agreementRow, commitmentRow, type Drawn, offerRows } from './rows.ts'

/** A place in what changed: the last one seen. */
export type Place = { readonly at: Instant; readonly id: string }
export const beginning: Place = { at: '1970-01-01T00:00:00.000Z', id: '' }
export type Found = { readonly wanted: readonly Wanted[]; readonly next: Place | null }

const pageSize = 100

/** A page of offers that changed after a place, as rows; `next` null when there were no more. */
export async function offersAfter(deps: Deps, { at, id }: Place): Promise<Found> {
  const page = await offers.changedAfter(deps, at, id, pageSize)
  const know = lookUp(deps)
  const wanted: Wanted[] = []
  for (const offer of page) {
    const provider = await know.provider(offer.connection)
    if (provider === undefined) continue
    const buyer = await know.buyer(offer.buyer)
    wanted.push(
      ...offerRows(offer, { provider, buyer, listing: await know.listing(offer.listing) }),
    )
  }
  return { wanted, next: nextOf(page) }
}

/** What was billed under the agreements of a page, by the key of their rows. */
export type DrawnOf = (page: readonly Keyed[]) => Promise<(one: Keyed) => Drawn>
export type Keyed = { readonly agreement: Agreement; readonly key: string }

/** The same of agreements. */
export async function agreementsAfter(
  deps: Deps,
  { at, id }: Place,
  drawnOf: DrawnOf,
): Promise<Found> {
  const page = await agreements.changedAfter(deps, at, id, pageSize)
  const know = lookUp(deps)
  const keyed: (Keyed & { readonly provider: string })[] = []
  for (const agreement of page) {
    const provider = await know.provider(agreement.connection)
    if (provider === undefined) continue
    keyed.push({ agreement, provider, key: agreementKey(provider, agreement.agreementRef) })
  }
  const drawn = await drawnOf(keyed)
  const wanted: Wanted[] = []
  for (const one of keyed) {
    const { agreement, provider } = one
    const buyer = await know.buyer(agreement.buyer)
    const offer = await know.offer(agreement.offer)
    wanted.push(agreementRow(agreement, { provider, buyer, offer, drawn: drawn(one) }))
  }
  return { wanted, next: nextOf(page) }
}

/** Every commitment as it stands today. */
export async function allCommitments(deps: Deps): Promise<Wanted[]> {
  const know = lookUp(deps)
  const wanted: Wanted[] = []
  for (const summary of await commitments.summaries(deps, dayOf(deps.now())))
    wanted.push(commitmentRow(summary, await know.buyer(summary.buyer)))
  return wanted
}

function nextOf(
  page: readonly { readonly updatedAt: Instant; readonly id: string }[],
): Place | null {
  const last = page.at(-1)
  return last && page.length === pageSize ? { at: last.updatedAt, id: last.id } : null
}

/** What rows point to, each looked up once a page; undefined for what is gone. */
function lookUp(deps: Deps) {
  const once = <T>(read: (id: string) => Promise<T>) => {
    const known = new Map<string, T | undefined>()
    return async (id: string | null): Promise<T | undefined> => {
      if (id === null) return undefined
      if (!known.has(id)) known.set(id, await read(id).catch(gone))
      return known.get(id)
    }
  }
  return {
    provider: once((id) => connections.get(deps, id).then((c) => c.provider)),
    buyer: once((id): Promise<Buyer> => buyers.get(deps, id)),
    listing: once((id) => listings.get(deps, id)),
    offer: once((id): Promise<Offer> => offers.get(deps, id)),
  }
}

const gone = (error: unknown): undefined => {
  if (error instanceof Problem && error.code === 'not_found') return undefined
  throw error
}
