import { centsText, type Nanos, nanosOfText } from '../producer/amount.ts'
import { flatSkuId } from '../producer/catalog.ts'
import { type Offer, offerOf } from '../producer/model.ts'
import { instalmentsOf } from '../producer/offer-value.ts'
import { monthOf } from '../producer/pacific.ts'
import type { GcpContext } from '../state.ts'
import { type BillLine, dueOf } from './bill.ts'
import { type OrderTerm, orderTerms } from './terms.ts'
import { usageLines } from './usage.ts'

/** A refund somebody gave behind the stage; `amount` is decimal text, `month` the one it is reported in. */
export type Refund = {
  readonly id: string
  readonly entitlement: string
  readonly amount: string
  readonly reason: string
  readonly month: string
}

export const refunds = (gcp: GcpContext) => gcp.world.table<Refund>('gcp.refunds')

/** Everything Google billed for a provider in a month: fees at the start of their intervals, usage, refunds. */
export function billLines(gcp: GcpContext, provider: string, month: string): BillLine[] {
  const terms = orderTerms(gcp)
    .values()
    .filter((one) => one.provider === provider)
  const orders = [...new Set(terms.map((one) => one.entitlement))]
  return [
    ...terms.flatMap((term) => feeLines(gcp, term, month)),
    ...orders.flatMap((order) => usageLines(gcp, order, month)),
    ...refundLines(gcp, terms, month),
  ]
}

function feeLines(gcp: GcpContext, term: OrderTerm, month: string): BillLine[] {
  const service = gcp.services.get(term.service)
  const plan = service?.plans.find((one) => one.id === term.plan)
  const offer = term.privateOffer === null ? undefined : offerOf(gcp, term.privateOffer)
  const standard = plan?.standardOffers.find((one) => one.fee !== null)
  if (!service || !plan) return []
  const sku = standard ? flatSkuId(service, standard) : `${plan.id.toUpperCase()}-COMMIT`
  return feesOf(gcp, term, offer)
    .filter((one) => monthOf(one.startsAt) === month && one.startsAt < (term.leftAt ?? Infinity))
    .map((one, index) => ({
      id: `${term.id}/fee/${one.startsAt}/${index}`,
      term,
      kind: 'fee' as const,
      skuId: sku,
      skuTitle: `${service.title} ${plan.title} subscription`,
      quantity: '1',
      unit: 'month',
      charges: one.amount,
      credits: 0n,
      dueVendor: dueOf(gcp, term, one.amount),
      reason: '',
    }))
}

function feesOf(
  gcp: GcpContext,
  term: OrderTerm,
  offer: Offer | undefined,
): readonly { readonly startsAt: number; readonly amount: Nanos }[] {
  if (offer) return instalmentsOf(offer.document.fields, term.startsAt, term.endsAt ?? Infinity)
  const plan = gcp.services.get(term.service)?.plans.find((one) => one.id === term.plan)
  const standard = plan?.standardOffers.find((one) => one.id === term.planWord)
  if (!standard || standard.fee === null) return []
  return [{ startsAt: term.startsAt, amount: nanosOfText(standard.fee) }]
}

function refundLines(gcp: GcpContext, terms: readonly OrderTerm[], month: string): BillLine[] {
  return refunds(gcp)
    .values()
    .filter((one) => one.month === month)
    .flatMap((one) => {
      const term = terms.findLast((each) => each.entitlement === one.entitlement)
      const [line] = term ? feeLines(gcp, term, monthOf(term.startsAt)) : []
      if (!term) return []
      const charges = -nanosOfText(one.amount)
      return {
        id: `refund/${one.id}`,
        term,
        kind: 'refund' as const,
        skuId: line?.skuId ?? '',
        skuTitle: line?.skuTitle ?? `${term.service} usage`,
        quantity: '0',
        unit: 'month',
        charges,
        credits: 0n,
        dueVendor: dueOf(gcp, term, charges),
        reason: one.reason || `Refund of ${centsText(-charges)} USD`,
      }
    })
}
