import Big from 'big.js'
import {
  type MeterPrice,
  type Plan,
  type Pricing,
  type Product,
  TERM_UNITS,
  type TermPrice,
  type TermUnit,
} from './catalog-model.ts'
import { compareVersions } from './catalog-versions.ts'
import { JobFault } from './configure-refs.ts'
import { flexiblePrice } from './private-offer-schedule.ts'

const DECIMAL = /^\d+(\.\d+)?$/

/** What an absolute price is checked against. */
export type PriceContext = {
  readonly product: Product
  readonly plan: Plan
  readonly version: string
  readonly installmentsMax: number
}

/**
 * Reads `price-and-availability-private-offer-plan` (amounts as exact text) into prices, or throws the
 * `JobFault` that ends the job ("Private offers API": absolute pricing; "Flexible billing schedule").
 */
export function readPrice(resource: any, context: PriceContext): Pricing {
  const refuse = refusal(resource)
  const { plan } = context
  const makesPlan = /^(saasNewCustomizedPlans|newCustomizedPlans)$/.test(resource.offerPricingType)
  if (resource.softwareReservation || resource.offerPricingType === 'vmSoftwareReservations') {
    return refuse('Software reservations need a virtual machine offer.')
  }
  if (plan.pricing.hasFreeTrial) {
    return refuse('Absolute pricing is not supported for plans with a free trial.')
  }
  const recurrent = resource.pricing?.recurrentPrice
  const mode = recurrent?.recurrentPriceMode ?? plan.pricing.mode
  if (mode !== plan.pricing.mode) return refuse(`The plan is priced as ${plan.pricing.mode}.`)
  if (recurrent && recurrent.priceInputOption !== 'usd') {
    return refuse("priceInputOption must be 'usd'.")
  }
  if (!makesPlan && recurrent?.userLimits) {
    return refuse('User limits of a public plan cannot be changed.')
  }
  const prices = (recurrent?.prices ?? []).map((one: any) =>
    termPrice(one, mode, resource, context),
  )
  const meters = readMeters(resource, context, mode)
  if (makesPlan && prices.length === 0) return refuse('Invalid pricing.')
  if (!makesPlan) onlyKnown(prices, meters, plan, refuse)
  unique(prices, refuse)
  return {
    mode,
    userLimits: limits(recurrent?.userLimits, mode, plan, refuse),
    hasFreeTrial: false,
    prices,
    meters,
  }
}

function refusal(resource: any): (message: string) => never {
  return (message) => {
    throw new JobFault('invalidResource', message, resource.resourceName ?? resource.id)
  }
}

function termPrice(
  one: any,
  mode: Pricing['mode'],
  resource: any,
  context: PriceContext,
): TermPrice {
  const refuse = refusal(resource)
  if (one?.flexibleSchedule) {
    const makesPlan = resource.offerPricingType !== 'editExistingOfferPricingOnly'
    if (compareVersions(context.version, '2025-06-01') < 0 || !makesPlan) {
      return refuse('A flexible schedule is not supported here.')
    }
    if (mode !== 'flatRate')
      return refuse('A flexible schedule is supported for flat rate plans only.')
    const termUnit = unitOf(one.contractDuration ?? one.billingTerm)
    if (!termUnit?.endsWith('Y')) return refuse('contractDuration must be one to five years.')
    return flexiblePrice(one.flexibleSchedule, termUnit, context.installmentsMax, refuse)
  }
  const termUnit = unitOf(one?.billingTerm ?? one?.contractDuration)
  const paymentUnit = unitOf(one?.paymentOption ?? one?.billingFrequency) ?? termUnit
  if (!termUnit || !paymentUnit) return refuse('Invalid pricing: unknown billing term.')
  if (monthsOf(paymentUnit) > monthsOf(termUnit)) {
    return refuse('The payment option is longer than the billing term.')
  }
  const price = one.pricePerPaymentInUsd
  if (!DECIMAL.test(String(price))) return refuse('Invalid pricing.')
  return { termUnit, paymentUnit, price: Big(price).toFixed() }
}

/** `{type:"year",value:1}` as `P1Y`, or undefined when Microsoft sells no such term. */
export function unitOf(duration: any): TermUnit | undefined {
  const letter = { month: 'M', year: 'Y' }[String(duration?.type)]
  return TERM_UNITS.find((unit) => unit === `P${duration?.value}${letter}`)
}

/** The reverse of `unitOf`. */
export function durationOf(unit: TermUnit) {
  return { type: unit.endsWith('M') ? 'month' : 'year', value: Number(unit.slice(1, -1)) }
}

export function monthsOf(unit: TermUnit): number {
  return Number(unit.slice(1, -1)) * (unit.endsWith('Y') ? 12 : 1)
}

function readMeters(
  resource: any,
  { plan, product }: PriceContext,
  mode: Pricing['mode'],
): Record<string, MeterPrice> {
  const refuse = refusal(resource)
  const given = Object.entries(resource.pricing?.customMeters?.meters ?? {})
  if (given.length > 0 && mode === 'perUser') return refuse('Per user plans have no custom meters.')
  return Object.fromEntries(
    given.map(([id, meter]: [string, any]) => {
      const base = plan.pricing.meters[id]
      if (!base || !product.meters[id]) return refuse(`The meter '${id}' is not part of the plan.`)
      const price = meter.pricePerPaymentInUsd ?? base.pricePerUnit
      if (!DECIMAL.test(String(price))) return refuse('Invalid pricing.')
      const included = meter.includedQuantities?.map((one: any) => ({
        termUnit: unitOf(one.billingTerm) ?? refuse('Invalid pricing: unknown billing term.'),
        quantity: one.isInfinite === true ? null : quantity(one.quantity, refuse),
      }))
      return [id, { pricePerUnit: Big(price).toFixed(), included: included ?? base.included }]
    }),
  )
}

function quantity(given: unknown, refuse: (message: string) => never): string {
  if (!DECIMAL.test(String(given))) return refuse('Invalid included quantity.')
  return Big(String(given)).toFixed()
}

/** Absolute prices of a public plan change what it has: terms and dimensions cannot be added. */
function onlyKnown(
  prices: readonly TermPrice[],
  meters: Readonly<Record<string, MeterPrice>>,
  plan: Plan,
  refuse: (message: string) => never,
): void {
  for (const one of prices) {
    const known = plan.pricing.prices.some(
      (base) => base.termUnit === one.termUnit && base.paymentUnit === one.paymentUnit,
    )
    if (!known) refuse(`The plan has no price for ${one.termUnit} paid every ${one.paymentUnit}.`)
  }
  for (const id of Object.keys(meters)) {
    if (!plan.pricing.meters[id]) refuse(`The meter '${id}' is not part of the plan.`)
  }
}

function unique(prices: readonly TermPrice[], refuse: (message: string) => never): void {
  const keys = prices.map((one) => `${one.termUnit}/${one.paymentUnit}`)
  if (new Set(keys).size < keys.length) refuse('Invalid pricing: a term is priced twice.')
}

function limits(
  given: any,
  mode: Pricing['mode'],
  plan: Plan,
  refuse: (message: string) => never,
): Pricing['userLimits'] {
  if (given === undefined || given === null) return plan.pricing.userLimits
  if (mode !== 'perUser') return refuse('User limits are supported for per user plans only.')
  const { min, max } = given
  const isWhole = Number.isInteger(min) && Number.isInteger(max)
  if (!isWhole || min < 1 || max < min) return refuse('Invalid user limits.')
  return { min, max }
}
