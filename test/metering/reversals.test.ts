import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/kernel/time.ts'
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
let reversals = 0
const reversal = ({ id }: { id: string }, changes: Record<string, unknown> = {}) => ({
  id: `undo-${++reversals}`,
  source: 'test',
  reverses: id,
  ...changes,
})
const at = (hour: string, minute = '10') => `2027-03-10T${hour}:${minute}:00.000Z`
const row = async () => (await proof(shop)).data[0]
const refusals = (answer: any) => answer.refused.map((one: any) => [one.index, one.code, one.path])

describe('a reversal', () => {
  it('takes its event out of an hour that was not sent, tags and all', async () => {
    const tagged = event({ quantity: '3', allocations: [{ quantity: '3', tags: { team: 'a' } }] })
    const kept = event({ quantity: '4', allocations: [{ quantity: '4', tags: { team: 'b' } }] })
    await send(shop, tagged, kept)
    expect(await send(shop, reversal(tagged))).toMatchObject({ accepted: 1, moved: 0, lost: 0 })
    expect((await records(shop)).map(({ quantity, events }) => [quantity, events])).toEqual([
      ['4', 3],
    ])
    await pass(shop, 40 * 60_000)
    const [report] = shop.market.calls.flat()
    expect(report).toMatchObject({
      quantity: '4',
      allocations: [{ quantity: '4', tags: { team: 'b' } }],
    })
  })

  it('of an hour that was sent lowers the next one', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    await pass(shop, 40 * 60_000)
    expect(shop.market.total()).toBe('5')
    expect(await send(shop, reversal(first))).toMatchObject({ accepted: 1, moved: 1 })
    await send(shop, event({ at: at('10'), quantity: '8' }))
    await pass(shop, hourMs)
    expect(shop.market.calls.flat().map(({ hour, quantity }) => [hour, quantity])).toEqual([
      ['2027-03-10T09:00Z', '5'],
      ['2027-03-10T10:00Z', '3'],
    ])
    expect(await row()).toMatchObject({ events: '8', accepted: '8', carried: '0' })
  })

  it('is carried where it exceeds what there is, until there is enough', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    await pass(shop, 40 * 60_000)
    await send(shop, reversal(first), event({ at: at('10'), quantity: '2' }))
    await pass(shop, hourMs)
    expect(await row()).toMatchObject({ events: '2', accepted: '5', carried: '-3' })
    await send(shop, event({ at: at('11'), quantity: '10' }))
    await pass(shop, hourMs)
    expect(await row()).toMatchObject({ events: '12', accepted: '12', carried: '0' })
    expect(shop.market.total()).toBe('12')
  })

  it('of usage of a month ago lowers what is sent today', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    await pass(shop, 40 * 60_000)
    await pass(shop, 40 * 24 * hourMs)
    expect(await send(shop, reversal(first))).toMatchObject({ accepted: 1, moved: 1, lost: 0 })
    const now = shop.world.deps.now()
    await send(shop, event({ at: now, quantity: '7' }))
    await pass(shop, 2 * hourMs)
    expect(shop.market.total()).toBe('7')
  })

  it('of usage that was lost makes the loss smaller', async () => {
    const late = event({ at: '2027-03-09T08:10:00Z', quantity: '3' })
    await send(shop, late, event({ at: '2027-03-09T08:20:00Z', quantity: '1' }))
    expect(await send(shop, reversal(late))).toMatchObject({ accepted: 1, moved: 0, lost: 1 })
    const [record] = await records(shop, '&state=lost')
    expect(record).toMatchObject({
      kind: 'late',
      quantity: '1',
      state: {
        quantity: '1',
        value: { amount: '0.50' },
        reason: expect.stringContaining('deadline'),
      },
    })
  })

  it('of usage that was refused is no loss of anybody’s, and shown beside it', async () => {
    const first = event({ quantity: '3' })
    await send(shop, first)
    shop.market.decide = ({ id }) => ({ id, is: 'refused', reason: 'no', tooLate: false })
    await pass(shop, 40 * 60_000)
    await send(shop, reversal(first))
    expect(await row()).toMatchObject({ events: '0', refused: '3', lost: '-3', carried: '0' })
  })

  it('after the agreement’s last window is owed to the buyer, with its value', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    await pass(shop, 40 * 60_000)
    const ended = { is: 'ended', how: 'cancelled' } as const
    await told(shop, remote(one, { state: ended, changedAt: at('10', '15') as Instant }))
    await pass(shop, 3 * hourMs)
    expect(await send(shop, reversal(first))).toMatchObject({ accepted: 1, lost: 1 })
    const [owed] = await records(shop, '&state=lost')
    expect(owed).toMatchObject({
      quantity: '-5',
      state: {
        quantity: '-5',
        value: { amount: '-2.50' },
        reason: expect.stringContaining('owed to the buyer'),
      },
    })
  })

  it('comes in one batch with its event, in any order', async () => {
    const [first, second] = [event({ quantity: '5' }), event({ quantity: '6' })]
    const answer = await send(shop, reversal(first), first, second, reversal(second))
    expect(answer).toMatchObject({ accepted: 4, refused: [], conflicts: [] })
    expect(await row()).toMatchObject({ events: '0', eventCount: 4 })
  })

  it('counts once, whatever is sent again', async () => {
    const first = event({ quantity: '5' })
    const undo = reversal(first)
    await send(shop, first, undo)
    const again = { ...undo, agreement: one, at: '2027-03-10T09:00:00Z' }
    expect(await send(shop, undo, first, again)).toMatchObject({ accepted: 0, duplicates: 3 })
    expect(await send(shop, { ...undo, reverses: 'other' })).toMatchObject({
      accepted: 0,
      conflicts: [{ index: 0, id: undo.id }],
    })
    expect(await row()).toMatchObject({ events: '0', eventCount: 2 })
  })

  it('is refused by name when there is nothing for it to take back', async () => {
    const [first, other] = [event(), event({ agreement: two })]
    const undo = reversal(first)
    await send(shop, first, other, undo)
    const second = reversal(first)
    const answer = await send(
      shop,
      second,
      reversal({ id: 'nobody' }),
      reversal(undo),
      reversal(other, { agreement: one }),
      reversal(other, { source: 'elsewhere' }),
      reversal(other, { agreement: 'nobody' }),
      reversal(other, { at: '2027-03-10T11:00:00Z' }),
      reversal(other, { quantity: '-1' }),
      event(),
    )
    expect(answer.accepted).toBe(1)
    expect(refusals(answer)).toEqual([
      [0, 'reversed_already', 'reverses'],
      [1, 'unknown_event', 'reverses'],
      [2, 'is_reversal', 'reverses'],
      [3, 'other_agreement', 'agreement'],
      [4, 'unknown_event', 'reverses'],
      [5, 'unknown_agreement', 'agreement'],
      [6, 'in_future', 'at'],
      [7, 'invalid', 'quantity'],
    ])
    expect(answer.refused[0].message).toContain(undo.id)
  })

  it('of two at the same moment takes back once', async () => {
    const many = Array.from({ length: 20 }, () => event({ quantity: '2' }))
    await send(shop, ...many)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send(shop, ...many.map((one) => reversal(one)))),
    )
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(20)
    const refused = answers.flatMap((answer) => answer.refused)
    expect(refused.length).toBe(100)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['reversed_already']))
    expect(await row()).toMatchObject({ events: '0', eventCount: 40 })
  })

  it('waits for nothing while its event’s record is being sent, and goes to the next', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    shop.market.meanwhile = async () => {
      shop.market.meanwhile = undefined
      expect(await send(shop, reversal(first))).toMatchObject({ accepted: 1, moved: 1 })
    }
    await pass(shop, 40 * 60_000)
    await send(shop, event({ at: at('10'), quantity: '9' }))
    await pass(shop, hourMs)
    expect(shop.market.total()).toBe('9')
  })

  it('replays its answer under an idempotency key', async () => {
    const first = event({ quantity: '5' })
    await send(shop, first)
    const post = () =>
      shop.world
        .as('meter')
        .post('/v1/usage-events', { events: [undo] }, { 'idempotency-key': `undo-${first.id}` })
    const undo = reversal(first)
    const [once, again] = [await post(), await post()]
    expect(once.body).toMatchObject({ accepted: 1 })
    expect(again.body).toEqual(once.body)
    expect(await row()).toMatchObject({ events: '0' })
  })
})
