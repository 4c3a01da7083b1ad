import { describe, expect, it } from 'vitest'
import { failing, microsoft } from './offers-fake.ts'
import { readAll, reporting, revenueRow, sheet } from './revenue-fake.ts'

const revenueOnly = { revenue: sheet('revenue', [revenueRow()]) }
const post = 'POST /insights/ScheduledReport'
const execution = 'GET /insights/ScheduledReport/execution/revenue'
const running = (executionStatus: string) => ({
  json: { value: [{ executionId: 'run-revenue', executionStatus, reportAccessSecureLink: null }] },
})
const done = {
  json: {
    Value: [
      {
        ExecutionId: 'run-revenue',
        ExecutionStatus: 'Completed',
        ReportAccessSecureLink: 'http://blob.example/revenue?sig=secret',
      },
    ],
  },
}

describe('prepare', () => {
  it('asks for a report at once, of whole months, under a name that holds the key', async () => {
    const { revenue, sent } = reporting(revenueOnly)
    expect(await revenue.prepare?.('imp_1', null)).toEqual({
      is: 'ready',
      held: { key: 'imp_1', made: { revenue: { asked: 'revenue', file: 'run-revenue' } } },
    })
    expect(sent.find(({ at }) => at === post)?.body).toEqual({
      ReportName: 'tradepost revenue imp_1',
      Description: 'tradepost revenue imp_1',
      QueryId: 'bf54dde4-7dc4-492f-a69a-f45de049bfcb',
      ExecuteNow: true,
      QueryStartTime: '2026-08-01T00:00:00Z',
      QueryEndTime: '2026-11-01T10:00:00Z',
      Format: 'csv',
    })
    const asked = sent.find(({ at }) => at === execution)?.url.searchParams
    expect(asked?.get('executionStatus')).toBe('Pending;Running;Completed')
  })

  it('waits while there is no execution and while it runs, and asks for nothing again', async () => {
    const { revenue, revenueAgain, times } = reporting(revenueOnly, {
      routes: { [execution]: [{ status: 404 }, running('Pending'), running('Running'), done] },
    })
    let held: unknown = null
    for (const _ of [1, 2, 3]) {
      const waiting = await revenue.prepare?.('imp_1', held)
      expect(waiting).toMatchObject({
        is: 'preparing',
        retryAfterMs: 60_000,
        detail: expect.stringMatching(/revenue/),
      })
      held = JSON.parse(JSON.stringify(waiting?.held))
    }
    expect(await revenueAgain().prepare?.('imp_1', held)).toMatchObject({ is: 'ready' })
    expect(times(post)).toBe(1)
  })

  it('finds by its name what was asked for when the note is lost', async () => {
    const { revenue, revenueAgain, times } = reporting(revenueOnly)
    const first = await revenue.prepare?.('imp_1', null)
    expect(await revenueAgain().prepare?.('imp_1', null)).toEqual(first)
    expect(times(post)).toBe(1)
    await revenue.prepare?.('imp_2', null)
    expect(times(post)).toBe(2)
  })

  it('waits for the quota of reports, with what it has', async () => {
    const quota = {
      status: 400,
      json: { message: 'You have exceeded the quota of 5 ExecuteNow reports in 60 minutes' },
    }
    const { revenue, sent } = reporting(
      { orders: sheet('orders', []), ...revenueOnly },
      { routes: { [post]: [{ json: { value: [{ reportId: 'orders' }] } }, quota] } },
    )
    expect(await revenue.prepare?.('imp_1', null)).toMatchObject({
      is: 'preparing',
      held: { made: { orders: { file: 'run-orders' } } },
      retryAfterMs: 720_000,
      detail: expect.stringMatching(/revenue; Microsoft makes five/),
    })
    expect(sent.filter(({ at }) => at === post)).toHaveLength(2)
  })

  it.each([
    [400, { message: 'Invalid QueryId' }, 'rejected'],
    [429, {}, 'throttled'],
    [403, {}, 'forbidden'],
  ])('tells HTTP %i', async (status, json, code) => {
    const { revenue } = reporting(revenueOnly, { routes: { [post]: { status, json } } })
    expect(await failing(revenue.prepare!('imp_1', null))).toMatchObject({ code })
  })

  it('queues payout exports once under a key, for a window, with the user’s token', async () => {
    const files = { earnings: sheet('earnings', []), payments: sheet('payments', []) }
    const { revenue, sent, times } = reporting(files)
    const ready = await revenue.prepare?.('imp_1', null)
    expect(await revenue.prepare?.('imp_1', null)).toEqual(ready)
    expect(times('POST /partner/payouts/transactionhistory')).toBe(1)
    expect(sent[0]?.url.searchParams.get('$filter')).toBe(
      'earningForDate ge 2026-08-03 and earningForDate le 2026-11-01',
    )
    expect(sent[0]?.url.searchParams.get('fileformat')).toBe('csv')
  })

  it('says in the file what Microsoft could not make', async () => {
    const { rows, broken } = await readAll(
      { earnings: sheet('earnings', []), payments: sheet('payments', []) },
      {
        routes: {
          'GET /partner/payouts/payments/payments': {
            json: { value: [{ requestId: 'payments', status: 'Failed', blobLocation: '' }] },
          },
        },
      },
    )
    expect(rows).toEqual([])
    expect(broken).toMatchObject([{ row: 1, message: expect.stringMatching(/could not make/) }])
  })

  it('leaves payouts out where no user signed in', async () => {
    const { revenue, sent } = reporting(revenueOnly)
    const ready = await revenue.prepare?.('imp_1', null)
    expect((await revenue.files(ready?.held)).map(({ name }) => name)).toEqual(['revenue imp_1'])
    expect(sent.some(({ url }) => url.pathname.includes('payouts'))).toBe(false)
  })
})

