import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advance, type HeldBook, post, rate } from '../../src/contracts/model.ts'
import * as service from '../../src/contracts/service.ts'
import { transact } from '../../src/deps.ts'
import type { Id } from '../../src/kernel/id.ts'
import { openShop, type Shop } from '../metering/market.ts'
import { at, hour, leftOf, terms as sample } from './sample.ts'

let shop: Shop
let agreements: Id<'agr'>[] = []
const terms = (more: object = {}) =>
  sample({
    start: '2027-01-01',
    end: '2028-01-01',
    bills: { dimension: 'api_calls', unit: '0.01' },
    ...more,
  })

beforeAll(async () => {
  shop = await openShop(Array.from({ length: 6 }, (_, i) => `agmt-${i}`))
  const { body } = await shop.world.as('viewer').get('/v1/agreements?limit=200')
  agreements = body.data.map(({ id }: { id: Id<'agr'> }) => id)
})
afterAll(() => shop?.world.close())

const create = (agreement: string, more: object = {}) =>
  service.create(shop.world.deps, { agreement, terms: terms(more) })

/** What a worker does: hold, rate one unit, post, save. */
const rateOne = (ids: readonly string[]) =>
  transact(shop.world.deps, async ({ db, now }) => {
    const held = await service.holdBooks(db, ids)
    const after = [...held.values()].map((one): HeldBook => {
      const to = advance(one.book, at('2027-02-01')).book
      const { book } = rate(to, { dimension: 'units', hour: hour('2027-02-01'), quantity: '1' })
      return { ...one, book: post(book).book }
    })
    await service.saveBooks(db, after, now())
    return after.length
  })

describe('books', () => {
  it('count every rating once, whoever rates at the same time, in whatever order they ask', async () => {
    const ids = agreements.slice(0, 3)
    for (const id of ids) await create(id, { commit: { amount: '15.00', unused: 'forfeit' } })
    const workers = Array.from({ length: 20 }, (_, i) => rateOne(i % 2 ? ids : ids.toReversed()))
    expect(await Promise.all(workers)).toEqual(Array.from({ length: 20 }, () => 3))
    const held = await transact(shop.world.deps, ({ db }) => service.holdBooks(db, ids))
    for (const { book } of held.values())
      expect([leftOf(book), book.overage, book.posted]).toEqual(['0', '5', '500'])
  })

  it('know a version that somebody adds while others rate', async () => {
    const id = agreements[3] as Id<'agr'>
    const { contract } = await create(id, { commit: { amount: '100.00', unused: 'forfeit' } })
    const raised = terms({ commit: { amount: '130.00', unused: 'forfeit' } })
    await Promise.all([
      ...Array.from({ length: 10 }, () => rateOne([id])),
      service.amend(shop.world.deps, contract.id, { terms: raised, from: at('2027-01-01') }),
    ])
    const { held, contract: after } = await service.standing(shop.world.deps, contract.id)
    expect([leftOf(held.book), held.version, after.revision]).toEqual(['120', 2, 2])
  })

  it('take one of two amendments that were made at once', async () => {
    const { contract } = await create(agreements[4] as string)
    const answers = await Promise.allSettled(
      ['1100.00', '1200.00', '1300.00'].map((amount) =>
        service.amend(
          shop.world.deps,
          contract.id,
          { terms: terms({ commit: { amount, unused: 'forfeit' } }), from: at('2027-01-01') },
          1,
        ),
      ),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const one of answers)
      if (one.status === 'rejected') expect(['conflict', 'stale']).toContain(one.reason.code)
    const { contract: after } = await service.standing(shop.world.deps, contract.id)
    expect(after.versions.map(({ number }) => number)).toEqual([1, 2])
  })

  it('are due when time has something to do, the longest due first', async () => {
    const id = agreements[5] as Id<'agr'>
    await create(id, { minimums: [{ period: 'month', amount: '1.00', prorate: true }] })
    const { db } = shop.world.deps
    expect(await service.dueBooks(db, shop.connection, at('2027-01-31T23'), 10)).toEqual([])
    expect(await service.dueBooks(db, shop.connection, at('2027-02-01'), 10)).toEqual([id])
    const all = await service.dueBooks(db, shop.connection, at('2028-01-01'), 3)
    expect([all.length, all[0]]).toEqual([3, id])
    expect(await service.dueBooks(db, 'conn_other', at('2028-01-01'), 3)).toEqual([])
  })

  it('are kept for all that have a contract, and nobody else', async () => {
    const { db } = shop.world.deps
    const ids = [...agreements.slice(0, 2), 'agr_none']
    expect([...(await service.ofAgreements(shop.world.deps, ids)).keys()].toSorted()).toEqual(
      agreements.slice(0, 2).toSorted(),
    )
    expect((await service.holdBooks(db, [])).size).toBe(0)
    const held = await transact(shop.world.deps, ({ db: trx }) => service.holdBooks(trx, ids))
    const [one] = [...held.values()] as [HeldBook]
    await expect(
      service.saveBooks(db, [{ ...one, agreement: 'agr_none' }], at('2027-03-01')),
    ).rejects.toThrow('not there')
  })

  it('say in SQL what they price, by any version', async () => {
    const id = agreements[4] as string
    const { db } = shop.world.deps
    const priced = async (dimension: string) => {
      const asked = service.everPriced(sql`${id}::text`, sql`${dimension}::text`)
      return (await sql<{ is: boolean }>`select ${asked} as is`.execute(db)).rows[0]?.is
    }
    expect([await priced('units'), await priced('more')]).toEqual([true, false])
    const { contract } = await service.standing(
      shop.world.deps,
      (await service.list(shop.world.deps, 1, undefined, { agreement: id }))[0]!.id,
    )
    const more = terms({
      rates: [{ dimension: 'more', price: { model: 'flat', rate: '1' }, period: 'month' }],
    })
    await service.amend(shop.world.deps, contract.id, { terms: more, from: at('2027-12-01') })
    expect([await priced('units'), await priced('more')]).toEqual([true, true])
  })
})
