import { addMonths, durationMs } from '../../duration.ts'
import { AFTER_EXPIRY, type Draft, type Fault, fault } from './draft.ts'
import { availableUntil, type Entity, isExpired, isReleased, termOf } from './model.ts'

const DAY_MS = 86_400_000
const CHARGES_MAX = 60

/** What AWS says about an offer's payment schedule (asynchronous errors of UpdatePaymentScheduleTerms). */
export function paymentFaults(draft: Draft, offer: Entity): Fault[] {
  const schedule = termOf(offer, 'PaymentScheduleTerm')
  if (!schedule) return []
  const faults: Fault[] = []
  const dates: string[] = schedule.Schedule.map((row: any) => row.ChargeDate.slice(0, 10)).sort()
  const say = (code: string, message: string) => faults.push(fault(code, message))
  if (new Set(dates).size !== dates.length) {
    say('DUPLICATE_CHARGE_DATES', 'Provide unique charge dates in PaymentScheduleTerm.')
  }
  if (dates.length > CHARGES_MAX) {
    say(
      'TOO_MANY_CHARGES',
      `Provide up to ${CHARGES_MAX} scheduled payments in PaymentScheduleTerm.`,
    )
  }
  const today = new Date(draft.at).toISOString().slice(0, 10)
  if ((dates[0] ?? today) < today) {
    say('INVALID_CHARGE_DATES', "Provide a first charge date that isn't in the past.")
  }
  const until = availableUntil(offer)
  const early = dates.filter((date) => until !== null && Date.parse(date) <= until)
  if (early.length > 1) {
    say(
      'TOO_MANY_BACKDATED_CHARGES',
      'Provide up to 1 scheduled payment before AvailabilityEndDate.',
    )
  }
  const end = latestEnd(offer)
  if (end !== null && Date.parse(dates.at(-1) ?? today) >= end) {
    say('INVALID_CHARGE_DATES', 'Provide a last charge date that is before AgreementEndDate.')
  }
  return [...faults, ...currencyFaults(draft, offer, [schedule])]
}

/** One currency for the whole offer, one AWS supports and the seller's bank account can take. */
export function currencyFaults(draft: Draft, offer: Entity, terms: readonly any[]): Fault[] {
  const { sellerCurrencies, sellerVerified } = draft.aws.settings().catalog
  const faults: Fault[] = []
  const all = offer.details.Terms.map((term: any) => term.CurrencyCode).filter(Boolean)
  const mine = terms.map((term) => term.CurrencyCode).filter(Boolean)
  if (new Set(all).size > 1) {
    faults.push(
      fault(
        'INVALID_CURRENCY_CODE',
        'Provide the same CurrencyCode across all pricing and payment terms.',
      ),
    )
  }
  if (!sellerVerified) {
    faults.push(
      fault(
        'INCOMPATIBLE_SELLER_VERIFICATION',
        'Complete all required seller verification processes.',
      ),
    )
  }
  if (mine.some((code) => !sellerCurrencies.includes(code))) {
    faults.push(
      fault(
        'INCOMPATIBLE_PAYMENT_SETTINGS',
        'Update your payment settings to be compatible with the CurrencyCode.',
      ),
    )
  }
  return faults
}

/** What AWS says about how long the agreement shall run (asynchronous errors of UpdateValidityTerms). */
export function validityFaults(draft: Draft, offer: Entity): Fault[] {
  const before = draft.before(offer.id)
  if (before && isReleased(before)) {
    return isExpired(before, draft.at)
      ? [fault('INCOMPATIBLE_TERMS', AFTER_EXPIRY)]
      : changedDates(before, offer)
  }
  const term = termOf(offer, 'ValidityTerm')
  if (!term) return []
  const replaces = offer.facts.targetAgreementId !== undefined
  const { AgreementDuration: duration, AgreementStartDate: start, AgreementEndDate: end } = term
  if (duration && end) {
    return mixed("ValidityTerm with both AgreementDuration and AgreementEndDate isn't supported.")
  }
  if (duration && start) {
    return mixed(
      "ValidityTerm with both AgreementStartDate and AgreementDuration isn't supported in an offer for the product.",
    )
  }
  if (start && !end) return mixed("ValidityTerm with only AgreementStartDate isn't supported.")
  if (end && !start && !replaces) {
    return mixed(
      "AgreementEndDate isn't supported unless it's used in combination with a future AgreementStartDate or for replacement offers.",
    )
  }
  if (duration) return durationFaults(draft, duration)
  return dateFaults(draft, offer, start, end)
}

