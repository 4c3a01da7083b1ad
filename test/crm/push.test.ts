import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { want } from '../../src/crm/service.ts'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { createTestWorld, type World } from '../world.ts'
import { connect, SalesSystem, salesAdapter, wanted } from './sales-system.ts'

let world: World
let sales: SalesSystem
let connection: Id<'conn'>
beforeAll(async () => {
  world = await createTestWorld({ adapters: [salesAdapter(() => sales)] })
})
afterAll(() => world.close())
beforeEach(async () => {
  sales = new SalesSystem()
  connection = await connect(world)
  await world.drain()
})
afterEach(() => world.as('admin').delete(`/v1/connections/${connection}`))

const rows = (from: number, to: number, fields: object = {}) =>
  Array.from({ length: to - from + 1 }, (_, i) => wanted(from + i, fields))
const put = (...all: ReturnType<typeof wanted>[]) => want(world.deps, connection, all)
const row = async (key: string) => {
  const { body } = await world.as('viewer').get(`/v1/crm/rows?limit=200&connection=${connection}`)
  return body.data.find((r: any) => r.key === key)
}
const status = async () =>
  (await world.as('viewer').get(`/v1/crm/status?connection=${connection}`)).body.data[0]
const minuteMs = 60_000
const hourMs = 60 * minuteMs

describe('what is sent', () => {
  it('is nothing, not even a question, when nothing changed', async () => {
    await put(...rows(1, 3))
    await world.drain()
    expect(sales.calls).toHaveLength(1)
    expect(await put(...rows(1, 3))).toBe(0)
    world.advance(hourMs)
    await world.drain()
    expect([sales.calls.length, sales.checks]).toEqual([1, 1])
  })

  it('is every row in as few calls as batches allow', async () => {
    await put(...rows(1, 450))
    await world.drain()
    expect(sales.calls.map((call) => call.rows.length)).toEqual([200, 200, 50])
    expect(new Set(sales.keys().flat()).size).toBe(450)
    expect((await status()).rows).toEqual([{ kind: 'offer', state: 'clean', count: 450 }])
  })

  it('is only what changed, and not for a mere change of freshness', async () => {
    await put(...rows(1, 5, { changedAt: '2027-01-01T00:00:00.000Z' }))
    await world.drain()
    await put(
      wanted(2, { changedAt: '2027-01-02T00:00:00.000Z' }),
      wanted(4, { status: 'accepted', changedAt: '2027-01-02T00:00:00.000Z' }),
    )
    await world.drain()
    expect(sales.keys().slice(1)).toEqual([['offer_4']])
    expect(sales.calls[1]?.rows[0]?.fields).toMatchObject({ status: 'accepted' })
  })

  it('puts parents before what points to them', async () => {
    const agreement = { ...wanted(9).row, kind: 'agreement', key: 'agr_1' } as any
    await put({ rank: '1970-01-01T00:00:00.000Z', row: agreement }, wanted(1))
    await world.drain()
    expect(sales.calls.map((call) => call.kind)).toEqual(['offer', 'agreement'])
  })

  it('keeps of two rows for one key the one of the higher rank, whichever comes last', async () => {
    const ranked = (rank: string, name: string) => ({ ...wanted(1, { name }), rank }) as any
    await put(ranked('2027-01-02T00:00:00.000Z', 'newer'))
    await put(ranked('2027-01-01T00:00:00.000Z', 'older'))
    await world.drain()
    expect(sales.records.get('offer_1')?.fields.name).toBe('newer')
  })
})

describe('links that people may move', () => {
  it('are told once, and again only when ours change', async () => {
    await put(wanted(1, {}, { account: 'A', opportunity: null }))
    await world.drain()
    await put(wanted(1, { status: 'accepted' }, { account: 'A', opportunity: null }))
    await world.drain()
    await put(wanted(1, { status: 'accepted' }, { account: 'B', opportunity: 'O' }))
    await world.drain()
    expect(sales.calls.map((call) => call.rows[0]?.links)).toEqual([
      { account: 'A' },
      {},
      { account: 'B', opportunity: 'O' },
    ])
  })

  it('are told anew to a record that was gone and had to be made again', async () => {
    await put(wanted(1, {}, { account: 'A' }))
    await world.drain()
    sales.records.clear()
    await put(wanted(1, { status: 'accepted' }, { account: 'A' }))
    await world.drain()
    expect(sales.records.get('offer_1')).toMatchObject({ ref: 'ref-2', links: { account: 'A' } })
  })
})

