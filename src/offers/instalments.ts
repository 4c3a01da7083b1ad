import { type Money, split, subtract, sum, toDecimal, zero } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'

export type Instalment = { readonly on: Day; readonly amount: Money }

/** What a marketplace takes in a payment schedule. */
export type ScheduleTraits = {
  readonly paymentsMax: number
  readonly uniqueDates: boolean
  /** Pricing models that cannot be paid in instalments. */
  readonly pricingRefused: readonly string[]
  /** Countries whose buyers can pay in these rhythms only. */
  readonly frequencies: Readonly<Record<string, readonly string[]>>
}

export type Schedule = {
  readonly total: Money
  readonly charges: readonly Instalment[]
  /** First and last day on which a charge may fall: from signature to the end. */
  readonly bounds: { readonly first: Day; readonly last: Day } | null
  readonly pricing: string | null
  readonly country: string | null
  readonly frequency: string | null
}

/** A broken rule of a schedule: its code, what it is about, and where in `payments`. */
export type ScheduleFault = {
  readonly code:
    | 'SUM_MISMATCH'
    | 'TOO_MANY_PAYMENTS'
    | 'DUPLICATE_CHARGE_DATE'
    | 'CHARGE_BEFORE_SIGNATURE'
    | 'CHARGE_AFTER_END'
    | 'PRICING_MODEL_NOT_SUPPORTED'
    | 'FREQUENCY_NOT_ALLOWED'
  readonly about: string
  readonly path: string
}

/** A first payment and the rest in equal parts; odd cents go to the earliest, and all of it adds up. */
export function instalments(total: Money, initial: Money, parts: number): Money[] {
  const rest = split(
    subtract(total, initial),
    Array.from({ length: parts }, () => 1n),
  )
  return [initial, ...rest]
}

/** Every rule a schedule breaks. A charge may be zero. */
export function scheduleFaults(schedule: Schedule, traits: ScheduleTraits): ScheduleFault[] {
  const { charges, total, bounds } = schedule
  const found: ScheduleFault[] = []
  const paid = sum(
    total.currency,
    charges.map((charge) => charge.amount),
  )
  const off = subtract(paid, total)
  if (off.minor !== zero(total.currency).minor)
    found.push({ code: 'SUM_MISMATCH', about: toDecimal(off), path: '' })
  if (charges.length > traits.paymentsMax)
    found.push({ code: 'TOO_MANY_PAYMENTS', about: String(traits.paymentsMax), path: '' })
  charges.forEach(({ on }, i) => {
    const twice = traits.uniqueDates && charges.findIndex((other) => other.on === on) < i
    const path = `${i}.on`
    if (twice) found.push({ code: 'DUPLICATE_CHARGE_DATE', about: on, path })
    if (bounds && on < bounds.first)
      found.push({ code: 'CHARGE_BEFORE_SIGNATURE', about: on, path })
    if (bounds && on > bounds.last) found.push({ code: 'CHARGE_AFTER_END', about: on, path })
  })
  return [...found, ...refusedByKind(schedule, traits)]
}

function refusedByKind(schedule: Schedule, traits: ScheduleTraits): ScheduleFault[] {
  const { pricing, country, frequency } = schedule
  const found: ScheduleFault[] = []
  if (pricing !== null && traits.pricingRefused.includes(pricing))
    found.push({ code: 'PRICING_MODEL_NOT_SUPPORTED', about: pricing, path: '' })
  const allowed = country === null ? undefined : traits.frequencies[country]
  if (allowed && frequency !== null && !allowed.includes(frequency))
    found.push({ code: 'FREQUENCY_NOT_ALLOWED', about: frequency, path: '' })
  return found
}
