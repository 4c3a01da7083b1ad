import { createHash } from 'node:crypto'
import { type PlannedEvent, planEvents } from './plan-events.ts'
import { planTroubles, type Trouble } from './plan-troubles.ts'
import { type Random, seeded } from './random.ts'
import type { CloudName, Step } from './steps.ts'

export type Plan = {
  readonly seed: number
  readonly agreements: readonly { readonly cloud: CloudName; readonly isCancelled: boolean }[]
  /** Hour of the last day of a month at which it starts; null: on any day at any hour. */
  readonly monthEndHour: number | null
  readonly events: readonly PlannedEvent[]
  readonly steps: readonly Step[]
  readonly troubles: readonly Trouble[]
}

export type PlanOptions = {
  readonly clouds: readonly CloudName[]
  /** About how many events; reversals come on top. */
  readonly events: number
  /** Whether the service takes events that take another back. */
  readonly reversals: boolean
}

/** What happens in one run of the proof: a pure function of the seed and these options. */
export function planOf(seed: number, options: PlanOptions): Plan {
  const random = seeded(seed, 'world')
  const agreements = planAgreements(random, options.clouds)
  const monthEndHour = random.chance(0.3) ? random.whole(15, 22) : null
  const passes = planPasses(seeded(seed, 'passes'), monthEndHour !== null)
  const cancelAt = agreements.map(({ isCancelled }) =>
    isCancelled ? random.whole(Math.floor(passes.length / 2), passes.length - 2) : null,
  )
  const { events, sends } = planEvents(seeded(seed, 'events'), {
    ...options,
    agreements: agreements.map((_, n) => cancelAt[n] ?? null),
    passes,
  })
  const steps = passes.flatMap((minutes, n): Step[] => [
    ...(sends[n] ?? []),
    ...cancelAt.flatMap((at, agreement): Step[] =>
      at === n ? [{ do: 'cancel', agreement }, { do: 'pass', minutes: 2 }, { do: 'settle' }] : [],
    ),
    ...(minutes > shortMax || n % 3 === 2 ? [{ do: 'settle' } as const] : []),
    { do: 'pass', minutes },
  ])
  const clouds = [...new Set(agreements.map(({ cloud }) => cloud))]
  const troubles = planTroubles(seeded(seed, 'troubles'), clouds, steps.length)
  return { seed, agreements, monthEndHour, events, steps, troubles }
}

/** Short enough to tell two plans apart at a glance. */
export const hashOf = (plan: Plan): string =>
  createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 12)

/** Of each cloud in the mix one or two agreements; about every fourth is cancelled on the way. */
function planAgreements(random: Random, clouds: readonly CloudName[]): Plan['agreements'] {
  const mix = random.shuffled(clouds).slice(0, random.whole(1, clouds.length))
  return mix
    .toSorted()
    .flatMap((cloud) => Array.from({ length: random.chance(0.4) ? 2 : 1 }, () => ({ cloud })))
    .map((one) => ({ ...one, isCancelled: random.chance(0.25) }))
}

/** Longer than this a pass is an outage, and only follows once all that was due is sent. */
const shortMax = 75
const passesMin = 8
const passesMax = 11

/** How the clock jumps, in minutes: mostly a while, sometimes an hour, at times a night; from a month's end over it. */
function planPasses(random: Random, isMonthEnd: boolean): number[] {
  const count = random.whole(passesMin, passesMax)
  const night = isMonthEnd || random.chance(0.4) ? random.whole(2, count - 3) : null
  return Array.from({ length: count }, (_, n) => {
    if (n === night) return random.whole(8 * 60, 14 * 60)
    return random.chance(0.35) ? random.whole(55, shortMax) : random.whole(4, 30)
  })
}
