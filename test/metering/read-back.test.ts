import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runNow } from '../../src/connections/service.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Day, Instant } from '../../src/kernel/time.ts'
import type { HeldUsage } from '../../src/metering/model.ts'
import { type Counted, compareWith, type Held, sameAsDouble } from '../../src/metering/verdict.ts'
import { event as anEvent, hourMs, openShop, pass, type Shop, send } from './market.ts'

const now: Instant = '2027-03-12T12:00:00.000Z'
const counted = (accepted: string, changes: Partial<Counted> = {}): Counted => ({
  accepted,
  newestAt: accepted === '0' ? null : '2027-03-10T10:00:00.000Z',
  isMoving: false,
  ...changes,
})
const holding = (submitted: string, verdict: Held['verdict'], processed: string | null): Held => ({
  submitted,
  processed,
  verdict,
  planRef: null,
  nativeStatus: 'Word',
})
const fresh = { newestAt: '2027-03-11T12:00:01.000Z' } as const

describe('what a marketplace holds', () => {
  it.each<[string, Held | null, Counted, string, string]>([
    ['agreed', holding('5', 'agreed', '5'), counted('5'), 'agreed', '0'],
    ['agreed, not billed yet', holding('5', 'agreed', null), counted('5'), 'agreed', '0'],
    [
      'agreed, by a double',
      holding('0.30000000000000004', 'agreed', null),
      counted('0.3'),
      'agreed',
      '0.00000000000000004',
    ],
    ['pending', holding('5', 'pending', null), counted('5'), 'pending', '0'],
    [
      'pending, by a double',
      holding('0.30000000000000004', 'pending', null),
      counted('0.3'),
      'differs',
      '0.00000000000000004',
    ],
    ['a word we do not know', holding('5', 'unknown', null), counted('5'), 'pending', '0'],
    ['another quantity', holding('4', 'pending', null), counted('5'), 'differs', '-1'],
    [
      'another quantity, fresh',
      holding('4', 'pending', null),
      counted('5', fresh),
      'pending',
      '-1',
    ],
    ['agreed, which it is not', holding('6.5', 'agreed', '6.5'), counted('5'), 'differs', '1.5'],
    ['agreed, but bills less', holding('5', 'agreed', '3'), counted('5'), 'differs', '-2'],
    ['a mismatch', holding('5', 'differs', '3'), counted('5', fresh), 'differs', '-2'],
    [
      'a rejection',
      holding('5', 'rejected', '0'),
      counted('5', { isMoving: true }),
      'rejected',
      '-5',
    ],
    [
      'something while we wait for an answer',
      holding('5', 'agreed', '5'),
      counted('4', { isMoving: true }),
      'pending',
      '1',
    ],
    ['nothing', null, counted('5'), 'missing_there', '-5'],
    ['nothing yet', null, counted('5', fresh), 'pending', '-5'],
    ['nothing of nothing', null, counted('0'), 'agreed', '0'],
    ['what we never sent', holding('5', 'agreed', '5'), counted('0'), 'unknown_here', '5'],
  ])('is %s', (_, held, ours, verdict, difference) =>
    expect(compareWith(held, ours, now)).toEqual({ verdict, difference }),
  )

  it('is ours as far as a double can tell, and no further', () => {
    for (const ours of [
      '0.1',
      '123.456',
      '0.000000000007',
      '999999999999.999',
      '7',
      '0',
      '10000000000000001',
    ])
      expect(sameAsDouble(plain(Number(ours)), ours), ours).toBe(true)
    expect(sameAsDouble('100000000000.002', '100000000000.001')).toBe(false)
    expect(sameAsDouble('0.100000000000001', '0.1')).toBe(false)
    expect(sameAsDouble('0.000000000001', '0')).toBe(false)
    expect(sameAsDouble('6', '5')).toBe(false)
  })
})
/** A double's own digits, without exponent. */
const plain = (value: number) =>
  /e/.test(String(value)) ? value.toFixed(24).replace(/0+$/, '') : String(value)

