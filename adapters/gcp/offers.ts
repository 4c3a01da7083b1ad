import { Problem } from '../../src/kernel/problem.ts'
import { plainRef } from '../../src/kernel/text.ts'
import type { OfferTerms, OfferTraits } from '../../src/offers/model.ts'
import type { OffersPort } from '../../src/offers/port.ts'
import type { GcpClient } from './client.ts'
import { changeSheet, offerSheet } from './handoff.ts'
import { extend, withdraw } from './offer-change.ts'
import { changedSince } from './offer-changes.ts'
import { pacific } from './offer-day.ts'
import { readNative } from './offer-native.ts'
import { monthsMax } from './offer-payment-rules.ts'
import { progress, submit } from './offer-publish.ts'
import { publishCalls } from './offer-request.ts'
import { violations } from './offer-rules.ts'
import { getOffer, nameOf, standingOf } from './private-offer.ts'

/** No document limits instalments; this is our own bound. */
const paymentsMax = 1_000
/** A rate becomes a percentage of at most two decimals, so its own may be as many as we take. */
const rateDecimalsMax = 12
const pollSeconds = 15
const lookEveryMinutes = 60

const traits: OfferTraits = {
  currencies: ['USD'],
  monthsMax,
  paymentsMax,
  rateDecimalsMax,
  // Three calendar months are no number of days: it is a rule of ours.
  acceptWithinDaysMax: null,
  pricing: ['contract', 'flat', 'usage', 'usageDiscountPercent', 'commitment'],
  contractQuantity: 'decimal',
  contractUnits: 'named',
  timeZone: pacific,
  renewalQuestion: true,
}

/** A renewal or a new deal is what it is by its answer; `native` knows more. */
const dealTypeOf = ({ native }: OfferTerms): string | undefined =>
  readNative(native).dealType?.toLowerCase()

const written = /^(?:.*\/privateOffers\/)?([A-Za-z0-9][A-Za-z0-9_-]{0,99})$/

/** The last part of a private offer's name, whether the whole name was copied or that part alone. */
const readRef = (text: string): string | undefined => written.exec(plainRef(text))?.[1]

/** Private offers by the Commerce Producer API where the account has it; else a person types them in. */
export const offers = (client: GcpClient): OffersPort =>
  client.settings.offers === 'api' ? published(client) : typedIn(client)

/**
 * Offers by the Commerce Producer API (v1beta). `offerRef` is the last part of the private offer's name, and so is an
 * operation, since publishing is the offer's own state. Changes are answered at once and have no operation.
 */
const published = (client: GcpClient): OffersPort => ({
  traits: { ...traits, pollSeconds, lookEveryMinutes },
  violations: (order) => violations(order, client.settings),
  requests: (order, key) => publishCalls(order, key, client.settings),
  dealTypeOf,
  submit: (order, key, askedAt) => submit(client, { order, key, askedAt }),
  progress: (operation) => progress(client, operation),
  withdraw: (offerRef, _today, key) => withdraw(client, offerRef, key),
  extend: (offerRef, acceptBy) => extend(client, offerRef, acceptBy),
  changeProgress: unknownOperation,
  look: async (offerRef) => standingOf(await getOffer(client, nameOf(client, offerRef))),
  changedSince: (cursor) => changedSince(client, cursor),
})

/** Offers that a person types into Producer Portal from a sheet; nobody is called. */
const typedIn = ({ settings }: GcpClient): OffersPort => ({
  traits: { ...traits, byHand: true },
  violations: (order) => violations(order, settings),
  requests: (order, key) => [offerSheet(order, key, settings)],
  dealTypeOf,
  readRef,
  submit: async (order, key) => ({ is: 'by_hand', sheet: offerSheet(order, key, settings) }),
  progress: unknownOperation,
  withdraw: async (offerRef) => ({ is: 'by_hand', sheet: changeSheet(settings, offerRef, null) }),
  extend: async (offerRef, acceptBy) => ({
    is: 'by_hand',
    sheet: changeSheet(settings, offerRef, acceptBy),
  }),
  changeProgress: unknownOperation,
})

async function unknownOperation(operation: string): Promise<never> {
  throw new Problem('not_found', `Google knows no operation ${operation.slice(0, 100)}`)
}
