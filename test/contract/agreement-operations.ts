import { expect, it, type TestContext } from 'vitest'
import { wordsOf } from '../../src/agreements/command.ts'
import { wantedKinds as kinds } from '../../src/agreements/operation.ts'
import type { AgreementsPort, OperationProgress, Wanted } from '../../src/agreements/port.ts'
import { asProblem, type Reason } from '../../src/kernel/problem.ts'
import { type AgreementsWorld, type Request, shown } from './agreement-world.ts'
import { problemOf } from './world.ts'

const looksMax = 20
type Skip = Pick<TestContext, 'skip'>

/** What `AgreementsPort` promises of requests of a seller's and answers to a buyer's, by its traits. */
export function operationsContract(world: () => AgreementsWorld): void {
  /** A request of a kind that this marketplace takes, on an agreement that is ready for it. */
  const request = async (kind: Wanted['is'], context: Skip): Promise<Request> => {
    if (!world().port().traits.operations.includes(kind))
      context.skip(`this marketplace lets no seller ask to ${wordsOf(kind)}`)
    const make = shown(world(), 'requests', context)[kind]
    return make?.() ?? expect.fail(`the traits name ${kind}: show a request of it`)
  }
  const first = (): Wanted['is'] => world().port().traits.operations[0] ?? 'cancel'

  it('takes requests where its traits name some, and only there', () => {
    const { traits, operate } = world().port()
    expect(operate !== undefined).toBe(traits.operations.length > 0)
    expect(traits.activation !== 'none').toBe(traits.operations.includes('activate'))
  })

  it('waits for the seller until a deadline that it tells', async (context) => {
    if (world().port().traits.activation === 'none') context.skip('agreements begin by themselves')
    const { agreementRef, by } = await shown(world(), 'acceptAwaiting', context)()
    expect(await world().port().get(agreementRef)).toMatchObject({
      state: { is: 'pending' },
      awaits: { what: expect.stringMatching(/^(activation|approval)$/), by },
    })
  })

  it.for(['approve_change', 'reject_change'] as const)(
    'tells of the change that waits for our word, by the plan it leads to: %s',
    async (kind, context) => {
      const { agreementRef, wanted } = await request(kind, context)
      expect('planRef' in wanted).toBe(true)
      expect((await world().port().get(agreementRef)).awaits).toMatchObject({
        what: 'change',
        planRef: 'planRef' in wanted && wanted.planRef,
      })
    },
  )

  it.for(kinds)('does what is asked, and starts it once: %s', async (kind, context) => {
    const { agreementRef, wanted, told } = await request(kind, context)
    const before = await begun(world(), agreementRef, context)
    const one = await operate(world(), agreementRef, wanted, 'op_first')
    const other = await operate(world(), agreementRef, wanted, 'op_first')
    if (one.is === 'running' && other.is === 'running') expect(other).toEqual(one)
    expect(await settled(world(), agreementRef, one)).toEqual({ is: 'done' })
    expect(await begun(world(), agreementRef, context)).toBe(before + 1)
    expect(await shownAs(world(), agreementRef)).toMatchObject({ awaits: null, ...told })
    const again = await operate(world(), agreementRef, wanted, 'op_second')
    expect(again).toEqual({ is: 'done' })
    expect(await begun(world(), agreementRef, context)).toBe(before + 1)
  })

  it.for(kinds)('starts nothing anew when a reply was lost: %s', async (kind, context) => {
    const { agreementRef, wanted, told } = await request(kind, context)
    const before = await begun(world(), agreementRef, context)
    await world().strike('lost')
    const lost = await problemOf(operate(world(), agreementRef, wanted, 'op_lost')).finally(
      world().heal,
    )
    expect(lost.code).toBe('unavailable')
    const progress = await operate(world(), agreementRef, wanted, 'op_lost')
    expect(await settled(world(), agreementRef, progress)).toEqual({ is: 'done' })
    expect(await begun(world(), agreementRef, context)).toBe(before + 1)
    // What is done at once may show only after its time.
    await world().advance(world().requestTakes ?? 'PT1M')
    expect(await shownAs(world(), agreementRef)).toMatchObject(told)
  })

  it('refuses with reasons a person can act on, at once or later', async (context) => {
    if (world().port().operate === undefined) context.skip('no seller asks for anything here')
    for (const [what, make] of Object.entries(shown(world(), 'refusals', context))) {
      const { agreementRef, wanted } = await make()
      const reasons = await refusalOf(world(), agreementRef, wanted)
      expect(reasons, what).not.toEqual([])
      for (const { message } of reasons) expect(message, what).toMatch(/\w/)
    }
  })

  it('does not find an operation that it never began', async (context) => {
    const { progress } = world().port()
    if (!progress) return context.skip('it gives operations no names')
    const { agreementRef } = await request(first(), context)
    const name = shown(world(), 'unknownOperationRef', context)
    const refused = world().port().progress?.(agreementRef, name) ?? expect.fail()
    expect((await problemOf(refused)).code).toBe('not_found')
    return undefined
  })

  it('takes our word on a buyer’s change, and takes it again without harm', async (context) => {
    if (!world().port().answer) context.skip('it asks sellers nothing')
    const { agreementRef, operationRef, told } = await shown(world(), 'buyerChanges', context)()
    await world().port().answer?.(agreementRef, operationRef, 'accepted')
    await world().port().answer?.(agreementRef, operationRef, 'accepted')
    await world().advance(world().requestTakes ?? 'PT1M')
    expect(await world().port().get(agreementRef)).toMatchObject(told)
  })
}

