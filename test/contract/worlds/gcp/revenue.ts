import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { isNegative, isZero, minus, negate, trim } from '../../../../src/kernel/decimal.ts'
import { addMonths, type Day, hourMs, instant, millis } from '../../../../src/kernel/time.ts'
import type { LineAction, LineKind } from '../../../../src/revenue/model.ts'
import { midnight, usd } from '../../../gcp-simulator/offers.ts'
import type { Billed, RevenueWorld } from '../../revenue-world.ts'
import { ACME, ok, type SimulatedGcp, startGcp } from './cloud.ts'
import { accepted, bought, held, INITECH, published, seller } from './purchases.ts'

type Row = Readonly<Record<string, string>>
const bucket = ACME.reportBucket

/** Monthly reports as Google delivers them to a bucket, or a copy of them in a folder. */
export async function gcpRevenue(from: 'bucket' | 'folder'): Promise<RevenueWorld> {
  const cloud = await startGcp()
  const folder = mkdtempSync(join(tmpdir(), 'reports-'))
  mkdirSync(join(folder, bucket))
  await cloud.portal({ multipleOrders: true })
  await cloud.set({ producer: { publishMs: 0 }, reports: { folder } })
  const reports =
    from === 'bucket' ? { kind: 'bucket', bucket } : { kind: 'folder', path: join(folder, bucket) }
  const world = cloud.world('revenue', { reports })
  const write = (name: string, body: string) => {
    if (from === 'folder') return writeFileSync(join(folder, bucket, name), body)
    const createdMs = millis(cloud.now())
    const generation = String(createdMs * 1000)
    const stored = { bucket, name, body, contentType: 'text/csv', generation, createdMs }
    return cloud.plant('gcp.objects', `${bucket}/${name}`, stored)
  }
  return {
    ...world,
    isRemote: from === 'bucket',
    tells: { payouts: true, refunded: false },
    others: [],
    made: null,
    buyerRef,
    earn: () => earn(cloud),
    async billed() {
      const { objects } = await cloud.ledger('reports')
      const lines = objects
        .filter((one: any) => one.bucket === bucket)
        .flatMap(({ name, body }: any) => billedIn(name, parse(body, { columns: true })))
      return lines
    },
    async used() {
      const { totals } = await cloud.ledger('usage')
      return Object.fromEntries(
        totals.map((one: any) => [one.metric.replace('payg_', ''), String(one.quantity)]),
      )
    },
    coveredMonth: ({ name }) => /(\d{4})-?(\d\d)/.exec(name)?.slice(1).join('-') ?? '',
    async earnMore() {
      await active(cloud, () => bought(cloud, 'pro'))
      await cloud.advance('P35D')
    },
    async spoil(goodRows) {
      const lines = Array.from({ length: goodRows }, (_, i) => row(i, '1.10'))
      lines.splice(1_200, 0, 'too,few,columns')
      lines.splice(2_000, 0, row(99_999, 'much'))
      write('20300101 Charges and Usage.csv', [columns.join(','), ...lines, ''].join('\n'))
      return {
        name: /^20300101/,
        broken: [
          { row: 1_202, column: null },
          { row: 2_002, column: 'Charges' },
        ],
      }
    },
    async behead() {
      write('20310101 Charges and Usage.csv', `${row(1, '1.00')}\n`)
      return /^20310101/
    },
    async close() {
      await world.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** What reports call Initech's billing account, whose own number they never show. */
const buyerRef = 'E-145E-00B5-E8C6-C4B8'

async function active(cloud: SimulatedGcp, order: () => Promise<string>): Promise<string> {
  const id = await order()
  await seller.approve(cloud, id)
  return id
}

/** A year of a plan, an offer in instalments, use; a refund; one month that Google holds back and then releases. */
async function earn(cloud: SimulatedGcp): Promise<void> {
  const today = cloud.now().slice(0, 10) as Day
  const year = await active(cloud, () => bought(cloud, 'pro-P1Y'))
  const use = await active(cloud, () => bought(cloud))
  await active(cloud, async () =>
    accepted(
      cloud,
      await published(cloud, {
        customIntervalPrice: {
          installments: [
            { priceModel: { flatFee: { flatFeeOverride: usd('400') } } },
            {
              startTime: midnight(addMonths(today, 2)),
              priceModel: { flatFee: { flatFeeOverride: usd('500', 500_000_000) } },
            },
          ],
        },
      }),
    ),
  )
  await cloud.advance('PT3H')
  await meter(cloud, use, '1234')
  await cloud.post('/gcp/control/refunds', {
    entitlement: year,
    amount: '33.33',
    reason: 'Goodwill',
    month: '2027-02',
  })
  await cloud.advance('P40D')
  await meter(cloud, use, '777')
  await cloud.set({ reports: { withheld: [INITECH] } })
  await cloud.advance('P30D')
  await cloud.set({ reports: { withheld: [], withheldThen: { [INITECH]: 'released' } } })
  await cloud.advance('P31D')
}

/** Usage of the last hour. */
async function meter(cloud: SimulatedGcp, id: string, int64Value: string): Promise<void> {
  const { consumer } = await held(cloud, id)
  const endMs = millis(cloud.now())
  const operation = {
    operationId: `usage-${endMs}`,
    operationName: 'usage',
    consumerId: consumer,
    startTime: instant(endMs - hourMs),
    endTime: instant(endMs),
    metricValueSets: [
      { metricName: `${ACME.service}/payg_api_calls`, metricValues: [{ int64Value }] },
    ],
  }
  const answer = await ok(
    cloud.call('POST', `/v1/services/${ACME.service}:report`, { operations: [operation] }),
  )
  if (answer.reportErrors) throw new Error(JSON.stringify(answer))
}

/** What the rows of a file come to, in our words: "Charges and usage reports", "Disbursements reports". */
function billedIn(name: string, rows: readonly Row[]): readonly Billed[] {
  const [, year = '', ofYear = ''] = /^(\d{4})(\d\d)01 /.exec(name) ?? []
  const month = `${year}-${ofYear}`
  if (name.includes('Charges and Usage')) return rows.flatMap((one) => chargesIn(month, one))
  return name.includes(' Disbursements.') ? rows.map((one) => payoutIn(month, one)) : []
}

const billed = (lineRef: string, kind: LineKind, action: LineAction, amount: string): Billed => ({
  lineRef,
  kind,
  action,
  amount: trim(amount),
  currency: 'USD',
  agreementRef: null,
})

/** Price and fee of a row, the same paid out, and what was held back of it or let go. */
function chargesIn(month: string, one: Row): readonly Billed[] {
  const cell = (name: string) => (one[name] === '0.00' ? '0' : (one[name] ?? ''))
  const about = ['SKU', 'Google Entity', 'Resource', 'Account ID', 'Insights Account ID']
  const rest = ['Location', 'Quote_id', 'Payment Schedule', 'Unit', 'Refund Reason', 'Currency']
  const ref = ['charges', month, ...[...about, ...rest].map((name) => one[name] ?? '')].join('|')
  const gross = cell('Charges')
  const suffix = isNegative(gross) ? '_refund' : ''
  const parts = [
    ['gross', gross],
    ['fee', minus(cell('Due Vendor'), gross)],
  ] as const
  const moved = [
    ['withheld', cell('Withheld')],
    ['released', negate(cell('Released'))],
  ] as const
  return [
    ...parts.flatMap(([kind, amount]) => {
      const lineRef = `${ref}|${kind}${suffix}`
      return [
        billed(lineRef, `${kind}${suffix}` as LineKind, 'invoiced', amount),
        billed(`${lineRef}|paid`, `${kind}${suffix}` as LineKind, 'disbursed', negate(amount)),
      ]
    }),
    ...moved
      .filter(([, amount]) => !isZero(amount))
      .map(([what, amount]) => billed(`${ref}|${what}`, 'adjustment', 'disbursed', amount)),
  ]
}

const payoutIn = (month: string, one: Row): Billed =>
  billed(
    `disbursements|${month}|${one.Entity}|${one.Currency}`,
    'payout',
    'disbursed',
    one.Total ?? '',
  )

const columns = ['SKU', 'Google Entity', 'Account ID', 'Charges', 'Currency', 'Due Vendor']

const row = (i: number, charges: string): string =>
  [`sku ${i}`, 'Google LLC', 'E-1', charges, 'USD', '1.00'].join(',')
