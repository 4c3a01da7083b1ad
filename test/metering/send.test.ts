import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { Report } from '../../src/metering/model.ts'
import {
  event as anEvent,
  hourMs,
  inOrder,
  openShop,
  pass,
  proof,
  records,
  remote,
  type Shop,
  send,
  told,
} from './market.ts'

let shop: Shop
let one: string
let two: string
beforeAll(async () => {
  shop = await openShop([])
})
beforeEach(async () => {
  ;[one, two] = await shop.fresh()
})
afterEach(async () => {
  expect((await proof(shop)).holds).toBe(true)
})
afterAll(() => shop.world.close())

const event = (changes: Record<string, unknown> = {}) => anEvent({ agreement: one, ...changes })
const states = async () => (await records(shop)).map(({ state }) => state.is)
const happened = (kind: string): Promise<any[]> =>
  shop.world.deps.db
    .selectFrom('events')
    .selectAll()
    .where('kind', '=', kind)
    .orderBy('seq')
    .execute()
const at = (hour: string, minute = '10') => `2027-03-10T${hour}:${minute}:00.000Z`
/** Ends an agreement at a time; the next poll tells. */
const end = (ref: string, changedAt: string) =>
  shop.market.agreements.push(
    remote(ref, {
      state: { is: 'ended', how: 'cancelled' },
      changedAt: changedAt as Instant,
    }),
  )

