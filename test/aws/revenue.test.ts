import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { BrokenRow, ReportedRow } from '../../src/revenue/model.ts'
import { cloud, failing, open } from './cloud.ts'

const samples = join(import.meta.dirname, 'data')
const billing = readFileSync(join(samples, 'billingeventfeed_v1.csv'), 'utf8')
const [header = '', ...lines] = billing.trimEnd().split('\r\n')
let folders: string[] = []
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
  folders = []
})

/** A folder of feed files by name, and what the port reads from the first of them. */
function folderOf(files: Record<string, string>) {
  const path = mkdtempSync(join(tmpdir(), 'feeds-'))
  folders.push(path)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return { path, revenue: open({ settings: { feeds: { kind: 'folder', path } } }).revenue }
}
async function readAll(text: string, name = 'billingeventfeed_v1/year=2026/month=09/data.csv') {
  const { revenue } = folderOf({ [name]: text })
  const rows: ReportedRow[] = []
  const broken: BrokenRow[] = []
  const sizes: number[] = []
  for await (const chunk of revenue.read((await revenue.files(null))[0]!, null)) {
    rows.push(...chunk.rows)
    broken.push(...chunk.broken)
    sizes.push(chunk.rows.length + chunk.broken.length)
  }
  return { rows, broken, sizes }
}
/** The first sample line with some columns changed. */
const line = (change: Record<string, string>, from = lines[0]!) => {
  const cells = from.split(',')
  const columns = header.split(',')
  for (const [column, text] of Object.entries(change)) cells[columns.indexOf(column)] = text
  return cells.join(',')
}
const file = (...rows: string[]) => `${[header, ...rows].join('\n')}\n`
const lineOf = async (change: Record<string, string>) =>
  (await readAll(file(line(change)))).rows[0]?.content as any

