import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import { createTestWorld, type World } from '../world.ts'
import { account, line, marketplace, put, type Reports, reports, silent } from './fake.ts'

let world: World
let state: Reports
let connection: string
let made = 0

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({ adapters: [marketplace(state), silent] })
})
afterAll(() => world.close())

beforeEach(async () => {
  Object.assign(state, reports())
  connection = await connect('aws')
})

async function connect(provider: string): Promise<string> {
  const body = { provider, name: `${provider} ${++made}`, settings: {}, credentials: {} }
  const answer = await world.as('admin').post('/v1/connections', body)
  await world.drain()
  return answer.body.id
}

const start = (body: object = { connection }) =>
  world.as('finance').post('/v1/revenue-imports', body)
async function imported(body: object = { connection }) {
  const { body: asked } = await start(body)
  await world.drain()
  return (await world.as('viewer').get(`/v1/revenue-imports/${asked.id}`)).body
}
const lines = async (query = '') =>
  (
    await world
      .as('viewer')
      .get(`/v1/revenue-lines?connection=${connection}&limit=200&known=2027-01-01${query}`)
  ).body.data

describe('a revenue import', () => {
  it('answers at once and reads afterwards, file by file', async () => {
    put(state, 'a.csv', [line('l1', '100.00'), line('l2', '3.001234')])
    put(state, 'b.csv', [account('acct-0001', '111122223333')])
    const { status, body } = await start()
    expect([status, body.state, body.files]).toEqual([202, 'waiting', []])
    await world.drain()
    const done = (await world.as('viewer').get(`/v1/revenue-imports/${body.id}`)).body
    expect(done).toMatchObject({
      state: 'done',
      progress: { files: 2, filesDone: 2, rowsRead: 3, rowsNew: 3, rowsBroken: 0 },
      files: [
        { name: 'a.csv', state: 'read', rowsNew: 2, lastRow: 3 },
        { name: 'b.csv', state: 'read', rowsNew: 1 },
      ],
    })
    expect((await lines()).map((l: any) => l.amount.amount)).toEqual(['100.00', '3.001234'])
  })

  it('adds nothing when the same files are imported again, nor when they are read again', async () => {
    put(state, 'a.csv', [line('l1', '100.00'), line('l2', '50.00')])
    await imported()
    const second = await imported()
    expect(second).toMatchObject({ state: 'done', progress: { rowsRead: 0, rowsNew: 0 } })
    expect(second.files[0].state).toBe('same')
    const third = await imported({ connection, again: true })
    expect(third.files[0]).toMatchObject({ state: 'read', rowsRead: 2, rowsNew: 0, rowsKnown: 2 })
    expect(await lines()).toHaveLength(2)
  })

  it('adds only what is new to a file that grew', async () => {
    put(state, 'a.csv', [line('l1', '100.00')])
    await imported()
    put(state, 'a.csv', [line('l1', '100.00'), line('l2', '50.00')])
    expect((await imported()).files[0]).toMatchObject({ state: 'read', rowsRead: 2, rowsNew: 1 })
  })

  it('names a broken row with file, row, column and reason, and imports the rest', async () => {
    const broken = [
      { row: 3, column: 'amount', message: 'is not a number: 12,5', raw: 'l9,12,5,USD' },
    ]
    put(state, 'a.csv', [line('l1', '1.00')], broken)
    put(state, 'b.csv', [line('l2', '1e5'), line('l3', '2.00'), line('l4\u0000', '2.00')])
    const done = await imported()
    expect(done).toMatchObject({ state: 'done', progress: { rowsNew: 2, rowsBroken: 3 } })
    const first = await world.as('viewer').get(`/v1/revenue-imports/${done.id}/faults?limit=1`)
    expect(first.body.data).toEqual([
      {
        file: 'a.csv',
        row: 3,
        column: 'amount',
        message: 'is not a number: 12,5',
        raw: 'l9,12,5,USD',
      },
    ])
    const rest = await world
      .as('viewer')
      .get(`/v1/revenue-imports/${done.id}/faults?cursor=${first.body.next}`)
    expect(rest.body.data).toMatchObject([
      { file: 'b.csv', row: 2, column: 'amount', message: 'cannot be read: 1e5' },
      { file: 'b.csv', row: 4, column: 'billing_event_id' },
    ])
    expect(rest.body.next).toBeNull()
  })

  it('goes on where it stopped after the marketplace failed in the middle of a file', async () => {
    state.chunk = 10
    put(
      state,
      'a.csv',
      Array.from({ length: 45 }, (_, i) => line(`l${i}`, '1.00')),
    )
    state.failAfter = { chunks: 2, problem: new Problem('unavailable', 'no answer') }
    const { body } = await start()
    await world.drain()
    const halfway = (await world.as('viewer').get(`/v1/revenue-imports/${body.id}`)).body
    expect(halfway).toMatchObject({ state: 'reading', progress: { rowsRead: 20, filesDone: 0 } })
    world.advance(60_000)
    await world.drain()
    const done = (await world.as('viewer').get(`/v1/revenue-imports/${body.id}`)).body
    expect(done).toMatchObject({ state: 'done', progress: { rowsRead: 45, rowsNew: 45 } })
    expect(await lines()).toHaveLength(45)
  })

  it('starts a file over when its content changed before it could go on', async () => {
    state.chunk = 1
    put(state, 'a.csv', [line('l1', '1.00'), line('l2', '1.00')])
    state.failAfter = { chunks: 1, problem: new Problem('unavailable', 'no answer') }
    const { body } = await start()
    await world.drain()
    put(state, 'a.csv', [line('l0', '1.00'), line('l1', '1.00'), line('l2', '1.00')])
    world.advance(60_000)
    await world.drain()
    const done = (await world.as('viewer').get(`/v1/revenue-imports/${body.id}`)).body
    expect(done.files[0]).toMatchObject({ state: 'read', rowsRead: 3, rowsNew: 2 })
    expect((await lines()).map((l: any) => l.lineRef)).toEqual(['l0', 'l1', 'l2'])
  })

  it('lets one file fail and says so, with the others in', async () => {
    put(state, 'a.csv', [line('l1', '1.00')])
    put(state, 'b.csv', [line('l2', '1.00')])
    state.failAfter = { chunks: 0, problem: new Problem('rejected', 'the file is encrypted') }
    const done = await imported()
    expect(done).toMatchObject({ state: 'partial', progress: { rowsNew: 1, filesDone: 2 } })
    expect(done.files[0]).toMatchObject({
      state: 'failed',
      problem: { message: 'the file is encrypted' },
    })
    expect((await imported()).files.map((f: any) => f.state)).toEqual(['read', 'same'])
  })

  it('ends as failed when the account may not read reports', async () => {
    put(state, 'a.csv', [line('l1', '1.00')])
    state.failAfter = { chunks: 0, problem: new Problem('forbidden', 'needs s3:GetObject') }
    expect(await imported()).toMatchObject({
      state: 'failed',
      problem: { code: 'forbidden', message: 'needs s3:GetObject' },
    })
  })

  it('is started by the sync when there is something new, and only then', async () => {
    put(state, 'a.csv', [line('l1', '1.00')])
    const run = () => world.as('finance').post(`/v1/syncs/revenue/run?connection=${connection}`)
    const count = async () =>
      (await world.as('viewer').get(`/v1/revenue-imports?connection=${connection}`)).body.data
        .length
    await run()
    await world.drain()
    expect(await count()).toBe(1)
    await run()
    await world.drain()
    expect(await count()).toBe(1)
    expect(await lines()).toHaveLength(1)
  })

  it('is asked for once under one idempotency key', async () => {
    put(state, 'a.csv', [line('l1', '1.00')])
    const key = { 'idempotency-key': `import ${connection}` }
    const send = () => world.as('finance').post('/v1/revenue-imports', { connection }, key)
    const [first, second] = [await send(), await send()]
    expect([first.status, second.body.id]).toEqual([202, first.body.id])
    await world.drain()
    expect(await lines()).toHaveLength(1)
  })

  it('refuses a marketplace without reports, an unknown connection, and roles that do not do finance', async () => {
    const quiet = await connect('quiet')
    expect((await start({ connection: quiet })).status).toBe(501)
    expect((await start({ connection: 'conn_nobody' })).status).toBe(404)
    expect((await start({ connection: 'x', extra: 1 })).status).toBe(422)
    expect((await world.as('sales').post('/v1/revenue-imports', { connection })).status).toBe(403)
    expect((await world.as('viewer').get('/v1/revenue-imports/imp_nobody')).status).toBe(404)
    expect((await world.as('viewer').get('/v1/revenue-imports?cursor=WyJhIiwiYiJd')).status).toBe(
      422,
    )
  })

  it('keeps history: the database itself refuses to change a line', async () => {
    put(state, 'a.csv', [line('l1', '1.00')])
    await imported()
    const change = world.deps.db.updateTable('revenue_lines').set({ amount: '2' }).execute()
    await expect(change).rejects.toThrow(/rows are added, never changed/)
  })
})
