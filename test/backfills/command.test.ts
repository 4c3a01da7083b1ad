import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { event, openShop, type Shop } from '../metering/market.ts'
import { named } from '../meters/shop.ts'
import { hour } from './shop.ts'

let shop: Shop
let agreement: string
let address: string
/** Requests that are answered 503 before one is let through. */
let busy = 0
const folder = mkdtempSync(join(tmpdir(), 'backfill-'))
const file = join(folder, 'events.ndjson')
const server = createServer((request, response) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (busy-- > 0) return response.writeHead(503).end()
    const headers = request.headers as Record<string, string>
    const init = { method: request.method ?? 'GET', headers, body: Buffer.concat(chunks) }
    const answer = await shop.world.fetch(new Request(`http://tradepost.test${request.url}`, init))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(await answer.text())
  })()
})

beforeAll(async () => {
  shop = await openShop(['agmt-1'])
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  rmSync(folder, { recursive: true })
  await shop?.world.close()
})
beforeEach(async () => {
  ;[agreement] = await shop.fresh()
  busy = 0
})

const run = (...more: string[]) =>
  new Promise<{ code: number; out: string }>((resolve) => {
    const script = join(import.meta.dirname, '../../src/runtime/backfill.ts')
    const given = ['--file', file, '--url', address, '--key', 'tp_test_meter_0123456789abcdef']
    execFile(process.execPath, [script, ...given, ...more], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), out: `${stdout}${stderr}` }),
    )
  })
const write = (...lines: readonly unknown[]) =>
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
const refused = () =>
  readFileSync(`${file}.refused.ndjson`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('the backfill command', () => {
  const mine = (more: Record<string, unknown> = {}) => event({ agreement, ...more })

  it('sends events of every form, and says what became of them', { timeout: 60_000 }, async () => {
    shop.world.advance(2 * 3_600_000)
    const first = mine()
    write(
      first,
      mine({ quantity: '4', at: '2027-03-08T09:00:00Z' }),
      '',
      'not json',
      mine({ quantity: '-1' }),
      named({ agreement, at: hour() }),
      { id: 'undo', source: 'test', reverses: first.id },
    )
    busy = 2
    const { code, out } = await run()
    expect(out).toContain('6 events')
    expect(out).toContain('4 accepted, 0 duplicates, 0 moved, 1 lost, 1 unmetered, 2 refused')
    expect(out).toMatch(/lost of api_calls: it came after .*: 4, worth 2(\.00)? USD/)
    expect(code).toBe(0)
    expect(refused()).toMatchObject([
      { line: 4, event: 'not json', errors: [{ message: 'is not JSON' }] },
      { line: 5, event: { quantity: '-1' }, errors: [{ path: 'quantity' }] },
    ])
    const again = await run()
    expect(again.out).toContain('0 accepted, 4 duplicates, 0 moved, 0 lost, 0 unmetered, 2 refused')
  })

  it('stores nothing when it is dry', { timeout: 60_000 }, async () => {
    write(mine(), mine())
    const { out } = await run('--dry-run')
    expect(out).toContain('DRY RUN, nothing was stored: 2 events')
    expect(out).toContain('2 accepted, 0 duplicates')
    expect((await shop.world.as('viewer').get('/v1/usage-records')).body.data).toEqual([])
  })

  it('stops where it is not let in, and says where to go on', { timeout: 60_000 }, async () => {
    write(...Array.from({ length: 501 }, () => mine()))
    const stopped = await run('--key', 'tp_wrong')
    expect(stopped.code).toBe(1)
    expect(stopped.out).toMatch(/stopped: 401 [\s\S]*go on with --from-line 1/)
    const rest = await run('--from-line', '501')
    expect(rest.out).toContain('1 accepted')
    expect((await run()).out).toContain('500 accepted, 1 duplicates')
    expect((await run('--from-line', 'x')).code).toBe(2)
  })
})
