import { pause } from '../process.ts'
import { places } from './places.ts'
import type { Moment, Trouble } from './plan-troubles.ts'
import type { World } from './world.ts'

const patienceMs = 4_000
const lookEveryMs = 15
/** Longer than a look and a kill take. */
const holdMs = 3_000

export type Struck = { kills: number; hits: number; cuts: number }

/** Makes the troubles of a plan in their order, each once the run has come so far. `reached` tells how far that is. */
export async function makeTrouble(
  world: World,
  troubles: readonly Trouble[],
  reached: () => number,
  isOver: () => boolean,
): Promise<Struck> {
  const struck: Struck = { kills: 0, hits: 0, cuts: 0 }
  for (const trouble of troubles) {
    while (reached() < trouble.after && !isOver()) await pause(lookEveryMs)
    if (trouble.is === 'fault') await fault(world, trouble)
    else if (trouble.is === 'database') {
      await pause(trouble.delayMs)
      await world.cutDatabase()
      struck.cuts++
    } else {
      if (await killAt(world, trouble, isOver)) struck.hits++
      struck.kills++
    }
  }
  return struck
}

async function fault({ clouds }: World, trouble: Extract<Trouble, { is: 'fault' }>) {
  const { cloud, kinds, rate, ms, all } = trouble
  const match = all ? {} : { match: places[cloud].report }
  await clouds.post('/faults', { cloud, kinds, rate, ms, ...match })
}

/** Waits for the moment and kills; says whether the moment came. */
async function killAt(
  world: World,
  { at, victim, delayMs }: Extract<Trouble, { is: 'kill' }>,
  isOver: () => boolean,
): Promise<boolean> {
  const kill = async () => {
    await pause(delayMs)
    await world.kill(victim)
  }
  if (at.is === 'claim') return world.atTable('usage_records', kill)
  if (at.is === 'store') return world.atTable('usage_events', kill)
  if (at.is === 'anytime') {
    await kill()
    return true
  }
  const hasCome = await called(world, at, isOver)
  if (!hasCome || at.is === 'call') {
    await kill()
    return hasCome
  }
  // The cloud has done it and answers soon: what is written then waits for the table.
  return world.atTable('usage_records', kill)
}

/** Waits until a cloud is told of usage, and has it hold the answer. */
async function called(
  { clouds }: World,
  at: Extract<Moment, { is: 'call' | 'settle' }>,
  isOver: () => boolean,
): Promise<boolean> {
  const kind = at.is === 'settle' ? 'late' : at.kind
  const ms = at.is === 'settle' ? 250 : holdMs
  const match = places[at.cloud].report
  const { id } = await clouds.post('/faults', {
    cloud: at.cloud,
    match,
    kinds: [kind],
    times: 1,
    ms,
  })
  const until = performance.now() + patienceMs
  while (performance.now() < until && !isOver()) {
    const { faults } = await clouds.get('/faults')
    if (faults.some((one: any) => one.id === id && one.struck > 0)) return true
    await pause(lookEveryMs)
  }
  return false
}