describe('an hour’s usage', () => {
  it('is sent once the hour is over and a little more, whole, and the rest carried to the next', async () => {
    await send(shop, event({ quantity: '1.4' }), event({ quantity: '0.5' }))
    await pass(shop, 34 * 60_000)
    expect([await states(), shop.market.calls.length]).toEqual([['open'], 0])
    await pass(shop, 60_000)
    const [record] = await records(shop)
    expect(record).toMatchObject({
      quantity: '1.9',
      sent: '1',
      carriedIn: '0',
      carriedOut: '0.9',
      state: { is: 'accepted', receipt: `receipt-${record.id}` },
      attempts: 1,
    })
    expect((await proof(shop)).data[0]).toMatchObject({ accepted: '1', carried: '0.9', due: '0' })
    await send(shop, event({ at: at('10', '05'), quantity: '0.05' }))
    await pass(shop, hourMs)
    await send(shop, event({ at: at('11', '05'), quantity: '0.2' }))
    await pass(shop, hourMs)
    expect(await states()).toEqual(['accepted', 'carried', 'accepted'])
    expect((await proof(shop)).data[0]).toMatchObject({
      events: '2.15',
      accepted: '2',
      carried: '0.15',
    })
    expect(shop.market.calls.flat().map(({ hour, quantity }) => [hour, quantity])).toEqual([
      ['2027-03-10T09:00Z', '1'],
      ['2027-03-10T11:00Z', '1'],
    ])
    expect(await happened('usage.accepted')).toHaveLength(2)
  })

  it('goes to the next hour the marketplace takes when its own was sent before it came', async () => {
    await send(shop, event({ at: at('07') }), event({ at: at('09') }))
    await pass(shop, 40 * 60_000)
    expect(inOrder(shop.market.calls.flat().map(({ hour }) => hour))).toEqual([
      '2027-03-10T07:00Z',
      '2027-03-10T09:00Z',
    ])
    expect(await send(shop, event({ at: at('07', '20'), quantity: '3' }))).toMatchObject({
      moved: 1,
    })
    expect(await send(shop, event({ at: at('09', '20'), quantity: '4' }))).toMatchObject({
      moved: 1,
    })
    await pass(shop, hourMs)
    expect(
      inOrder([...shop.market.ledger.values()].map(({ hour, quantity }) => [hour, quantity])),
    ).toEqual([
      ['2027-03-10T07:00Z', '1'],
      ['2027-03-10T08:00Z', '3'],
      ['2027-03-10T09:00Z', '1'],
      ['2027-03-10T10:00Z', '4'],
    ])
    const [late] = await happened('usage.late')
    expect(late.data).toMatchObject({
      hour: '2027-03-10T07:00Z',
      reportedFor: '2027-03-10T08:00Z',
      quantity: '3',
    })
  })

  it('is lost with its value when it came after the deadline, or was not accepted before it', async () => {
    await send(shop, event({ quantity: '10.5' }))
    shop.market.fault = () => new Problem('unavailable', 'the marketplace is down')
    const late = await send(
      shop,
      event({ at: '2027-03-09T08:59:59Z', quantity: '3' }),
      event({ at: '2027-03-09T08:10:00Z', quantity: '1', dimension: 'storage_gb' }),
    )
    expect(late).toMatchObject({ accepted: 2, lost: 2 })
    await send(shop, event({ at: '2027-03-09T08:00:00Z', quantity: '0.333' }))
    const [lost, blind] = await records(shop, '&state=lost')
    const ordered = [lost, blind].toSorted((a, b) => (a.dimension < b.dimension ? -1 : 1))
    expect(ordered[0]).toMatchObject({
      kind: 'late',
      quantity: '3.333',
      state: { quantity: '3.333', value: { currency: 'USD', amount: '1.67' } },
    })
    expect(ordered[1].state).toMatchObject({ quantity: '1', value: null })
    expect(inOrder((await happened('usage.lost')).map(({ data }) => data.quantity))).toEqual([
      '0.333',
      '1',
      '3',
    ])
    shop.market.fault = undefined
    shop.market.decide = ({ id }) => ({ id, is: 'later', reason: 'busy' })
    await pass(shop, 40 * 60_000)
    expect((await records(shop, '&kind=usage&state=due'))[0].state.waiting).toBe('busy')
    await pass(shop, 24 * hourMs)
    const [given] = await records(shop, '&from=2027-03-10T09:00:00Z')
    expect(given).toMatchObject({
      sent: '10',
      carriedOut: '0.5',
      state: { is: 'lost', quantity: '10' },
    })
    expect(
      (await happened('usage.lost')).find(({ subject }) => subject === given.id).data.value,
    ).toEqual({
      currency: 'USD',
      amount: '5.00',
    })
  })

  it('closes with its month', async () => {
    await pass(shop, 22 * 24 * hourMs - 30 * 60_000)
    const usage = (day: string, time: string) => event({ at: `2027-${day}T${time}:00Z` })
    await send(shop, usage('03-31', '09:30'), usage('03-31', '23:30'))
    expect((await records(shop)).map(({ deadline }) => deadline)).toEqual(
      ['2027-04-01T06:00:00.000Z', '2027-04-01T06:00:00.000Z'].slice(
        0,
        (await records(shop)).length,
      ),
    )
  })

  it('keeps the tags of its events, adding up to what is sent', async () => {
    const tagged = (quantity: string, team: string) =>
      event({ quantity, allocations: [{ quantity, tags: { team } }] })
    await send(
      shop,
      tagged('1.5', 'a'),
      tagged('2.2', 'b'),
      tagged('0.5', 'a'),
      event({ quantity: '0.9' }),
    )
    await pass(shop, 40 * 60_000)
    const [report] = shop.market.calls.flat()
    expect(report?.quantity).toBe('5')
    expect(
      inOrder(report?.allocations.map(({ tags, quantity }) => [tags.team ?? '', quantity]) ?? []),
    ).toEqual([
      ['', '1'],
      ['a', '2'],
      ['b', '2'],
    ])
  })
})

