import Big from 'big.js'
import { durationMs } from '../../duration.ts'
import { charge } from '../billing.ts'
import { type Entity, isPrivate, termOf } from '../catalog/model.ts'
import type { Aws } from '../context.ts'
import { agreementEvent } from '../events-agreement.ts'
import { accountOf } from '../identity.ts'
import { money } from '../money.ts'
import { type Agreement, acceptedTerm } from './model.ts'
import { acceptedTerms, type Choice } from './terms.ts'

/** Makes the agreement with all that follows from it. Also how AWS renews. */
export function conclude(
  aws: Aws,
  offer: Entity,
  choice: Choice,
  how: {
    readonly account: string
    readonly at: number
    readonly intent: 'NEW' | 'RENEW' | 'REPLACE'
    readonly preceding: Agreement | null
  },
): Agreement {
  const { at, preceding } = how
  accountOf(aws, how.account)
  const id = aws.ids.word('agmt-', 25)
  const validity = termOf(offer, 'ValidityTerm')
  const start = validity?.AgreementStartDate ? Date.parse(validity.AgreementStartDate) : at
  const duration = choice.selector ?? validity?.AgreementDuration ?? fixedDuration(offer)
  const agreement: Agreement = {
    id,
    offerId: offer.id,
    offerRevision: offer.revision,
    offerSetId: offer.details.OfferSetId ?? null,
    productId: offer.details.ProductId,
    proposer: offer.owner,
    acceptor: how.account,
    acceptance: at,
    start,
    end: endOf(validity, start, duration),
    lastUpdate: at,
    status: 'ACTIVE',
    intent: how.intent,
    initialId: preceding?.initialId ?? id,
    precedingId: preceding?.id ?? null,
    licenseArn: `arn:aws:license-manager::294406891311:license:l-${aws.ids.hex(32)}`,
    currency: offer.details.Terms.find((term: any) => term.CurrencyCode)?.CurrencyCode ?? 'USD',
    value: '0',
    terms: acceptedTerms(aws, offer.details.Terms, choice),
    quantities: entitled(offer, choice),
    duration,
    autoRenew: choice.autoRenew,
    renewalsDone: how.intent === 'RENEW' && preceding ? preceding.renewalsDone + 1 : 0,
    isPrivate: isPrivate(offer),
  }
  agreement.value = money(upfrontValue(agreement), agreement.currency)
  aws.agreements.put(id, agreement)
  planCharges(aws, agreement, at)
  const { createdEventMs, licenseMs } = aws.settings().timers
  agreementEvent(aws, agreement, 'Created', at + createdEventMs)
  aws.timers.set('license.provision', Math.max(at, start) + licenseMs, { id })
  if (agreement.end !== null) aws.timers.set('agreement.end', agreement.end, { id }, `end:${id}`)
  return agreement
}

/** What an agreement is worth without usage. */
export function upfrontValue(agreement: Agreement): Big {
  const schedule = acceptedTerm(agreement, 'paymentScheduleTerm')?.schedule
  if (schedule) {
    return schedule.reduce((sum: Big, row: any) => sum.plus(row.chargeAmount), Big(0))
  }
  return Object.entries(agreement.quantities).reduce(
    (sum, [dimension, quantity]) =>
      sum.plus(Big(unitPrice(agreement, dimension)).times(quantity ?? 0)),
    Big(0),
  )
}

/** Price of one unit of an entitled dimension for the whole duration. */
export function unitPrice(agreement: Agreement, dimension: string): string {
  const term = acceptedTerm(agreement, 'configurableUpfrontPricingTerm')
  const card = term?.rateCards.find(
    (one: any) => one.selector?.value === term.configuration?.selectorValue,
  )
  return card?.rateCard.find((row: any) => row.dimensionKey === dimension)?.price ?? '0'
}

function entitled(offer: Entity, choice: Choice): Record<string, number | null> {
  const grants =
    termOf(offer, 'FixedUpfrontPricingTerm')?.Grants ??
    termOf(offer, 'FreeTrialPricingTerm')?.Grants
  if (!grants) return { ...choice.quantities }
  return Object.fromEntries(grants.map((one: any) => [one.DimensionKey, one.MaxQuantity ?? null]))
}

function fixedDuration(offer: Entity): string | null {
  return (
    termOf(offer, 'FixedUpfrontPricingTerm')?.Duration ??
    termOf(offer, 'FreeTrialPricingTerm')?.Duration ??
    null
  )
}

function endOf(validity: any, start: number, duration: string | null): number | null {
  if (validity?.AgreementEndDate) return Date.parse(validity.AgreementEndDate)
  return duration === null ? null : start + (durationMs(duration, start) ?? 0)
}

function planCharges(aws: Aws, agreement: Agreement, at: number): void {
  const schedule: any[] | undefined = acceptedTerm(agreement, 'paymentScheduleTerm')?.schedule
  const rows = schedule
    ? schedule.map((row) => ({ on: row.chargeDate * 1000, amount: row.chargeAmount }))
    : [{ on: agreement.start, amount: agreement.value }]
  for (const row of rows) {
    if (Big(row.amount).eq(0)) continue
    const data = { id: agreement.id, amount: money(Big(row.amount), agreement.currency) }
    if (row.on <= at) charge(aws, data, at)
    else aws.timers.set('billing.charge', row.on, data)
  }
}
