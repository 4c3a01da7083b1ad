import { sql } from 'kysely'
import { trim } from '../../src/kernel/decimal.ts'
import type { Shop } from '../metering/market.ts'

/** The first hour of the test's story and the ones after, by how many later. */
export const hour = (later = 0) => `2027-03-10T${String(10 + later).padStart(2, '0')}:00:00.000Z`

/** Asks for a backfill of ten to twelve o'clock, and its own answer. */
export const ask = (shop: Shop, more: Record<string, unknown> = {}) =>
  shop.world.as('finance').post('/v1/backfills', {
    from: hour(),
    to: hour(2),
    dryRun: false,
    useVersionsOf: 'now',
    ...more,
  })

/** The same, to its end: how it stands then, and its rows. */
export async function fill(shop: Shop, more: Record<string, unknown> = {}) {
  const { body } = await ask(shop, more)
  await shop.world.drain()
  const viewer = shop.world.as('viewer')
  const { body: done } = await viewer.get(`/v1/backfills/${body.id}`)
  const { body: rows } = await viewer.get(`/v1/backfills/${body.id}/rows`)
  return { done, rows: rows.data as any[] }
}

/** What meters gave each dimension in all. */
export async function given({ world }: Shop): Promise<Record<string, string>> {
  const { rows } = await sql<{ dimension: string; quantity: string }>`
    select dimension, sum(quantity) as quantity from usage_contributions group by 1
    order by 1`.execute(world.deps.db)
  return Object.fromEntries(rows.map(({ dimension, quantity }) => [dimension, trim(quantity)]))
}