/** The latest moment at which the agreement could end, or null when the offer does not say. */
export function latestEnd(offer: Entity): number | null {
  const term = termOf(offer, 'ValidityTerm')
  if (term?.AgreementEndDate) return Date.parse(term.AgreementEndDate)
  const duration = term?.AgreementDuration ?? termOf(offer, 'FixedUpfrontPricingTerm')?.Duration
  const until = availableUntil(offer)
  if (!duration || until === null) return null
  return until + (durationMs(duration, until) ?? 0)
}

function changedDates(before: Entity, offer: Entity): Fault[] {
  const was = termOf(before, 'ValidityTerm')
  const is = termOf(offer, 'ValidityTerm')
  return (['Start', 'End'] as const).flatMap((side) => {
    const field = `Agreement${side}Date`
    if (was?.[field] === is?.[field]) return []
    const code = `INCOMPATIBLE_AGREEMENT_${side.toUpperCase()}_DATE`
    return [fault(code, `${field} can't be updated after the offer is released.`)]
  })
}

function durationFaults(draft: Draft, duration: string): Fault[] {
  const length = durationMs(duration, draft.at) ?? 0
  if (length < DAY_MS) {
    return [
      fault(
        'INVALID_AGREEMENT_DURATION',
        'Provide AgreementDuration that is greater than or equal to 1 days.',
      ),
    ]
  }
  const { agreementMonthsMax } = draft.aws.settings().catalog
  if (draft.at + length <= addMonths(draft.at, agreementMonthsMax)) return []
  return [
    fault(
      'INVALID_AGREEMENT_DURATION',
      `Provide duration between 1 and ${agreementMonthsMax} months.`,
    ),
  ]
}

function dateFaults(draft: Draft, offer: Entity, start?: string, end?: string): Fault[] {
  const faults: Fault[] = []
  const say = (code: string, message: string) => faults.push(fault(code, message))
  if (end && Date.parse(end) <= draft.at) {
    say('INVALID_AGREEMENT_END_DATE', 'Provide a future AgreementEndDate.')
  }
  const until = availableUntil(offer)
  if (end && until !== null && until >= Date.parse(end)) {
    say(
      'INVALID_AVAILABILITY_END_DATE',
      'Provide an AvailabilityEndDate that is before AgreementEndDate.',
    )
  }
  if (!start || !end) return faults
  if (start >= end) {
    say(
      'INVALID_AGREEMENT_START_DATE',
      'Provide an AgreementStartDate that is before the AgreementEndDate.',
    )
  }
  if (until !== null && Date.parse(start) <= until) {
    say(
      'INVALID_AGREEMENT_START_DATE',
      'Provide an AgreementStartDate that is after AvailabilityEndDate.',
    )
  }
  const { startWithinYears: years, agreementMonthsMax } = draft.aws.settings().catalog
  if (Date.parse(start) > addMonths(draft.at, years * 12)) {
    say(
      'INVALID_AGREEMENT_START_DATE',
      `Provide an AgreementStartDate that is within ${years} years from today.`,
    )
  }
  if (Date.parse(end) > addMonths(Date.parse(start), agreementMonthsMax)) {
    say(
      'INVALID_AGREEMENT_TIME_INTERVAL',
      `Provide AgreementStartDate and AgreementEndDate where the difference is less than or equal to ${agreementMonthsMax / 12} years.`,
    )
  }
  return faults
}

function mixed(message: string): Fault[] {
  return [fault('INVALID_AGREEMENT_TIME_INTERVAL', message)]
}
