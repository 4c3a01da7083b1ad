import { toJson, zero } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'
import type { StatedFacts } from '../listings/model.ts'
import { contractValues } from './economics.ts'
import { type FeeRate, feeOn, feeRate, nextTier } from './fees.ts'
import { isRenewal, type OfferTerms, type Quote } from './model.ts'
import { totalOf } from './price.ts'

/** Whose fee, on what product, as of which day: an offer to come is taken to be accepted today. */
export type Sale = {
  readonly provider: string
  /** What is known of the listing. */
  readonly facts: StatedFacts
  readonly today: Day
  /** The marketplace asks whether it is a renewal: until somebody says, the fee is not known. */
  readonly renewalQuestion?: boolean | undefined
  /** What the fee rules call such a deal, where the marketplace has words of its own. */
  readonly dealTypeOf?: ((terms: OfferTerms) => string | undefined) | undefined
  /** Whether the plan has a price of its own, which an offer that names none leaves in force. */
  readonly planCharges?: boolean | undefined
}

/**
 * What an offer is worth, what the marketplace keeps and what is left; null while its money does not add up, or hangs
 * on the price of a plan, which we are not told.
 */
export function quote(
  terms: OfferTerms,
  { provider, facts, today, renewalQuestion, dealTypeOf, planCharges }: Sale,
): Quote | null {
  const total = totalOf(terms)
  if (total.is === 'faulty' || (total.is === 'known' && !terms.term)) return null
  const isOff = terms.pricing.usageDiscountPercent !== undefined
  if (total.is === 'none' && (planCharges || isOff)) return null
  const committed = total.is === 'known' ? total.amount : zero(terms.currency)
  const { tcv, acv } = contractValues(committed, zero(terms.currency), {
    months: terms.term?.months ?? 12,
  })
  const dealType = dealTypeOf?.(terms) ?? usualDealType(terms)
  const known = {
    ...facts,
    ...factsOf(terms, today),
    ...(dealType && { 'offer.dealType': dealType }),
  }
  const sale = { provider, tcv, facts: known }
  const rate = renewalQuestion && !terms.renewal ? unasked : feeRate(sale)
  const tier = nextTier(sale)
  const values = { tcv: toJson(tcv), acv: toJson(acv) }
  const ahead = tier ? { from: toJson(tier.from), rate: tier.rate } : null
  if (rate.is === 'unknown') return { ...values, fee: rate, net: null, nextTier: ahead }
  const { fee, net } = feeOn(tcv, rate.rate)
  const { rules, confidence } = rate
  return {
    ...values,
    fee: { is: 'known', rate: rate.rate, amount: toJson(fee), rules, confidence },
    net: toJson(net),
    nextTier: ahead,
  }
}

const unasked: FeeRate = {
  is: 'unknown',
  rules: [],
  reason: 'nobody has said whether it is a renewal',
}

/** A renewal that nobody vouches for is neither: its fee is not known. */
function usualDealType({ renewal }: OfferTerms): string | undefined {
  if (!isRenewal({ renewal })) return 'new'
  return renewal?.attested ? 'native_renewal' : undefined
}

/** What an offer itself tells the fee rules. Each table dates its rates by another event; to come, all are today. */
const factsOf = ({ renewal, reseller }: OfferTerms, today: Day) => ({
  'offer.visibility': 'private',
  'offer.transactable': true,
  'offer.renewal': isRenewal({ renewal }),
  'offer.renewalAttested': renewal?.attested ?? false,
  'offer.channel': reseller === undefined ? 'direct' : 'reseller',
  'offer.createdAt': today,
  'offer.publishedAt': today,
  'agreement.acceptedAt': today,
  'order.createdAt': today,
  'term.startedAt': today,
  'charge.date': today,
})
