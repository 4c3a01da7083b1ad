import * as z from 'zod'
import { currencyField, dayField, instantField, moneyField } from '../kernel/fields.ts'
import { toJson } from '../kernel/money.ts'
import type { OtherRow, RevenueRow } from './report.ts'

const ref = (description: string, example: string) =>
  z.string().nullable().meta({ description, example })

const rowMoney = (description: string) => moneyField(description)
const otherView = z.object({
  role: z.enum(['payout', 'usd']).meta({
    description: '`payout`: what the seller is paid in. `usd`: for comparison',
    example: 'payout',
  }),
  gross: rowMoney('Price charged'),
  net: rowMoney('What is owed to the seller of what was invoiced'),
  disbursed: rowMoney('Of it, what was paid out'),
  lines: z.int().meta({ description: 'Lines of the row that are told in it', example: 12 }),
  linesOf: z.int().meta({ description: 'Lines the row has', example: 12 }),
})
const rowView = z
  .object({
    month: z.string().meta({ description: 'Month of the invoice', example: '2026-08' }),
    connection: z.string().meta({ description: 'The seller account', example: 'conn_example' }),
    agreement: ref('Our agreement', 'agr_example'),
    agreementRef: ref('The marketplace’s agreement', 'agmt-3xamp1ez9g7f2v6imgyj0001a'),
    buyer: ref('The buyer, where we know it', 'buyer_example'),
    currency: currencyField(),
    billed: z
      .object({
        gross: rowMoney('Price charged'),
        refund: rowMoney('Refunds of it; negative'),
        fee: rowMoney('The marketplace’s fee with its refunds; negative'),
        tax: rowMoney('Tax passed on to the seller'),
        wholesale: rowMoney('What a reseller owes for what it sold; negative'),
        adjustment: rowMoney('Adjustments of the balance'),
        net: rowMoney('What is owed to the seller of it'),
      })
      .meta({ description: 'Billed revenue: what was invoiced in the month' }),
    forgiven: rowMoney('Of it, what buyers were let off; negative'),
    collected: rowMoney('Collected revenue: of it, what buyers have paid, where that is reported'),
    disbursed: rowMoney('Disbursed revenue: of it, what was paid out to the seller'),
    undisbursed: rowMoney('Of it, what is still to be paid out'),
    uncollected: rowMoney(
      'Of it, what buyers owe; null where collection is not reported',
    ).nullable(),
    awaitingDisbursement: rowMoney('Of it, what buyers have paid and is not paid out').nullable(),
    status: z.string().meta({ description: 'Where the payout stands', example: 'Not disbursed' }),
    marketplaceTax: rowMoney('Tax the marketplace remits itself; in no other figure'),
    unclassified: rowMoney('What could not be classified; in no other figure'),
    others: z.array(otherView).meta({
      description: 'The same lines in the other currencies they are told in',
      example: [],
    }),
  })
  .meta({ id: 'RevenueReportRow' })

export const reportView = z
  .object({
    asOf: dayField('Valid on this day', '2026-11-22'),
    known: dayField('As the marketplaces knew it on this day', '2026-11-22'),
    recordedBy: instantField('As written down here by then').nullable(),
    data: z.array(rowView).meta({ description: 'By invoice month and agreement' }),
    totals: z.array(rowView).meta({ description: 'All of it, a row per currency' }),
  })
  .meta({ id: 'RevenueReport' })

export function viewRow(row: RevenueRow): z.input<typeof rowView> {
  const { billed, ...rest } = row
  return {
    ...rest,
    billed: {
      gross: toJson(billed.gross),
      refund: toJson(billed.refund),
      fee: toJson(billed.fee),
      tax: toJson(billed.tax),
      wholesale: toJson(billed.wholesale),
      adjustment: toJson(billed.adjustment),
      net: toJson(billed.net),
    },
    forgiven: toJson(row.forgiven),
    collected: toJson(row.collected),
    disbursed: toJson(row.disbursed),
    undisbursed: toJson(row.undisbursed),
    uncollected: row.uncollected && toJson(row.uncollected),
    awaitingDisbursement: row.awaitingDisbursement && toJson(row.awaitingDisbursement),
    marketplaceTax: toJson(row.marketplaceTax),
    unclassified: toJson(row.unclassified),
    others: row.others.map(viewOther),
  }
}

const viewOther = ({ role, lines, linesOf, gross, net, disbursed }: OtherRow) => ({
  role,
  gross: toJson(gross),
  net: toJson(net),
  disbursed: toJson(disbursed),
  lines,
  linesOf,
})

export const csvColumns = [
  'month',
  'connection',
  'agreement',
  'agreement_ref',
  'buyer',
  'currency',
  'billed_gross',
  'billed_refund',
  'billed_fee',
  'billed_tax',
  'billed_wholesale',
  'billed_adjustment',
  'billed_net',
  'forgiven_net',
  'collected_net',
  'disbursed_net',
  'undisbursed_net',
  'uncollected_net',
  'awaiting_disbursement',
  'status',
  'marketplace_tax',
  'unclassified',
  'payout_currency',
  'payout_net',
  'payout_disbursed',
  'payout_lines',
  'usd_net',
  'usd_disbursed',
  'usd_lines',
] as const

/** A row for a spreadsheet: amounts without their currency, which has its column. */
export function csvRow(row: RevenueRow): Record<string, string | null> {
  const { billed } = viewRow(row)
  const plain = Object.entries(billed).map(([name, value]) => [`billed_${name}`, value.amount])
  return {
    ...Object.fromEntries(plain),
    month: row.month,
    connection: row.connection,
    agreement: row.agreement,
    agreement_ref: row.agreementRef,
    buyer: row.buyer,
    currency: row.currency,
    forgiven_net: toJson(row.forgiven).amount,
    collected_net: toJson(row.collected).amount,
    disbursed_net: toJson(row.disbursed).amount,
    undisbursed_net: toJson(row.undisbursed).amount,
    uncollected_net: row.uncollected && toJson(row.uncollected).amount,
    awaiting_disbursement: row.awaitingDisbursement && toJson(row.awaitingDisbursement).amount,
    status: row.status,
    marketplace_tax: toJson(row.marketplaceTax).amount,
    unclassified: toJson(row.unclassified).amount,
    ...csvOther(row.others, 'payout'),
    ...csvOther(row.others, 'usd'),
  }
}

/** Cells of a role; where a row has several currencies of it, they stand one after the other in the same order. */
function csvOther(others: readonly OtherRow[], role: OtherRow['role']) {
  const ours = others.filter((other) => other.role === role)
  const cell = (of: (other: OtherRow) => string) =>
    ours.length > 0 ? ours.map(of).join(' | ') : null
  return {
    [`${role}_currency`]: cell((other) => other.currency),
    [`${role}_net`]: cell((other) => toJson(other.net).amount),
    [`${role}_disbursed`]: cell((other) => toJson(other.disbursed).amount),
    [`${role}_lines`]: cell(({ lines, linesOf }) => `${lines} of ${linesOf}`),
  }
}
