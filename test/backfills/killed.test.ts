import type { KyselyPlugin } from 'kysely'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlers } from '../../src/backfills/jobs.ts'
import { openShop, proof, type Shop, send } from '../metering/market.ts'
import { define, listingOf, named, sumOf } from '../meters/shop.ts'
import { ask, given, hour } from './shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop(['agmt-1'])
})
afterAll(() => shop?.world.close())

/** Lets so many statements pass, then every one fails: the process is gone. */
const dying = (after: number): KyselyPlugin => {
  let left = after
  return {
    transformQuery({ node }) {
      if (left-- <= 0) throw new Error('killed')
      return node
    },
    transformResult: async ({ result }) => result,
  }
}

describe('a backfill that is killed', () => {
  it('at any statement goes on, and doubles nothing', { timeout: 120_000 }, async () => {
    const [agreement] = await shop.fresh()
    const { deps } = shop.world
    shop.world.advance(2.5 * 3_600_000)
    const events = [10, 20, 30, 40].flatMap((minute) =>
      [0, 1].map((later) =>
        named({
          agreement,
          at: hour(later).replace(':00:00', `:${minute}:00`),
          properties: { bytes: minute, user: `user-${minute % 20}` },
        }),
      ),
    )
    await send(shop, ...events)
    const to = [{ dimension: 'api_calls' }, { dimension: 'storage_gb', times: '0.5' }]
    await define(shop, sumOf({ value: 'properties.bytes', to }))
    await define(shop, sumOf({ aggregation: 'max', value: 'properties.bytes', to }))
    await define(shop, sumOf({ aggregation: 'unique', value: 'properties.user', to }))
    const { body } = await ask(shop, { listing: await listingOf(shop) })
    const run = handlers['backfills.run']
    let kills = 0
    for (let statements = 0; ; statements++) {
      const mortal = { ...deps, db: deps.db.withPlugin(dying(statements)) }
      const outcome = await run?.(mortal, body.id).catch(() => 'killed')
      if (outcome !== 'killed') break
      kills++
      const { rows } = await sql<{ one: number }>`
        select count(*)::int as one from usage_contributions group by source, event, meter,
          dimension having count(*) > 1`.execute(deps.db)
      expect(rows).toEqual([])
      expect((await proof(shop)).holds).toBe(true)
    }
    expect(kills).toBeGreaterThan(20)
    await shop.world.drain()
    // Of each hour: a hundred bytes, forty at most, two users.
    expect(await given(shop)).toEqual({ api_calls: '284', storage_gb: '142' })
    const done = await shop.world.as('viewer').get(`/v1/backfills/${body.id}`)
    expect(done.body).toMatchObject({ state: 'done', events: 8, hours: 2, contributions: 24 })
    const rows = await shop.world.as('viewer').get(`/v1/backfills/${body.id}/rows`)
    expect(rows.body.data.map((row: any) => [row.before, row.after])).toEqual([
      ['0', '142'],
      ['0', '71'],
      ['0', '142'],
      ['0', '71'],
    ])
  })
})