describe('one row’s trouble', () => {
  it('stays its own: it is put off and tried again, the others are clean', async () => {
    sales.answer = ({ key }) =>
      key === 'offer_2' ? { is: 'later', reason: 'UNABLE_TO_LOCK_ROW' } : undefined
    await put(...rows(1, 3))
    await world.drain()
    expect(await row('offer_2')).toMatchObject({
      state: 'waiting',
      attempts: 1,
      problem: 'UNABLE_TO_LOCK_ROW',
    })
    expect((await row('offer_3')).state).toBe('clean')
    sales.answer = () => undefined
    world.advance(minuteMs)
    await world.drain()
    expect(sales.keys()).toEqual([['offer_1', 'offer_2', 'offer_3'], ['offer_2']])
    expect(await row('offer_2')).toMatchObject({ state: 'clean', attempts: 0, problem: null })
  })

  it('is shown when it was put off too often', async () => {
    sales.answer = () => ({ is: 'later', reason: 'LOCKED' })
    await put(wanted(1))
    for (let i = 0; i < 12; i++) {
      await world.drain()
      world.advance(hourMs)
    }
    expect(sales.calls).toHaveLength(8)
    expect(await row('offer_1')).toMatchObject({ state: 'refused', problem: '8 attempts: LOCKED' })
  })

  it('is shown in the sales system’s words, and left alone until the content changes', async () => {
    const reason = 'FIELD_CUSTOM_VALIDATION_EXCEPTION: Close date is required (CloseDate)'
    sales.answer = () => ({ is: 'refused', reason, lacking: false })
    await put(wanted(1))
    await world.drain()
    world.advance(24 * hourMs)
    await put(wanted(1))
    await world.drain()
    expect(sales.calls).toHaveLength(1)
    expect(await row('offer_1')).toMatchObject({ state: 'refused', problem: reason })
    const { body } = await world.as('viewer').get('/v1/events?limit=200')
    const { id } = await row('offer_1')
    expect(body.data.filter((e: any) => e.subject === id)).toMatchObject([
      { kind: 'crm.refused', data: { kind: 'offer', key: 'offer_1', reason } },
    ])
    sales.answer = () => undefined
    await put(wanted(1, { status: 'accepted' }))
    await world.drain()
    expect((await row('offer_1')).state).toBe('clean')
  })

  it('ends when somebody retries', async () => {
    sales.answer = () => ({ is: 'refused', reason: 'NO', lacking: false })
    await put(wanted(1))
    await world.drain()
    sales.answer = () => undefined
    const { id } = await row('offer_1')
    expect((await world.as('viewer').post(`/v1/crm/rows/${id}/retry`)).status).toBe(403)
    expect((await world.as('sales').post(`/v1/crm/rows/${id}/retry`)).status).toBe(202)
    await world.drain()
    expect((await row('offer_1')).state).toBe('clean')
  })
})

describe('the whole’s trouble', () => {
  it('of a call that throws leaves every row due and none to blame', async () => {
    let once = true
    sales.before = () => {
      if (once) throw new Problem('unavailable', 'no answer')
    }
    await put(...rows(1, 3))
    await world.drain()
    expect(await status()).toMatchObject({ state: 'waiting', reason: 'no answer' })
    expect(await row('offer_1')).toMatchObject({ state: 'due', attempts: 0, problem: null })
    once = false
    world.advance(minuteMs)
    await world.drain()
    expect(await status()).toMatchObject({ state: 'ready', reason: null })
    expect(sales.calls).toHaveLength(2)
  })

  it('of used-up calls waits as long as it was told', async () => {
    sales.before = () => {
      throw new Problem('throttled', 'TotalRequests', { retryAfterMs: hourMs })
    }
    await put(wanted(1))
    await world.drain()
    world.advance(hourMs - 1000)
    await put(wanted(2))
    await world.drain()
    expect(sales.calls).toHaveLength(1)
    sales.before = () => {}
    world.advance(1000)
    await world.drain()
    expect(sales.records.size).toBe(2)
  })

  it('does not stop the job for good when the credentials are refused', async () => {
    sales.before = () => {
      throw new Problem('unauthenticated', 'invalid_client')
    }
    await put(wanted(1))
    await world.drain()
    expect(await status()).toMatchObject({ state: 'waiting', reason: 'invalid_client' })
    expect((await world.as('admin').get('/v1/jobs')).body.data).toEqual([])
    sales.before = () => {}
    await world.as('deal_desk').post(`/v1/crm/status/${connection}/resume`)
    await world.drain()
    expect((await row('offer_1')).state).toBe('clean')
  })

  it('of a scarce budget is said, and one batch an hour asks how it stands', async () => {
    sales.budget = { used: 13_600, limit: 15_000 }
    await put(...rows(1, 500))
    await world.drain()
    expect(sales.calls).toHaveLength(1)
    expect(await status()).toMatchObject({
      state: 'waiting',
      reason: '13600 of 15000 calls of the day are used; the rest is left to others',
      budget: { used: 13_600, limit: 15_000 },
    })
    world.advance(hourMs)
    await world.drain()
    expect(sales.calls).toHaveLength(2)
    sales.budget = { used: 100, limit: 15_000 }
    world.advance(hourMs)
    await world.drain()
    expect(sales.calls).toHaveLength(3)
    expect((await status()).state).toBe('ready')
  })
})

