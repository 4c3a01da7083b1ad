import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flat, terms } from '../contracts/sample.ts'
import {
  event,
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

/** Usage that contracts price: what it comes to is billed in cents, exactly, once. */
let shop: Shop
beforeAll(async () => {
  shop = await openShop(['agmt-1'])
})
afterAll(() => shop?.world.close())

const contract = async (agreement: string, changes: object = {}) => {
  const { status, body } = await shop.world.as('deal_desk').post('/v1/contracts', {
    agreement,
    terms: terms({
      start: '2027-03-10',
      end: '2028-03-10',
      bills: { dimension: 'api_calls', unit: '0.01' },
      commit: { amount: '10.00', unused: 'forfeit' },
      rates: [flat('requests', '0.003'), flat('seats', '1.25')],
      overage: { at: 'committed', multiplier: '1.5' },
      ...changes,
    }),
  })
  expect([status, body]).toEqual([201, body])
  return body
}
const use = async (agreement: string, quantity: string, at: string, more: object = {}) => {
  const answer = await send(
    shop,
    event({ agreement, dimension: 'requests', quantity, at, ...more }),
  )
  expect(answer).toMatchObject({ accepted: 1, refused: [], conflicts: [] })
}
const billed = () =>
  [...shop.market.ledger.values()].map(({ dimension, hour, quantity }) => [
    dimension,
    hour,
    quantity,
  ])
const sums = async (agreement: string) =>
  Object.fromEntries(
    (await proof(shop, `?agreement=${agreement}`)).data.map((row: any) => [row.dimension, row]),
  )

describe('usage of a contract', () => {
  it('draws on the commit first; what is beyond goes to the billed dimension in whole cents, the rest is carried', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement)
    await use(agreement, '3000', '2027-03-10T09:20:00.000Z')
    await pass(shop, hourMs)
    expect(await records(shop, '&state=rated')).toMatchObject([
      { quantity: '3000', rated: '3000', sent: '0' },
    ])
    expect(billed()).toEqual([])
    await use(agreement, '500', '2027-03-10T10:20:00.000Z')
    await pass(shop, hourMs)
    // 10.50 of usage on a commit of 10.00: half a dollar, times one and a half.
    expect(billed()).toEqual([['api_calls', '2027-03-10T10:00Z', '75']])
    await use(agreement, '1', '2027-03-10T11:20:00.000Z')
    await pass(shop, hourMs)
    expect(billed()).toHaveLength(1)
    expect(await sums(agreement)).toMatchObject({
      requests: { events: '3501', rated: '3501', holds: true },
      api_calls: { events: '75.45', accepted: '75', carried: '0.45', holds: true },
    })
  })

  it('is priced in the order of hours, and in the same one for dimensions of any name', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement)
    await use(agreement, '8', '2027-03-10T09:20:00.000Z', { dimension: 'seats' })
    shop.world.advance(hourMs)
    await use(agreement, '4000', '2027-03-10T10:20:00.000Z')
    await pass(shop, hourMs)
    // 8 seats take the whole commit; the requests are beyond it: 12.00 at one and a half.
    expect(billed()).toEqual([['api_calls', '2027-03-10T10:00Z', '1800']])
  })

  it('waits for nobody: what could not be priced for days is billed in the present hour', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement, { commit: null })
    await use(agreement, '1000', '2027-03-10T09:20:00.000Z')
    shop.world.advance(50 * hourMs)
    await pass(shop, 0)
    await pass(shop, hourMs)
    expect(billed()).toEqual([['api_calls', '2027-03-12T11:00Z', '450']])
    expect(await records(shop, '&state=lost')).toEqual([])
  })

  it('that is taken back puts back what it drew, and what was billed is taken from the next hours', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement, { commit: null })
    await use(agreement, '1000', '2027-03-10T09:20:00.000Z', { id: 'wrong' })
    await pass(shop, hourMs)
    expect(billed()).toEqual([['api_calls', '2027-03-10T09:00Z', '450']])
    const { body } = await shop.world
      .as('meter')
      .post('/v1/usage-events', { events: [{ id: 'right', source: 'test', reverses: 'wrong' }] })
    expect(body).toMatchObject({ accepted: 1 })
    await use(agreement, '1200', '2027-03-10T10:20:00.000Z')
    await pass(shop, hourMs)
    expect(billed().at(-1)).toEqual(['api_calls', '2027-03-10T10:00Z', '90'])
    expect((await sums(agreement)).api_calls).toMatchObject({
      accepted: '540',
      carried: '0',
      holds: true,
    })
  })

  it('ends with its agreement: the minimum is asked for within the last window, by days', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement, {
      minimums: [{ period: 'month', amount: '31.00', prorate: true }],
      commit: null,
    })
    await use(agreement, '100', '2027-03-10T09:20:00.000Z')
    await pass(shop, 24 * hourMs)
    const ended = remote(agreement, {
      state: { is: 'ended', how: 'cancelled' },
      endsAt: '2027-03-11T09:30:00.000Z',
      changedAt: '2027-03-11T09:30:00.000Z',
    })
    await told(shop, ended)
    for (let minutes = 0; minutes < 60; minutes += 5) await pass(shop, 5 * 60_000)
    // Two of 31 days at 31.00, of which 0.45 was billed already.
    const { api_calls } = await sums(agreement)
    expect(api_calls).toMatchObject({ accepted: '200', due: '0', lost: '0', holds: true })
    const { body } = await shop.world.as('finance').get('/v1/events?kind=contract.closed')
    expect(body.data).toHaveLength(1)
  })

  it('is priced once, whoever is killed or comes second', async () => {
    const [agreement] = await shop.fresh()
    await contract(agreement, { commit: null })
    for (const hour of ['06', '07', '08', '09'])
      await use(agreement, '1000', `2027-03-10T${hour}:20:00.000Z`)
    shop.world.advance(4 * hourMs)
    const { rateRipe } = await import('../../src/metering/rating.ts')
    await Promise.all([1, 2, 3].map(() => rateRipe(shop.world.deps, shop.connection)))
    const { rows } = await sql<{ ratings: number; posted: string }>`select
      (select count(*)::int from contract_ratings) as ratings,
      (select sum(quantity)::text from usage_postings) as posted`.execute(shop.world.deps.db)
    expect(await records(shop, '&state=rated')).toHaveLength(4)
    expect(rows).toEqual([{ ratings: 4, posted: '1800.000000000000' }])
  })
})
