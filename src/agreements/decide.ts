import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import * as offers from '../offers/service.ts'
import { record } from '../platform/record.ts'
import { begin } from './ask.ts'
import type { Agreement, Awaits } from './model.ts'
import type { Wanted } from './operation.ts'
import * as operations from './operations.ts'
import type { AgreementsTraits } from './port.ts'
import * as store from './store.ts'

type Change = Awaits & { readonly what: 'change' }

/**
 * Decides on a change that the buyer asked for and that waits for the seller, once for each: one that leads to an
 * offer of ours was agreed on, any other goes by the policy of the connection. Where a person decides, or nothing can
 * be asked, an event says so. While an earlier decision is still under way it waits for the next reading.
 */
export async function decideChange(tx: Deps, agreement: Agreement): Promise<void> {
  if (agreement.awaits?.what !== 'change' || agreement.state.is === 'ended') return
  const { traits } = await connections.port(tx, agreement.connection, 'agreements')
  const held = await store.hold(tx.db, agreement.connection, agreement.agreementRef)
  if (held?.awaits?.what !== 'change') return
  const change = held.awaits
  const name = JSON.stringify([change.planRef, change.offerRef])
  if ((await store.decided(tx.db, held.id)) === name) return
  const leadsToOurs =
    change.offerRef !== null &&
    (await offers.findByRef(tx, held.connection, change.offerRef)) !== undefined
  const wanted = decisionOn(change, leadsToOurs, traits)
  if (wanted === undefined) await tellAsked(tx, held, change)
  else {
    for (const kind of ['approve_change', 'reject_change'] as const)
      if (await operations.isUnderWay(tx.db, held.id, kind)) return
    await begin(tx, held, wanted)
  }
  await store.setDecided(tx.db, held.id, name)
}

/** What is decided without a person; undefined where one decides. */
export function decisionOn(
  { planRef }: Change,
  leadsToOurs: boolean,
  { buyerChanges, operations: possible }: AgreementsTraits,
): Wanted | undefined {
  const policy = leadsToOurs ? 'accept' : buyerChanges.plan
  if (policy === 'accept' && possible.includes('approve_change'))
    return { is: 'approve_change', planRef }
  if (policy === 'refuse' && possible.includes('reject_change'))
    return { is: 'reject_change', planRef, reason: null }
  return undefined
}

const tellAsked = (tx: Deps, { id, agreementRef }: Agreement, { planRef, offerRef, by }: Change) =>
  record(tx, 'agreement.change_asked', id, { agreementRef, planRef, offerRef, by })
