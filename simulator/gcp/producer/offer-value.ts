import { termEnd } from '../zone.ts'
import { divide, moneyOf, type Nanos, nanosOf, roundToCents } from './amount.ts'
import { charged, modelsOf, type PriceModel } from './offer-price.ts'
import {
  dateTimeOf,
  daysBetween,
  daysInMonth,
  millisOf,
  plusMonths,
  startOfDay,
  startOfNextMonth,
} from './pacific.ts'

const INSTALMENTS_MAX = 120
const TIER_NANOS = 1_000_000n * 1_000_000_000n

/** Months of a standard interval. */
export const INTERVAL_MONTHS: Readonly<Record<string, number>> = {
  MONTHLY_POSTPAY: 1,
  MONTHLY_PRORATED: 1,
  MONTHLY_NOT_PRORATED: 1,
  QUARTERLY_NOT_PRORATED: 3,
  YEARLY_NOT_PRORATED: 12,
}

/** One payment: when its interval begins and ends (simulated milliseconds) and what Google bills at its start. */
export type Instalment = {
  readonly startsAt: number
  readonly endsAt: number
  readonly amount: Nanos
  readonly model: PriceModel
}

/**
 * The payments of a term that begins at `startsAt`, as the reference's examples cut it (StandardInterval,
 * CustomIntervalPrice). A term that is no multiple of its interval pays the last interval in full.
 */
export function instalmentsOf(offer: any, startsAt: number, endsAt: number): Instalment[] {
  const { standardIntervalPrice, customIntervalPrice } = offer.singleProductOffer ?? {}
  if (customIntervalPrice) return customInstalments(customIntervalPrice, startsAt, endsAt)
  const interval = standardIntervalPrice?.standardInterval
  const model = standardIntervalPrice?.priceModel
  const months = INTERVAL_MONTHS[interval]
  if (!months) return []
  if (interval === 'MONTHLY_PRORATED') return proratedInstalments(model, startsAt, endsAt)
  const list: Instalment[] = []
  for (let count = 0; count < INSTALMENTS_MAX; count += 1) {
    const from = plusMonths(startsAt, count * months)
    if (from >= endsAt) break
    const to = Math.min(plusMonths(startsAt, (count + 1) * months), endsAt)
    list.push({ startsAt: from, endsAt: to, amount: charged(model), model })
  }
  return list
}

/** When the first term of an offer ends if it begins at `startsAt`; null when nothing says. */
export function termEndOf(offer: any, startsAt: number): number | null {
  const { durationMonths, scheduledEndTime, endPolicy } = offer.term ?? {}
  if (endPolicy === 'SCHEDULED_END_TIME')
    return scheduledEndTime ? millisOf(scheduledEndTime) : null
  return durationMonths > 0 ? termEnd(startsAt, durationMonths) : null
}

/** When an offer is to start: its schedule, or now for one that starts on acceptance. */
export function startOf(offer: any, now: number): number {
  const scheduled = offer.term?.scheduledStartTime
  return (scheduled && millisOf(scheduled)) || startOfDay(now)
}

/** What a buyer is bound to pay over the first term, additional contract value included (ContractValue). */
export function totalContractValue(offer: any, now: number): Nanos {
  const startsAt = startOf(offer, now)
  const endsAt = termEndOf(offer, startsAt) ?? startsAt
  const own = nanosOf(offer.singleProductOffer?.additionalContractValue?.contractValue)
  return instalmentsOf(offer, startsAt, endsAt).reduce((sum, one) => sum + one.amount, own)
}

/** The vendor's share by the Vendor Net Revenue Schedule (effective 2025-04-21), in percent. */
export function vendorPercents(offer: any, total: Nanos) {
  const isNew = offer.offerDealType === 'NEW'
  const tier = total < TIER_NANOS ? '97' : total < 10n * TIER_NANOS ? '98' : '98.5'
  const renews = (offer.term?.maxRenewalCount ?? 0) > 0
  return { current: isNew ? tier : '98.5', renewal: renews ? '98.5' : null }
}

/** `effectiveInstallmentTimeline`: only of standard intervals. */
export function timeline(offer: any, startsAt: number, endsAt: number): object[] {
  if (!offer.singleProductOffer?.standardIntervalPrice) return []
  return instalmentsOf(offer, startsAt, endsAt).map((one) => ({
    startTime: dateTimeOf(one.startsAt),
    priceModel: withFee(one.model, one.amount),
  }))
}

/** Whether all prices and the term of a draft are there, so that its value can be told. */
export function isPriced(offer: any): boolean {
  const models = modelsOf(offer)
  const ends = offer.term?.durationMonths > 0 || offer.term?.scheduledEndTime
  return Boolean(offer.customer?.targetBillingAccount && ends && models.length > 0 && models[0])
}

function withFee(model: PriceModel, amount: Nanos): PriceModel {
  if (!model?.flatFee) return model
  return { ...model, flatFee: { flatFeeOverride: moneyOf(amount) } }
}

function customInstalments(price: any, startsAt: number, endsAt: number): Instalment[] {
  const list: any[] = price.installments ?? []
  const start = (one: any) => (one?.startTime ? millisOf(one.startTime) : null)
  return list.map((one, index) => ({
    startsAt: start(one) ?? startsAt,
    endsAt: start(list[index + 1]) ?? endsAt,
    amount: charged(one.priceModel),
    model: one.priceModel,
  }))
}

/** Calendar months; the first and the last by their days, to the cent. */
function proratedInstalments(model: PriceModel, startsAt: number, endsAt: number): Instalment[] {
  const list: Instalment[] = []
  let from = startOfDay(startsAt)
  for (let count = 0; count < INSTALMENTS_MAX && from < endsAt; count += 1) {
    const to = Math.min(startOfNextMonth(from), endsAt)
    const days = BigInt(daysBetween(from, to))
    const amount = roundToCents(divide(charged(model) * days, BigInt(daysInMonth(from))))
    list.push({ startsAt: count === 0 ? startsAt : from, endsAt: to, amount, model })
    from = to
  }
  return list
}
