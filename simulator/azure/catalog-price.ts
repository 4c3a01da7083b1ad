import Big from 'big.js'
import type {
  MeterPrice,
  Plan,
  Pricing,
  PrivateOffer,
  PrivateOfferItem,
  TermPrice,
  TermUnit,
} from './catalog-model.ts'
import type { AzureState } from './state.ts'
import { dayOf } from './time.ts'

const PRICE_DECIMALS = 6

/** What decides a price: the plan, who pays, how, and when the term (for meters: the usage) begins. */
export type Purchase = {
  /** Product guid. */
  readonly product: string
  /** Plan id, not guid. */
  readonly planId: string
  readonly billingAccountId: string
  readonly termUnit: TermUnit
  readonly paymentUnit: TermUnit | null
  readonly privateOffer: string | null
  readonly isCsp?: boolean
  /** Who orders: for a cloud solution provider's purchase, the provider. */
  readonly purchaser?: { readonly tenantId: string }
}

/** What holds for a purchase. Amounts in US dollars, exact decimal text. */
export type PriceInForce = {
  readonly plan: Plan
  readonly pricing: Pricing
  /** The recurring price of the purchase's term and payments; null when the plan sells none such. */
  readonly price: TermPrice | null
  readonly listPrice: TermPrice | null
  readonly meters: Readonly<Record<string, MeterPrice>>
  readonly privateOffer: PrivateOffer | null
  /** What the selling partner of a multiparty offer adds for itself. */
  readonly markupPercentage: string
}

/**
 * The prices of a purchase on a day (simulated milliseconds; now when left out). Private prices hold for
 * every purchase of the billing account between the offer's days; of several, absolute beats percentage,
 * the lowest absolute and the highest percentage win ("Customer private offers FAQ"). After the last day
 * the public price is back.
 */
export function priceFor(
  state: AzureState,
  purchase: Purchase,
  at: number = state.now(),
): PriceInForce | undefined {
  const plan = state.plans
    .values()
    .find((one) => one.product === purchase.product && one.planId === purchase.planId)
  if (!plan) return undefined
  const base = plan.pricing
  if (plan.privateOffer !== null) {
    const maker = state.privateOffers.get(plan.privateOffer) ?? null
    return inForce(purchase, plan, base, maker ? { offer: maker, item: itemOf(maker, plan) } : null)
  }
  const best = candidates(state, purchase, plan, dayOf(at)).reduce<Candidate | null>(
    (winner, one) => (winner === null || beats(base, purchase, one, winner) ? one : winner),
    null,
  )
  return inForce(purchase, plan, base, best)
}

/** A price as Microsoft sells it with the partner's markup on top. */
export function withMarkup(amount: string, markupPercentage: string): string {
  return Big(amount).times(Big(100).plus(markupPercentage)).div(100).round(PRICE_DECIMALS).toFixed()
}

type Candidate = { readonly offer: PrivateOffer; readonly item: PrivateOfferItem | undefined }

function candidates(state: AzureState, purchase: Purchase, plan: Plan, day: string): Candidate[] {
  return state.privateOffers.values().flatMap((offer) => {
    if (!isHeldBy(offer, purchase)) return []
    if ((offer.startsOn ?? day) > day || (offer.endsOn ?? day) < day) return []
    return offer.items
      .filter((item) => item.product === plan.product)
      .filter((item) => item.plan === null || item.plan === plan.guid)
      .map((item) => ({ offer, item }))
  })
}

function isHeldBy(offer: PrivateOffer, purchase: Purchase): boolean {
  if (offer.state !== 'live') return false
  if (offer.resource.privateOfferType === 'cspPromotion') {
    const partners: { readonly id: string }[] = offer.resource.beneficiaries ?? []
    const orders = purchase.isCsp === true ? purchase.purchaser?.tenantId : undefined
    return partners.some((partner) => partner.id === orders)
  }
  return offer.acceptance?.billingAccountId === purchase.billingAccountId
}

function beats(base: Pricing, purchase: Purchase, one: Candidate, other: Candidate): boolean {
  const [isAbsolute, wasAbsolute] = [one.item?.pricing != null, other.item?.pricing != null]
  if (isAbsolute !== wasAbsolute) return isAbsolute
  const [left, right] = [one, other].map(({ item }) => Big(total(base, purchase, item)))
  return left !== undefined && right !== undefined && left.lt(right)
}

function total(base: Pricing, purchase: Purchase, item: PrivateOfferItem | undefined): string {
  return pick(discounted(base, item), purchase)?.price ?? '0'
}

function inForce(
  purchase: Purchase,
  plan: Plan,
  base: Pricing,
  found: Candidate | null,
): PriceInForce {
  const pricing = plan.privateOffer === null ? discounted(base, found?.item) : base
  const place = found?.item ? found.offer.items.indexOf(found.item) : 0
  return {
    plan,
    pricing,
    price: pick(pricing, purchase),
    listPrice: pick(base, purchase),
    meters: pricing.meters,
    privateOffer: found?.offer ?? null,
    markupPercentage: found?.offer.partner?.markups[place] ?? '0',
  }
}

function itemOf(offer: PrivateOffer, plan: Plan): PrivateOfferItem | undefined {
  return offer.items.find((item) => item.plan === plan.guid)
}

function pick(pricing: Pricing, purchase: Purchase): TermPrice | null {
  const ofTerm = pricing.prices.filter((one) => one.termUnit === purchase.termUnit)
  return ofTerm.find((one) => one.paymentUnit === purchase.paymentUnit) ?? null
}

function discounted(base: Pricing, item: PrivateOfferItem | undefined): Pricing {
  if (!item) return base
  if (item.pricing) return item.pricing
  const cut = (amount: string) =>
    Big(amount)
      .times(Big(100).minus(item.discountPercentage ?? '0'))
      .div(100)
      .round(PRICE_DECIMALS)
      .toFixed()
  return {
    ...base,
    prices: base.prices.map((one) => ({ ...one, price: cut(one.price) })),
    meters: Object.fromEntries(
      Object.entries(base.meters).map(([id, meter]) => [
        id,
        { ...meter, pricePerUnit: cut(meter.pricePerUnit) },
      ]),
    ),
  }
}
