import Big from 'big.js'
import { addMonths } from '../duration.ts'
import type { OrderLine } from './billing-model.ts'
import { TERM_UNITS, type TermUnit } from './catalog-model.ts'
import { type PriceInForce, priceFor, withMarkup } from './catalog-price.ts'
import type { Holding, Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { DAY_MS, dayOf, MONTHS, startOf, termEndOf } from './time.ts'

/** A charge a subscription leads to, before it is a line of an order. */
export type Charge = Omit<
  OrderLine,
  'id' | 'publisherId' | 'subscription' | 'purchaseRecordId' | 'version' | 'invoice' | 'isDropped'
>

/** One term: its days, from when it was in force, and until when if another took its place early. */
type Term = {
  readonly start: string
  readonly end: string
  readonly isFirst: boolean
  readonly from: number
  readonly until: number
}

/**
 * Every recurring charge, instalment and proration of a subscription, past and yet to come in the terms it
 * has begun. Made from what was held: a term starts with activation or renewal, payments follow the plan's
 * payment option, seats or a plan added in between cost the rest of the payment period.
 */
export function chargesOf(state: AzureState, subscription: Subscription): Charge[] {
  return termsOf(subscription).flatMap((term) => [
    ...payments(state, subscription, term),
    ...prorations(state, subscription, term),
  ])
}

function termsOf({ holdings }: Subscription): Term[] {
  const starts = holdings.filter(
    (one, place) =>
      one.termStart !== null &&
      one.why !== 'end' &&
      holdings.findIndex((other) => other.termStart === one.termStart) === place,
  )
  return starts.map((one, place) => ({
    start: one.termStart ?? '',
    end: one.termEnd ?? '',
    isFirst: place === 0,
    from: one.at,
    until: starts[place + 1]?.at ?? Number.POSITIVE_INFINITY,
  }))
}

function payments(state: AzureState, subscription: Subscription, term: Term): Charge[] {
  const opening = holdingAt(subscription, term.from)
  const price = opening && priceOf(state, subscription, term, opening)
  if (!price?.price) return []
  if (price.price.schedule) return instalments(state, subscription, term, price)
  const found: Charge[] = []
  const step = MONTHS[price.price.paymentUnit ?? price.price.termUnit]
  for (let count = 0; ; count += 1) {
    const date = addMonths(startOf(term.start), count * step)
    const planned = count === 0 ? term.from : date
    if (dayOf(date) > term.end || planned >= term.until) return found
    const dueAt = payableAt(subscription, planned)
    const held = dueAt === null ? undefined : holdingAt(subscription, dueAt)
    const inForce = held && priceOf(state, subscription, term, held)
    if (dueAt === null || !held || !inForce?.price) continue
    found.push({
      ...described(state, subscription, term, inForce, `r${count}`),
      kind: 'recurring',
      dueAt,
      ...invoicing(state, subscription, term, dueAt),
      planId: held.planId,
      ...amounts(inForce, String(held.quantity ?? 1), inForce.price.price),
    })
  }
}

/** Dates of a flexible schedule are fixed: a term that renews the plan finds none left. */
function instalments(
  state: AzureState,
  subscription: Subscription,
  term: Term,
  price: PriceInForce,
): Charge[] {
  const { initialCharge, charges } = price.price?.schedule ?? { initialCharge: null, charges: [] }
  const planned = [
    ...(initialCharge && term.isFirst ? [{ at: term.from, amount: initialCharge.amount }] : []),
    ...charges
      .filter(({ day }) => term.isFirst || day >= term.start)
      .map(({ day, amount }) => ({ at: Math.max(startOf(day), term.from), amount })),
  ]
  return planned.flatMap(({ at, amount }, count) => {
    const dueAt = payableAt(subscription, at)
    const held = dueAt === null ? undefined : holdingAt(subscription, dueAt)
    if (dueAt === null || !held || at >= term.until) return []
    return [
      {
        ...described(state, subscription, term, price, `i${count}`),
        kind: 'instalment' as const,
        dueAt,
        ...invoicing(state, subscription, term, dueAt),
        planId: held.planId,
        ...amounts(price, '1', amount),
      },
    ]
  })
}

function prorations(state: AzureState, subscription: Subscription, term: Term): Charge[] {
  return subscription.holdings.flatMap((held, place) => {
    const before = subscription.holdings[place - 1]
    const isChange = held.why === 'quantity' || held.why === 'plan'
    if (!before || !isChange || held.termStart !== term.start || before.termStart !== term.start) {
      return []
    }
    const [old, next] = [before, held].map((one) => priceOf(state, subscription, term, one))
    if (!old?.price || !next?.price || next.price.schedule || old.price.schedule) return []
    const cost = (one: PriceInForce, quantity: number | null) =>
      Big(one.price?.price ?? 0).times(quantity ?? 1)
    const more = cost(next, held.quantity).minus(cost(old, before.quantity))
    const share = restOfPeriod(term, next, held.at)
    if (more.lte(0) || share.eq(0)) return []
    const amount = more.times(share).round(2, Big.roundHalfUp).toFixed()
    return [
      {
        ...described(state, subscription, term, next, `p${place}`),
        kind: 'proration' as const,
        action: held.why === 'plan' ? ('PlanChanged' as const) : ('QuantityChanged' as const),
        dueAt: held.at,
        ...invoicing(state, subscription, term, held.at),
        planId: held.planId,
        ...amounts(next, '1', amount),
        quantity: String(held.quantity ?? 1),
      },
    ]
  })
}

/** What part of the payment period is still to come, the day of the change included. */
function restOfPeriod(term: Term, price: PriceInForce, at: number): Big {
  const step = MONTHS[price.price?.paymentUnit ?? price.price?.termUnit ?? 'P1M']
  const day = startOf(dayOf(at))
  let [from, until] = [startOf(term.start), addMonths(startOf(term.start), step)]
  for (let count = 2; until <= day; count += 1) {
    from = until
    until = addMonths(startOf(term.start), step * count)
  }
  return Big(until - day).div(until - from)
}

function described(
  state: AzureState,
  subscription: Subscription,
  term: Term,
  price: PriceInForce,
  place: string,
) {
  const isCoveredStill = price.privateOffer && state.privateOffers.has(price.privateOffer.id)
  return {
    key: `${subscription.id}|${term.start}|${place}`,
    dimension: null,
    action: term.isFirst ? ('Purchase' as const) : ('Renewed' as const),
    termStart: term.start,
    termEnd: term.end,
    privateOffer: isCoveredStill ? (price.privateOffer?.id ?? null) : null,
  }
}

/** The flat fee of a purchase cancelled early is not billed, so its invoice waits that long. */
function invoicing(state: AzureState, subscription: Subscription, term: Term, dueAt: number) {
  const free = subscription.purchasedAt + state.settings().billing.freeCancellationMs
  return { invoiceAt: term.isFirst ? Math.max(dueAt, free) : dueAt }
}

function amounts(price: PriceInForce, quantity: string, each: string) {
  const amountUsd = Big(each).times(quantity).toFixed()
  return {
    quantity,
    listPriceUsd: price.listPrice?.price ?? each,
    priceUsd: each,
    amountUsd,
    customerAmountUsd: withMarkup(amountUsd, price.markupPercentage),
  }
}

/** Nothing is charged while suspended: it waits for the reinstatement. Null after the end. */
function payableAt({ holdings }: Subscription, at: number): number | null {
  const before = holdings.findLast((one) => one.at <= at)
  if (before?.why === 'end') return null
  if (before?.why !== 'suspension') return at
  const next = holdings.find((one) => one.at > at)
  return next?.why === 'reinstatement' ? next.at : null
}

function holdingAt({ holdings }: Subscription, at: number): Holding | undefined {
  return holdings.findLast((one) => one.at <= at && one.why !== 'end')
}

/** The price of what was held, as it stood on the first day of the term. */
function priceOf(state: AzureState, subscription: Subscription, term: Term, held: Holding) {
  const termUnit = unitOf(term, subscription.termUnit)
  const asked = { ...subscription, planId: held.planId, termUnit }
  const found = priceFor(state, asked, Math.max(startOf(term.start), term.from))
  const other = found?.pricing.prices.find((one) => one.termUnit === termUnit)
  if (!found || found.price || !other) return found
  return priceFor(state, { ...asked, paymentUnit: other.paymentUnit }, startOf(term.start))
}

function unitOf(term: Term, usual: TermUnit): TermUnit {
  return TERM_UNITS.find((unit) => termEndOf(term.start, unit) === term.end) ?? usual
}

/** The first day after a month's usage is final: when it is invoiced. */
export function usageDueAt(state: AzureState, at: number): number {
  const date = new Date(at)
  return (
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) +
    (state.settings().billing.usageFinalDay - 1) * DAY_MS
  )
}
