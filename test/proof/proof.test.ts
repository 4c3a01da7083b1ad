import { expect, inject, it } from 'vitest'
import { planOf } from '../../bench/proof/plan.ts'
import { run } from '../../bench/proof/run.ts'
import { openWorld } from '../../bench/proof/world.ts'

/** Needs processes that share a database, so a Postgres: TEST_DATABASE_URL names one. The long one: `npm run proof:metering`. */
const postgres = inject('postgresUrl')
/** Two clouds, a cancellation, lost connections, and kills as events are stored, records taken up and answers written down. */
const seed = 18
const timeoutMs = 300_000

it.skipIf(!postgres)(
  'every cloud holds what is true, to the unit, after kills, duplicates, lost replies and jumps of the clock (without TEST_DATABASE_URL: skipped)',
  async () => {
    const world = await openWorld({ postgres })
    try {
      const plan = planOf(seed, { clouds: ['aws', 'gcp'], events: 120, reversals: false })
      const result = await run(world, plan)
      expect(result.differences).toEqual([])
      expect(result.struck.kills).toBeGreaterThan(0)
      expect(result.duplicates).toBeGreaterThan(50)
    } finally {
      await world.stop()
    }
  },
  timeoutMs,
)
