import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import {
  expectedOf,
  heldOf,
  hourMs,
  INITECH,
  type Microsoft,
  minuteMs,
  openMicrosoft,
  secondMs,
} from './microsoft.ts'

const refuse = { buyerChanges: { plan: 'refuse', quantity: 'refuse' } }
const without = ['usage-read-back']

/** What becomes of a buyer's change is the seller's to say, and never that of a server in trouble. */
describe('a buyer’s change of seats', { timeout: 90_000 }, () => {
  let microsoft: Microsoft
  afterEach(async () => {
    await microsoft?.heal()
    await microsoft?.close()
  })

  /** Ten seats are bought, and the buyer asks for twenty; the webhook leaves at once. */
  async function change(settings: object, trouble: () => Promise<unknown> = async () => {}) {
    microsoft = await openMicrosoft({ settings, without })
    const { id, agreement } = await microsoft.subscribe({
      planId: 'per-seat',
      quantity: 10,
      termUnit: 'P1M',
      billingAccountId: INITECH,
    })
    await trouble()
    const operation = await microsoft.buyer('change-seats', { subscriptionId: id, quantity: 20 })
    const standing = async () => {
      const { operations } = await microsoft.cloud('GET', '/azure/control/operations')
      const { status } = operations.find((one: any) => one.id === operation.id)
      return { status, quantity: (await microsoft.subscription(id)).quantity }
    }
    const answers = async () =>
      (await microsoft.deliveries())
        .filter((one) => one.operation === operation.id)
        .map(({ lastAnswer }) => lastAnswer)
    const expectSame = async () => {
      await microsoft.poll()
      expect(heldOf(await microsoft.agreementOf(id))).toEqual(
        expectedOf(await microsoft.subscription(id)),
      )
    }
    return { agreement: agreement.id as string, id, standing, answers, expectSame }
  }

  it('is refused in the answer to its webhook where the seller refuses, each time it is told', async () => {
    const asked = await change(refuse)
    await microsoft.set({ webhooks: { duplicateRate: 1 } })
    await microsoft.pass(9 * secondMs)
    expect(await asked.standing()).toEqual({ status: 'Failed', quantity: 10 })
    expect(await asked.answers()).toEqual(['409'])
    await microsoft.buyer('change-plan', { subscriptionId: asked.id, planId: 'team' })
    await microsoft.pass(9 * secondMs)
    expect((await microsoft.deliveries()).slice(-2).map((one) => one.state)).toEqual([
      'refused',
      'refused',
    ])
    expect((await microsoft.subscription(asked.id)).planId).toBe('per-seat')
    await asked.expectSame()
    const told = await microsoft.events('agreement.change_refused')
    expect(told.map(({ subject }) => subject)).toEqual([asked.agreement, asked.agreement])
    await microsoft.expectNothingStopped()
  })

  it('stands at once where the seller accepts, without waiting for silence to say so', async () => {
    const asked = await change({})
    await microsoft.pass(secondMs)
    expect(await asked.standing()).toEqual({ status: 'Succeeded', quantity: 20 })
    expect((await microsoft.calls()).UpdateOperationStatus).toBe(1)
    await asked.expectSame()
  })

  it('lets a change of the seller’s own stand though buyers’ are refused', async () => {
    const asked = await change(refuse)
    await microsoft.pass(9 * secondMs)
    await microsoft.post(`/v1/agreements/${asked.agreement}/change`, { quantity: '30' })
    await microsoft.pass(30 * secondMs)
    expect((await microsoft.subscription(asked.id)).quantity).toBe(30)
    await asked.expectSame()
  })

  const keysUnreachable = async () => {
    await microsoft.cloud('POST', '/azure/control/keys/rotate', { forget: true })
    await microsoft.strike({ match: 'login:discovery', kinds: ['error'] })
  }
  const keysBack = () => microsoft.heal()
  const databaseBroken = () =>
    sql`alter table notices rename to notices_away`.execute(microsoft.deps.db)
  const databaseBack = () =>
    sql`alter table notices_away rename to notices`.execute(microsoft.deps.db)

  it.each([
    ['the keys of its webhooks cannot be had', keysUnreachable, keysBack],
    ['our database is in trouble', databaseBroken, databaseBack],
  ])('is neither approved nor refused while %s', async (_, trouble, heal) => {
    for (const [settings, after] of [
      [{}, { status: 'Succeeded', quantity: 20 }],
      [refuse, { status: 'Failed', quantity: 10 }],
    ] as const) {
      const asked = await change(settings, trouble)
      await microsoft.pass(3 * minuteMs)
      expect(await asked.standing()).toEqual({ status: 'InProgress', quantity: 10 })
      for (const answer of await asked.answers()) expect(Number(answer)).toBeGreaterThanOrEqual(500)
      await heal()
      await microsoft.pass(3 * minuteMs)
      expect(await asked.standing()).toEqual(after)
      await asked.expectSame()
      await microsoft.expectNothingStopped()
      if (settings === refuse) return
      await microsoft.close()
    }
  })

  it('is not approved by silence when the word is late, and read whatever Microsoft made of it', async () => {
    const asked = await change(refuse, () =>
      microsoft.set({ webhooks: { disorderRate: 1, disorderMs: 5 * hourMs } }),
    )
    await microsoft.pass(5 * hourMs)
    expect(await asked.standing()).toEqual({ status: 'Failed', quantity: 10 })
    await asked.expectSame()
  })
})
