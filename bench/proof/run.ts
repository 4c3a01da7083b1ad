import { casesOf } from './evidence.ts'
import { differences } from './judge.ts'
import { type Party, prepare } from './parties.ts'
import { places } from './places.ts'
import { hashOf, type Plan } from './plan.ts'
import { type Sender, senderOf } from './send.ts'
import { settle } from './settle.ts'
import type { Step } from './steps.ts'
import { makeTrouble, type Struck } from './trouble.ts'
import type { World } from './world.ts'

/** What one seed came to. */
export type Result = {
  readonly plan: Plan
  readonly hash: string
  readonly struck: Struck
  /** Requests that the simulators' faults struck. */
  readonly faults: number
  /** Events told again, over those told first. */
  readonly duplicates: number
  /** Quantities that were lost, each with its name. */
  readonly losses: number
  readonly seconds: number
  readonly differences: readonly string[]
}

/** What a run has seen so far, in simulated milliseconds. */
export type Diary = {
  readonly start: number
  readonly settledAt: number[]
  readonly cancelledAt: (number | null)[]
}

/** Plays a plan in the world, lets all settle, and compares what the clouds hold with what is true. */
export async function run(world: World, plan: Plan): Promise<Result> {
  const started = performance.now()
  const parties = await prepare(world, plan)
  const diary: Diary = {
    start: world.now(),
    settledAt: [],
    cancelledAt: parties.map(() => null),
  }
  const sender = senderOf(world, plan, parties, diary.start)
  let place = 0
  let isOver = false
  const troubles = makeTrouble(
    world,
    plan.troubles,
    () => place,
    () => isOver,
  )
  troubles.catch(() => {})
  for (const step of plan.steps) {
    await play({ world, parties, diary, sender }, step)
    place++
  }
  isOver = true
  const struck = await troubles
  const faults = await heal(world)
  await settle(world, parties, diary, { isLast: true })
  const { cases, losses } = await casesOf({ world, plan, parties, diary, sender })
  return {
    plan,
    hash: hashOf(plan),
    struck,
    faults,
    duplicates: sender.duplicates(),
    losses,
    seconds: Math.round((performance.now() - started) / 1000),
    differences: [...world.crashes(), ...sender.surprises(), ...cases.flatMap(differences)],
  }
}

type Playing = {
  readonly world: World
  readonly parties: readonly Party[]
  readonly diary: Diary
  readonly sender: Sender
}

async function play({ world, parties, diary, sender }: Playing, step: Step): Promise<void> {
  switch (step.do) {
    case 'send':
      await Promise.all(step.batches.map((batch) => sender.send(batch)))
      return
    case 'contradict':
      return sender.contradict(step.events)
    case 'pass':
      return world.pass(`PT${step.minutes}M`)
    case 'settle':
      return settle(world, parties, diary, { isLast: false })
    case 'cancel': {
      const party = parties[step.agreement]
      if (!party) throw new RangeError(`no agreement ${step.agreement}`)
      diary.cancelledAt[step.agreement] = world.now()
      await places[party.cloud].cancel(world.clouds, party.ref)
    }
  }
}

/** Nothing fails from here on. Says how often something did. */
async function heal({ clouds, disarm }: World): Promise<number> {
  const { faults } = await clouds.get('/faults')
  await disarm()
  return faults.reduce((total: number, one: any) => total + one.struck, 0)
}
