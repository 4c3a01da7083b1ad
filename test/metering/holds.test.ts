import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runNow } from '../../src/connections/service.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { heldUntil, suspicion, type UsagePolicy, usualPolicy } from '../../src/metering/policy.ts'
import {
  event as anEvent,
  hourMs,
  openShop,
  pass,
  proof,
  records,
  remote,
  type Shop,
  send,
} from './market.ts'

const minuteMs = 60_000
let shop: Shop
let one: string
let two: string
beforeAll(async () => {
  shop = await openShop([])
})
beforeEach(async () => {
  ;[one, two] = await shop.fresh()
  await shop.world.deps.db.deleteFrom('usage_policies').execute()
})
afterEach(async () => {
  expect((await proof(shop)).holds).toBe(true)
})
afterAll(() => shop.world.close())

const event = (changes: Record<string, unknown> = {}) => anEvent({ agreement: one, ...changes })
const path = () => `/v1/usage-policies/${shop.connection}`
const choose = async (policy: object, headers: Record<string, string> = {}) =>
  shop.world.fetch(
    new Request(`http://tradepost.test${path()}`, {
      method: 'PUT',
      body: JSON.stringify(policy),
      headers: {
        authorization: 'Bearer tp_test_finance_0123456789abcdef',
        'content-type': 'application/json',
        ...headers,
      },
    }),
  )
const policyWith = ({ hold = {}, ...more }: any = {}): UsagePolicy => ({
  ...usualPolicy,
  ...more,
  hold: { ...usualPolicy.hold, hoursMin: 3, ...hold },
})
const happened = async (kind: string): Promise<any[]> =>
  (await shop.world.as('viewer').get(`/v1/events?kind=${kind}&limit=200`)).body.data
const ask = (id: string, what: 'release' | 'discard', body: object = {}) =>
  shop.world.as('finance').post(`/v1/usage-records/${id}/${what}`, body)

/** Three hours of 10 units, and then one of `quantity` that ends at ten. */
async function unusual(quantity: string, policy: UsagePolicy | null = policyWith()) {
  if (policy) expect((await choose(policy)).status).toBe(200)
  await send(
    shop,
    ...['05', '06', '07'].map((hour) => event({ at: `2027-03-10T${hour}:10:00Z`, quantity: '10' })),
  )
  await pass(shop, minuteMs)
  expect(shop.market.total()).toBe('30')
  await send(shop, event({ at: '2027-03-10T09:10:00Z', quantity }))
  await pass(shop, 34 * minuteMs)
  return (await records(shop, '&from=2027-03-10T09:00:00Z'))[0]
}
const nineOClock = async () => (await records(shop, '&from=2027-03-10T09:00:00Z'))[0]

