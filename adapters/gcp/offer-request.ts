import { type Decimal, round, trim } from '../../src/kernel/decimal.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { GcpCall } from './client.ts'
import { deadlineOf, midnight } from './offer-day.ts'
import { billingAccountForm, type Native, readNative } from './offer-native.ts'
import { type Interval, subscriptionOf, type Timeline, timelineOf, usageOf } from './offer-plan.ts'
import type { GcpSettings } from './settings.ts'

/** `projects/{p}/locations/{l}`: what private offers belong to. */
export const parentOf = ({ projectId, location }: GcpSettings): string =>
  `projects/${projectId}/locations/${location}`

/**
 * The PrivateOffer of an order. How our body becomes one (proto PrivateOffer; Google: "Pricing models for private
 * offers", "Billing frequency for private offers"):
 *
 * - `pricing.contract` and `flat` are one flat fee; what units it buys is told in words, as `features`.
 * - `pricing.usage` are discounts of single SKUs, `usageDiscountPercent` one of all. `commitment` is a committed use
 *   discount: with overage at list price the buyer pays less and uses up the whole, else all use is discounted.
 * - `payments`: see `timelineOf`. A payment on a day is an instalment that starts with that Pacific day.
 * - The first contact is the customer's. `renewal.attested` is a native renewal.
 * - `autoRenew` lets the customer renew so often.
 */
export function offerBody(
  order: OfferOrder,
  key: string,
  settings: GcpSettings,
  amended: object,
): object {
  const { terms, planKey } = order
  const native = readNative(terms.native)
  const note = native.customerNote ?? terms.note
  return {
    title: terms.name,
    offerDealType: dealTypeOf(terms),
    ...(note === undefined ? {} : { customerNote: note }),
    internalNote: noteOf(native, key),
    partnerContact: native.partnerContact ?? { contact: settings.providerId },
    customer: customerOf(order),
    acceptDeadlineTime: deadlineOf(terms.acceptBy),
    term: termOf(order),
    singleProductOffer: {
      ...(planKey === null ? {} : { baseStandardOffer: planKey }),
      ...amended,
      ...priceOf(order, settings),
      ...featuresOf(order),
      ...contractValueOf(native),
    },
  }
}

/** What the revenue share hangs on. A renewal is one that somebody vouches for: it is a statement to Google. */
export const dealTypeOf = ({ renewal, native }: OfferOrder['terms']): string =>
  readNative(native).dealType ?? (renewal?.attested ? 'NATIVE_RENEWAL' : 'NEW')

/** Google takes no key, so ours is a line of the note that only the seller reads: a lost reply is found by it. */
export const mark = (key: string): string => `tradepost:${key}`
const noteOf = ({ internalNote }: Native, key: string): string =>
  internalNote === undefined ? mark(key) : `${internalNote}\n${mark(key)}`

/** The billing accounts an offer could be for, or the one that `native` picks; a buyer's other accounts are none. */
export function billingAccountsOf({ buyerRefs, terms }: OfferOrder): readonly string[] {
  const plain = (ref: string) => billingAccountForm.exec(ref.trim())?.[1]?.toUpperCase()
  const known = [...new Set(buyerRefs.flatMap((ref) => plain(ref) ?? []))]
  const { billingAccount } = readNative(terms.native)
  if (billingAccount === undefined) return known
  return known.filter((ref) => ref === plain(billingAccount))
}

/** `billingAccounts/…` that the offer is for; undefined where it is not one. */
export function targetOf(order: OfferOrder): string | undefined {
  const [account, another] = billingAccountsOf(order)
  return account === undefined || another !== undefined ? undefined : `billingAccounts/${account}`
}