describe('a call', () => {
  it('takes full batches over agreements, nearest deadline first', async () => {
    const many = Array.from({ length: 120 }, (_, n) =>
      event({
        agreement: n % 2 ? one : two,
        dimension: n % 4 < 2 ? 'api_calls' : 'storage_gb',
        at: at(`0${n % 9}`),
      }),
    )
    await send(shop, ...many)
    await pass(shop, 60_000)
    const sizes = shop.market.calls.map((call) => call.length)
    expect(sizes.toSorted((a, b) => b - a)).toEqual([25, 11])
    const hours = shop.market.calls.flat().map(({ hour }) => hour)
    expect(hours.slice(0, 4)).toEqual(Array(4).fill('2027-03-10T00:00Z'))
    expect(hours.slice(0, 25)).toEqual(inOrder(hours.slice(0, 25)))
  })

  it('that is never answered leaves its records to be sent again identically', async () => {
    await send(shop, event({ quantity: '2.5' }))
    shop.market.lostReply = () => new Problem('unavailable', 'no answer within 10 s')
    await pass(shop, 40 * 60_000)
    expect((await records(shop))[0]).toMatchObject({
      state: { is: 'sending', problem: 'no answer within 10 s' },
    })
    expect(await send(shop, event({ quantity: '7' }))).toMatchObject({ moved: 1 })
    shop.market.lostReply = undefined
    await pass(shop, 70_000)
    const sent = shop.market.calls.map(([report]) => report)
    expect(sent.length).toBe(2)
    expect(sent[1]).toEqual(sent[0])
    expect((await records(shop))[0]).toMatchObject({ state: { is: 'accepted' }, attempts: 2 })
    expect(shop.market.total()).toBe('2')
  })

  it('of a process that died is made again by the next', async () => {
    await send(shop, event({ quantity: '2' }))
    shop.market.meanwhile = async () => {
      shop.market.meanwhile = undefined
      // What a killed process leaves: taken at the marketplace, nothing written here.
      throw new Problem('unavailable', 'killed')
    }
    await pass(shop, 36 * 60_000)
    const db = shop.world.deps.db
    const due = new Date(Date.parse(shop.world.deps.now()) + 5 * 60_000).toISOString() as any
    await db
      .updateTable('usage_records')
      .set({ state: '{"is":"sending","problem":null}' as any, due_at: due })
      .execute()
    await pass(shop, 4 * 60_000)
    expect(shop.market.calls.length).toBe(1)
    await pass(shop, 2 * 60_000)
    expect(await states()).toEqual(['accepted'])
    expect(shop.market.total()).toBe('2')
  })

  it('and events that come while it is made do not get in each other’s way', async () => {
    const hours = Array.from({ length: 9 }, (_, n) => at(`0${n}`))
    await send(shop, ...hours.map((time) => event({ at: time, quantity: '1.5' })))
    shop.world.advance(60_000)
    const stream = Array.from({ length: 12 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n * 8))
      return send(shop, ...hours.map((time) => event({ at: time, quantity: '0.5' })))
    })
    const [answers] = await Promise.all([Promise.all(stream), shop.world.drain()])
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(108)
    await pass(shop, 70_000)
    await pass(shop, 40 * 60_000)
    const [row] = (await proof(shop)).data
    expect(row).toMatchObject({
      events: '67.5',
      accepted: '67',
      carried: '0.5',
      due: '0',
      lost: '0',
    })
    expect(shop.market.total()).toBe('67')
  })

  it('that is refused leaves its usage accounted for, with the reason', async () => {
    await send(
      shop,
      event({ quantity: '2.5' }),
      event({ agreement: two, quantity: '4' }),
      event({ dimension: 'storage_gb', quantity: '6' }),
    )
    const held = { ...(shop.market.calls[0]?.[0] as Report), quantity: '9' }
    shop.market.ledger.set(`license-of-${two} api_calls 2027-03-10T09:00Z`, held)
    shop.market.decide = ({ id, licenseRef, dimension }) =>
      dimension === 'storage_gb'
        ? { id, is: 'refused', reason: 'out of time', tooLate: true }
        : licenseRef === `license-of-${one}`
          ? { id, is: 'refused', reason: 'not subscribed', tooLate: false }
          : undefined
    await pass(shop, 40 * 60_000)
    const settled = (await records(shop)).toSorted(
      (a, b) => Number(a.quantity) - Number(b.quantity),
    )
    expect(settled.map(({ state }) => state)).toMatchObject([
      { is: 'refused', reason: 'not subscribed', held: null },
      { is: 'refused', reason: expect.stringContaining('already holds 9'), held: '9' },
      { is: 'lost', reason: 'out of time', quantity: '6', value: null },
    ])
    expect((await happened('usage.refused')).length).toBe(2)
    expect((await happened('usage.lost')).length).toBe(1)
    const [first] = (await proof(shop)).data.filter((row: any) => row.refused === '2')
    expect(first).toMatchObject({ carried: '0.5', accepted: '0' })
  })

  it('waits when the marketplace says so, and the sync shows why', async () => {
    const many = Array.from({ length: 60 }, (_, n) =>
      event({
        agreement: n % 2 ? one : two,
        dimension: n % 4 < 2 ? 'api_calls' : 'storage_gb',
        at: at(`0${n % 9}`),
      }),
    )
    await send(shop, ...many)
    shop.market.fault = () => new Problem('throttled', 'slow down', { retryAfterMs: 120_000 })
    await pass(shop, 60_000)
    const { body } = await shop.world.as('viewer').get('/v1/syncs')
    expect(body.data.find((sync: any) => sync.name === 'metering').problem).toMatchObject({
      code: 'throttled',
    })
    const calls = shop.market.calls.length
    shop.market.fault = undefined
    await pass(shop, 60_000)
    expect(shop.market.calls.length).toBe(calls)
    await pass(shop, 65_000)
    expect(new Set(await states())).toEqual(new Set(['accepted']))
    expect(shop.market.total()).toBe('60')
  })

  it('names the plan that was bought, and repeats it though the plan has changed since', async () => {
    await told(shop, remote(one, { planRef: 'silver', changedAt: shop.world.deps.now() }))
    await send(shop, event({ quantity: '2' }))
    shop.market.lostReply = () => new Problem('unavailable', 'no answer')
    await pass(shop, 36 * 60_000)
    await told(shop, remote(one, { planRef: 'gold', changedAt: shop.world.deps.now() }))
    shop.market.lostReply = undefined
    await pass(shop, 2 * 60_000)
    await send(shop, event({ at: at('10', '07'), quantity: '3' }))
    await pass(shop, hourMs)
    const sent = shop.market.calls.flat()
    expect(sent.map(({ quantity, planRef }) => [quantity, planRef])).toEqual([
      ['2', 'silver'],
      ['2', 'silver'],
      ['3', 'gold'],
    ])
    expect(sent[1]).toEqual(sent[0])
  })

  it('that is put off is made again when the marketplace said, or soon', async () => {
    await send(shop, event(), event({ agreement: two }))
    shop.market.decide = ({ id, licenseRef }) =>
      licenseRef === `license-of-${one}`
        ? { id, is: 'later', reason: 'the agreement is suspended', retryAfterMs: 15 * 60_000 }
        : { id, is: 'later', reason: 'busy' }
    await pass(shop, 36 * 60_000)
    const first = Date.parse(shop.world.deps.now())
    const waits = (await records(shop)).map(({ state, dueAt }) => [
      state.waiting,
      (Date.parse(dueAt) - first) / 60_000,
    ])
    expect(inOrder(waits.map(String))).toEqual(['busy,1', 'the agreement is suspended,15'])
    for (let minutes = 0; minutes < 14; minutes++) await pass(shop, 60_000)
    const calls = shop.market.calls.flat().map(({ licenseRef }) => licenseRef)
    expect(calls.filter((ref) => ref === `license-of-${one}`)).toHaveLength(1)
    shop.market.decide = () => undefined
    await pass(shop, 60_000)
    expect(await states()).toEqual(['accepted', 'accepted'])
  })

  it('about a suspended agreement waits until its deadline, then is lost with its value', async () => {
    await send(shop, event({ quantity: '3' }))
    shop.market.decide = ({ id }) => ({
      id,
      is: 'later',
      reason: 'the agreement is suspended',
      retryAfterMs: 15 * 60_000,
    })
    for (let hours = 0; hours < 24; hours++) await pass(shop, hourMs)
    expect((await records(shop))[0].state).toEqual({
      is: 'due',
      waiting: 'the agreement is suspended',
    })
    await pass(shop, hourMs)
    expect((await records(shop))[0].state).toMatchObject({
      is: 'lost',
      quantity: '3',
      value: { currency: 'USD', amount: '1.50' },
    })
    expect((await happened('usage.lost')).map(({ data }) => data.quantity)).toEqual(['3'])
  })

  it('that breaks for one batch does not hold up the others', async () => {
    await send(shop, ...Array.from({ length: 9 }, (_, n) => event({ at: at(`0${n}`) })))
    shop.market.meanwhile = async (reports) => {
      if (reports.some(({ hour }) => hour.includes('T00')))
        throw new Problem('internal', 'unreadable answer')
    }
    await pass(shop, 60_000)
    expect(shop.market.calls.length).toBe(1)
    expect(new Set(await states())).toEqual(new Set(['sending']))
    shop.market.meanwhile = undefined
    await pass(shop, 65_000)
    expect(new Set(await states())).toEqual(new Set(['accepted']))
  })
})

