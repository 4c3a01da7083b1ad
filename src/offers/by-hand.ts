import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import { plainRef } from '../kernel/text.ts'
import { type SheetFor, sheetOf } from './hand.ts'
import { clockOf } from './look.ts'
import type { Offer, Sheet } from './model.ts'
import { seen, start } from './service.ts'
import * as steps from './steps.ts'
import * as store from './store.ts'

/** What a person is to type in for an offer now. Throws `not_found` when there is nothing to type. */
export async function sheet(
  deps: Deps,
  id: string,
): Promise<{ readonly offer: Offer; readonly for: SheetFor; readonly sheet: Sheet }> {
  const offer = await store.get(deps.db, id)
  const found = sheetOf(offer)
  if (found) return { offer, ...found }
  throw new Problem('not_found', `offer ${id} is ${offer.state.is}; there is nothing to type in`)
}

/** A person typed an offer in, and the marketplace calls it so. */
export async function published(
  deps: Deps,
  id: string,
  {
    offerRef: written,
    buyUrl,
  }: { readonly offerRef: string; readonly buyUrl?: string | undefined },
  revision?: number,
): Promise<Offer> {
  const offer = await seen(deps, id, revision, ['handed_off'])
  const { state } = offer
  if (state.is !== 'handed_off') throw new Problem('internal', `offer ${id} is ${state.is}`)
  const port = await connections.port(deps, offer.connection, 'offers')
  const offerRef = (port.readRef ?? plainRef)(written)
  const noRef = { path: 'offerRef', message: 'is no name or id of an offer there' }
  if (offerRef === undefined) throw new Problem('invalid', noRef.message, { errors: [noRef] })
  const other = await store.findByRef(deps.db, offer.connection, offerRef)
  if (other) refuse([{ path: 'offerRef', message: `is the reference of ${other.id}` }])
  const found = { offerRef, buyUrl: buyUrl ?? null }
  return start(deps, offer, steps.live({ ...offer, state }, found, await clock(deps, offer)))
}

/** A person made the change. */
export async function done(
  deps: Deps,
  id: string,
  { buyUrl }: { readonly buyUrl?: string | undefined },
  revision?: number,
): Promise<Offer> {
  const offer = await inHand(deps, id, revision)
  return start(deps, offer, steps.done(offer, buyUrl, await clock(deps, offer)))
}

/** A person could not make the change, and says why: the offer is live as it was. */
export async function notDone(
  deps: Deps,
  id: string,
  reason: string,
  revision?: number,
): Promise<Offer> {
  const offer = await inHand(deps, id, revision)
  const reasons = [{ part: 'by hand', code: null, message: reason }]
  return start(deps, offer, steps.kept(offer, reasons, await clock(deps, offer)))
}

async function inHand(deps: Deps, id: string, revision: number | undefined) {
  const offer = await seen(deps, id, revision, ['withdrawing', 'extending'])
  const { state } = offer
  if ((state.is === 'withdrawing' || state.is === 'extending') && state.sheet)
    return { ...offer, state }
  throw new Problem('conflict', `the marketplace is ${state.is} the offer by itself`)
}

async function clock(deps: Deps, { connection }: Offer) {
  return clockOf(await connections.port(deps, connection, 'offers'), deps.now())
}