describe('files', () => {
  const five = {
    orders: sheet('orders', []),
    usage: sheet('usage', []),
    ...revenueOnly,
    earnings: sheet('earnings', []),
    payments: sheet('payments', []),
  }

  it('are one for each report, known by its execution', async () => {
    const { revenue } = reporting(five)
    const ready = await revenue.prepare?.('imp_1', null)
    const files = await revenue.files(JSON.parse(JSON.stringify(ready?.held)))
    expect(files.map(({ name, fingerprint }) => [name, fingerprint])).toEqual([
      ['orders imp_1', 'run-orders'],
      ['usage imp_1', 'run-usage'],
      ['revenue imp_1', 'run-revenue'],
      ['earnings imp_1', 'earnings'],
      ['payments imp_1', 'payments'],
    ])
  })

  it('are none before anything was prepared, and unknown under another name', async () => {
    const { revenue } = microsoft({})
    expect(await revenue.files(null)).toEqual([])
    const read = revenue.read({ name: 'x', fingerprint: '', sizeBytes: 0 }, null)
    const first = async () => {
      for await (const _ of read) return
    }
    expect(await failing(first())).toMatchObject({ code: 'not_found' })
  })
})

describe('read', () => {
  const chunks = async (text: string, settings: object = {}) => {
    const { rows, broken, sizes } = await readAll({ revenue: text }, { settings })
    return { rows, broken, sizes }
  }

  it('asks for the link anew, and sends our token nowhere else', async () => {
    const { revenue, sent } = reporting(revenueOnly)
    const ready = await revenue.prepare?.('imp_1', null)
    expect(JSON.stringify(ready)).not.toContain('secret')
    const [file] = await revenue.files(ready?.held)
    for await (const _ of revenue.read(file!, ready?.held));
    expect(sent.slice(-2).map(({ at, auth }) => [at, auth])).toEqual([
      [execution, 'Bearer token'],
      ['GET /revenue', null],
    ])
  })

  it('comes in chunks of at most a thousand rows, a row’s own together', async () => {
    const many = Array.from({ length: 1200 }, (_, i) => revenueRow({ LineItemId: `L${i}` }))
    const { rows, sizes } = await chunks(sheet('revenue', many))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000)
    expect(rows.filter(({ content }) => content.is === 'line')).toHaveLength(2400)
    let before = 0
    for (const size of sizes) {
      expect(rows[before]?.row).not.toBe(rows[before - 1]?.row)
      before += size
    }
  })

  it('finds columns by name, whatever their order and capitals, and keeps new ones', async () => {
    const row = { ...revenueRow(), 'Brand New': 'a\n"b"' }
    const names = Object.keys(row).toReversed()
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
    const values = names.map((name) => cell((row as Record<string, string>)[name] ?? '')).join(',')
    const header = names.map((name) => name.toUpperCase()).join(',')
    const { rows } = await chunks(`${header}\n${values}\n`)
    expect(rows[0]).toMatchObject({
      content: { lineRef: 'P1/L1/gross', amount: '1200' },
      native: { 'BRAND NEW': 'a\n"b"' },
    })
  })

  it('reads files with tabs', async () => {
    const row = revenueRow()
    const text = `${Object.keys(row).join('\t')}\n${Object.values(row)
      .map((cell) => cell.replaceAll('"', ''))
      .join('\t')}\n`
    const { rows } = await chunks(text, { reports: { format: 'tsv' } })
    expect(rows[0]?.content).toMatchObject({ lineRef: 'P1/L1/gross' })
  })

  it('names broken rows and reads those below, also after a quote that is never closed', async () => {
    const good = (n: number) => revenueRow({ LineItemId: `L${n}`, OfferName: 'x' })
    const [header = '', one = '', two = ''] = sheet('revenue', [good(1), good(2)]).split('\r\n')
    const { rows, broken } = await chunks([header, one, 'a,b', `"${one}`, two, ''].join('\n'))
    expect(broken.map(({ row, message }) => [row, message])).toEqual([
      [3, expect.stringMatching(/2 columns/)],
      [4, expect.stringMatching(/quote/)],
    ])
    expect(rows.filter(({ row }) => row === 5).length).toBeGreaterThan(0)
  })

  it('of what has no readable header is one broken row', async () => {
    for (const text of ['', '\n\n', 'a,b,c\n1,2,3\n', '"', '<html>'])
      expect(await chunks(text)).toMatchObject({ rows: [], broken: [{ row: 1, column: null }] })
  })

  it('tells as unavailable a file that cannot be had, or breaks off', async () => {
    const lost = [{ status: 403, text: 'expired' }, { status: 500, text: '' }, { lost: true }]
    for (const reply of lost)
      expect(
        await failing(readAll(revenueOnly, { routes: { 'GET /revenue': reply } })),
      ).toMatchObject({
        code: 'unavailable',
      })
  })

  it('is one broken row of a file whose link ended before it was read', async () => {
    const ended = 'http://blob.example/revenue?se=2020-01-01T00%3A00%3A00Z&sig=secret'
    const value = {
      executionId: 'run-revenue',
      executionStatus: 'Completed',
      reportAccessSecureLink: ended,
    }
    const read = await readAll(revenueOnly, {
      routes: {
        'GET /insights/ScheduledReport/execution/revenue': { json: { value: [value] } },
        'GET /revenue': { status: 403, text: 'expired' },
      },
    })
    expect(read).toMatchObject({
      rows: [],
      broken: [{ row: 1, message: expect.stringMatching(/has it no more/) }],
    })
  })

  it('follows no link that is not https where Microsoft itself is', async () => {
    const { revenue } = reporting(revenueOnly, {
      settings: {
        reports: {},
        endpoints: { insights: 'https://ms.example/insights', login: 'http://login.example' },
      },
    })
    const ready = await revenue.prepare?.('imp_1', null)
    const [file] = await revenue.files(ready?.held)
    const first = async () => {
      for await (const _ of revenue.read(file!, ready?.held)) return
    }
    expect(await failing(first())).toMatchObject({ code: 'internal' })
  })
})
