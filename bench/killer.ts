import type { Client } from '../simulator/demo/client.ts'
import type { Cloud, Moment } from './cloud.ts'
import { pause } from './process.ts'

export type Part = keyof Cloud['moments']

/** Where the proof is, and how much may be killed until it is over. */
export type Progress = { part: Part; mayKill: number }

type Weapon = {
  readonly clouds: Client
  readonly cloud: Cloud
  readonly random: () => number
  /** Kills the process and starts it again. */
  readonly kill: () => Promise<void>
  /** Takes back what a moment was armed with. */
  readonly disarm: () => Promise<unknown>
}

const patienceMs = 8_000
const lookEveryMs = 15
/** Before a kill that aims at nothing, and after its moment has come. */
const pauseMaxMs = 2_500
const delayMaxMs = 250

/**
 * Kills so many times: twice out of three at the moment that comes first of those which were hit least, and else
 * whenever it happens to be. Returns how often it hit each moment.
 */
export async function killOften(
  weapon: Weapon,
  kills: number,
  progress: Progress,
  count: (killed: number) => void,
): Promise<ReadonlyMap<string, number>> {
  const { cloud, random, kill, disarm } = weapon
  const hits = new Map<string, number>()
  for (let killed = 0; killed < kills; ) {
    if (killed >= progress.mayKill) {
      await pause(100)
      continue
    }
    const moments = killed % 3 > 0 ? leastHit(cloud.moments[progress.part], hits) : []
    const hit = await firstOf(moments, weapon.clouds)
    if (hit !== undefined) hits.set(hit, (hits.get(hit) ?? 0) + 1)
    await pause(Math.floor(random() * (hit === undefined ? pauseMaxMs : delayMaxMs)))
    await kill()
    await disarm()
    count(++killed)
  }
  return hits
}

function leastHit(all: readonly Moment[], hits: ReadonlyMap<string, number>): readonly Moment[] {
  const times = ({ name }: Moment) => hits.get(name) ?? 0
  const least = Math.min(...all.map(times))
  return all.filter((one) => times(one) === least)
}

/** The name of the moment that comes first; undefined when none does for too long. */
async function firstOf(moments: readonly Moment[], clouds: Client): Promise<string | undefined> {
  const armed: { readonly name: string; readonly hasCome: () => Promise<boolean> }[] = []
  for (const one of moments) armed.push({ name: one.name, hasCome: await one.arm(clouds) })
  const end = performance.now() + patienceMs
  while (armed.length > 0 && performance.now() < end) {
    for (const { name, hasCome } of armed) if (await hasCome()) return name
    await pause(lookEveryMs)
  }
  return undefined
}
