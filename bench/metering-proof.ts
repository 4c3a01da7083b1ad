import { option, word } from './process.ts'
import { planOf } from './proof/plan.ts'
import { run } from './proof/run.ts'
import { type CloudName, cloudNames } from './proof/steps.ts'
import { lineOf } from './proof/words.ts'
import { openWorld, type World } from './proof/world.ts'

/**
 * The service and two workers as processes on a Postgres of their own, three simulated clouds, and for each seed a plan
 * of usage, duplicates, outages and kills. In the end every cloud holds what is true, to the unit.
 * `npm run proof:metering -- --seeds 200 [--seed 17] [--events 400] [--clouds aws,azure,gcp] [--without dedupe]`
 */
const only = option('seed', 0)
const seeds = only > 0 ? [only] : Array.from({ length: option('seeds', 20) }, (_, n) => n + 1)
const events = option('events', 400)
const without = word('without', '')
const rewrite = without ? `./bench/without.ts?${without}` : undefined
const postgres = process.env.DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'
const clouds = word('clouds', cloudNames.join()).split(',') as CloudName[]
const unknown = clouds.find((name) => !cloudNames.includes(name))
if (unknown) throw new Error(`--clouds are some of ${cloudNames.join()}, not ${unknown}`)
/** Agreements of earlier seeds are still followed: after so many the world begins anew. */
const seedsPerWorld = 12

const started = performance.now()
let world: World | undefined
let runs = 0
let failures = 0
for (const [n, seed] of seeds.entries()) {
  if (n % seedsPerWorld === 0) {
    await world?.stop()
    world = await openWorld({ postgres, rewrite })
  }
  if (!world) throw new Error('there is no world')
  const plan = planOf(seed, { clouds, events, reversals: await takesReversals(world) })
  const result = await run(world, plan).catch((error: unknown) => String(error))
  runs++
  const isGood = typeof result === 'object' && result.differences.length === 0
  if (!isGood) failures++
  console.log(lineOf(plan, result))
}
await world?.stop()
console.log(`took ${Math.round((performance.now() - started) / 1000)} s`)
console.log(`SEEDS ${seeds.length} RUNS ${runs} FAILURES ${failures}`)
console.log(`PROOF_FAILURES ${failures}`)
process.exit(failures === 0 ? 0 : 1)

/** Whether events that take another back are part of the API. */
async function takesReversals({ api }: World): Promise<boolean> {
  const { components } = await api.get('/openapi.json')
  return JSON.stringify(components).includes('"reverses"')
}