describe('an hour far above its history', () => {
  it('waits for a person, with its deadline and value, and is not sent', async () => {
    const held = await unusual('100.5')
    expect(held).toMatchObject({
      state: {
        is: 'held',
        reason: 'more than 10 times the largest of the 3 hours sent before it',
        usual: '10',
        value: { currency: 'USD', amount: '50.25' },
        since: shop.world.deps.now(),
      },
      sent: null,
      deadline: '2027-03-11T10:00:00.000Z',
      dueAt: '2027-03-11T09:30:00.000Z',
    })
    expect(shop.market.total()).toBe('30')
    expect((await records(shop, '&state=held')).map(({ id }) => id)).toEqual([held.id])
    expect((await happened('usage.held')).map(({ subject, data }) => [subject, data])).toEqual([
      [
        held.id,
        {
          agreement: held.agreement,
          dimension: 'api_calls',
          hour: '2027-03-10T09:00Z',
          quantity: '100.5',
          reason: held.state.reason,
          usual: '10',
          value: held.state.value,
          deadline: held.deadline,
          until: held.dueAt,
        },
      ],
    ])
    const { body } = await shop.world.as('viewer').get('/v1/usage-lanes')
    expect(body.data).toMatchObject([{ held: 1, due: 0, deadline: held.deadline }])
  })

  it('is sent as it is once a person lets it go, and is usual from then on', async () => {
    const { id } = await unusual('500')
    expect((await ask(id, 'release')).body).toMatchObject({ id, state: { is: 'due' } })
    expect((await ask(id, 'release')).status).toBe(200)
    await shop.world.drain()
    expect(await nineOClock()).toMatchObject({ sent: '500', state: { is: 'accepted' } })
    expect((await ask(id, 'release')).status).toBe(200)
    const told = await happened('usage.released')
    expect(told.map(({ actor, data }) => [actor.kind, data.why])).toEqual([['key', 'person']])
    expect((await ask(id, 'discard', { reason: 'too late' })).status).toBe(409)
    await send(shop, event({ at: '2027-03-10T10:05:00Z', quantity: '4000' }))
    await pass(shop, hourMs)
    expect(shop.market.total()).toBe('4530')
  })

  it('is lost by name and value when a person discards it', async () => {
    const { id } = await unusual('500')
    expect((await ask(id, 'discard')).status).toBe(422)
    const answer = await ask(id, 'discard', { reason: 'a load test' })
    expect(answer.body.state).toMatchObject({
      is: 'lost',
      reason: 'it was discarded: a load test',
      quantity: '500',
      value: { currency: 'USD', amount: '250.00' },
    })
    expect((await ask(id, 'discard', { reason: 'a load test' })).body.state.is).toBe('lost')
    expect((await ask(id, 'release')).status).toBe(409)
    expect((await happened('usage.discarded')).map(({ data }) => data.reason)).toEqual([
      'a load test',
    ])
    expect(await happened('usage.lost')).toHaveLength(1)
    await pass(shop, 26 * hourMs)
    expect(shop.market.total()).toBe('30')
  })

  it('is sent half an hour before its deadline if nobody looks, and not a minute before that', async () => {
    await unusual('500')
    await pass(shop, 23 * hourMs + 24 * minuteMs)
    expect((await nineOClock()).state.is).toBe('held')
    await pass(shop, minuteMs)
    expect(shop.world.deps.now()).toBe('2027-03-11T09:30:00.000Z')
    expect(await nineOClock()).toMatchObject({ sent: '500', state: { is: 'accepted' } })
    expect((await happened('usage.released')).map(({ data }) => data.why)).toEqual(['deadline'])
  })

  it('is lost at its deadline where the policy says so', async () => {
    await unusual('500', policyWith({ atDeadline: 'lose' }))
    await pass(shop, 23 * hourMs + 54 * minuteMs)
    expect((await nineOClock()).state.is).toBe('held')
    await pass(shop, minuteMs)
    expect((await nineOClock()).state).toMatchObject({
      is: 'lost',
      reason: expect.stringContaining('nobody let it go'),
      quantity: '500',
    })
    expect(shop.market.total()).toBe('30')
  })

  it('takes what comes meanwhile, and goes on by itself when what is taken back makes it usual', async () => {
    const held = await unusual('500')
    const more = event({ at: '2027-03-10T09:20:00Z', quantity: '250' })
    expect(await send(shop, more)).toMatchObject({ accepted: 1, moved: 0 })
    await pass(shop, minuteMs)
    expect(await nineOClock()).toMatchObject({
      id: held.id,
      quantity: '750',
      state: { is: 'held', since: held.state.since, value: { amount: '375.00' } },
    })
    const { rows } = await shop.world.deps.db
      .selectFrom('usage_events')
      .selectAll()
      .execute()
      .then((rows) => ({ rows }))
    const taken = rows.filter(({ quantity }) => ['500', '250'].includes(String(Number(quantity))))
    await send(shop, ...taken.map(({ source, id }) => ({ id: `back-${id}`, source, reverses: id })))
    await pass(shop, minuteMs)
    await pass(shop, minuteMs)
    expect(await nineOClock()).toMatchObject({ quantity: '0', state: { is: 'carried' } })
    expect((await happened('usage.released')).map(({ data }) => data.why)).toEqual(['usual again'])
  })

  it('keeps nothing else of its account from being sent', async () => {
    await unusual('500')
    await send(
      shop,
      event({ at: '2027-03-10T10:01:00Z', quantity: '7' }),
      event({ agreement: two, at: '2027-03-10T09:10:00Z', quantity: '900000' }),
    )
    await pass(shop, hourMs)
    // The first hour of a series is never held.
    expect(shop.market.total()).toBe('900037')
  })

  it('is held in the last flush too, for as long as its window allows', async () => {
    await unusual('500')
    shop.market.agreements.push(
      remote(one, { state: { is: 'ended', how: 'cancelled' }, changedAt: shop.world.deps.now() }),
    )
    await runNow(shop.world.deps, 'agreements')
    await shop.world.drain()
    await runNow(shop.world.deps, 'metering')
    await shop.world.drain()
    const held = await nineOClock()
    expect(held).toMatchObject({ state: { is: 'held' }, deadline: '2027-03-10T11:05:00.000Z' })
    expect(held.dueAt).toBe('2027-03-10T10:35:00.000Z')
    await pass(shop, 30 * minuteMs)
    expect(await nineOClock()).toMatchObject({ sent: '500', state: { is: 'accepted' } })
  })

  it('is let go by a policy that holds nothing any more', async () => {
    await unusual('500')
    expect((await choose(policyWith({ hold: { isOn: false } }))).status).toBe(200)
    await shop.world.drain()
    await pass(shop, minuteMs)
    expect((await nineOClock()).state.is).toBe('accepted')
  })

  it('is not held below the value that the policy names', async () => {
    const valueMin = { currency: 'USD', amount: '250.00' }
    expect((await unusual('500', policyWith({ hold: { valueMin } }))).state.is).toBe('accepted')
    await send(shop, event({ at: '2027-03-10T10:01:00Z', quantity: '5001' }))
    await pass(shop, hourMs)
    expect((await records(shop, '&from=2027-03-10T10:00:00Z'))[0].state.is).toBe('held')
  })
})

