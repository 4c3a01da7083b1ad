import Big from 'big.js'
import { payments } from './billing-payouts.ts'
import type { Row } from './insights-select.ts'
import type { Publisher } from './parties.ts'
import columns from './payouts-columns.json' with { type: 'json' }
import type { AzureState } from './state.ts'

const PROGRAM = 'Azure Marketplace'
/** Shown by the revenue report only ("Revenue dashboard": payout status). */
const NOT_IN_HISTORY = ['Uncollected', 'Rejected', 'Reprocessed']
const PAID_IN = 'Electronic bank transfer'

export type ExportKind = 'transactionhistory' | 'payments'

/** The columns of an export in their documented order. */
export function columnsOf(state: AzureState, kind: ExportKind): readonly string[] {
  const { customerIdColumn } = state.settings().payouts
  return kind === 'transactionhistory' && customerIdColumn
    ? [...columns.transactionhistory, 'customerId']
    : columns[kind]
}

/** Rows of transaction history with the fields an export may be filtered by. */
export function historyRows(state: AzureState, publisher: Publisher): Row[] {
  return state.earnings
    .values()
    .filter((one) => one.publisherId === publisher.id && !NOT_IN_HISTORY.includes(one.status))
    .map((one): Row => {
      const line = state.orderLines.get(one.orderLine)
      const subscription = state.subscriptions.get(one.subscription)
      const buyer = subscription && state.buyers.get(subscription.billingAccountId)
      const product = subscription && state.products.get(subscription.product)
      const shown = (text: string | undefined) => (subscription?.isCsp ? '' : (text ?? ''))
      const tax = !Big(one.taxCC).eq(0)
      return {
        earningId: one.id,
        participantId: publisher.sellerId,
        participantName: publisher.name,
        participantIdType: 'SellerId',
        earningParticipantId: publisher.sellerId,
        earningParticipantName: publisher.name,
        earningParticipantIdType: 'SellerId',
        customerName: shown(buyer?.name),
        customerCountry: buyer?.country ?? '',
        customerEmail: shown(buyer?.emailId),
        customerTenantId: shown(buyer?.tenantId),
        customerId: subscription?.billingAccountId ?? '',
        OrderId: one.purchaseRecordId,
        LineItemId: one.orderLine,
        transactionId: one.transactionId,
        transactionDate: one.transactionOn,
        transactionType: one.transactionType,
        transactionAmount: one.amountCC,
        transactionCurrency: one.currencyCC,
        transactionAmountUSD: one.amountUSD,
        transactionExchangeRate: one.rateUSD,
        transactionCountryCode: buyer?.country ?? '',
        transactionPaymentMethod: buyer?.kind === 'EA' ? 'Enterprise agreement' : 'Invoice',
        productId: product?.guid ?? '',
        productName: product?.alias ?? '',
        productType: 'SaaS',
        SkuId: line?.planId ?? '',
        quantity: line?.quantity ?? '',
        earningRate: one.earningPercent,
        earningAmount: one.earningCC,
        earningAmountUSD: one.earningUSD,
        earningAmountInLastPaymentCurrency: one.earningPC,
        lastPaymentCurrency: one.currencyPC,
        earningExchangeRate: one.ratePC,
        exchangeRateDate: one.rateOn,
        earningDate: one.earnedOn,
        calculationDate: one.earnedOn,
        earningType: 'SELL',
        storeFee: one.storeFeeCC,
        taxRemitted: tax ? one.taxCC : '0',
        taxRemitModel: tax ? 'Microsoft' : 'Publisher',
        paymentId: one.payment ?? '',
        paymentStatus: one.status,
        estimatedPaymentMonth: one.payableOn?.slice(0, 7) ?? '',
        isPrivateOffer: String(line?.privateOffer != null),
        invoiceNumber: buyer?.kind === 'EA' ? one.invoice : '',
        invoiceDate: buyer?.kind === 'EA' ? one.earnedOn : '',
        subscriptionId: one.subscription,
        subscriptionStartDate: line?.termStart ?? '',
        subscriptionEndDate: line?.termEnd ?? '',
        lever: one.billingModel,
        programName: PROGRAM,
        externalReferenceId: one.subscription,
        externalReferenceIdLabel: 'AssetId',
      }
    })
}

/** What a filter's field means in a row of that export. */
export const FILTERS: Readonly<Record<ExportKind, Readonly<Record<string, string>>>> = {
  transactionhistory: {
    enrollmentParticipantId: 'participantId',
    earningForDate: 'earningDate',
    transactionAmount: 'transactionAmount',
    earningAmount: 'earningAmount',
    programName: 'programName',
    engagementName: 'engagementName',
    payableSubType: 'earningType',
    payoutStatus: 'paymentStatus',
    paymentId: 'paymentId',
    lever: 'lever',
  },
  payments: {
    enrollmentParticipantId: 'participantID',
    programName: 'programName',
    payoutOrderType: 'payoutOrderType',
    paymentId: 'paymentID',
    payoutStatusUpdateTS: 'paymentDate',
    paymentDate: 'paymentDate',
  },
}

/** Rows of the payments export. */
export function paymentRows(state: AzureState, publisher: Publisher): Row[] {
  return payments(state)
    .values()
    .filter((one) => one.publisherId === publisher.id)
    .map((one) => ({
      participantID: publisher.sellerId,
      participantIDType: 'SellerId',
      participantName: publisher.name,
      programName: PROGRAM,
      payoutOrderType: 'SELL',
      earned: one.earned,
      earnedUSD: one.earnedUSD,
      withheldTax: one.withheldTax,
      salesTax: one.salesTax,
      serviceFeeTax: one.serviceFeeTax,
      totalPayment: one.total,
      currencyCode: one.currency,
      paymentMethod: PAID_IN,
      paymentID: one.id,
      paymentStatus: one.status,
      paymentStatusDescription: 'The payment was sent to the bank.',
      paymentDate: one.sentOn,
    }))
}
