import { divide, type Nanos, nanosOfText, roundToCents, share } from '../producer/amount.ts'
import { skuName } from '../producer/catalog.ts'
import { type Offer, offerOf } from '../producer/model.ts'
import { credited, discountOf, modelsOf } from '../producer/offer-price.ts'
import { instalmentsOf } from '../producer/offer-value.ts'
import { monthOf } from '../producer/pacific.ts'
import { type Counted, counted } from '../service-control/ledger.ts'
import { quantityText } from '../service-control/operation.ts'
import type { GcpContext } from '../state.ts'
import { type BillLine, dueOf } from './bill.ts'
import { type OrderTerm, orderTerms } from './terms.ts'

const BILLION = 1_000_000_000n
const FULL_POINTS = 10_000n
const MONTHS_MAX = 120

/**
 * Usage an order is billed for in a month: list price less the offer's discount, and less what is left of the
 * credit of its commitments, used up in the order of the months (Google: "Pricing models for private offers").
 */
export function usageLines(gcp: GcpContext, order: string, month: string): BillLine[] {
  const terms = orderTerms(gcp)
    .values()
    .filter((one) => one.entitlement === order)
  const rows = counted(gcp)
    .values()
    .filter((one) => one.entitlement === order)
  const grants = terms.flatMap((term) => grantsOf(gcp, term))
  const months = [...rows.map((one) => one.month), ...grants.map((one) => one.month)]
  const earlier = [...new Set([...months, month])].filter((one) => one <= month).sort()
  let balance = 0n
  let lines: BillLine[] = []
  for (const each of earlier.slice(-MONTHS_MAX)) {
    for (const grant of grants.filter((one) => one.month === each)) {
      balance = (grant.isFresh ? 0n : balance) + grant.credit
    }
    lines = []
    for (const line of grossLines(gcp, terms, rows, each)) {
      const credits = balance < line.charges ? balance : line.charges
      balance -= credits
      const charges = line.charges - credits
      lines.push({ ...line, credits, charges, dueVendor: dueOf(gcp, line.term, charges) })
    }
  }
  return lines
}

type Grant = { readonly month: string; readonly credit: Nanos; readonly isFresh: boolean }

function grantsOf(gcp: GcpContext, term: OrderTerm): Grant[] {
  const offer = offerFor(gcp, term)
  if (!offer) return []
  return instalmentsOf(offer.document.fields, term.startsAt, term.endsAt ?? Infinity)
    .filter((one) => one.startsAt < (term.leftAt ?? Infinity) && credited(one.model) > 0n)
    .map((one) => ({
      month: monthOf(one.startsAt),
      credit: credited(one.model),
      isFresh: one.model.commitment.discardPreviousCreditBalance === true,
    }))
}

/** One line for each metric and term; metrics of another plan are not billed. */
function grossLines(
  gcp: GcpContext,
  terms: readonly OrderTerm[],
  rows: readonly Counted[],
  month: string,
): BillLine[] {
  const sums = new Map<string, { term: OrderTerm; metric: string; nanos: bigint }>()
  for (const row of rows) {
    const term = termAt(terms, row.endMs)
    if (row.month !== month || !term) continue
    const key = `${term.id}/${row.metric}`
    const nanos = (sums.get(key)?.nanos ?? 0n) + BigInt(row.nanos)
    sums.set(key, { term, metric: row.metric, nanos })
  }
  return [...sums.values()].flatMap(({ term, metric, nanos }) => {
    const service = gcp.services.get(term.service)
    const known = service?.metrics.find((one) => one.id === metric && one.plan === term.plan)
    if (!service || !known) return []
    const list = divide(nanosOfText(known.listRate) * nanos, BILLION)
    const charges = roundToCents(discounted(gcp, term, skuName(service, known.skuId), list))
    return {
      id: `${term.id}/usage/${metric}/${month}`,
      term,
      kind: 'usage' as const,
      skuId: known.skuId,
      skuTitle: `${service.title} ${known.title}`,
      quantity: quantityText(nanos),
      unit: known.unit,
      charges,
      credits: 0n,
      dueVendor: 0n,
      reason: '',
    }
  })
}

function discounted(gcp: GcpContext, term: OrderTerm, sku: string, list: Nanos): Nanos {
  const model = modelsOf(offerFor(gcp, term)?.document.fields ?? {})[0]
  return share(list, FULL_POINTS - discountOf(model, sku))
}

/** The terms usage is billed by: those it happened on, or the nearest when it happened outside of any. */
function termAt(terms: readonly OrderTerm[], ms: number): OrderTerm | undefined {
  return terms.findLast((one) => one.startsAt < ms) ?? terms[0]
}

const offerFor = (gcp: GcpContext, term: OrderTerm): Offer | undefined =>
  term.privateOffer === null ? undefined : offerOf(gcp, term.privateOffer)