describe('an agreement that ends', () => {
  it('is flushed at once, within its last window, and its last fraction is shown as lost', async () => {
    await send(shop, event({ quantity: '2.75' }), event({ at: at('08'), quantity: '1' }))
    end(one, '2027-03-10T09:31:00.000Z')
    await pass(shop, 5 * 60_000)
    await pass(shop, 60_000)
    expect(await states()).toEqual(['accepted', 'accepted'])
    expect((await records(shop, '&from=2027-03-10T09:00:00Z'))[0].deadline).toBe(
      '2027-03-10T10:31:00.000Z',
    )
    expect((await proof(shop)).data[0]).toMatchObject({ accepted: '3', carried: '0.75', lost: '0' })
    const straggler = await send(
      shop,
      event({ quantity: '5' }),
      event({ at: at('09', '34'), quantity: '0.1' }),
    )
    expect(straggler).toMatchObject({ accepted: 2, moved: 2 })
    await pass(shop, 60_000)
    expect(shop.market.total()).toBe('8')
    await pass(shop, 2 * hourMs)
    expect((await proof(shop)).data[0]).toMatchObject({ accepted: '8', carried: '0', lost: '0.85' })
    const [closing] = (await records(shop)).filter(({ kind }) => kind === 'closing')
    expect(closing).toMatchObject({
      quantity: '0',
      sent: '0.85',
      state: { is: 'lost', quantity: '0.85', value: { amount: '0.43' } },
    })
    expect((await happened('usage.lost')).length).toBe(1)
  })

  it('loses, in the open, what happens or comes after it', async () => {
    end(one, '2027-03-10T09:31:00.000Z')
    await pass(shop, 5 * 60_000)
    await pass(shop, 60_000)
    shop.world.advance(2 * hourMs)
    expect(
      await send(shop, event({ at: at('10', '30') }), event({ at: at('09', '20') })),
    ).toMatchObject({ accepted: 2, lost: 2 })
    const reasons = (await records(shop)).map(({ state }) => state.reason)
    expect(reasons[0]).toMatch(/deadline/)
    expect(reasons[1]).toMatch(/after the agreement ended/)
  })

  it('takes up again when its marketplace takes the end back', async () => {
    await send(shop, event({ at: at('09'), quantity: '1' }))
    shop.market.fault = () => new Problem('unavailable', 'down')
    end(one, '2027-03-10T09:31:00.000Z')
    await pass(shop, 5 * 60_000)
    await pass(shop, 60_000)
    expect((await records(shop))[0].deadline).toBe('2027-03-10T10:31:00.000Z')
    shop.market.fault = undefined
    shop.market.agreements.push(remote(one, { changedAt: '2027-03-10T09:40:00.000Z' }))
    await pass(shop, 10 * 60_000)
    expect(await send(shop, event({ at: at('09', '45') }))).toMatchObject({ accepted: 1, lost: 0 })
  })
})
