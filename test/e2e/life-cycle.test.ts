import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  dayMs,
  expectedOf,
  GLOBEX,
  heldOf,
  hourMs,
  INITECH,
  type Microsoft,
  minuteMs,
  openMicrosoft,
  secondMs,
} from './microsoft.ts'
import { usageAt } from './microsoft-usage.ts'

/** Within this the list is read once more. */
const pollMs = 6 * minuteMs

/** One subscription from its purchase to its end, told by webhooks or, where they are lost, by the list alone. */
describe.each([
  ['told by webhooks, with Subscribe', { subscribeEvents: true }, 2 * minuteMs],
  ['with every webhook lost', { dropRate: 1 }, pollMs],
])('a subscription, %s', { timeout: 90_000 }, (_, webhooks, soonMs) => {
  let microsoft: Microsoft
  let id = ''
  let agreement = ''
  beforeAll(async () => {
    microsoft = await openMicrosoft({ webhooks, without: ['usage-read-back'] })
  })
  afterAll(() => microsoft?.close())

  /** Both sides say the same once everything due has been done. */
  const expectSame = async (ms: number) => {
    await microsoft.pass(ms)
    const [theirs, ours] = [await microsoft.subscription(id), await microsoft.agreementOf(id)]
    expect(heldOf(ours)).toEqual(expectedOf(theirs))
    return ours
  }
  const isTold = !('dropRate' in webhooks)

  it('waits for its buyer once it is bought', async () => {
    const { subscriptionId } = await microsoft.buyer('buy', {
      offerId: 'acme-analytics',
      planId: 'per-seat',
      quantity: 10,
      termUnit: 'P1M',
      billingAccountId: INITECH,
    })
    id = subscriptionId
    const ours = await expectSame(isTold ? 5 * secondMs : soonMs)
    agreement = ours.id
    const by = '2027-02-03T09:00:00.000Z'
    expect(ours).toMatchObject({
      state: { is: 'pending' },
      awaits: { what: 'activation', by },
      registeredAt: null,
    })
  })

  it('is activated because its buyer registers, and bound to his tenant', async () => {
    const page = await microsoft.buyer('configure', { subscriptionId: id })
    expect(page.status).toBe(303)
    expect(page.location).toMatch(/^https:\/\/app\.example\.com\/sign-up\?tradepost=/)
    const again = await microsoft.buyer('configure', { subscriptionId: id, token: page.token })
    expect(again.status).toBe(303)
    expect((await microsoft.agreementOf(id)).state.is).toBe('pending')
    const ours = await expectSame(2 * minuteMs)
    expect(ours).toMatchObject({
      state: { is: 'active' },
      awaits: null,
      value: { currency: 'USD', amount: '200.00' },
    })
    const { beneficiary } = await microsoft.subscription(id)
    expect(ours.buyerRef).toBe(beneficiary.tenantId)
    const [asked] = await microsoft.operations(agreement)
    expect(asked).toMatchObject({ wanted: { is: 'activate' }, state: 'done' })
    expect((await microsoft.calls()).ActivateSubscription).toBe(1)
  })

  it('follows seats that the buyer and the seller change', async () => {
    const lost = 8 * hourMs + minuteMs
    await microsoft.buyer('change-seats', { subscriptionId: id, quantity: 14 })
    const bought = await expectSame(isTold ? 15 * secondMs : lost)
    // Microsoft gives up a change whose webhook never arrives.
    expect(bought.entitlements[0].quantity).toBe(isTold ? '14' : '10')
    await microsoft.post(`/v1/agreements/${agreement}/change`, { quantity: '25' })
    const asked = await expectSame(30 * secondMs)
    expect(asked.entitlements[0].quantity).toBe('25')
    const operations = await microsoft.operations(agreement)
    expect(operations.at(-1)).toMatchObject({ state: 'done' })
  })

  it('follows plans that the seller and the buyer change', async () => {
    await microsoft.post(`/v1/agreements/${agreement}/change`, { plan: 'team' })
    const asked = await expectSame(30 * secondMs)
    expect(asked).toMatchObject({ planRef: 'team', state: { is: 'active' }, entitlements: [] })
    await microsoft.buyer('change-plan', { subscriptionId: id, planId: 'per-seat' })
    const bought = await expectSame(isTold ? 15 * secondMs : 8 * hourMs + minuteMs)
    expect(bought.planRef).toBe(isTold ? 'per-seat' : 'team')
    if (!isTold) return
    await microsoft.post(`/v1/agreements/${agreement}/change`, { plan: 'team' })
    expect((await expectSame(30 * secondMs)).planRef).toBe('team')
  })

  it('is suspended when nobody pays, keeps usage for it, and is reinstated', async () => {
    await microsoft.pass(2 * hourMs)
    await microsoft.buyer('pay-fails', { subscriptionId: id })
    expect((await expectSame(soonMs)).state.is).toBe('suspended')
    const at = microsoft.deps.now()
    await microsoft.post('/v1/usage-events', usageAt(agreement, at, { storage_gb: '7.5' }))
    await microsoft.pass(3 * hourMs)
    const [waiting] = await microsoft.everything(`/v1/usage-records?agreement=${agreement}`)
    expect(waiting.state).toMatchObject({ is: 'due' })
    expect(waiting.state.waiting).toMatch(/ResourceNotActive.*Suspended/)
    await microsoft.buyer('pay', { subscriptionId: id })
    const paid = await expectSame(isTold ? pollMs : 8 * hourMs + pollMs)
    expect(paid.state.is).toBe(isTold ? 'active' : 'suspended')
    if (!isTold) {
      // Nobody was told, so Microsoft's operation failed; the buyer tries again and the webhook arrives.
      await microsoft.set({ webhooks: { dropRate: 0 } })
      await microsoft.buyer('pay', { subscriptionId: id })
      expect((await expectSame(pollMs)).state.is).toBe('active')
      await microsoft.set({ webhooks: { dropRate: 1 } })
    }
    await microsoft.pass(20 * minuteMs)
    const [sent] = await microsoft.everything(`/v1/usage-records?agreement=${agreement}`)
    expect(sent.state.is).toBe('accepted')
  })

  it('begins a new term when the old one is over', async () => {
    const before = await microsoft.agreementOf(id)
    await microsoft.pass(Date.parse(before.endsAt) - Date.parse(microsoft.deps.now()), 5 * dayMs)
    const ours = await expectSame(soonMs)
    expect(ours.startsAt).toBe(before.endsAt)
    expect(ours.endsAt > before.endsAt).toBe(true)
    expect(ours.included[0].from).toBe(ours.startsAt)
  })

  it('ends for good when its buyer cancels', async () => {
    await microsoft.buyer('cancel', { subscriptionId: id })
    const at = microsoft.deps.now()
    const ours = await expectSame(soonMs)
    expect(ours).toMatchObject({ state: { is: 'ended', how: 'cancelled' }, entitlements: [] })
    expect(Date.parse(ours.endedAt) - Date.parse(at)).toBeLessThanOrEqual(soonMs)
    const refused = await microsoft
      .as('admin')
      .post(`/v1/agreements/${agreement}/change`, { plan: 'team' })
    expect(refused.status).toBe(422)
    expect(await microsoft.post(`/v1/agreements/${agreement}/cancel`)).toMatchObject({
      state: 'done',
    })
  })

  it('tells its whole life in its versions and events, and nothing stopped on the way', async () => {
    const versions = await microsoft.everything(`/v1/agreements/${agreement}/versions`)
    const states = versions.map(({ state }) => state.is)
    expect(states.filter((is, i) => is !== states[i - 1])).toEqual([
      'pending',
      'active',
      'suspended',
      'active',
      'ended',
    ])
    expect(await microsoft.events('agreement.ended')).toHaveLength(1)
    await microsoft.expectNothingStopped()
    const notices = await microsoft.everything('/v1/notices')
    expect(notices.map(({ state }) => state).filter((state) => state !== 'handled')).toEqual([])
  })
})