describe('the billing event feed', () => {
  it('reads the sample: price, tax, fee, and the payout they end in', async () => {
    const { rows, broken } = await readAll(billing)
    expect(broken).toEqual([])
    expect(
      rows.map(({ content: c }) => c.is === 'line' && [c.action, c.kind, c.amount, c.payoutRef]),
    ).toEqual([
      ['invoiced', 'gross', '100.00', null],
      ['invoiced', 'marketplace_tax', '20.60', null],
      ['invoiced', 'fee', '-3.00', null],
      ['disbursed', 'gross', '-100.00', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb4'],
      ['disbursed', 'fee', '3.00', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb4'],
      ['disbursed', 'payout', '97.00', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb4'],
    ])
    expect(rows[0]).toMatchObject({
      row: 2,
      validFrom: '2026-08-31T00:00:00.000Z',
      knownFrom: '2026-09-01T00:00:00.000Z',
      deletedAt: null,
      content: {
        lineRef: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0',
        parentRef: null,
        nativeKind: 'INVOICED/SELLER_REV_SHARE',
        currency: 'USD',
        invoiceRef: '781216640',
        invoicedOn: '2026-08-31',
        dueOn: '2026-09-30',
        usage: { from: '2026-08-01T00:00:00.000Z', to: '2026-09-01T00:00:00.000Z' },
        agreementRef: 'agmt-3xamp1ez9g7f2v6imgyj0001a',
        offerRef: 'offer-3xamp1e6jq7s1',
        listingRef: 'prod-3xamp1eyj4eqg',
        payerRef: 'acct-0001',
      },
      native: { bank_trace_id: '', invoice_id: '781216640' },
    })
    expect(rows[3]?.content).toMatchObject({
      parentRef: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0',
    })
    expect(rows[5]).toMatchObject({
      content: { invoicedOn: '2026-10-02', usage: null, dueOn: null },
    })
  })

  it.each([
    [{ transaction_type: 'SELLER_REV_SHARE_REFUND' }, 'gross_refund'],
    [{ transaction_type: 'SELLER_REV_SHARE_CREDIT' }, 'gross_refund'],
    [{ transaction_type: 'AWS_REV_SHARE_REFUND' }, 'fee_refund'],
    [{ transaction_type: 'SELLER_TAX_SHARE' }, 'seller_tax'],
    [{ transaction_type: 'OTHER_SELLER_TAX_SHARE_REFUND' }, 'other_tax_refund'],
    [{ transaction_type: 'AWS_TAX_SHARE', invoice_variant: 'LISTING_FEE' }, 'other_tax'],
    [{ charge_variant: 'RESALE', charge_side: 'BUYING' }, 'wholesale'],
    [{ charge_variant: 'RESALE', charge_side: 'SELLING' }, 'gross'],
    [{ transaction_type: 'BALANCE_ADJUSTMENT' }, 'adjustment'],
    [{ transaction_type: 'DISBURSEMENT_FAILURE' }, 'payout_failure'],
    [{ transaction_type: 'INFRA_FEE' }, 'infrastructure'],
    [{ transaction_type: 'SOMETHING_NEW' }, 'unknown'],
    [{ transaction_type: 'DISBURSEMENT' }, 'unknown'],
  ])('%j is %s', async (change, kind) => expect((await lineOf(change)).kind).toBe(kind))

  it('keeps the marketplace’s word for an action it does not know', async () =>
    expect(await lineOf({ action: 'PONDERED' })).toMatchObject({
      action: 'unknown',
      nativeKind: 'PONDERED/SELLER_REV_SHARE',
    }))

  it('says which payout failed, and keeps amounts exact', async () => {
    const failed = { transaction_type: 'DISBURSEMENT_FAILURE', parent_billing_event_id: 'p1' }
    expect((await lineOf(failed)).payoutRef).toBe('p1')
    expect((await lineOf({ amount: '0.123456789012' })).amount).toBe('0.123456789012')
  })

  it('reads a withdrawn row as withdrawn', async () => {
    const { rows } = await readAll(file(line({ delete_date: '2026-09-05T00:00:00Z' })))
    expect(rows[0]?.deletedAt).toBe('2026-09-05T00:00:00.000Z')
  })
})

describe('a broken row', () => {
  it.each([
    [{ amount: '1,5' }, null],
    [{ amount: 'ten' }, 'amount'],
    [{ amount: '1E3' }, 'amount'],
    [{ currency: 'DOLLARS' }, 'currency'],
    [{ valid_from: '' }, 'valid_from'],
    [{ update_date: 'yesterday' }, 'update_date'],
    [{ invoice_date: '2026-02-30T00:00:00Z' }, 'invoice_date'],
    [{ billing_event_id: '' }, 'billing_event_id'],
    [{ action: '"IN"VOICED' }, null],
  ])('%j is told with its column, and the others are read', async (change, column) => {
    const bad = line(change)
    const { rows, broken } = await readAll(file(lines[0]!, bad, lines[1]!))
    expect(rows.map(({ row }) => row)).toEqual([2, 4])
    expect(broken).toMatchObject([{ row: 3, column, raw: bad }])
  })

  it('whose quote is never closed does not swallow the rows below', async () => {
    const bad = line({ action: '"INVOICED' })
    const { rows, broken } = await readAll(file(...lines, bad, ...Array(80).fill(lines[0]!), bad))
    expect(rows).toHaveLength(86)
    expect(broken.map(({ message }) => message)).toEqual(Array(2).fill('a quote is never closed'))
  })

  it('is the header itself, or a file without one', async () => {
    for (const text of ['', '\n\n', 'a,b,c\n1,2,3\n', `${header},amount\n`, '"'])
      expect(await readAll(text)).toMatchObject({ rows: [], broken: [{ row: 1, column: null }] })
  })
})

describe('files', () => {
  it('finds columns by name, in any order, with new ones, marks and line ends of Windows', async () => {
    const columns = ['new_column', ...header.split(',').reverse()]
    const cells = ['"a, ""b""\nc"', ...lines[0]!.split(',').reverse()]
    const { rows } = await readAll(`\ufeff${columns.join(',')}\r\n${cells.join(',')}\r\n`)
    expect(rows[0]).toMatchObject({
      content: { amount: '100.00' },
      native: { new_column: 'a, "b"\nc' },
    })
  })

  it('comes in chunks of at most a thousand rows', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => line({ billing_event_id: `b${i}` }))
    const { rows, sizes } = await readAll(file(...many))
    expect(sizes).toEqual([1000, 1000, 500])
    expect(rows.at(-1)).toMatchObject({ row: 2501, content: { lineRef: 'b2499' } })
  })

  it('reads the facts that lines are joined with', async () => {
    const { path, revenue } = folderOf({})
    cpSync(samples, path, { recursive: true })
    const facts: any[] = []
    for (const found of await revenue.files(null))
      for await (const { rows, broken } of revenue.read(found, null)) {
        expect(broken).toEqual([])
        facts.push(...rows.map(({ content }) => content).filter(({ is }) => is === 'fact'))
      }
    expect(facts.map(({ subject, ref }) => `${subject} ${ref}`)).toEqual([
      'account acct-0001',
      'account acct-seller',
      'other addr-0001',
      'agreement agmt-3xamp1ez9g7f2v6imgyj0001a',
      'offer offer-3xamp1e6jq7s1',
      'other offer-3xamp1e6jq7s1/1/prod-3xamp1eyj4eqg',
      'other ot-0001',
      'listing prod-3xamp1eyj4eqg',
    ])
    expect(facts[0].values).toMatchObject({
      aws_account_id: '111122223333',
      tax_registration_number: null,
    })
    expect(facts[0].values).not.toHaveProperty('valid_from')
  })

  it('are listed oldest first, those of ours only, with a fingerprint that follows the content', async () => {
    const month = (year: number, m: string) =>
      `billingeventfeed_v1/year=${year}/month=${m}/data.csv`
    const names = [month(2026, '09'), month(2010, '01'), month(2026, '10')]
    const others = { 'readme.csv': '', 'accountfeed_v1/year=2026/month=09/data.txt': '' }
    const { path, revenue } = folderOf({
      ...Object.fromEntries(names.map((name) => [name, header])),
      ...others,
    })
    const before = await revenue.files(null)
    expect(before.map(({ name }) => name)).toEqual([names[1], names[0], names[2]])
    utimesSync(join(path, names[0]!), 1, 1)
    const after = await revenue.files(null)
    expect(after[1]?.fingerprint).not.toBe(before[1]?.fingerprint)
    expect(after[0]?.fingerprint).toBe(before[0]?.fingerprint)
  })

  it('come from S3 page by page, path-style below the endpoint', async () => {
    const content = (Key: string) =>
      `<Contents><Key>${Key}</Key><ETag>"e1"</ETag><Size>${billing.length}</Size></Contents>`
    const name = 'x/billingeventfeed_v1/year=2026/month=09/data.csv'
    const { calls, revenue } = await cloud(
      {
        ListObjectsV2: (call: { path: string }) =>
          call.path.includes('continuation-token=more')
            ? `<ListBucketResult><IsTruncated>false</IsTruncated>${content(name)}</ListBucketResult>`
            : `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>${content('x/other.txt')}</ListBucketResult>`,
        GetObject: billing,
      },
      { settings: { feeds: { kind: 's3', bucket: 'feeds', prefix: 'x/' } } },
    )
    const [found] = await revenue.files(null)
    expect(found).toEqual({
      name,
      fingerprint: `"e1"-${billing.length}`,
      sizeBytes: billing.length,
    })
    let rows = 0
    for await (const chunk of revenue.read(found!, null)) rows += chunk.rows.length
    expect(rows).toBe(6)
    expect(calls.map(({ path }) => path.split('?')[0])).toEqual([
      '/aws/s3/feeds/',
      '/aws/s3/feeds/',
      `/aws/s3/feeds/${name.replaceAll('=', '%3D')}`,
    ])
  })

  it('are none without feeds; a file that is not there or outside is not found', async () => {
    expect(await open().revenue.files(null)).toEqual([])
    const { revenue } = folderOf({})
    for (const name of ['billingeventfeed_v1/gone.csv', '../billingeventfeed_v1.csv']) {
      const read = revenue
        .read({ name, fingerprint: '', sizeBytes: 0 }, null)
        [Symbol.asyncIterator]()
      expect(await failing(read.next())).toMatchObject({ code: 'not_found' })
    }
  })
})