/** The company is named as `native` says, or as it is known here; in an older order its contact's domain says who it is. */
export function customerOf(order: OfferOrder): object {
  const [contact] = order.terms.contacts
  const { customer } = readNative(order.terms.native)
  const target = targetOf(order)
  const entityTitle = customer ?? order.buyerName ?? contact?.email.split('@').at(-1)
  return {
    ...(entityTitle === undefined ? {} : { entityTitle }),
    ...(contact === undefined ? {} : { contact: contact.name, email: contact.email }),
    ...(target === undefined ? {} : { targetBillingAccount: target }),
  }
}

function termOf({ terms }: OfferOrder): object {
  const { start, term, autoRenew } = terms
  return {
    ...(start === 'acceptance'
      ? { startPolicy: 'IMMEDIATE' }
      : { startPolicy: 'SCHEDULED_START_TIME', scheduledStartTime: midnight(start) }),
    endPolicy: 'AFTER_DURATION',
    ...(term === undefined ? {} : { durationMonths: term.months }),
    ...(autoRenew === undefined ? {} : { maxRenewalCount: autoRenew.times }),
  }
}

const intervals: Readonly<Record<Interval, string>> = {
  monthly_prorated: 'MONTHLY_PRORATED',
  monthly: 'MONTHLY_NOT_PRORATED',
  quarterly: 'QUARTERLY_NOT_PRORATED',
  yearly: 'YEARLY_NOT_PRORATED',
}

function priceOf(order: OfferOrder, settings: GcpSettings): object {
  const timeline = timelineOf(order)
  if (timeline === undefined) return {}
  if (timeline.is === 'none')
    return { standardIntervalPrice: { priceModel: priceModel(order, null, settings) } }
  if (timeline.is === 'custom')
    return { customIntervalPrice: customPrice(order, timeline, settings) }
  return {
    standardIntervalPrice: {
      standardInterval: intervals[timeline.interval],
      priceModel: priceModel(order, timeline.amount, settings),
    },
  }
}

/** The first instalment has no day when the offer starts at acceptance: nobody knows it yet. */
function customPrice(
  order: OfferOrder,
  { rows }: Extract<Timeline, { is: 'custom' }>,
  settings: GcpSettings,
): object {
  const native = readNative(order.terms.native)
  const { additionalCredit, discardPreviousCreditBalance } = native
  const extras = {
    ...(additionalCredit === undefined ? {} : { additionalCredit: usd(additionalCredit) }),
    ...(discardPreviousCreditBalance === undefined ? {} : { discardPreviousCreditBalance }),
  }
  return {
    installments: rows.map(({ on, amount }, i) => ({
      ...(on === null ? {} : { startTime: midnight(on) }),
      priceModel: priceModel(order, amount, settings, i === 0 ? extras : {}),
    })),
  }
}

function priceModel(
  order: OfferOrder,
  amount: Decimal | null,
  settings: GcpSettings,
  extras: object = {},
): object {
  const { commitment } = order.terms.pricing
  const usage = usageOf(order, settings)
  const subscription = subscriptionOf(order)
  const atList = commitment?.overage === 'list' ? percent(commitment.discountPercent) : undefined
  return {
    ...(subscription === 'flat' && amount !== null
      ? { flatFee: { flatFeeOverride: usd(amount) } }
      : {}),
    ...(commitment && subscription === 'commitment' && amount !== null
      ? {
          commitment: {
            commitmentAmount: usd(amount),
            ...(atList === undefined ? {} : { discountPercent: atList }),
            ...extras,
          },
        }
      : {}),
    ...(usage === undefined ? {} : { usage: usagePrice(usage) }),
  }
}

function usagePrice({ everything, rows }: NonNullable<ReturnType<typeof usageOf>>): object {
  const skuDiscounts = rows.flatMap(({ sku, percent: off }) =>
    sku === undefined || off === undefined ? [] : [{ sku, discountPercent: percent(off) }],
  )
  return {
    ...(everything === undefined ? {} : { defaultDiscountPercent: percent(everything) }),
    ...(skuDiscounts.length === 0 ? {} : { skuDiscounts }),
  }
}

