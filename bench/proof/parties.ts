import { eventually } from '../seller.ts'
import { places } from './places.ts'
import type { Plan } from './plan.ts'
import type { CloudName } from './steps.ts'
import type { World } from './world.ts'

/** An agreement of one run, as both sides know it. */
export type Party = {
  readonly cloud: CloudName
  /** Our id, the marketplace's, and what usage is told by there. */
  readonly id: string
  readonly ref: string
  readonly license: string
}

const dayMs = 86_400_000

/** Brings the clock to where the plan begins, buys its agreements, and waits until usage of each is taken. */
export async function prepare(world: World, plan: Plan): Promise<readonly Party[]> {
  const { clouds } = world
  if (plan.monthEndHour !== null) await toMonthEnd(world, plan.monthEndHour)
  const bought: { readonly cloud: CloudName; readonly license: string }[] = []
  for (const { cloud } of plan.agreements) {
    const license = await places[cloud].cloud.accept(clouds)
    await places[cloud].cloud.arrive?.(clouds, license)
    bought.push({ cloud, license })
  }
  return eventually('the agreements to begin', () => found(world, bought), {
    meanwhile: () => world.pass('PT25S'),
  })
}

async function found(
  { api }: World,
  bought: readonly { readonly cloud: CloudName; readonly license: string }[],
): Promise<readonly Party[] | undefined> {
  const agreements: any[] = []
  for (let cursor = ''; ; ) {
    const { data, next } = await api.get(`/v1/agreements?state=active&limit=200${cursor}`)
    agreements.push(...data)
    if (!next) break
    cursor = `&cursor=${next}`
  }
  const parties = bought.flatMap(({ cloud, license }): Party[] => {
    const one = agreements.find(
      ({ agreementRef, licenseRefs }) => agreementRef === license || licenseRefs.includes(license),
    )
    const own = one?.licenseRefs.at(-1)
    return one && own ? [{ cloud, id: one.id, ref: one.agreementRef, license: own }] : []
  })
  return parties.length === bought.length ? parties : undefined
}

/** To the next last day of a month, at this hour UTC. */
async function toMonthEnd(world: World, hour: number): Promise<void> {
  const now = world.now()
  const date = new Date(now)
  const ends = [1, 2].map(
    (months) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) - dayMs,
  )
  const at = ends.map((day) => day + hour * 3_600_000).find((moment) => moment > now)
  if (at !== undefined) await world.pass(`PT${Math.ceil((at - now) / 1000)}S`)
}
