import { z } from 'zod'
import { type Decimal, isDecimal, plus, times } from '../kernel/decimal.ts'
import { conditions, effective, type Facts, inEffect, matches } from '../kernel/facts.ts'
import { type Money, parseMoney, portion, subtract } from '../kernel/money.ts'
import table from './listing-fees.json' with { type: 'json' }

/** What a sale is, as far as the fee asks: facts by dotted path, the total, and a rate of the vendor's own. */
export type Sale = {
  readonly provider: string
  readonly facts: Facts
  /** Total contract value before tax, as fixed when the offer is published; the tiers go by it. */
  readonly tcv: Money
  /** A rate the vendor negotiated; it beats every rule. */
  readonly contractRate?: Decimal | undefined
}

/** The marketplace's rate, and by which rules; or why it cannot be told. Compare with the reported fee, never assume. */
export type FeeRate =
  | {
      readonly is: 'known'
      readonly rate: Decimal
      readonly rules: readonly string[]
      readonly confidence: 'contract' | Confidence
    }
  | { readonly is: 'unknown'; readonly rules: readonly string[]; readonly reason: string }

const decimal = z.string().refine((text) => isDecimal(text))
const confidence = z.enum(['official', 'secondary', 'unconfirmed'])
type Confidence = z.infer<typeof confidence>

const rule = z.object({
  id: z.string(),
  provider: z.string(),
  priority: z.int().default(0),
  when: conditions,
  tcvTier: z
    .object({
      gte: decimal,
      lt: decimal.nullable(),
      currency: z.string(),
      mode: z.literal('whole'),
    })
    .optional(),
  rate: decimal.optional(),
  multiplier: decimal.optional(),
  addPoints: decimal.optional(),
  effective,
  confidence,
})
type Rule = z.infer<typeof rule>

const exchange = z.object({
  provider: z.string(),
  when: conditions,
  basis: z.enum(['FIXED_FOR_TERM', 'MONTHLY', 'INVOICE_DATE']),
})

const rules: readonly Rule[] = z.array(rule).parse(table.rules)
const exchangeRules = z.array(exchange).parse(table.exchange)

/**
 * The rate of the rules in effect: one base rate, then what multiplies it, then what adds to it. A rule that
 * matches without a number, or a tier stated in another currency, leaves it unknown.
 */
export function feeRate(sale: Sale): FeeRate {
  if (sale.contractRate !== undefined)
    return { is: 'known', rate: sale.contractRate, rules: [], confidence: 'contract' }
  const inForce = candidates(sale)
  const numberless = inForce.filter((r) => !(r.rate ?? r.multiplier ?? r.addPoints))
  if (numberless.length > 0) return unknown(numberless, 'this case has no published rate')
  const foreign = inForce.filter((r) => r.tcvTier && r.tcvTier.currency !== sale.tcv.currency)
  if (foreign.length > 0)
    return unknown(foreign, `the tiers are stated in ${foreign[0]?.tcvTier?.currency}`)
  const applying = inForce.filter((r) => inTier(r, sale.tcv))
  const [base] = applying.filter((r) => r.rate !== undefined).toSorted(byPrecedence)
  if (base?.rate === undefined) return unknown(applying, 'no rule covers this case')
  const factors = applying.filter((r) => r.multiplier !== undefined)
  const extras = applying.filter((r) => r.addPoints !== undefined)
  const multiplied = factors.reduce((rate, r) => times(rate, r.multiplier ?? '1'), base.rate)
  const rate = extras.reduce((sum, r) => plus(sum, r.addPoints ?? '0'), multiplied)
  const used = [base, ...factors, ...extras]
  return { is: 'known', rate, rules: used.map((r) => r.id), confidence: weakest(used) }
}

/** A fee on an amount and what it leaves, each rounded once. */
export function feeOn(base: Money, rate: Decimal): { readonly fee: Money; readonly net: Money } {
  const fee = portion(base, rate)
  return { fee, net: subtract(base, fee) }
}

/** The next tier up, when it lies within a tenth of the total: a rate for the whole amount makes a cliff. */
export function nextTier(
  sale: Sale,
): { readonly from: Money; readonly rate: Decimal; readonly rule: string } | undefined {
  const near = parseTier(sale.tcv)
  return candidates(sale)
    .flatMap((r) => {
      if (!r.tcvTier || r.rate === undefined || r.tcvTier.currency !== sale.tcv.currency) return []
      const from = parseMoney(sale.tcv.currency, r.tcvTier.gte)
      const ahead = from.minor > sale.tcv.minor && from.minor <= near
      return ahead ? [{ from, rate: r.rate, rule: r.id }] : []
    })
    .toSorted((a, b) => (a.from.minor < b.from.minor ? -1 : 1))[0]
}

/** Which exchange rate a price in another currency is charged at; undefined when nothing is known about it. */
export const exchangeBasis = (
  provider: string,
  facts: Facts,
): z.infer<typeof exchange>['basis'] | undefined =>
  exchangeRules.find((r) => r.provider === provider && matches(r.when, facts))?.basis

const candidates = ({ provider, facts }: Sale): Rule[] =>
  rules.filter(
    (r) => r.provider === provider && matches(r.when, facts) && inEffect(r.effective, facts),
  )

const parseTier = (tcv: Money): bigint => tcv.minor + tcv.minor / 10n

function inTier({ tcvTier }: Rule, tcv: Money): boolean {
  if (!tcvTier) return true
  const from = parseMoney(tcv.currency, tcvTier.gte).minor
  const to = tcvTier.lt === null ? undefined : parseMoney(tcv.currency, tcvTier.lt).minor
  return tcv.minor >= from && (to === undefined || tcv.minor < to)
}

function byPrecedence(a: Rule, b: Rule): number {
  const specific = (r: Rule) => Object.keys(r.when).length
  if (a.priority !== b.priority) return b.priority - a.priority
  if (specific(a) !== specific(b)) return specific(b) - specific(a)
  return a.id < b.id ? -1 : 1
}

const strength: readonly Confidence[] = ['unconfirmed', 'secondary', 'official']
const weakest = (used: readonly Rule[]): Confidence =>
  strength.find((level) => used.some((r) => r.confidence === level)) ?? 'unconfirmed'

const unknown = (found: readonly Rule[], reason: string): FeeRate => ({
  is: 'unknown',
  rules: found.map((r) => r.id),
  reason,
})
