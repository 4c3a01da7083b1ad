import { Problem } from '../../src/kernel/problem.ts'
import type { OfferStanding, OffersPort } from '../../src/offers/port.ts'
import type { AzureClient } from './client.ts'
import { changeProgress, extend, withdraw } from './offer-change.ts'
import { progress, submit } from './offer-publish.ts'
import { createRequest } from './offer-request.ts'
import { violations } from './offer-rules.ts'
import { find, standingOf } from './private-offer.ts'

/** Terms of up to five years: `termUnit` P5Y of the fulfilment API. */
const monthsMax = 60
/** "Flexible billing schedule": dated charges of one offer. */
const paymentsMax = 70
/** Amounts have cents; of a meter's price what lies below one is cut ("Metered billing for SaaS"). */
const rateDecimalsMax = 2

/**
 * Private offers by configure jobs of the Product Ingestion API: customer offers, and multiparty offers as their
 * originator. `offerRef` is the private offer's guid, as `sourceOffers` of the fulfilment API has it. An operation is
 * the step it stands at, in JSON: it outlives the process, since nothing at Microsoft could be found by our key alone.
 */
export const offers = (azure: AzureClient): OffersPort => ({
  traits: {
    currencies: ['USD'],
    monthsMax,
    paymentsMax,
    rateDecimalsMax,
    acceptWithinDaysMax: null,
    pricing: ['contract', 'flat', 'usage', 'usageDiscountPercent'],
    contractQuantity: 'whole',
    reseller: true,
    renewalQuestion: true,
    pollSeconds: azure.settings.offers.pollSeconds,
    lookEveryMinutes: azure.settings.offers.lookEveryMinutes,
  },
  violations: (order) => violations(order, azure),
  requests: (order, key) => [createRequest(order, key, azure)],
  submit: (order, key, askedAt) => submit(azure, { order, key, askedAt }),
  progress: (operation) => progress(azure, operation),
  withdraw: (offerRef, _today, key) => withdraw(azure, offerRef, key),
  extend: (offer, acceptBy, key) => extend(azure, { offer, acceptBy, key }),
  changeProgress: (operation) => changeProgress(azure, operation),
  look: (offerRef) => look(azure, offerRef),
})

/**
 * How an offer stands. Microsoft tells nobody that it was accepted, and not when: of an offer that starts at acceptance
 * it knows the day, which is no moment.
 */
async function look(azure: AzureClient, offerRef: string): Promise<OfferStanding> {
  const found = await find(azure, offerRef)
  if (!found) throw new Problem('not_found', `Microsoft knows no private offer ${offerRef}`)
  const standing = standingOf(found)
  switch (standing.is) {
    case 'open':
      return { is: 'open' }
    case 'unknown':
      return { is: 'unknown', word: standing.word }
    case 'accepted':
      return { is: 'accepted', at: null }
    case 'withdrawn':
    case 'deleted':
      return { is: 'withdrawn' }
    default:
      return { is: 'unknown', word: standing.is }
  }
}