describe('what the sales system lacks', () => {
  const lacks = [{ object: 'Offer', fields: ['Net Value'], remedy: 'deploy the package' }]

  it('is named once for the connection, and nothing is sent meanwhile', async () => {
    sales.lacks = lacks
    await put(...rows(1, 3))
    await world.drain()
    expect(sales.calls).toEqual([])
    expect(await status()).toMatchObject({ state: 'missing', missing: lacks })
    await put(...rows(4, 6))
    await world.drain()
    expect(sales.checks).toBe(1)
    sales.lacks = []
    world.advance(hourMs)
    await world.drain()
    expect(sales.records.size).toBe(6)
    expect((await status()).state).toBe('ready')
  })

  it('is asked when a row is refused for it, and no row is blamed', async () => {
    await put(wanted(1))
    await world.drain()
    sales.answer = () => ({ is: 'refused', reason: 'INVALID_FIELD', lacking: true })
    sales.lacks = lacks
    await put(wanted(2))
    await world.drain()
    world.advance(minuteMs)
    await world.drain()
    expect((await status()).state).toBe('missing')
    expect((await row('offer_2')).state).toBe('waiting')
    sales.answer = () => undefined
    sales.lacks = []
    await world.as('deal_desk').post(`/v1/crm/status/${connection}/resume`)
    await world.drain()
    expect((await row('offer_2')).state).toBe('clean')
  })
})

describe('a crash', () => {
  it('between the call and the record sends the batch again, to no effect', async () => {
    await put(...rows(1, 3))
    let crashed = false
    const { db } = world.deps
    const real = db.transaction.bind(db)
    sales.after = () => {
      crashed = true
      // The process dies here: nothing after the call is written.
      db.transaction = () => {
        throw new Error('died')
      }
    }
    await world.drain().catch(() => {})
    db.transaction = real
    sales.after = () => {}
    expect(crashed).toBe(true)
    const before = [...sales.records]
    expect((await row('offer_1')).state).toBe('sending')
    await put(wanted(4))
    world.advance(16 * minuteMs)
    // Draining tells the engine the time; then it can see that the worker is dead.
    await world.drain()
    await world.deps.jobs.supervise()
    await world.drain()
    expect([...sales.records].slice(0, 3)).toEqual(before)
    expect((await status()).rows).toEqual([{ kind: 'offer', state: 'clean', count: 4 }])
  })

  it('or a reply that never came leaves nothing behind that is saved twice', async () => {
    sales.after = () => {
      sales.after = () => {}
      throw new Problem('unavailable', 'did not answer within 60000 ms')
    }
    await put(...rows(1, 2))
    await world.drain()
    world.advance(minuteMs)
    await world.drain()
    expect(sales.calls).toHaveLength(2)
    expect([...sales.records.values()].map((r) => r.ref)).toEqual(['ref-1', 'ref-2'])
  })

  it('or content that changes while a row is on its way sends the new content after it', async () => {
    await put(wanted(1))
    sales.after = async () => {
      sales.after = () => {}
      await put(wanted(1, { status: 'accepted' }))
    }
    await world.drain()
    expect(sales.calls).toHaveLength(2)
    expect(sales.records.get('offer_1')?.fields.status).toBe('accepted')
    expect((await row('offer_1')).state).toBe('clean')
  })
})

describe('another organisation behind the same credentials', () => {
  it('stops everything until somebody has all of it sent anew', async () => {
    await put(wanted(1, {}, { account: 'A' }))
    await world.drain()
    sales.organisation = 'org-2'
    sales.records.clear()
    await put(wanted(2))
    await world.drain()
    expect(sales.records.size).toBe(0)
    expect(await status()).toMatchObject({ state: 'moved', organisation: 'org-1' })
    expect((await world.as('deal_desk').post(`/v1/crm/status/${connection}/resend`)).status).toBe(
      403,
    )
    await world.as('admin').post(`/v1/crm/status/${connection}/resend`)
    await world.drain()
    expect(await status()).toMatchObject({ state: 'ready', organisation: 'org-2' })
    expect(sales.records.get('offer_1')?.links).toEqual({ account: 'A' })
    expect(sales.records.size).toBe(2)
  })
})
