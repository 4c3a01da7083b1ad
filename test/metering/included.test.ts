import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as connections from '../../src/connections/service.ts'
import { transact } from '../../src/deps.ts'
import { type Decimal, total } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Hour, Instant } from '../../src/kernel/time.ts'
import { ripen } from '../../src/metering/claims.ts'
import { claim } from '../../src/metering/freeze.ts'
import { type Allowance, cover, isOutrun, leftOf } from '../../src/metering/included.ts'
import { apportion, freeze } from '../../src/metering/quantities.ts'
import {
  allowances,
  event as anEvent,
  hourMs,
  openShop,
  pass,
  proof,
  records,
  remote,
  type Shop,
  send,
  told,
  traits,
} from './market.ts'

const at = (text: string) => `2027-03-${text}:00.000Z` as Instant
const hour = (text: string) => `2027-03-10T${text}:00Z` as Hour
const period = (changes: Partial<Allowance> = {}): Allowance => ({
  startsAt: at('01T00:00'),
  endsAt: null,
  quantity: '10',
  used: '0',
  over: '0',
  ...changes,
})
const used = (...given: Parameters<typeof cover>) => {
  const { covered, allowances } = cover(...given)
  return [covered, ...allowances.map((one) => one.used)]
}

describe('included units', () => {
  it('cover what is left of them, to the last decimal, and no more', () => {
    expect(used(hour('09'), '4', [period({ used: '3.5' })])).toEqual(['4', '7.5'])
    expect(used(hour('09'), '4', [period({ used: '9.999999999999' })])).toEqual([
      '0.000000000001',
      '10',
    ])
    expect(used(hour('09'), '4', [period({ used: '10' })])).toEqual(['0', '10'])
    expect(used(hour('09'), '4', [period({ used: '12' })])).toEqual(['0', '12'])
    expect(used(hour('09'), '0', [period()])).toEqual(['0', '0'])
    expect(used(hour('09'), '4', [])).toEqual(['0'])
  })

  it('without limit cover everything, and still count', () => {
    expect(used(hour('09'), '4000.5', [period({ quantity: null, used: '1' })])).toEqual([
      '4000.5',
      '4001.5',
    ])
    expect([leftOf(period({ quantity: null })), leftOf(period({ used: '3' }))]).toEqual([null, '7'])
    expect(leftOf(period({ used: '12' }))).toBe('0')
  })

  it.each<[string, Partial<Allowance>, Decimal]>([
    ['an hour before it', { startsAt: at('10T10:00') }, '0'],
    ['the hour within which it begins', { startsAt: at('10T09:59') }, '4'],
    ['its first hour', { startsAt: at('10T09:00') }, '4'],
    ['the hour within which it ends', { endsAt: at('10T09:01') }, '4'],
    ['the hour after its end', { endsAt: at('10T09:00') }, '0'],
  ])('of a period: %s', (_, changes, covered) =>
    expect(cover(hour('09'), '4', [period(changes)]).covered).toBe(covered),
  )

  it('of the older period go first where the next begins within the hour', () => {
    const next = period({ startsAt: at('10T09:30'), quantity: '5' })
    const old = period({ endsAt: at('10T09:30'), used: '8.5' })
    expect(used(hour('09'), '4', [next, old])).toEqual(['4', '10', '2.5'])
    expect(used(hour('09'), '40', [next, old])).toEqual(['6.5', '10', '5'])
    expect(used(hour('10'), '4', [next, old])).toEqual(['4', '8.5', '4'])
  })

  it('are in doubt for an hour after all that was read, until it is read again', () => {
    const over = [period({ endsAt: at('10T09:00') }), period({ endsAt: at('10T08:00') })]
    expect(isOutrun(hour('09'), over, at('10T08:59'))).toBe(true)
    expect(isOutrun(hour('09'), over, at('10T09:00'))).toBe(false)
    expect(isOutrun(hour('08'), over, at('10T08:59'))).toBe(false)
    expect(isOutrun(hour('09'), [...over, period()], at('10T08:59'))).toBe(false)
    expect(isOutrun(hour('09'), [], at('10T08:59'))).toBe(false)
  })

  it('leave what was carried alone: it exceeded them already', () => {
    expect(freeze('0.6', '5.5', traits, '5.5')).toEqual({
      carriedIn: '0.6',
      covered: '5.5',
      sent: '0',
      rated: '0',
      carriedOut: '0.6',
    })
    expect(freeze('0.6', '5.5', traits, '5')).toMatchObject({ sent: '1', carriedOut: '0.1' })
  })

  it('shrink the parts by tags with the rest', () => {
    const decimal = { quantity: 'decimal', allocationsMax: 10 } as const
    const parts = ['1', '1', '1'].map((quantity, n) => ({ quantity, tags: { n: String(n) } }))
    expect(apportion('1', parts, decimal).map((part) => part.quantity)).toEqual([
      '0.333333333334',
      '0.333333333333',
      '0.333333333333',
    ])
    expect(apportion('3', parts, decimal)).toEqual(parts)
    expect(apportion('3', parts, { ...decimal, allocationsMax: 0 })).toEqual([])
  })
})

