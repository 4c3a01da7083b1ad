import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  ACME,
  dayMs,
  GLOBEX,
  type Google,
  HOOLI,
  hourMs,
  INITECH,
  minuteMs,
  openGoogle,
} from './google/google.ts'
import { heldBy, proofOf, recordsOf, statesOf, use, useHourly } from './google/usage.ts'

/** Usage reaches Google exactly once whatever happens on the way, and what cannot is named with its value. */
describe('usage at Google', { timeout: 60_000 }, () => {
  let google: Google
  beforeAll(async () => {
    google = await openGoogle({ startAt: '2027-03-08T09:00:00.000Z' })
    await google.cloud('POST', `/gcp/control/products/${ACME.service}`, { multipleOrders: true })
  })
  afterEach(() => google?.heal())
  afterAll(() => google?.close())
  const serviceControl = (settings: object) => google.set({ serviceControl: settings })
  const consumerOf = async (id: string) => (await google.entitlement(id)).consumer as string

  it('is taken once through lost replies, throttling, errors and operations that fail with HTTP 200', async () => {
    const { id, agreement } = await google.subscribe('pro', INITECH)
    await nextHour(google)
    await google.strike({
      match: 'serviceControl:services.report',
      rate: 0.7,
      kinds: ['lost', 'lost', 'error', 'throttle'],
    })
    await useHourly(google, agreement, 3, { api_calls: '11.25', storage_gb: '0.4' })
    const { faults } = await (await fetch(`${google.clouds.origin}/faults`)).json()
    expect(faults[0].struck).toBeGreaterThan(2)
    await google.heal()
    await google.pass(5 * minuteMs)
    await use(google, agreement, { api_calls: '11.25', storage_gb: '0.4' })
    const failing = { [await consumerOf(id)]: 14 }
    await serviceControl({ reportErrors: failing })
    await google.pass(hourMs)
    const waiting = (await recordsOf(google, agreement)).filter(({ state }) => state.is === 'due')
    expect(waiting.length).toBeGreaterThan(0)
    expect(waiting[0].state.waiting).toMatch(/^UNAVAILABLE/)
    await serviceControl({ reportErrors: {} })
    await google.pass(hourMs)
    expect(await heldBy(google, id)).toMatchObject({
      totals: { pro_api_calls: '45', pro_storage_gb: '1' },
    })
    const proof = await proofOf(google, agreement)
    expect(proof.storage_gb).toMatchObject({ events: '1.6', accepted: '1', carried: '0.6' })
    expect(await google.events('usage.lost')).toEqual([])
  })

  it('doubles only where Google counts repeats and a reply was lost, and the record says so meanwhile', async () => {
    const { id, agreement } = await google.subscribe('payg', GLOBEX)
    await serviceControl({ dedupe: 'none' })
    const report = 'serviceControl:services.report'
    await google.strike({ match: report, rate: 1, kinds: ['error', 'throttle'] })
    await use(google, agreement, { api_calls: '5' })
    await google.pass(hourMs + 10 * minuteMs)
    await google.heal()
    await google.pass(5 * minuteMs)
    expect(statesOf(await recordsOf(google, agreement))).toEqual({ accepted: 1 })
    expect((await heldBy(google, id)).totals).toEqual({ payg_api_calls: '5' })

    await google.strike({ match: report, rate: 1, kinds: ['lost'], times: 1 })
    await use(google, agreement, { api_calls: '7' })
    await nextHour(google)
    const unknown = async () =>
      (await recordsOf(google, agreement)).find(({ state }) => state.is === 'sending')
    expect((await unknown()).state.problem).toMatch(/./)
    await google.pass(hourMs)
    expect(statesOf(await recordsOf(google, agreement))).toEqual({ accepted: 2 })
    expect((await heldBy(google, id)).totals).toEqual({ payg_api_calls: '19' })
    expect((await proofOf(google, agreement)).api_calls).toMatchObject({ accepted: '12' })
    await serviceControl({ dedupe: 'operationId' })
  })

  it('waits for its usageReportingId where that comes late', async () => {
    await google.set({ procurement: { usageIdDelayMs: 80 * minuteMs } })
    const { id, agreement } = await google.subscribe('payg', HOOLI)
    expect((await google.agreementOf(id)).licenseRefs).toEqual([])
    await use(google, agreement, { api_calls: '3' })
    await google.pass(70 * minuteMs)
    const [waiting] = await recordsOf(google, agreement)
    expect(waiting.state).toMatchObject({ is: 'due', waiting: /usageReportingId/ })
    await google.pass(30 * minuteMs)
    expect((await heldBy(google, id)).totals).toEqual({ payg_api_calls: '3' })
    expect(statesOf(await recordsOf(google, agreement))).toEqual({ accepted: 1 })
    await google.set({ procurement: { usageIdDelayMs: 0 } })
  })

  it('is lost with its value where an outage lasts longer than Google waits, and only that', async () => {
    const { id, agreement } = await google.subscribe('pro', INITECH)
    await nextHour(google)
    await useHourly(google, agreement, 1, { api_calls: '120', storage_gb: '7' })
    await google.pass(10 * minuteMs)
    const before = (await heldBy(google, id)).totals
    expect(before).toEqual({ pro_api_calls: '120', pro_storage_gb: '7' })
    await serviceControl({ late: 'reject' })
    await google.strike({})
    await useHourly(google, agreement, 4, { api_calls: '30', storage_gb: '8' })
    const syncs = (await google.get('/v1/syncs')).data
    expect(syncs.find(({ name }: any) => name === 'metering').problem.code).toBe('unavailable')
    await google.heal()
    await google.pass(3 * minuteMs, minuteMs)
    await google.pass(2 * hourMs)
    const records = await recordsOf(google, agreement)
    const lost = records.filter(({ state }) => state.is === 'lost')
    expect(statesOf(records)).toEqual({ accepted: 4, lost: 6 })
    for (const { dimension, state } of lost)
      expect(state.value.amount).toBe(dimension === 'api_calls' ? '1.50' : '0.16')
    expect((await heldBy(google, id)).totals).toEqual({
      pro_api_calls: '150',
      pro_storage_gb: '15',
    })
    const proof = await proofOf(google, agreement)
    expect(proof.storage_gb).toMatchObject({ accepted: '15', lost: '24' })
    expect(await google.events('usage.lost')).toHaveLength(6)
    await serviceControl({ late: 'warn' })
    await google.expectNothingStopped()
  })

  it.each([
    ['is told', {}],
    [
      'nobody tells of',
      { ENTITLEMENT_CANCELLING: { drop: true }, ENTITLEMENT_CANCELLED: { drop: true } },
    ],
  ])(
    'of before a cancellation that %s is flushed within its hour, of after it never',
    async (_, types) => {
      await google.set({ notices: { types } })
      const { id, agreement } = await google.subscribe('payg', INITECH)
      await nextHour(google)
      await use(google, agreement, { storage_gb: '5' })
      await google.pass(2 * minuteMs)
      await google.buyer('cancel', { entitlement: id, when: 'now' })
      await google.pass(3 * minuteMs)
      const after = await use(google, agreement, { storage_gb: '100' })
      await google.pass(2 * hourMs)
      expect((await heldBy(google, id)).totals).toEqual({ payg_storage_gb: '5' })
      const proof = await proofOf(google, agreement)
      expect(proof.storage_gb).toMatchObject({ accepted: '5', lost: '100' })
      expect(after).toMatchObject({ accepted: 1 })
      await google.set({ notices: { types: {} } })
    },
  )

  it('waits a month at most while the buyer’s billing is disabled, and then names what is lost', async () => {
    const soon = await google.subscribe('payg', GLOBEX)
    const late = await google.subscribe('payg', HOOLI)
    for (const billingAccount of [GLOBEX, HOOLI])
      await google.buyer('disable-billing', { billingAccount })
    for (const { agreement } of [soon, late]) await use(google, agreement, { api_calls: '9' })
    await google.pass(3 * hourMs)
    google.advance(3 * dayMs)
    await google.pass(hourMs)
    const [waiting] = await recordsOf(google, soon.agreement)
    expect(waiting.state).toMatchObject({ is: 'due', waiting: expect.stringMatching(/billing/) })
    await google.buyer('enable-billing', { billingAccount: GLOBEX })
    await google.pass(2 * hourMs)
    expect(statesOf(await recordsOf(google, soon.agreement))).toEqual({ accepted: 1 })
    expect((await heldBy(google, soon.id)).totals).toEqual({ payg_api_calls: '9' })
    google.advance(28 * dayMs)
    await google.pass(2 * hourMs)
    const [lost] = await recordsOf(google, late.agreement)
    expect(lost.state).toMatchObject({ is: 'lost', value: { currency: 'USD', amount: '0.45' } })
    expect(await heldBy(google, late.id)).toMatchObject({ operations: 0 })
    expect(await google.agreementOf(late.id)).toMatchObject({ state: { is: 'ended' } })
    await google.expectNothingStopped()
  })
})

