import type { Day } from '../../src/kernel/time.ts'
import type { OfferOrder, Sheet } from '../../src/offers/model.ts'
import { handoffPrice, type Row } from './handoff-price.ts'
import { readNative } from './offer-native.ts'
import { billingAccountsOf, customerOf, dealTypeOf, mark } from './offer-request.ts'
import type { GcpSettings } from './settings.ts'

const pacificNote = 'Pacific time'

/** Producer Portal’s page of private offers, where all of it is typed in. */
const portal = ({ consoleUrl, projectId }: GcpSettings): string =>
  `${consoleUrl.replace(/\/+$/, '')}/producer-portal/private-offers?project=${projectId}`

/**
 * What a person types into Producer Portal, in the order of its form (Google: "Create a private offer for a customer":
 * customer and product, pricing, terms; then it is published). `key` goes into the internal note, so that people
 * find the offer again.
 */
export const offerSheet = (order: OfferOrder, key: string, settings: GcpSettings): Sheet => ({
  title: `Private offer “${order.terms.name}”`,
  url: portal(settings),
  sections: [
    { title: 'Customer', rows: customer(order) },
    { title: 'Product and offer', rows: product(order, settings, key) },
    { title: 'Term', rows: term(order) },
    ...handoffPrice(order, settings),
    { title: 'Legal terms', rows: legal(order) },
  ],
})

function customer(order: OfferOrder): readonly Row[] {
  const { entityTitle = '', contact = '', email = '' } = customerOf(order) as Record<string, string>
  return [
    { field: 'Customer name', value: entityTitle },
    { field: 'Customer contact', value: contact },
    { field: 'Customer email', value: email },
    { field: 'Billing account ID', value: billingAccountsOf(order).join(', ') },
  ]
}

const dealTypes: Readonly<Record<string, string>> = {
  NEW: 'New',
  NATIVE_RENEWAL: 'Native renewal',
  CHANNEL_SHIFT: 'Channel shift',
  MIGRATION: 'Migration',
}

function product(order: OfferOrder, settings: GcpSettings, key: string): readonly Row[] {
  const { terms, listingRef, planRef } = order
  const native = readNative(terms.native)
  const known = settings.products.find(({ service }) => service === listingRef)
  const plan = known?.plans.find(({ id }) => id === planRef)
  const note = native.customerNote ?? terms.note
  const type = dealTypeOf(terms)
  return [
    { field: 'Product', value: known?.name ?? listingRef, note: listingRef },
    { field: 'Plan', value: plan?.name ?? planRef ?? '', note: planRef ?? undefined },
    { field: 'Offer title', value: terms.name },
    { field: 'Deal type', value: dealTypes[type] ?? type },
    ...amended(native.amends),
    ...(native.partnerContact
      ? [
          {
            field: 'Your contact',
            value: native.partnerContact.contact,
            note: native.partnerContact.email,
          },
        ]
      : []),
    ...(note === undefined ? [] : [{ field: 'Note to the customer', value: note }]),
    {
      field: 'Internal note',
      value: [native.internalNote, mark(key)].filter(Boolean).join('\n'),
      note: 'by its last line the offer is found again',
    },
  ]
}

const amended = (amends: string | undefined): readonly Row[] =>
  amends === undefined
    ? []
    : [{ field: 'Offer to replace', value: amends === 'none' ? 'None: a new order' : amends }]

function term({ terms }: OfferOrder): readonly Row[] {
  const { start, term: length, autoRenew, acceptBy } = terms
  return [
    {
      field: 'Accept by',
      value: acceptBy,
      note: `the last day on which the customer can accept, until midnight, ${pacificNote}`,
    },
    start === 'acceptance'
      ? { field: 'Start date', value: 'When the customer accepts' }
      : { field: 'Start date', value: start, note: pacificNote },
    { field: 'Contract duration', value: length ? `${length.months} months` : '' },
    { field: 'Auto-renew', value: autoRenew ? `At most ${autoRenew.times} times` : 'Off' },
  ]
}

const legal = ({ terms, documents }: OfferOrder): readonly Row[] =>
  terms.legal.kind === 'standard'
    ? [{ field: 'EULA', value: 'Google Cloud Marketplace standard EULA' }]
    : [{ field: 'EULA', value: 'Custom EULA (PDF)', note: documents.join(', ') }]

/** A change to an offer that a person has published there. */
export function changeSheet(settings: GcpSettings, offer: string, acceptBy: Day | null): Sheet {
  const found = { field: 'Offer', value: offer, note: 'open it in the list of private offers' }
  const rows: readonly Row[] =
    acceptBy === null
      ? [found, { field: 'Action', value: 'Cancel offer' }]
      : [found, { field: 'Accept by', value: acceptBy, note: `until midnight, ${pacificNote}` }]
  const what = acceptBy === null ? 'Cancel' : 'Extend'
  return {
    title: `${what} private offer ${offer}`,
    url: portal(settings),
    sections: [{ title: 'Private offer', rows }],
  }
}