/** What a flat fee buys, in words: its units are nobody's business but the seller's and the buyer's. */
function featuresOf({ terms, dimensions }: OfferOrder): object {
  const features = (terms.pricing.contract ?? []).map(({ dimension, quantity }) => ({
    displayName: featureName(dimension, dimensions),
    value: trim(quantity),
  }))
  return features.length === 0 ? {} : { features }
}

export const featureName = (dimension: string, known: OfferOrder['dimensions']): string =>
  known.find(({ key }) => key === dimension)?.name ?? dimension

const contractValueOf = ({ additionalContractValue }: Native): object =>
  additionalContractValue === undefined
    ? {}
    : {
        additionalContractValue: {
          contractValue: usd(additionalContractValue.amount),
          eligibleSkus: additionalContractValue.skus,
        },
      }

/** google.type.Money in dollars; what lies below a cent is cut, and refused before. */
function usd(amount: Decimal): object {
  const [units = '0', fraction = '00'] = round(amount, 2, 'down').split('.')
  return { currencyCode: 'USD', units, nanos: Number(fraction) * 10_000_000 }
}

/** google.type.Decimal of at most two decimals. */
const percent = (value: Decimal): object => ({ value: trim(round(value, 2, 'down')) })

/** What stands for the id of an offer that is not there yet. */
const placeholder = '{privateOffer}'

/** The calls that publish an order, in their turn. What only Google knows is left out: the offer that it must amend. */
export function publishCalls(
  order: OfferOrder,
  key: string,
  settings: GcpSettings,
): readonly GcpCall[] {
  const offer = `${parentOf(settings)}/privateOffers/${placeholder}`
  return [
    resolveCall(order, settings),
    createCall(offerBody(order, key, settings, chosen(order, settings)), settings),
    documentCall(offer, documentBody(order, order.documents[0] ?? '')),
    publishCall(offer, true),
    publishCall(offer, false),
  ]
}

/** The offer that is to be amended where there is a choice. */
function chosen({ terms }: OfferOrder, settings: GcpSettings): object {
  const { amends } = readNative(terms.native)
  if (amends === undefined || amends === 'none') return {}
  const name = amends.includes('/') ? amends : `${parentOf(settings)}/privateOffers/${amends}`
  return { amendedPrivateOffer: name }
}

export const resolveCall = (order: OfferOrder, settings: GcpSettings): GcpCall => ({
  api: 'producer',
  method: 'GET',
  path: `/v1beta/${parentOf(settings)}/privateOffers:resolveAmendmentTarget`,
  query: {
    targetBillingAccount: targetOf(order),
    baseStandardOffer: order.planKey ?? undefined,
  },
  operation: 'privateOffers.resolveAmendmentTarget',
})

export const createCall = (body: object, settings: GcpSettings): GcpCall => ({
  api: 'producer',
  method: 'POST',
  path: `/v1beta/${parentOf(settings)}/privateOffers`,
  body,
  operation: 'privateOffers.create',
})

export const documentCall = (offer: string, body: object): GcpCall => ({
  api: 'producer',
  method: 'POST',
  path: `/v1beta/${offer}/documents`,
  body,
  operation: 'privateOffers.documents.create',
})

/** An offer has one agreement: Google's standard one, or a PDF of the seller's in its place. */
export const documentBody = ({ terms }: OfferOrder, inlineContent: string): object =>
  terms.legal.kind === 'standard'
    ? { documentType: 'STANDARD_END_USER_LICENSE_AGREEMENT_V2' }
    : {
        documentType: 'CUSTOM_END_USER_LICENSE_AGREEMENT',
        mimeType: 'application/pdf',
        inlineContent,
      }

export const publishCall = (offer: string, validateOnly: boolean): GcpCall => ({
  api: 'producer',
  method: 'POST',
  path: `/v1beta/${offer}:publish`,
  body: { validateOnly },
  operation: validateOnly ? 'privateOffers.publish (validateOnly)' : 'privateOffers.publish',
})
