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

const patienceMs = 4_000
const lookEveryMs = 15
/** Before a kill that aims at nothing, and after its moment has come. */
const pauseMaxMs = 2_500
const delayMaxMs = 250

/**
 * Kills so many times: twice out of three at one of the moments of the part that the proof is in, each in its turn, and
 * else whenever it happens to be. Returns how often it hit each moment.
 */
export async function killOften(
  { clouds, cloud, random, kill, disarm }: Weapon,
  kills: number,
  progress: Progress,
  count: (killed: number) => void,
): Promise<ReadonlyMap<string, number>> {
  const hits = new Map<string, number>()
  const turns = { publishing: 0, life: 0, metering: 0 }
  for (let killed = 0; killed < kills; ) {
    if (killed >= progress.mayKill) {
      await pause(100)
      continue
    }
    const moments = cloud.moments[progress.part]
    const moment = killed % 3 > 0 ? moments[turns[progress.part]++ % moments.length] : undefined
    const hit = moment && (await comes(moment, clouds)) ? moment.name : undefined
    if (hit !== undefined) hits.set(hit, (hits.get(hit) ?? 0) + 1)
    await pause(Math.floor(random() * (hit === undefined ? pauseMaxMs : delayMaxMs)))
    await kill()
    await disarm()
    count(++killed)
  }
  return hits
}

async function comes(moment: Moment, clouds: Client): Promise<boolean> {
  const hasCome = await moment.arm(clouds)
  for (
    const end = performance.now() + patienceMs;
    performance.now() < end;
    await pause(lookEveryMs)
  )
    if (await hasCome()) return true
  return false
}
