import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvRecords } from '../../adapters/gcp/revenue-csv.ts'
import {
  chargeRow,
  folder,
  linesOf,
  payoutRow,
  readAll,
  readFolder,
  reading,
  sheet,
  storage,
} from './revenue-fake.ts'

const charges = '20260101 Charges and Usage.csv'
const payouts = '20260101 Disbursements.csv'

describe('records of a text', () => {
  const cells = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'é', ' ') }), {
    minLength: 2,
    maxLength: 4,
  })
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`

  it('are what was written, however it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cells, { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (all, size) => {
          const text = all.map((one) => `${one.map(quoted).join(',')}\r\n`).join('')
          expect(await recordsOf(text, size)).toEqual(all)
        },
      ),
    )
  })

  it.each([
    ['a,b\n"open,c\nd,e\n', [['a', 'b'], 'a quote is never closed', ['d', 'e']]],
    ['a"b,c\n"x"y,z\nd,e', ['a quote is never closed', 'a quote ends inside a cell', ['d', 'e']]],
    ['a"b"c,d\n\n,\n', ['a quote stands inside a cell', ['', '']]],
  ])('of %j lose only what is broken', async (text, told) => {
    expect(await recordsOf(text, 3)).toEqual(told)
  })
})

async function recordsOf(text: string, size: number): Promise<unknown[]> {
  async function* parts() {
    for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
  }
  const all: unknown[] = []
  for await (const one of csvRecords(parts())) all.push('cells' in one ? one.cells : one.fault)
  return all
}

describe('a file', () => {
  it('that lacks columns is one broken row that names them, and the others are read', async () => {
    const { Charges: _, 'Due Vendor': __, ...less } = chargeRow()
    const read = await readFolder({
      [charges]: sheet([less, less]),
      [payouts]: sheet([payoutRow()]),
    })
    expect(read.broken).toEqual([
      {
        row: 1,
        column: null,
        message: expect.stringMatching(/lacks Charges.*, Due Vendor/),
        raw: expect.stringContaining('SKU'),
      },
    ])
    expect(linesOf(read)).toHaveLength(1)
  })

  it.each([
    ['Charges and Usage.csv', sheet([chargeRow()]), /month/],
    [charges, '', /empty/],
    [charges, 'SKU,SKU,Charges,Currency,Due Vendor\n', /twice/],
    [charges, '"SKU,Charges\n', /quote/],
  ])('%s without what it needs is one broken row', async (name, text, message) => {
    const { rows, broken } = await readFolder({ [name]: text })
    expect(rows).toEqual([])
    expect(broken).toEqual([
      { row: 1, column: null, message: expect.stringMatching(message), raw: expect.any(String) },
    ])
  })

  it('is read in chunks of at most a thousand, a row’s lines together', async () => {
    const rows = Array.from({ length: 1501 }, (_, n) => chargeRow({ SKU: `s${n}` }))
    const port = reading({ kind: 'folder', path: await folder({ [charges]: sheet(rows) }) })
    const [file] = await port.files(null)
    let last = 1
    for await (const chunk of port.read(file!, null)) {
      expect(chunk.rows.length).toBeLessThanOrEqual(1000)
      expect(chunk.rows[0]?.row).toBe(last + 1)
      last = chunk.rows.at(-1)?.row ?? 0
    }
    expect(last).toBe(1502)
  })

  it('outside of the folder is not found', async () => {
    const port = reading({ kind: 'folder', path: await folder({}) })
    const file = { name: `../${charges}`, fingerprint: '', sizeBytes: 0 }
    await expect(async () => {
      for await (const _ of port.read(file, null)) expect.fail('read something')
    }).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is not there where the settings name no place', async () => {
    expect(await reading({ kind: 'none' }).files(null)).toEqual([])
  })
})

describe('a bucket', () => {
  const files = {
    [`reports/${charges}`]: sheet([chargeRow({ SKU: 'Prüfung, "groß"' })]),
    [`reports/${payouts}`]: sheet([payoutRow()]),
    'reports/2026-01-01 Detailed Disbursements Report.csv': 'sku_id,account_id\n',
    'reports/readme.txt': 'nothing',
    [`other/${charges}`]: sheet([chargeRow()]),
  }

  it('is listed page by page below its prefix and read as it arrives', async () => {
    const { asked, fetch, reports } = storage(files)
    const port = reading(reports, fetch)
    expect((await port.files(null)).map(({ name }) => name)).toEqual([
      'reports/2026-01-01 Detailed Disbursements Report.csv',
      `reports/${charges}`,
      `reports/${payouts}`,
    ])
    expect(asked).toHaveLength(2)
    const read = await readAll(port)
    expect(read.broken).toHaveLength(1)
    expect(linesOf(read)[0]?.lineRef).toContain('Prüfung, "groß"')
    expect(linesOf(read)).toHaveLength(5)
  })

  it('that may not be read says so, with what to check', async () => {
    const denied = { error: { code: 403, message: 'no', errors: [{ reason: 'forbidden' }] } }
    const port = reading(storage({}).reports, async ({ url }) =>
      url.endsWith('/token')
        ? Response.json({ access_token: 't', expires_in: 3599 })
        : Response.json(denied, { status: 403 }),
    )
    await expect(port.files(null)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('storage.objectViewer'),
    })
  })

  it('whose file breaks off is unavailable', async () => {
    const { fetch, reports } = storage(files)
    const port = reading(reports, async (request) => {
      if (!request.url.includes('alt=media')) return fetch(request)
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.error(new Error('reset'))
          },
        }),
      )
    })
    await expect(readAll(port, /Charges/)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
