import Big from 'big.js'
import { durationMs } from '../../duration.ts'
import { type Draft, type Fault, fault } from './draft.ts'
import { type Entity, isPrivate, termOf } from './model.ts'

const DAY_MS = 86_400_000

/** What AWS says about automatic renewal (asynchronous errors of UpdateRenewalTerms). */
export function renewalFaults(draft: Draft, offer: Entity): Fault[] {
  const term = termOf(offer, 'RenewalTerm')
  if (!term) return []
  const faults: Fault[] = []
  const say = (code: string, message: string) => faults.push(fault(code, message))
  if (offer.facts.targetAgreementIntent === 'Renew') {
    say(
      'INVALID_UPDATE_REQUEST',
      "The change type UpdateRenewalTerms isn't supported on a renewal offer.",
    )
  }
  if (offer.facts.pricingModel && offer.facts.pricingModel !== 'Contract') {
    say('INCOMPATIBLE_TERMS', "RenewalTerm isn't supported with the PricingModel.")
  }
  const rich = ['LockoutPeriod', 'MaxRenewals', 'AdjustmentDeadline', 'PriceIncrease'].some(
    (field) => term[field] !== undefined,
  )
  if (!isPrivate(offer)) {
    if (rich) {
      say(
        'INCOMPATIBLE_TERMS',
        "RenewalTerm isn't supported for public offers with the following fields: [LockoutPeriod, MaxRenewals, AdjustmentDeadline, PriceIncrease].",
      )
    }
    return faults
  }
  return [...faults, ...deadlineFaults(offer, term), ...templateFaults(draft, offer, term)]
}

function deadlineFaults(offer: Entity, term: any): Fault[] {
  const faults: Fault[] = []
  const say = (code: string, message: string) => faults.push(fault(code, message))
  const increase = term.PriceIncrease
  const ranged = increase?.Type === 'PercentageRange'
  if (!increase) say('MISSING_PRICE_INCREASE', 'Provide PriceIncrease in RenewalTerm.')
  if (ranged) {
    const { MinValue: min, MaxValue: max, DefaultValue: usual } = increase.Range
    const inOrder = Big(min).lte(usual) && Big(usual).lte(max)
    if (!inOrder) {
      say(
        'INVALID_PERCENTAGE_RANGE',
        'Provide a valid PercentageRange for PriceIncrease in RenewalTerm.',
      )
    } else if (Big(min).eq(max)) {
      say(
        'INVALID_PERCENTAGE_RANGE',
        'Use FixedPercentage instead of a PercentageRange with equal MinValue and MaxValue for PriceIncrease in RenewalTerm.',
      )
    }
  }
  const lockout = days(term.LockoutPeriod)
  const deadline = days(term.AdjustmentDeadline)
  if (ranged && deadline === null) {
    say(
      'MISSING_ADJUSTMENT_DEADLINE',
      'Provide an AdjustmentDeadline in RenewalTerm with the provided PriceIncrease.',
    )
  }
  if (!ranged && increase && deadline !== null) {
    say(
      'INVALID_ADJUSTMENT_DEADLINE',
      "AdjustmentDeadline isn't supported with the provided PriceIncrease.",
    )
  }
  if (deadline !== null && lockout !== null && deadline < lockout + 1) {
    say(
      'INVALID_ADJUSTMENT_DEADLINE',
      'Provide an AdjustmentDeadline that is at least 1 days longer than LockoutPeriod in RenewalTerm.',
    )
  }
  const length = agreementDays(offer)
  if (length !== null && lockout !== null && lockout >= length) {
    say(
      'INVALID_LOCKOUT_PERIOD',
      'Provide a LockoutPeriod in RenewalTerm that is less than agreement duration.',
    )
  }
  if (length !== null && deadline !== null && deadline >= length) {
    say(
      'INVALID_ADJUSTMENT_DEADLINE',
      'Provide an AdjustmentDeadline in RenewalTerm that is less than agreement duration.',
    )
  }
  return faults
}

function templateFaults(draft: Draft, offer: Entity, term: any): Fault[] {
  const rows: any[] | undefined = term.TermTemplates?.[0]?.Schedule
  const scheduled = termOf(offer, 'PaymentScheduleTerm') !== undefined
  if (!rows) {
    if (!scheduled) return []
    return [
      fault(
        'MISSING_PAYMENT_SCHEDULE_TERM_TEMPLATE',
        'Provide a PaymentScheduleTermTemplate in RenewalTerm when the offer contains a PaymentScheduleTerm.',
      ),
    ]
  }
  const faults: Fault[] = []
  const say = (code: string, message: string) => faults.push(fault(code, message))
  if (!scheduled) {
    say(
      'INCOMPATIBLE_TERMS',
      "PaymentScheduleTermTemplate in RenewalTerm isn't supported without a PaymentScheduleTerm in the offer.",
    )
  }
  const total = rows.reduce((sum, row) => sum.plus(row.ChargePercentage), Big(0))
  if (!total.eq(100)) {
    say(
      'INVALID_CHARGE_PERCENTAGES',
      'ChargePercentage values in PaymentScheduleTermTemplate in the RenewalTerm must sum to 100.',
    )
  }
  const keys = rows.map((row) => `${row.ChargeDateOffset}/${row.DayOfMonth ?? ''}`)
  if (new Set(keys).size !== keys.length) {
    say(
      'DUPLICATE_CHARGE_DATE_OFFSETS',
      'Provide unique ChargeDateOffset and DayOfMonth combinations in PaymentScheduleTermTemplate.',
    )
  }
  const first = rows.filter((row) => row.ChargeDateOffset === 'P0M' && row.DayOfMonth)
  if (first.length > 1) {
    say(
      'INVALID_DAY_OF_MONTH',
      "Multiple charges with ChargeDateOffset P0M can't each specify DayOfMonth in PaymentScheduleTermTemplate.",
    )
  }
  const length = agreementDays(offer)
  const beyond = rows.some((row) => {
    const offset = (durationMs(row.ChargeDateOffset, draft.at) ?? 0) / DAY_MS
    return length !== null && offset >= length
  })
  const units = new Set(rows.map((row) => row.ChargeDateOffset.slice(-1)))
  if (beyond || units.size > 1) {
    say(
      'INVALID_CHARGE_DATE_OFFSETS',
      'ChargeDateOffset(s) in PaymentScheduleTermTemplate may fall beyond AgreementDuration. Provide ChargeDateOffset(s) that are within AgreementDuration.',
    )
  }
  return faults
}

function days(period: string | undefined): number | null {
  return period === undefined ? null : Number(period.slice(1, -1))
}

function agreementDays(offer: Entity): number | null {
  const term = termOf(offer, 'ValidityTerm')
  if (term?.AgreementStartDate && term.AgreementEndDate) {
    return (Date.parse(term.AgreementEndDate) - Date.parse(term.AgreementStartDate)) / DAY_MS
  }
  const rateCards = termOf(offer, 'ConfigurableUpfrontPricingTerm')?.RateCards
  const text =
    term?.AgreementDuration ??
    termOf(offer, 'FixedUpfrontPricingTerm')?.Duration ??
    rateCards?.[0]?.Selector?.Value
  return text === undefined ? null : (durationMs(text, Date.UTC(2025, 0, 1)) ?? 0) / DAY_MS
}