describe('reading back', () => {
  let shop: Shop
  let one: string
  let held: Map<string, Partial<HeldUsage>>
  beforeAll(async () => {
    shop = await openShop([], {}, { tellsBack: true })
  })
  beforeEach(async () => {
    ;[one] = await shop.fresh()
    held = new Map()
    shop.market.tell = (day) =>
      [...held].flatMap(([ref, row]) =>
        (row.day ?? '2027-03-10') === day
          ? [
              {
                agreementRef: ref.split(' ')[0] ?? '',
                dimension: 'api_calls',
                day: day as Day,
                planRef: 'gold',
                submitted: '3',
                processed: null,
                verdict: 'pending' as const,
                nativeStatus: 'Submitted',
                ...row,
              },
            ]
          : [],
      )
  })
  afterAll(() => shop.world.close())

  const list = async (query = '') =>
    (await shop.world.as('finance').get(`/v1/usage-read-backs?${query}`)).body.data as any[]
  const happened = async () => {
    const rows = await shop.world.deps.db
      .selectFrom('events')
      .select(['kind', 'data'])
      .where('kind', 'like', 'usage.read_back%')
      .orderBy('seq')
      .execute()
    return rows.map(({ kind, data }) => [
      kind.replace('usage.read_back_', ''),
      (data as any).difference,
    ])
  }
  const use = async (quantity = '3') => {
    await send(shop, anEvent({ agreement: one, quantity }))
    await pass(shop, 40 * 60_000)
  }
  const nextDay = async () => {
    shop.world.advance(24 * hourMs)
    await runNow(shop.world.deps, 'usage-read-back')
    await shop.world.drain()
  }

  it('shows what is pending with its age, and that it agrees at last', async () => {
    await use()
    held.set(one, {})
    await nextDay()
    expect(await list(`agreement=${one}`)).toMatchObject([
      {
        agreementRef: one,
        agreement: expect.stringMatching(/^agr_/),
        day: '2027-03-10',
        planRef: 'gold',
        nativeStatus: 'Submitted',
        submitted: '3',
        processed: null,
        accepted: '3',
        difference: '0',
        verdict: 'pending',
        ageDays: 0,
      },
    ])
    await nextDay()
    await nextDay()
    expect((await list())[0]).toMatchObject({ verdict: 'pending', ageDays: 2 })
    held.set(one, { verdict: 'agreed', processed: '3', nativeStatus: 'Accepted' })
    await nextDay()
    expect((await list('verdict=agreed'))[0]).toMatchObject({ processed: '3', ageDays: 0 })
    expect(await happened()).toEqual([])
  })

  it('tells of trouble once for each change, and when it is over', async () => {
    await use()
    shop.world.advance(-hourMs)
    await nextDay()
    expect((await list())[0]).toMatchObject({ verdict: 'pending', submitted: null })
    await nextDay()
    expect((await list())[0]).toMatchObject({ verdict: 'missing_there', difference: '-3' })
    held.set(one, {})
    await nextDay()
    await nextDay()
    held.set(one, { verdict: 'differs', processed: '2', nativeStatus: 'Mismatch' })
    await nextDay()
    held.set(one, { verdict: 'rejected', processed: '0', nativeStatus: 'Rejected' })
    await nextDay()
    expect(await happened()).toEqual([
      ['missing', '-3'],
      ['differs', '-1'],
      ['rejected', '-3'],
    ])
    held.set(one, { verdict: 'agreed', processed: '3' })
    await nextDay()
    expect((await happened()).at(-1)).toEqual(['agreed', '0'])
    const before = await happened()
    await nextDay()
    expect(await happened()).toEqual(before)
  })

  it('tells of what was never sent from here, also of an agreement nobody knows', async () => {
    held.set('stranger', { submitted: '7', verdict: 'agreed' })
    held.set(one, { submitted: '0.5', verdict: 'agreed' })
    await nextDay()
    expect(
      (await list('verdict=unknown_here')).map((row) => [row.agreementRef, row.agreement !== null]),
    ).toEqual([
      [one, true],
      ['stranger', false],
    ])
    expect((await happened()).map(([kind]) => kind)).toEqual(['unknown', 'unknown'])
    held.clear()
    await nextDay()
    expect((await list()).map(({ verdict }) => verdict)).toEqual(['agreed', 'agreed'])
  })

  it('adds up what is held under several plans, with the graver word', async () => {
    await use()
    held.set(one, {
      submitted: '1.5',
      processed: '1.5',
      verdict: 'agreed',
      nativeStatus: 'Accepted',
    })
    held.set(`${one} again`, {
      submitted: '1.5',
      processed: '1',
      verdict: 'differs',
      planRef: 'silver',
      nativeStatus: 'Mismatch',
    })
    await nextDay()
    expect(await list()).toMatchObject([
      {
        submitted: '3',
        processed: '2.5',
        verdict: 'differs',
        planRef: 'gold, silver',
        nativeStatus: 'Accepted, Mismatch',
        difference: '-0.5',
      },
    ])
  })

  it('leaves what was sent and never answered out of judgement', async () => {
    shop.market.lostReply = () => new Problem('unavailable', 'no answer')
    await use()
    held.set(one, {})
    shop.world.advance(20 * hourMs)
    await runNow(shop.world.deps, 'usage-read-back')
    await shop.world.drain()
    expect((await list())[0]).toMatchObject({ verdict: 'pending', accepted: '0', submitted: '3' })
    expect(await happened()).toEqual([])
  })

  it('goes on within the hour after trouble, from the day it had come to', async () => {
    await use()
    held.set(one, { verdict: 'agreed' })
    const asked: string[] = []
    const { tell } = shop.market
    shop.market.tell = (day) => {
      asked.push(day)
      return tell(day)
    }
    shop.market.tellFault = () =>
      asked.length === 3 ? new Problem('unavailable', 'down') : undefined
    await nextDay()
    expect(asked).toEqual(['2027-03-04', '2027-03-05', '2027-03-06'])
    const { body } = await shop.world.as('viewer').get('/v1/syncs')
    expect(body.data.find((sync: any) => sync.name === 'usage-read-back').problem).toMatchObject({
      code: 'unavailable',
      message: 'down',
    })
    shop.market.tellFault = undefined
    await pass(shop, hourMs)
    expect(asked.slice(3)).toEqual(['2027-03-07', '2027-03-08', '2027-03-09', '2027-03-10'])
    expect((await list()).map(({ verdict }) => verdict)).toEqual(['agreed'])
  })

  it('can be listed by day, verdict and agreement, a page at a time', async () => {
    for (const day of ['2027-03-08', '2027-03-09', '2027-03-10'] as const)
      held.set(`x ${day}`, {
        day,
        submitted: '1',
        verdict: day === '2027-03-09' ? 'rejected' : 'agreed',
      })
    await nextDay()
    const days = (rows: any[]) => rows.map(({ day }) => day)
    expect(days(await list('from=2027-03-09&to=2027-03-10'))).toEqual(['2027-03-09'])
    expect(days(await list('verdict=rejected&agreement=x'))).toEqual(['2027-03-09'])
    expect(await list('agreement=y')).toEqual([])
    const seen: string[] = []
    for (let cursor = ''; cursor !== null; ) {
      const query = `limit=1${cursor && `&cursor=${cursor}`}`
      const { body } = await shop.world.as('finance').get(`/v1/usage-read-backs?${query}`)
      seen.push(...days(body.data))
      cursor = body.next
    }
    expect(seen).toEqual(['2027-03-08', '2027-03-09', '2027-03-10'])
    const bad = await shop.world.as('finance').get('/v1/usage-read-backs?cursor=WyJ4Iiwi')
    expect(bad.status).toBe(422)
    expect((await shop.world.as('meter').get('/v1/usage-read-backs')).status).toBe(403)
  })

  it('is quiet where the marketplace does not tell', async () => {
    const silent = await openShop([])
    await pass(silent, 24 * hourMs)
    const { body } = await silent.world.as('viewer').get('/v1/syncs')
    const sync = body.data.find((one: any) => one.name === 'usage-read-back')
    expect(sync).toMatchObject({ problem: null, succeededAt: expect.stringMatching(/^2027/) })
    expect((await silent.world.as('viewer').get('/v1/usage-read-backs')).body.data).toEqual([])
    await silent.world.close()
  })
})