describe('where only what exceeds them is sent', () => {
  let shop: Shop
  let one: string
  beforeAll(async () => {
    shop = await openShop([], { overageOnly: true, quantity: 'decimal', monthClose: null })
  })
  beforeEach(async () => {
    ;[one] = await shop.fresh()
  })
  afterEach(async () => {
    const { holds, data } = await proof(shop)
    expect(holds).toBe(true)
    for (const row of data) {
      const used = (await periods(`&dimension=${row.dimension}`)).map((period) => period.used)
      expect(total(used)).toBe(row.included)
    }
  })
  afterAll(() => shop.world.close())

  const event = (quantity: string, time = '10T09:10') =>
    anEvent({ agreement: one, quantity, at: at(time) })
  const include = (quantity: string | null, from = '01T00:00', until: string | null = null) =>
    told(
      shop,
      remote(one, {
        included: [
          {
            dimension: 'api_calls',
            quantity,
            from: at(from),
            until: until === null ? null : at(until),
          },
        ],
        changedAt: shop.world.deps.now(),
      }),
    )
  const periods = (query = '') => allowances(shop, `&agreement=${one}${query}`)
  const sentHours = () => shop.market.calls.flat().map(({ hour, quantity }) => [hour, quantity])
  const brief = async () =>
    (await records(shop)).map(({ quantity, included, sent, state }) => [
      quantity,
      included,
      sent,
      state.is,
    ])

  it('an hour that is wholly included is never sent, and one partly so only beyond it', async () => {
    await include('10.5')
    await send(shop, event('3.25', '10T07:10'), event('5', '10T08:10'), event('4', '10T09:10'))
    await pass(shop, 40 * 60_000)
    expect(await brief()).toEqual([
      ['3.25', '3.25', '0', 'included'],
      ['5', '5', '0', 'included'],
      ['4', '2.25', '1.75', 'accepted'],
    ])
    expect(sentHours()).toEqual([['2027-03-10T09:00Z', '1.75']])
    expect((await proof(shop)).data[0]).toMatchObject({
      events: '12.25',
      accepted: '1.75',
      included: '10.5',
      due: '0',
    })
    expect(await periods(`&at=${at('10T12:00')}`)).toMatchObject([
      { dimension: 'api_calls', until: null, quantity: '10.5', used: '10.5', left: '0' },
    ])
    const [record] = await records(shop, '&state=included')
    expect(record.state).toEqual({ is: 'included', at: shop.world.deps.now() })
    const csv = await shop.world.as('viewer').get('/v1/reports/metering?format=csv')
    expect(csv.text).toContain(',1.75,0,10.5,0,0,0,')
  })

  it('shows what is left before anything was used, and without limit', async () => {
    await include('10.5', '01T00:00', '20T00:00')
    const [period] = await periods()
    expect(period).toMatchObject({
      from: at('01T00:00'),
      until: at('20T00:00'),
      quantity: '10.5',
      used: '0',
      left: '10.5',
    })
    await include(null)
    await send(shop, event('400000.5'))
    await pass(shop, 40 * 60_000)
    expect(await periods()).toMatchObject([{ quantity: null, used: '400000.5', left: null }])
    expect(sentHours()).toEqual([])
  })

  it('another quantity counts for what is frozen afterwards; nothing frozen changes', async () => {
    await include('5')
    await send(shop, event('6'))
    await pass(shop, 40 * 60_000)
    await include('8')
    await send(shop, event('6', '10T10:00'))
    await pass(shop, hourMs)
    await include('2')
    await send(shop, event('6', '10T11:00'))
    await pass(shop, hourMs)
    expect(await brief()).toEqual([
      ['6', '5', '1', 'accepted'],
      ['6', '3', '3', 'accepted'],
      ['6', '0', '6', 'accepted'],
    ])
    expect(await periods()).toMatchObject([{ quantity: '2', used: '8', left: '0' }])
  })

  it('a renewal begins anew, and hours before it keep what they had', async () => {
    await include('5', '01T00:00', '10T10:00')
    await send(shop, event('4', '10T08:10'))
    await pass(shop, 32 * 60_000)
    await include('7', '10T10:00', '11T10:00')
    await send(shop, event('4', '10T09:50'), event('4', '10T10:01'))
    await pass(shop, 2 * hourMs)
    expect(await brief()).toEqual([
      ['4', '4', '0', 'included'],
      ['4', '1', '3', 'accepted'],
      ['4', '4', '0', 'included'],
    ])
    expect((await periods()).map(({ used, left }) => [used, left])).toEqual([
      ['5', '0'],
      ['4', '3'],
    ])
  })

  it('a period that a newer reading leaves out counts until then', async () => {
    await include('100')
    await send(shop, event('4'), event('1', '10T08:10'))
    await pass(shop, 20 * 60_000)
    await told(shop, remote(one, { changedAt: shop.world.deps.now() }))
    const [period] = await periods()
    expect(period.until).toBe(at('10T09:50'))
    await send(shop, event('3', '10T09:52'))
    await pass(shop, 20 * 60_000)
    await send(shop, event('2', '10T10:05'))
    await pass(shop, hourMs)
    expect(sentHours()).toEqual([['2027-03-10T10:00Z', '2']])
  })

  it('an hour after the last period waits until its agreement was read again', async () => {
    await include('5', '01T00:00', '10T10:00')
    await send(shop, event('4', '10T09:20'))
    await pass(shop, 35 * 60_000)
    await send(shop, event('4', '10T10:01'))
    const renewal = { dimension: 'api_calls', quantity: '3', from: at('10T10:00'), until: null }
    shop.market.unlisted.push(remote(one, { included: [renewal], changedAt: at('10T10:00') }))
    shop.world.advance(hourMs)
    await connections.runNow(shop.world.deps, 'metering')
    await shop.world.drain()
    await pass(shop, 6 * 60_000)
    expect(await brief()).toEqual([
      ['4', '4', '0', 'included'],
      ['4', '3', '1', 'accepted'],
    ])
  })

  it('says why it waits, and sends all the same before the deadline', async () => {
    await include('5', '01T00:00', '10T10:00')
    const known = shop.market.agreements.splice(0)
    await pass(shop, 35 * 60_000)
    await send(shop, event('4', '10T10:01'))
    await pass(shop, hourMs + 60_000)
    expect((await records(shop))[0].state).toMatchObject({
      is: 'due',
      waiting: expect.stringContaining('included units is over'),
    })
    for (let hours = 0; hours < 22; hours++) {
      expect(sentHours()).toEqual([])
      await pass(shop, hourMs)
    }
    expect(sentHours()).toEqual([['2027-03-10T10:00Z', '4']])
    shop.market.agreements.push(...known)
  })

  it('loses only what exceeded, with its value', async () => {
    await include('5')
    shop.market.fault = () => new Problem('unavailable', 'down')
    await send(shop, event('3', '09T08:10'), event('1', '09T08:20'))
    expect((await records(shop))[0]).toMatchObject({
      kind: 'late',
      quantity: '4',
      included: '4',
      sent: '0',
      state: { is: 'included' },
    })
    await send(shop, event('2', '09T08:30'))
    expect((await records(shop))[0]).toMatchObject({
      quantity: '6',
      included: '5',
      sent: '1',
      state: { is: 'lost', quantity: '1', value: { currency: 'USD', amount: '0.50' } },
    })
    await send(shop, event('2', '09T08:40'))
    expect((await records(shop))[0].state).toMatchObject({ quantity: '3' })
    expect(await losses()).toEqual(['1', '2'])
  })

  it('loses nothing of what was never sent in time, as far as it is included', async () => {
    await include('5')
    await send(shop, event('3', '10T08:10'), event('4', '10T09:10'))
    // Nobody works until the deadline is over.
    shop.world.advance(26 * hourMs)
    await shop.world.drain()
    expect(await brief()).toEqual([
      ['3', '3', '0', 'included'],
      ['4', '2', '2', 'lost'],
    ])
    expect(await losses()).toEqual(['2'])
  })

  it('covers nothing that happened after the end', async () => {
    await include('5')
    await told(
      shop,
      remote(one, {
        state: { is: 'ended', how: 'cancelled' },
        included: [{ dimension: 'api_calls', quantity: '5', from: at('01T00:00'), until: null }],
        changedAt: at('10T09:30'),
      }),
    )
    await pass(shop, 2 * hourMs)
    await send(shop, event('3', '10T10:10'))
    expect(await brief()).toEqual([['3', '0', '3', 'lost']])
  })

  it('is exact when several sum up at once, and when they die before the end', async () => {
    await include('100')
    const hours = Array.from({ length: 9 }, (_, n) => `10T0${n}:10`)
    await send(shop, ...hours.map((time) => event('20', time)))
    shop.world.advance(60_000)
    const { deps } = shop.world
    await ripen(deps.db, shop.connection, deps.now())
    const port = await connections.port(deps, shop.connection, 'metering')
    const dies = transact(deps, async (tx) => {
      expect((await claim(tx, shop.connection, port, 7)).reports).toHaveLength(2)
      throw new Error('killed')
    })
    await expect(dies).rejects.toThrow('killed')
    await Promise.all(
      [1, 2, 3].map(() => transact(deps, (tx) => claim(tx, shop.connection, port, 3))),
    )
    await pass(shop, 10 * 60_000)
    expect((await proof(shop)).data[0]).toMatchObject({ included: '100', accepted: '80' })
    expect(shop.market.total()).toBe('80')
  })

  const losses = async () => {
    const rows = await shop.world.deps.db
      .selectFrom('events')
      .select('data')
      .where('kind', '=', 'usage.lost')
      .orderBy('seq')
      .execute()
    return rows.map(({ data }) => (data as any).quantity)
  }
})

describe('where a marketplace counts included units itself', () => {
  it('all is sent, whatever the agreement says', async () => {
    const shop = await openShop([])
    const [one] = await shop.fresh()
    const included = [{ dimension: 'api_calls', quantity: null, from: at('01T00:00'), until: null }]
    await told(shop, remote(one, { included, changedAt: at('10T09:00') }))
    await send(shop, anEvent({ agreement: one, quantity: '5' }))
    await pass(shop, 40 * 60_000)
    expect(shop.market.total()).toBe('5')
    expect(await allowances(shop)).toEqual([])
    expect((await proof(shop)).data[0]).toMatchObject({ accepted: '5', included: '0' })
    await shop.world.close()
  })
})
