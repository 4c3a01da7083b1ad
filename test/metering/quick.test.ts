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

// A marketplace that takes usage for an hour only, and closes its months in a zone of its own.
let shop: Shop
let one: string
beforeAll(async () => {
  shop = await openShop([], {
    quantity: 'decimal',
    lateHoursMax: 1,
    monthClose: { day: 1, hour: 1, timeZone: 'America/Los_Angeles' },
    flushMinutes: 60,
  })
})
beforeEach(async () => {
  ;[one] = await shop.fresh()
})
afterEach(async () => {
  expect((await proof(shop)).holds).toBe(true)
})
afterAll(() => shop.world.close())

const minuteMs = 60_000
const at = (time: string) => `2027-03-10T${time}:00.000Z` as Instant
const event = (changes: Record<string, unknown> = {}) => anEvent({ agreement: one, ...changes })
const minutes = async (count: number) => {
  for (let n = 0; n < count; n += 1) await pass(shop, minuteMs)
}
const record = async () => (await records(shop))[0]
const ended = (changedAt: Instant) =>
  remote(one, { state: { is: 'ended', how: 'cancelled' }, changedAt })

describe('usage that is taken for an hour', () => {
  it('is sent five minutes after its own hour, within the hour that is left', async () => {
    await send(shop, event({ quantity: '1.5' }))
    expect(await record()).toMatchObject({ state: { is: 'open' }, deadline: at('11:00') })
    await minutes(35)
    expect(shop.world.deps.now()).toBe(at('10:05'))
    expect((await record()).state).toMatchObject({ is: 'accepted', at: at('10:05') })
  })

  it('is sent every minute again while it is put off, and makes it', async () => {
    await send(shop, event())
    shop.market.decide = ({ id }) => ({ id, is: 'later', reason: 'busy' })
    await minutes(35 + 50)
    expect(shop.market.calls.length).toBeGreaterThan(45)
    shop.market.decide = () => undefined
    await minutes(2)
    expect((await record()).state).toMatchObject({ is: 'accepted' })
  })

  it('goes with the next hour when its own was sent, and is lost once no hour is taken', async () => {
    await send(shop, event())
    await minutes(36)
    expect(await send(shop, event({ at: at('09:59') }))).toMatchObject({ accepted: 1, moved: 1 })
    await minutes(60)
    expect(shop.market.total()).toBe('2')
    shop.world.advance(hourMs)
    expect(await send(shop, event({ at: at('10:10') }))).toMatchObject({ accepted: 1, lost: 1 })
  })

  it('goes nearest deadline first, also when an ended agreement’s is nearer', async () => {
    const [, two] = await shop.fresh().then(async (refs) => {
      ;[one] = refs
      return refs
    })
    await send(shop, event(), event({ agreement: two }))
    shop.market.decide = ({ id }) => ({ id, is: 'later', reason: 'busy' })
    await minutes(31)
    await told(shop, {
      ...remote(two),
      state: { is: 'ended', how: 'cancelled' },
      changedAt: at('09:40'),
    })
    await minutes(10)
    expect(shop.market.calls.at(-1)?.map(({ agreementRef }) => agreementRef)).toEqual([two, one])
  })

  it('of an agreement that ended is flushed at once, and taken for an hour after the end', async () => {
    await send(shop, event({ quantity: '2' }))
    await told(shop, ended(at('09:31')))
    await minutes(2)
    expect(await record()).toMatchObject({ state: { is: 'accepted' }, deadline: at('10:31') })
    expect(await send(shop, event({ at: at('09:29'), quantity: '3' }))).toMatchObject({
      accepted: 1,
    })
    await minutes(2)
    expect(shop.market.total()).toBe('5')
    shop.world.advance(hourMs)
    await send(shop, event({ at: at('09:30') }))
    await minutes(2)
    expect((await proof(shop)).data[0]).toMatchObject({ accepted: '5', lost: '1' })
  })
})

describe('a marketplace that says how long it takes a record', () => {
  const until = '2027-03-20T00:00:00.000Z' as Instant
  const putOff = (takenUntil: Instant, retryAfterMs = hourMs) => {
    shop.market.decide = ({ id }) => ({
      id,
      is: 'later',
      reason: 'the account cannot be billed',
      retryAfterMs,
      takenUntil,
    })
  }

  it('has it sent past its deadline, visibly', async () => {
    await send(shop, event({ quantity: '4' }))
    putOff(until)
    await minutes(36)
    expect(await record()).toMatchObject({
      deadline: until,
      takenUntil: until,
      state: { is: 'due', waiting: 'the account cannot be billed' },
    })
    for (let hours = 0; hours < 30; hours += 1) await pass(shop, hourMs)
    shop.market.decide = () => undefined
    await pass(shop, hourMs)
    expect((await record()).state).toMatchObject({ is: 'accepted' })
    expect(shop.market.total()).toBe('4')
  })

  it('moves a deadline on and never back, also when the agreement ends meanwhile', async () => {
    await send(shop, event())
    putOff(at('10:30'), 5 * minuteMs)
    await minutes(36)
    expect(await record()).toMatchObject({ deadline: at('11:00'), takenUntil: at('10:30') })
    putOff(until)
    await minutes(6)
    expect((await record()).deadline).toBe(until)
    await told(shop, ended(at('10:01')))
    await minutes(2)
    expect((await record()).deadline).toBe(until)
  })

  it('loses it once that is over too', async () => {
    await send(shop, event({ quantity: '4' }))
    putOff(until)
    await minutes(36)
    await pass(shop, 11 * 24 * hourMs)
    expect((await record()).state).toMatchObject({
      is: 'lost',
      reason: expect.stringContaining(until),
      value: { currency: 'USD', amount: '2.00' },
    })
  })
})
