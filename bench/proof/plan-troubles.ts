import type { Random } from './random.ts'
import type { CloudName } from './steps.ts'

export const victims = ['service', 'one', 'two', 'workers', 'all'] as const
export type Victim = (typeof victims)[number]

/**
 * The await at which a kill strikes. `call`: usage is being told to a cloud, `slow` before the cloud does it, `late`
 * after. `settle`: the cloud's answer has arrived and is about to be written down. `claim`: records are about to be
 * taken up. `store`: a batch of events is about to be stored. `anytime`: none.
 */
export type Moment =
  | { readonly is: 'call'; readonly cloud: CloudName; readonly kind: 'slow' | 'late' | 'lost' }
  | { readonly is: 'settle'; readonly cloud: CloudName }
  | { readonly is: 'claim' }
  | { readonly is: 'store' }
  | { readonly is: 'anytime' }

/** What goes wrong, in this order, none before the step it names. */
export type Trouble =
  | {
      readonly after: number
      readonly is: 'kill'
      readonly victim: Victim
      readonly at: Moment
      readonly delayMs: number
    }
  /** Every connection to the database is cut, as a restart does. */
  | { readonly after: number; readonly is: 'database'; readonly delayMs: number }
  /** From here on a cloud fails this often. */
  | {
      readonly after: number
      readonly is: 'fault'
      readonly cloud: CloudName
      readonly kinds: readonly FaultKind[]
      readonly rate: number
      readonly ms: number
      /** Of metering alone, or of everything. */
      readonly all: boolean
    }

const faultKinds = ['throttle', 'error', 'lost', 'slow', 'late'] as const
export type FaultKind = (typeof faultKinds)[number]

export function planTroubles(
  random: Random,
  clouds: readonly CloudName[],
  steps: number,
): readonly Trouble[] {
  const when = () => random.whole(0, steps - 1)
  const kills = Array.from({ length: random.whole(1, 3) }, () => planKill(random, clouds, when()))
  const cuts = Array.from({ length: random.chance(0.45) ? random.whole(1, 2) : 0 }, () => ({
    after: when(),
    is: 'database' as const,
    delayMs: random.whole(0, 400),
  }))
  const faults = clouds.flatMap((cloud) =>
    Array.from({ length: random.whole(0, 2) }, () => ({
      after: random.whole(0, Math.floor(steps / 2)),
      is: 'fault' as const,
      cloud,
      kinds: random.shuffled(faultKinds).slice(0, random.whole(1, 3)),
      rate: random.pick([0.1, 0.2, 0.35]),
      ms: random.whole(50, 600),
      all: random.chance(0.25),
    })),
  )
  return [...kills, ...cuts, ...faults].toSorted((a, b) => a.after - b.after)
}

function planKill(random: Random, clouds: readonly CloudName[], after: number): Trouble {
  const cloud = random.pick(clouds)
  const at = random.pick<Moment>([
    { is: 'call', cloud, kind: random.pick(['slow', 'late', 'lost'] as const) },
    { is: 'call', cloud, kind: random.pick(['slow', 'late'] as const) },
    { is: 'settle', cloud },
    { is: 'claim' },
    { is: 'store' },
    { is: 'store' },
    { is: 'anytime' },
  ])
  const victim = victimAt(random, at)
  return { after, is: 'kill', victim, at, delayMs: random.whole(0, 150) }
}

/** Which of two workers is at that await nobody knows, so both die. */
function victimAt(random: Random, { is }: Moment): Victim {
  if (is === 'store') return random.chance(0.8) ? 'service' : 'all'
  if (is === 'anytime') return random.pick(victims)
  return random.chance(0.8) ? 'workers' : 'all'
}
