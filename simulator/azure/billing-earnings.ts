import Big from 'big.js'
import { addMonths } from '../duration.ts'
import type { Earning, Invoice, OrderLine } from './billing-model.ts'
import { billed, rateDay, rateOf, reported } from './billing-money.ts'
import type { Publisher } from './parties.ts'
import type { AzureState } from './state.ts'
import { DAY_MS, dayOf, startOf } from './time.ts'

/** One sum to be earned: whose, out of what, and in the customer's currency. */
type Earned = {
  readonly line: OrderLine
  readonly invoice: Invoice
  readonly publisher: Publisher
  readonly amountCC: string
  readonly taxCC: string
  readonly earningPercent: string
}

/** Earnings of an invoiced line: the publisher's, and a selling partner's markup if it is simulated too. */
export function earn(state: AzureState, line: OrderLine, invoice: Invoice, tax: string): void {
  const publisher = state.publishers.get(line.publisherId)
  if (!publisher) return
  const rate = rateOf(state, 'USD', invoice.currency, invoice.issuedAt)
  const amountCC = billed(Big(line.amountUsd).times(rate), invoice.currency)
  const earningPercent = percentOf(state, line)
  put(state, { line, invoice, publisher, amountCC, taxCC: tax, earningPercent })
  const customerCC = billed(Big(line.customerAmountUsd).times(rate), invoice.currency)
  const markupCC = Big(customerCC).minus(amountCC)
  const partner = partnerOf(state, line)
  if (partner && markupCC.gt(0)) {
    const share = { amountCC: markupCC.toFixed(), taxCC: '0', earningPercent: '100' }
    put(state, { line, invoice, publisher: partner, ...share })
  }
}

/** Takes back part or all of an earning: a row of the opposite sign at the rates of its own month. */
export function reverse(
  state: AzureState,
  earning: Earning,
  transactionType: 'refund' | 'chargeback',
  amountCC: string,
): Earning {
  const now = state.now()
  const share = Big(amountCC).div(earning.amountCC)
  const figures = figuresOf(state, {
    currencyCC: earning.currencyCC,
    currencyPC: earning.currencyPC,
    amountCC: Big(amountCC).times(-1).toFixed(),
    earningPercent: earning.earningPercent,
    at: now,
  })
  const id = state.ids.guid()
  return state.earnings.put(id, {
    ...earning,
    ...figures,
    id,
    transactionId: state.ids.guid(),
    transactionType,
    transactionOn: dayOf(now),
    taxCC: billed(Big(earning.taxCC).times(share).times(-1), earning.currencyCC),
    earnedOn: dayOf(now),
    payableOn: nextPayout(state, now),
    status: 'Unprocessed',
    payment: null,
    sentOn: null,
  })
}

/** The payout day after a moment. */
export function nextPayout(state: AzureState, at: number): string {
  const { payoutDay } = state.settings().billing
  const date = new Date(at)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const here = dayOf(Date.UTC(year, month, payoutDay))
  return here > dayOf(at) ? here : dayOf(Date.UTC(year, month + 1, payoutDay))
}

/** When a line's money is meant to be paid out by the schedule ("Payout schedules and processes"). */
export function scheduledPayout(state: AzureState, line: OrderLine, isEnterprise: boolean): string {
  const settings = state.settings().billing
  const isUsage = line.kind === 'usage'
  const enterprise = isUsage
    ? settings.payoutMonthsEnterprise
    : settings.payoutMonthsEnterpriseOrders
  const months = isEnterprise ? enterprise : settings.payoutMonthsCustomerAgreement
  const month = isUsage ? startOf(line.termStart) : line.dueAt
  const first = Date.parse(`${dayOf(month).slice(0, 7)}-01T00:00:00Z`)
  return dayOf(addMonths(first, months) + (settings.payoutDay - 1) * DAY_MS)
}

/** The agency fee halves for offers attested as renewals, for their whole term. */
function percentOf(state: AzureState, line: OrderLine): string {
  const { agencyFeePercent, renewalFeePercent } = state.settings().billing
  const offer = line.privateOffer === null ? undefined : state.privateOffers.get(line.privateOffer)
  return Big(100)
    .minus(offer?.isRenewal ? renewalFeePercent : agencyFeePercent)
    .toFixed()
}

function partnerOf(state: AzureState, line: OrderLine): Publisher | undefined {
  const offer = line.privateOffer === null ? undefined : state.privateOffers.get(line.privateOffer)
  const sellerId = offer?.partner?.sellerId
  return state.publishers.values().find((one) => one.sellerId === sellerId)
}

function put(state: AzureState, earned: Earned): void {
  const { line, invoice, publisher, amountCC, earningPercent } = earned
  const buyer = state.buyers.get(invoice.billingAccountId)
  const isEnterprise = buyer?.kind === 'EA'
  const id = state.ids.guid()
  const figures = figuresOf(state, {
    currencyCC: invoice.currency,
    currencyPC: publisher.payoutCurrency,
    amountCC,
    earningPercent,
    at: invoice.issuedAt,
  })
  state.earnings.put(id, {
    id,
    subscription: line.subscription,
    publisherId: publisher.id,
    orderLine: line.id,
    purchaseRecordId: line.purchaseRecordId,
    invoice: invoice.id,
    transactionId: state.ids.guid(),
    transactionType: 'purchase',
    billingModel: line.kind === 'usage' ? 'UsageBased' : 'SubscriptionBased',
    transactionOn: line.kind === 'usage' ? line.termStart : dayOf(line.dueAt),
    ...figures,
    taxCC: earned.taxCC,
    earnedOn: invoice.issuedOn,
    payableOn: isEnterprise ? scheduledPayout(state, line, true) : null,
    status: isEnterprise ? 'Unprocessed' : 'Uncollected',
    payment: null,
    sentOn: null,
  })
}

function figuresOf(
  state: AzureState,
  sum: {
    readonly currencyCC: string
    readonly currencyPC: string
    readonly amountCC: string
    readonly earningPercent: string
    readonly at: number
  },
) {
  const ratePC = rateOf(state, sum.currencyCC, sum.currencyPC, sum.at)
  const rateUSD = rateOf(state, sum.currencyCC, 'USD', sum.at)
  const earningCC = Big(sum.amountCC).times(sum.earningPercent).div(100)
  return {
    currencyCC: sum.currencyCC,
    currencyPC: sum.currencyPC,
    earningPercent: sum.earningPercent,
    amountCC: sum.amountCC,
    amountPC: reported(Big(sum.amountCC).times(ratePC)),
    amountUSD: reported(Big(sum.amountCC).times(rateUSD)),
    ratePC,
    rateUSD,
    rateOn: rateDay(sum.at),
    earningCC: reported(earningCC),
    earningPC: reported(earningCC.times(ratePC)),
    earningUSD: reported(earningCC.times(rateUSD)),
    storeFeeCC: reported(Big(sum.amountCC).minus(earningCC)),
  }
}
