import type { Hour } from '../../src/kernel/time.ts'
import type { Definition } from '../../src/meters/model.ts'
import * as meters from '../../src/meters/store.ts'
import type { Shop } from './market.ts'

/** Gives the shop's listing meters that have been there all year. */
export async function addMeters({ world }: Shop, definitions: readonly Definition[]) {
  const { body } = await world.as('admin').get('/v1/listings')
  for (const [n, definition] of definitions.entries()) {
    const at = world.deps.now()
    const { event, aggregation } = definition
    const times = { createdAt: at, updatedAt: at }
    const meter = { key: `meter-${n}`, event, aggregation, revision: 1, ...times }
    await meters.insert(
      world.deps.db,
      { id: `mtr_${n}`, listing: body.data[0].id, ...meter },
      { number: 1, from: '2027-01-01T00:00Z' as Hour, definition, actor: {}, recordedAt: at },
    )
  }
}
