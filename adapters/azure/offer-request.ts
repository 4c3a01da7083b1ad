import { type Decimal, round, trim } from '../../src/kernel/decimal.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { AzureClient } from './client.ts'
import { jsonNumber } from './exact-json.ts'
import { readNative } from './offer-native.ts'
import { discountOf, endOf, planOf, productOf } from './offer-plan.ts'
import { priceName, priceResource, saleOf } from './offer-price.ts'

export type ConfigureRequest = { readonly $schema: string; readonly resources: readonly object[] }

/**
 * The `configure` request that creates and submits the private offer of an order, as "Create a direct ISV to customer
 * private offer" and "Create a multiparty private offer" have it. How our body becomes one:
 *
 * - `pricing.contract` and `flat` are the recurring price of the plan: on a per-user plan one row of seats, on a
 *   customised one with `userLimits` of exactly that many; on a flat one all rows make one price. The plan must be sold for that term, or
 *   `native.newPlan` makes a plan of its own.
 * - `pricing.usage` are prices of the plan's meters; `usageDiscountPercent` is a percentage off everything.
 * - `payments`: see `offer-payments.ts`. `start` of acceptance is `variableStartDate`; the end: see `endOf`.
 * - `reseller` makes it a multiparty offer: the partner is charged our prices less its discount, and adds its own.
 * - `contacts` are told of acceptance and expiry; `renewal.attested` is Microsoft's renewal attestation.
 * - One contract document is the offer's PDF; a multiparty offer takes up to five.
 */
export const createRequest = (
  order: OfferOrder,
  key: string,
  azure: AzureClient,
): ConfigureRequest =>
  configureRequest(azure, [
    ...(discountOf(order).is === 'absolute' ? [priceResource(order, azure)] : []),
    offerResource(order, key, azure),
  ])

export const configureRequest = (
  { settings }: AzureClient,
  resources: readonly object[],
): ConfigureRequest => ({
  $schema: `${settings.endpoints.schemas}/configure/${settings.versions.configure}`,
  resources,
})

function offerResource(order: OfferOrder, key: string, azure: AzureClient): object {
  const { terms } = order
  const { settings } = azure
  const sale = saleOf(order, azure)
  const { upgradedFrom } = readNative(terms.native)
  const byName = settings.offers.keyField === 'name'
  return {
    $schema: `${settings.endpoints.schemas}/private-offer/${sale.offerSchema}`,
    resourceName: 'offer',
    name: byName ? keyed(terms.name, key) : terms.name,
    state: 'live',
    privateOfferType: terms.reseller ? 'multipartyPromotionOriginator' : 'customerPromotion',
    offerPricingType: sale.pricingType,
    ...(terms.renewal ? { customerContractRenewal: terms.renewal.attested } : {}),
    ...(upgradedFrom ? { upgradedFrom } : {}),
    ...dates(order),
    notificationContacts: terms.contacts.map(({ email }) => email),
    beneficiaries: [beneficiary(order, byName ? terms.name : keyed(terms.name, key))],
    ...(terms.reseller ? multiparty(order) : direct(order, azure)),
    pricing: [item(order, azure), ...others(order)],
  }
}

/** A stored text that only the publisher reads carries our key, since the API takes none: a lost reply is found by it. */
export const keyed = (text: string, key: string): string => `${text} ${mark(key)}`
export const mark = (key: string): string => `(${key})`

function dates(order: OfferOrder): object {
  const { start, acceptBy } = order.terms
  const begins =
    start === 'acceptance' ? { variableStartDate: true } : { variableStartDate: false, start }
  return { ...begins, end: endOf(order), acceptBy }
}

function beneficiary(order: OfferOrder, description: string): object {
  const { billingGroups } = readNative(order.terms.native)
  const recipients = billingGroups?.map((id) => ({ id, recipientType: 'billingGroup' }))
  return {
    id: billingAccountsOf(order)[0],
    description,
    ...(recipients ? { beneficiaryRecipients: recipients } : {}),
  }
}

const guid = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
/** `{guid}:{guid}_2019-05-31` of a Microsoft Customer Agreement, or the number of an Enterprise Agreement enrolment. */
const billingAccount = new RegExp(`^(${guid}:${guid}_\\d{4}-\\d{2}-\\d{2}|\\d{4,12})$`)

/** The billing accounts an offer could be for, or the one that `native` picks. The buyer's tenants are none. */
export function billingAccountsOf({ buyerRefs, terms }: OfferOrder): readonly string[] {
  const wanted = readNative(terms.native).billingAccount
  const known = [...new Set(buyerRefs.filter((ref) => billingAccount.test(ref)))]
  return wanted === undefined ? known : known.filter((ref) => ref === wanted)
}

function direct({ terms, documents }: OfferOrder, { settings }: AzureClient): object {
  const author =
    readNative(terms.native).preparedBy ?? settings.offers.preparedBy ?? terms.contacts[0]?.email
  const [document] = documents
  return {
    ...(author === undefined ? {} : { preparedBy: author }),
    ...(document === undefined ? {} : { termsAndConditionsDocSasUrl: document }),
  }
}

function multiparty({ terms, documents }: OfferOrder): object {
  const { partner, notes } = readNative(terms.native)
  return {
    partners: [
      { id: terms.reseller?.partner, partnerName: partner?.name, location: partner?.location },
    ],
    termsAndConditionsDocs: documents.map((sasUrl) => ({
      sasUrl,
      fileName: fileNameOf(sasUrl),
      customerFacingDocumentName: fileNameOf(sasUrl).replace(/\.pdf$/i, ''),
    })),
    ...(notes === undefined ? {} : { notes }),
  }
}

/** What a document is called: the last part of its address. */
export function fileNameOf(address: string): string {
  const name = URL.canParse(address) ? (new URL(address).pathname.split('/').at(-1) ?? '') : address
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function item(order: OfferOrder, azure: AzureClient): object {
  const discount = discountOf(order)
  const { newPlan } = saleOf(order, azure)
  const product = productOf(order)
  const plan = planOf(order)
  if (discount.is === 'percentage')
    return {
      product,
      ...(plan === undefined ? {} : { plan }),
      discountType: 'percentage',
      discountPercentage: percentage(discount.percent),
    }
  return {
    product,
    ...(newPlan ? { basePlan: plan, newPlanDetails: newPlan } : { plan }),
    discountType: 'absolute',
    priceDetails: { resourceName: priceName },
  }
}

const others = ({ terms }: OfferOrder): readonly object[] =>
  (readNative(terms.native).also ?? []).map(({ product, plan, discountPercent }) => ({
    product,
    ...(plan === undefined ? {} : { plan }),
    discountType: 'percentage',
    discountPercentage: percentage(discountPercent),
  }))

const percentage = (percent: Decimal): unknown => jsonNumber(trim(round(percent, 2, 'down')))
