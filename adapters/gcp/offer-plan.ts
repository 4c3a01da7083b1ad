import {
  compare,
  type Decimal,
  divide,
  isZero,
  minus,
  round,
  times,
  total,
} from '../../src/kernel/decimal.ts'
import type { Day } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import { type Native, readNative } from './offer-native.ts'
import type { GcpSettings } from './settings.ts'

const cents = 2

/** What is paid whatever is used. `commitment`: an amount that the buyer pays and then uses up. */
export const subscriptionOf = ({ terms }: OfferOrder): 'flat' | 'commitment' | null => {
  const { contract = [], flat, commitment } = terms.pricing
  if (contract.length > 0 || flat !== undefined) return 'flat'
  return commitment ? 'commitment' : null
}

/** All of it for one term; undefined while a price is missing. Rows are rounded one by one, as our total is. */
export function totalOf({ terms }: OfferOrder): Decimal | undefined {
  const { contract = [], flat, commitment } = terms.pricing
  if (flat !== undefined) return flat
  if (contract.length === 0) return commitment?.amount
  if (contract.some(({ price }) => price === undefined)) return undefined
  return total(contract.map((row) => round(times(row.price ?? '0', row.quantity), cents)))
}

export type Interval = NonNullable<Native['interval']>

/** Months from one payment to the next. */
export const stepOf = { monthly_prorated: 1, monthly: 1, quarterly: 3, yearly: 12 } as const

/** When the subscription is paid. */
export type Timeline =
  /** Use alone: nothing is paid by dates. */
  | { readonly is: 'none' }
  /** `count` payments of `amount`, one as each interval starts. */
  | {
      readonly is: 'standard'
      readonly interval: Interval
      readonly count: number
      readonly amount: Decimal
    }
  /** Instalments in their order; the first is paid as the agreement starts, on whatever day that is. */
  | { readonly is: 'custom'; readonly rows: readonly Row[] }
type Row = { readonly on: Day | null; readonly amount: Decimal }

/**
 * How payments become Google's. A schedule is one of custom instalments, and `native.interval` one of equal ones that
 * Google counts from the start. Without either all is paid at the start: as one standard interval where the term is
 * exactly one (1, 3 or 12 months), else as one custom instalment. A standard one is preferred because it can renew, and
 * because it may be amended by either kind, while a custom one stays custom (proto PrivateOffer: `max_renewal_count`,
 * `amended_private_offer`). Additional credit exists in custom instalments alone. Undefined while there is no total.
 */
export function timelineOf(order: OfferOrder): Timeline | undefined {
  const { terms } = order
  if (subscriptionOf(order) === null) return { is: 'none' }
  const amount = totalOf(order)
  if (amount === undefined) return undefined
  const { interval } = readNative(terms.native)
  const months = terms.term?.months ?? 0
  if (interval !== undefined) {
    const count = Math.max(Math.floor(months / stepOf[interval]), 1)
    return { is: 'standard', interval, count, amount: divide(amount, String(count), cents, 'down') }
  }
  const whole = wholeTerms[months]
  if (whole !== undefined && !terms.payments && !wantsCustom(terms.native))
    return { is: 'standard', interval: whole, count: 1, amount }
  return { is: 'custom', rows: instalments(order, amount) }
}

/** Terms that are one standard interval. */
const wholeTerms: Readonly<Record<number, Interval>> = {
  1: 'monthly',
  3: 'quarterly',
  12: 'yearly',
}

/** Whether something is asked for that only custom instalments have. */
export function wantsCustom(native: unknown): boolean {
  const { additionalCredit, discardPreviousCreditBalance } = readNative(native)
  return additionalCredit !== undefined || discardPreviousCreditBalance !== undefined
}

function instalments({ terms }: OfferOrder, amount: Decimal): readonly Row[] {
  const first = terms.start === 'acceptance' ? null : terms.start
  if (!terms.payments) return [{ on: first, amount }]
  return terms.payments
    .map((row) => ({ on: row.on === 'acceptance' ? first : row.on, amount: row.amount }))
    .toSorted((a, b) => ((a.on ?? '') < (b.on ?? '') ? -1 : 1))
}

/** What comes off the public price of use. */
export type Usage = {
  readonly everything: Decimal | undefined
  readonly rows: readonly UsageRow[]
}
export type UsageRow = {
  readonly dimension: string
  readonly rate: Decimal
  readonly listRate: Decimal | undefined
  /** Name of the SKU it is billed by. */
  readonly sku: string | undefined
  /** Undefined when the rate is no discount of at most two decimals. */
  readonly percent: Decimal | undefined
}

/** A commitment whose overage is discounted discounts all use, since both run down one balance (6.3: CUD). */
export function usageOf(order: OfferOrder, settings: GcpSettings): Usage | undefined {
  const { usage = [], usageDiscountPercent, commitment } = order.terms.pricing
  const ofCommitment = commitment?.overage === 'discounted' ? commitment.discountPercent : undefined
  const everything = usageDiscountPercent ?? ofCommitment
  if (everything === undefined && usage.length === 0) return undefined
  return { everything, rows: usage.map((row) => usageRow(row, order, settings)) }
}

function usageRow(
  { dimension, rate }: { readonly dimension: string; readonly rate: Decimal },
  order: OfferOrder,
  settings: GcpSettings,
): UsageRow {
  const known = order.dimensions.find(({ key }) => key === dimension)
  const { skus } = readNative(order.terms.native)
  const listRate = listRateOf(dimension, order, settings)
  const percent = listRate === undefined ? undefined : discount(rate, listRate)
  const sku = skus?.[dimension] ?? skuOf(known?.dimensionRef, order.planRef)
  return { dimension, rate, listRate, sku, percent }
}

/** A dimension's address: its SKU's name, or where each plan has a SKU of its own `plan=name`s, parted by blanks. */
function skuOf(ref: string | undefined, planRef: string | null): string | undefined {
  if (ref === undefined || !ref.includes('=')) return ref
  const byPlan = new Map(
    ref.split(' ').map((one) => {
      const [plan = '', ...name] = one.split('=')
      return [plan, name.join('=')] as const
    }),
  )
  return byPlan.get(planRef ?? '') ?? byPlan.get('')
}

/** What one unit costs without an offer: as the marketplace tells it, or as the settings do for this plan. */
function listRateOf(dimension: string, order: OfferOrder, settings: GcpSettings) {
  const told = order.dimensions.find(({ key }) => key === dimension)?.listRate
  if (told?.currency === 'USD') return told.rate
  const product = settings.products.find(({ service }) => service === order.listingRef)
  const metrics = product?.metrics.filter((one) => one.dimension === dimension) ?? []
  const own = metrics.find(({ plan }) => plan === order.planRef)
  return (own ?? metrics.find(({ plan }) => plan === null))?.listRate
}

function discount(rate: Decimal, listRate: Decimal): Decimal | undefined {
  if (isZero(listRate) || compare(rate, listRate) > 0) return undefined
  const kept = divide(times(rate, '100'), listRate, cents)
  const isExact = compare(times(kept, listRate), times(rate, '100')) === 0
  return isExact ? minus('100', kept) : undefined
}