describe('what Microsoft ends by itself, and what the seller ends', { timeout: 90_000 }, () => {
  let microsoft: Microsoft
  beforeAll(async () => {
    microsoft = await openMicrosoft({ without: ['usage-read-back'] })
  })
  afterAll(() => microsoft?.close())

  const buy = async (): Promise<string> =>
    (
      await microsoft.buyer('buy', {
        offerId: 'acme-analytics',
        planId: 'team',
        termUnit: 'P1M',
        billingAccountId: GLOBEX,
      })
    ).subscriptionId

  it('shows an activation that failed as the end, and as refused', async () => {
    await microsoft.cloud('POST', '/azure/control/activations/fail', { times: 1 })
    const id = await buy()
    await microsoft.buyer('configure', { subscriptionId: id })
    await microsoft.pass(5 * minuteMs)
    const ours = await microsoft.agreementOf(id)
    expect(ours).toMatchObject({ state: { is: 'ended', how: 'cancelled' }, awaits: null })
    const [asked] = await microsoft.operations(ours.id)
    expect(asked).toMatchObject({ wanted: { is: 'activate' }, state: 'refused' })
    expect(asked.reasons[0].message).toMatch(/ended/)
  })

  it('is cancelled by the seller', async () => {
    const { id, agreement } = await microsoft.subscribe({
      planId: 'team',
      termUnit: 'P1M',
      billingAccountId: GLOBEX,
    })
    await microsoft.post(`/v1/agreements/${agreement.id}/cancel`)
    await microsoft.pass(minuteMs)
    expect(heldOf(await microsoft.agreementOf(id))).toEqual(
      expectedOf(await microsoft.subscription(id)),
    )
    expect((await microsoft.operations(agreement.id)).at(-1)).toMatchObject({ state: 'done' })
    expect((await microsoft.calls()).DeleteSubscription).toBe(1)
  })

  it('reminds of a purchase that nobody activates, and ends it after 30 days', async () => {
    const id = await buy()
    await microsoft.pass(29 * dayMs, dayMs)
    const waiting = await microsoft.agreementOf(id)
    expect(waiting).toMatchObject({ state: { is: 'pending' }, awaits: { what: 'activation' } })
    const reminders = await microsoft.everything(`/v1/events?subject=${waiting.id}`)
    const kinds = reminders.map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'agreement.still_awaiting')).toHaveLength(2)
    await microsoft.pass(dayMs + 10 * minuteMs)
    expect(await microsoft.agreementOf(id)).toMatchObject({ state: { is: 'ended' }, awaits: null })
  })

  it('ends what was suspended for 30 days, and what is not renewed at its term’s end', async () => {
    const [unpaid, finite] = [
      await microsoft.subscribe({ planId: 'enterprise', billingAccountId: GLOBEX }),
      await microsoft.subscribe({ planId: 'team', termUnit: 'P1M', billingAccountId: GLOBEX }),
    ]
    await microsoft.buyer('pay-fails', { subscriptionId: unpaid.id })
    await microsoft.buyer('turn-off-renewal', { subscriptionId: finite.id })
    await microsoft.pass(32 * dayMs, 2 * dayMs)
    const ended = await microsoft.agreementOf(unpaid.id)
    expect(ended.state).toEqual({ is: 'ended', how: 'cancelled' })
    const expired = await microsoft.agreementOf(finite.id)
    expect(expired.state).toEqual({ is: 'ended', how: 'expired' })
    expect(expired.endedAt).toBe(expired.endsAt)
    await microsoft.expectNothingStopped()
  })
})
