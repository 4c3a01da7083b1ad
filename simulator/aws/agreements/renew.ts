import Big from 'big.js'
import { addMonths, durationMs } from '../../duration.ts'
import { keep } from '../catalog/apply.ts'
import { type Entity, termOf } from '../catalog/model.ts'
import type { Aws } from '../context.ts'
import { exponent } from '../money.ts'
import { conclude } from './conclude.ts'
import { endAgreement } from './end.ts'
import { type Agreement, endBehavior } from './model.ts'

/** Timer: the agreement's end has come. It renews or expires. */
export function endByTime(aws: Aws, { id }: { id: string }, at: number): void {
  const agreement = aws.agreements.get(id)
  if (agreement?.status !== 'ACTIVE') return
  if (endBehavior(agreement).type !== 'RENEW') {
    endAgreement(aws, agreement, 'EXPIRED', at)
    return
  }
  const offer = aws.entities.get(agreement.offerId)
  if (!offer) return
  const renewal = renewalOffer(aws, offer, agreement, at)
  const quantities = Object.fromEntries(
    Object.entries(agreement.quantities).flatMap(([key, n]) => (n === null ? [] : [[key, n]])),
  )
  const configurable = termOf(renewal, 'ConfigurableUpfrontPricingTerm')
  endAgreement(aws, agreement, 'RENEWED', at)
  conclude(
    aws,
    renewal,
    { selector: configurable ? agreement.duration : null, quantities, autoRenew: true },
    { account: agreement.acceptor, at, intent: 'RENEW', preceding: agreement },
  )
}

/** The offer AWS itself writes for a renewal: the old terms, dearer by what was agreed, from now on. */
function renewalOffer(aws: Aws, old: Entity, agreement: Agreement, at: number): Entity {
  const id = aws.ids.word('offer-', 13)
  const details = structuredClone(old.details)
  const renewal = details.Terms.find((term: any) => term.Type === 'RenewalTerm')
  const increase = renewal?.PriceIncrease
  const percent = increase?.Value ?? increase?.Range?.DefaultValue ?? '0'
  const factor = Big(percent).div(100).plus(1)
  details.Id = id
  details.Name = `Renewal of ${agreement.id}`
  details.Rules = [
    { Type: 'TargetingRule', PositiveTargeting: { BuyerAccounts: [agreement.acceptor] } },
  ]
  const length = (agreement.end ?? at) - agreement.start
  details.Terms = details.Terms.flatMap((term: any) => {
    if (term.Type === 'ValidityTerm') {
      const AgreementDuration = term.AgreementDuration ?? `P${Math.round(length / 86_400_000)}D`
      return [{ Type: 'ValidityTerm', AgreementDuration }]
    }
    if (term.Type === 'PaymentScheduleTerm') {
      return [schedule(term, renewal?.TermTemplates?.[0]?.Schedule, agreement, factor, at)]
    }
    if (term.Type === 'ConfigurableUpfrontPricingTerm') return [dearer(term, factor)]
    return [term]
  })
  const offer: Entity = {
    id,
    type: 'Offer',
    owner: old.owner,
    revision: 0,
    createdAt: at,
    modifiedAt: at,
    details,
    facts: {
      ...old.facts,
      releasedAt: at,
      createdBy: 'AwsMarketplace',
      targetAgreementId: agreement.id,
      targetAgreementIntent: 'Renew',
    },
  }
  keep(aws, offer, at)
  return offer
}

function dearer(term: any, factor: Big): any {
  return {
    ...term,
    RateCards: term.RateCards.map((card: any) => ({
      ...card,
      RateCard: card.RateCard.map((row: any) => ({
        ...row,
        Price: Big(row.Price).times(factor).round(3, Big.roundHalfUp).toFixed(),
      })),
    })),
  }
}

// The parts are rounded down, and the last one takes what is left, so they add up to the total.
function schedule(
  term: any,
  template: readonly any[] | undefined,
  agreement: Agreement,
  factor: Big,
  at: number,
): any {
  const places = exponent(term.CurrencyCode)
  const total = Big(agreement.value).times(factor).round(places, Big.roundHalfUp)
  const rows = template ?? [{ ChargeDateOffset: 'P0M', ChargePercentage: '100' }]
  let left = total
  const Schedule = rows.map((row, place) => {
    const part = total.times(row.ChargePercentage).div(100).round(places, Big.roundDown)
    const amount = place === rows.length - 1 ? left : part
    left = left.minus(amount)
    const offset = durationMs(row.ChargeDateOffset, at) ?? 0
    const day = row.DayOfMonth ? onDay(at + offset, row.DayOfMonth) : at + offset
    return {
      ChargeDate: `${new Date(day).toISOString().slice(0, 10)}T00:00:00.000Z`,
      ChargeAmount: amount.toFixed(places),
    }
  })
  return { ...term, Schedule }
}

function onDay(at: number, day: number): number {
  const first = new Date(at)
  first.setUTCDate(1)
  const last = new Date(addMonths(first.getTime(), 1) - 86_400_000).getUTCDate()
  first.setUTCDate(Math.min(day, last))
  return first.getTime()
}