describe('a month’s end at Google', { timeout: 60_000 }, () => {
  let google: Google
  beforeAll(async () => {
    google = await openGoogle({
      startAt: '2027-04-01T04:30:00.000Z',
      settings: { metering: { lateHours: 6 } },
      switches: { serviceControl: { lateHours: 6 } },
    })
  })
  afterAll(() => google?.close())

  it('is 01:00 Pacific on the first: what is told by then is on the month’s invoice, the rest is lost', async () => {
    const { id, agreement } = await google.subscribe('payg', INITECH)
    // Until 23:50 in Los Angeles, and then at 01:30 of usage from either side of midnight.
    await use(google, agreement, { api_calls: '1' })
    await google.pass(140 * minuteMs)
    await use(google, agreement, { api_calls: '2' })
    await google.pass(60 * minuteMs)
    await use(google, agreement, { api_calls: '4' }, '2027-04-01T07:10:00Z')
    await google.pass(40 * minuteMs)
    const late = await use(google, agreement, { api_calls: '8' }, '2027-04-01T06:40:00Z')
    expect(late).toMatchObject({ accepted: 1, lost: 1 })
    await google.pass(2 * hourMs)
    const told = await google.cloud('GET', '/gcp/control/usage')
    const held = told.operations.map((one: any) => [one.month, one.nanos])
    expect(held).toEqual([
      ['2027-03', '1000000000'],
      ['2027-03', '2000000000'],
      ['2027-04', '4000000000'],
    ])
    const lost = (await recordsOf(google, agreement)).find(({ state }) => state.is === 'lost')
    expect(lost.state).toMatchObject({ quantity: '8', value: { amount: '0.40' } })
    expect((await proofOf(google, agreement)).api_calls).toMatchObject({ accepted: '7', lost: '8' })
    expect([told.violations, (await heldBy(google, id)).operations]).toEqual([[], 3])
  })
})

/** To five minutes past the next hour. */
async function nextHour({ deps, pass }: Google): Promise<void> {
  const now = Date.parse(deps.now())
  await pass(hourMs - (now % hourMs) + 5 * minuteMs)
}