describe('a policy', () => {
  it('is the usual one until somebody chooses, and is kept with its revision', async () => {
    const get = () => shop.world.as('viewer').get(path())
    const first = await get()
    expect(first.body).toEqual({
      ...usualPolicy,
      connection: shop.connection,
      revision: 0,
      updatedAt: null,
    })
    expect(first.headers.get('etag')).toBe('"0"')
    const chosen = policyWith({ leadMinutes: 60 })
    expect((await choose(chosen, { 'if-match': '"0"' })).headers.get('etag')).toBe('"1"')
    expect((await choose(chosen, { 'if-match': '"0"' })).status).toBe(412)
    expect((await choose(chosen, { 'if-match': '"1"' })).status).toBe(200)
    expect((await get()).body).toMatchObject({ ...chosen, revision: 2 })
    expect(await happened('usage.policy_changed')).toHaveLength(2)
  })

  it('names every fault of a bad one, and is for people who decide', async () => {
    const bad = { hold: { isOn: true, factor: 1, hoursMin: 0, valueMin: null }, atDeadline: 'wait' }
    const answer = await choose(bad)
    expect(answer.status).toBe(422)
    const { errors } = (await answer.json()) as any
    expect(errors.map((one: any) => one.path).toSorted()).toEqual([
      'atDeadline',
      'hold.factor',
      'hold.hoursMin',
      'leadMinutes',
    ])
    const viewer = { authorization: 'Bearer tp_test_viewer_0123456789abcdef' }
    expect((await choose(usualPolicy, viewer)).status).toBe(403)
  })

  it('leaves an hour as long as it may, and never makes it late', () => {
    const until = (since: string, deadline: string, policy = usualPolicy) =>
      heldUntil(
        policy,
        `2027-03-10T${since}:00.000Z` as Instant,
        `2027-03-10T${deadline}:00.000Z` as Instant,
      )
    expect(until('10:05', '20:00')).toBe('2027-03-10T19:30:00.000Z')
    // An hour's window: half of what is left.
    expect(until('10:05', '11:00')).toBe('2027-03-10T10:32:30.000Z')
    expect(until('10:55', '11:00')).toBe(null)
    expect(until('11:05', '11:00')).toBe(null)
    const losing = { ...usualPolicy, atDeadline: 'lose' } as const
    expect(until('10:55', '11:00', losing)).toBe('2027-03-10T11:00:00.000Z')
  })

  it('suspects only what is more than so many times the largest, after enough hours, and worth enough', () => {
    const rate = { currency: 'USD', price: '0.5' }
    const why = (quantity: string, more: object = {}, policy = usualPolicy) =>
      suspicion(policy, { quantity, peak: '10', hours: 24, rate, ...more }) !== undefined
    expect([why('100'), why('100.000000000001')]).toEqual([false, true])
    expect([why('101', { hours: 23 }), why('101', { peak: '0' })]).toEqual([false, false])
    const from = policyWith({ hold: { valueMin: { currency: 'USD', amount: '60.00' } } })
    expect([why('120', {}, from), why('120.1', {}, from)]).toEqual([false, true])
    expect(why('101', { rate: undefined }, from)).toBe(true)
    expect(why('101', { rate: { currency: 'EUR', price: '0.5' } }, from)).toBe(true)
    expect(why('-101')).toBe(false)
  })
})
