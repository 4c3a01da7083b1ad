import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReportedRow } from '../../src/revenue/model.ts'
import { createTestWorld, type World } from '../world.ts'
import { line, marketplace, put, type Reports, reports } from './fake.ts'

const dayMs = 86_400_000
let world: World
let state: Reports
let connection: string
let made = 0

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({ adapters: [marketplace(state)] })
})
afterAll(() => world.close())

beforeEach(async () => {
  Object.assign(state, reports())
  const body = { provider: 'aws', name: `seller ${++made}`, settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  await world.drain()
})

const undated = (lineRef: string, amount: string, more: Parameters<typeof line>[2] = {}) =>
  line(lineRef, amount, { ...more, knownFrom: null })
/** What reports say of an account, without saying since when. */
const account = (accountRef: string): Omit<ReportedRow, 'row'> => ({
  validFrom: '2026-08-01T00:00:00.000Z',
  knownFrom: null,
  deletedAt: null,
  native: { account: accountRef },
  content: { is: 'fact', subject: 'account', ref: 'acct-0001', values: { accountRef } },
})

async function imported(again = false) {
  const { body } = await world.as('finance').post('/v1/revenue-imports', { connection, again })
  await world.drain()
  return (await world.as('viewer').get(`/v1/revenue-imports/${body.id}`)).body.progress
}
const lines = async (query = '') => {
  const path = `/v1/revenue-lines?connection=${connection}&limit=200${query}`
  return (await world.as('viewer').get(path)).body.data
}
const amounts = async (query = '') => (await lines(query)).map((l: any) => l.amount.amount)
const stored = async () =>
  Number(
    (
      await world.deps.db
        .selectFrom('revenue_lines')
        .select((e) => e.fn.countAll().as('n'))
        .where('connection', '=', connection)
        .executeTakeFirstOrThrow()
    ).n,
  )
const today = () => world.deps.now().slice(0, 10)

describe('rows that no report dates', () => {
  it('are known from the moment they are first read', async () => {
    put(state, 'a.csv', [undated('l1', '100.00')])
    const read = world.deps.now()
    await imported()
    expect(await lines()).toMatchObject([
      { validFrom: '2026-08-31T00:00:00.000Z', knownFrom: read, recordedAt: read },
    ])
  })

  it('add nothing when another report tells them again, and a version when it tells them otherwise', async () => {
    put(state, 'day-1.csv', [undated('l1', '100.00'), undated('l2', '50.00')])
    expect(await imported()).toMatchObject({ rowsNew: 2 })
    const first = today()
    world.advance(dayMs)
    put(state, 'day-2.csv', [undated('l1', '100.00'), undated('l2', '45.00')])
    expect(await imported()).toMatchObject({ rowsRead: 2, rowsNew: 1 })
    expect(await amounts()).toEqual(['100.00', '45.00'])
    expect(await amounts(`&known=${first}`)).toEqual(['100.00', '50.00'])
  })

  it('are not doubled by a daily and a monthly report of one import', async () => {
    put(state, 'daily.csv', [undated('l1', '100.00')])
    put(state, 'monthly.csv', [undated('l1', '100.00'), undated('l2', '50.00')])
    expect(await imported()).toMatchObject({ rowsRead: 3, rowsNew: 2 })
    expect(await amounts()).toEqual(['100.00', '50.00'])
  })

  it('are told last by the later file where two of an import differ', async () => {
    put(state, '0.csv', [undated('l1', '100.00')])
    await imported()
    world.advance(dayMs)
    put(state, 'a.csv', [undated('l1', '90.00')])
    put(state, 'b.csv', [undated('l1', '100.00')])
    expect(await imported()).toMatchObject({ rowsNew: 2 })
    expect(await amounts()).toEqual(['100.00'])
    expect(await imported(true)).toMatchObject({ rowsRead: 3, rowsNew: 0 })
    expect(await amounts()).toEqual(['100.00'])
  })

  it('go back to what they said before, as a version of its own', async () => {
    for (const [day, amount] of ['10.00', '20.00', '10.00'].entries()) {
      put(state, `day-${day}.csv`, [undated('l1', amount)])
      expect(await imported()).toMatchObject({ rowsNew: 1 })
      world.advance(dayMs)
    }
    expect(await amounts()).toEqual(['10.00'])
    expect(await stored()).toBe(3)
  })

  it('change nothing when old reports are read again after newer ones', async () => {
    for (const [day, amount] of ['10.00', '10.00', '20.00'].entries()) {
      put(state, `day-${day}.csv`, [undated('l1', amount), undated('l2', '7.00')])
      await imported()
      world.advance(dayMs)
    }
    const before = await lines()
    expect(before.map((l: any) => l.amount.amount)).toEqual(['20.00', '7.00'])
    expect(await imported(true)).toMatchObject({ rowsRead: 6, rowsNew: 0 })
    expect(await lines()).toEqual(before)
    expect(await stored()).toBe(3)
  })

  it('stay when a newer report has no room for them any more', async () => {
    put(state, 'window.csv', [undated('old', '10.00'), undated('l1', '1.00')])
    await imported()
    world.advance(dayMs)
    put(state, 'window.csv', [undated('l1', '1.00'), undated('l2', '2.00')])
    expect(await imported()).toMatchObject({ rowsNew: 1 })
    expect((await lines()).map((l: any) => l.lineRef)).toEqual(['l1', 'l2', 'old'])
  })

  it('stand beside dated rows, each line by what its report gives', async () => {
    put(state, 'a.csv', [undated('l1', '10.00'), line('l2', '5.00')])
    await imported()
    world.advance(dayMs)
    put(state, 'b.csv', [
      undated('l1', '10.00'),
      line('l2', '6.00', { knownFrom: '2026-09-02T00:00:00Z' }),
    ])
    expect(await imported()).toMatchObject({ rowsNew: 1 })
    expect(await amounts('&known=2026-09-01')).toEqual(['5.00'])
    expect(await amounts()).toEqual(['10.00', '6.00'])
  })

  it('tell facts of accounts in the same way', async () => {
    put(state, 'a.csv', [account('111122223333'), line('l1', '1.00', { agreementRef: null })])
    expect(await imported()).toMatchObject({ rowsNew: 2 })
    world.advance(dayMs)
    put(state, 'b.csv', [account('111122223333')])
    expect(await imported()).toMatchObject({ rowsNew: 0 })
    put(state, 'c.csv', [account('444455556666')])
    expect(await imported()).toMatchObject({ rowsNew: 1 })
    expect((await lines()).map((l: any) => l.account)).toEqual(['444455556666'])
  })

  it('cost little when thousands are read again', async () => {
    state.chunk = 1_000
    const many = Array.from({ length: 5_000 }, (_, i) => undated(`l${i}`, '1.00'))
    put(state, 'a.csv', many)
    expect(await imported()).toMatchObject({ rowsNew: 5_000 })
    put(state, 'b.csv', [...many, undated('new', '1.00')])
    const began = performance.now()
    expect(await imported()).toMatchObject({ rowsRead: 5_001, rowsNew: 1 })
    expect(performance.now() - began).toBeLessThan(15_000)
  }, 60_000)
})