/** An agreement as it is told. One that the marketplace has forgotten is over. */
const shownAs = (world: AgreementsWorld, agreementRef: string) =>
  world
    .port()
    .get(agreementRef)
    .catch((error) => {
      if (!world.port().traits.forgets || asProblem(error).code !== 'not_found') throw error
      return { state: { is: 'ended', how: 'terminated' }, awaits: null }
    })

const begun = (world: AgreementsWorld, agreementRef: string, context: Skip): Promise<number> =>
  shown(world, 'begun', context)(agreementRef)

/** Asks as a job does: a conflict asks for patience, while the marketplace does not show what is under way. */
async function operate(
  world: AgreementsWorld,
  agreementRef: string,
  wanted: Wanted,
  key: string,
): Promise<OperationProgress> {
  for (let asked = 1; ; asked += 1) {
    const port: AgreementsPort = world.port()
    const answer = await port.operate?.(agreementRef, wanted, key).catch(asProblem)
    if (!(answer instanceof Error)) return answer ?? expect.fail('the port has no operate')
    if (answer.code !== 'conflict' || asked === looksMax) throw answer
    await world.advance('PT5S')
  }
}

/** Where an operation ends. One without a name is over when the marketplace has had its time. */
async function settled(
  world: AgreementsWorld,
  agreementRef: string,
  from: OperationProgress,
): Promise<OperationProgress> {
  let progress = from
  for (let looks = 0; progress.is === 'running' && looks < looksMax; looks += 1) {
    await world.advance(world.requestTakes ?? 'PT1M')
    if (progress.operationRef === null) return { is: 'done' }
    const told = world.port().progress?.(agreementRef, progress.operationRef)
    progress = (await told) ?? expect.fail('an operation has a name and the port no progress')
  }
  return progress
}

async function refusalOf(
  world: AgreementsWorld,
  agreementRef: string,
  wanted: Wanted,
): Promise<readonly Reason[]> {
  const late = async () => {
    const progress = await operate(world, agreementRef, wanted, 'op_refused')
    const end = await settled(world, agreementRef, progress)
    return end.is === 'refused' ? end.reasons : expect.fail(`it is ${end.is}`)
  }
  return late().catch((error: unknown) => {
    const { code, details } = error as { code?: string; details?: { reasons?: readonly Reason[] } }
    if (code !== 'rejected') throw error
    return details?.reasons ?? []
  })
}
