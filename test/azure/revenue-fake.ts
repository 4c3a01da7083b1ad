import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import { microsoft, type Routes } from './offers-fake.ts'

type Dataset = 'orders' | 'usage' | 'revenue' | 'earnings' | 'payments'

const columns: Record<Dataset, string[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'data', 'revenue-columns.json'), 'utf8'),
)

/** A row as Microsoft's documents have its columns; what is not named is empty. */
export const revenueRow = (change: Record<string, string> = {}): Record<string, string> => ({
  AssetId: '37F9DEA2-4345-438f-b0bd-03d40d28c7e0',
  SalesChannel: 'Enterprise',
  BillingAccountId: 'ba-1',
  CustomerId: 'cust-1',
  CustomerCountry: 'Germany',
  EarningAmountCC: '1164.00',
  EarningAmountPC: '1001.04',
  EarningAmountUSD: '1268.76',
  EarningCurrencyCode: 'EUR',
  ExchangeRateDate: '2026-09-01',
  ExchangeRatePC: '0.86',
  ExchangeRateUSD: '1.09',
  PayoutStatus: 'Unprocessed',
  LineItemId: 'L1',
  MonthStartDate: '2026-09-01T00:00:00',
  OfferName: 'Contoso, "Cloud"',
  PurchaseRecordId: 'P1',
  TermStartDate: '2026-09-10',
  TermEndDate: '2027-09-09',
  TransactionAmountCC: '1200.00',
  TransactionAmountPC: '1032.00',
  TransactionAmountUSD: '1308.00',
  BillingModel: 'SubscriptionBased',
  Units: '5',
  ...change,
})

/** A CSV of a dataset with its documented columns, and any further ones a row names. */
export function sheet(dataset: Dataset, rows: readonly object[]): string {
  const known = columns[dataset]
  const header = [...new Set([...known, ...rows.flatMap((row) => Object.keys(row))])]
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = rows.map((row) =>
    header.map((name) => cell((row as Record<string, string>)[name] ?? '')).join(','),
  )
  return `\ufeff${[header.join(','), ...lines].join('\r\n')}\r\n`
}

const queries = {
  orders: 'bd1b0cc1-ce45-4578-beba-6fe5a69fd421',
  usage: 'f0c4927f-1f23-4c99-be4a-1371a5a9a086',
  revenue: 'bf54dde4-7dc4-492f-a69a-f45de049bfcb',
} as const

/** Microsoft with these files ready to be asked for; the reports that are left out are null in the settings. */
export function reporting(
  files: Partial<Record<Dataset, string>>,
  more: { settings?: any; routes?: Routes } = {},
) {
  const asked = new Map<string, string>()
  const routes: Routes = {
    'GET /insights/ScheduledReport': ({ url }) => {
      const name = url.searchParams.get('reportName') ?? ''
      const id = asked.get(name)
      return id
        ? { json: { value: [{ reportId: id, reportName: name }] } }
        : { status: 404, json: {} }
    },
    'POST /insights/ScheduledReport': ({ body }) => {
      const dataset = Object.entries(queries).find(([, id]) => id === body.QueryId)?.[0] ?? ''
      asked.set(body.ReportName, dataset)
      return {
        json: { Value: [{ reportId: dataset, reportName: body.ReportName }], StatusCode: 200 },
      }
    },
    'POST /partner/payouts/transactionhistory': {
      status: 202,
      json: { value: [{ requestId: 'earnings' }] },
    },
    'POST /partner/payouts/payments': { status: 202, json: { value: [{ requestId: 'payments' }] } },
  }
  for (const [dataset, text] of Object.entries(files)) {
    const link = `http://blob.example/${dataset}?sig=secret`
    const value = {
      executionId: `run-${dataset}`,
      executionStatus: 'Completed',
      reportAccessSecureLink: link,
    }
    routes[`GET /insights/ScheduledReport/execution/${dataset}`] = { json: { value: [value] } }
    const path = dataset === 'earnings' ? 'transactionhistory' : 'payments'
    const done = { requestId: dataset, status: 'Completed', blobLocation: link }
    if (!(dataset in queries))
      routes[`GET /partner/payouts/${path}/${dataset}`] = { json: { value: [done] } }
    routes[`GET /${dataset}`] = { text }
  }
  const left = Object.fromEntries(
    Object.keys(queries).flatMap((name) => (name in files ? [] : [[name, null]])),
  )
  const { reports = {}, ...settings } = more.settings ?? { reports: { payoutCurrency: 'GBP' } }
  const payouts = 'earnings' in files ? { payouts: { refreshToken: 'refresh' } } : {}
  return microsoft(
    { ...routes, ...more.routes },
    { settings: { ...settings, reports: { ...left, ...reports } }, credentials: payouts },
  )
}

/** Every row of every file, in order. */
export async function readAll(
  files: Partial<Record<Dataset, string>>,
  more: { settings?: any; routes?: Routes } = {},
) {
  const { revenue } = reporting(files, more)
  const prepared = await revenue.prepare?.('imp_1', null)
  if (prepared?.is !== 'ready') throw new Error(`not ready: ${JSON.stringify(prepared)}`)
  const rows: ReportedRow[] = []
  const broken: BrokenRow[] = []
  const sizes: number[] = []
  for (const file of await revenue.files(prepared.held))
    for await (const chunk of revenue.read(file, prepared.held)) {
      rows.push(...chunk.rows)
      broken.push(...chunk.broken)
      sizes.push(chunk.rows.length + chunk.broken.length)
    }
  return { rows, broken, sizes }
}
