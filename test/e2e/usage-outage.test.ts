import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ACMESOFT } from '../../simulator/azure/seed.ts'
import { exchange, login, MARKETPLACE } from '../azure-simulator/open.ts'
import { dayMs, hourMs, type Microsoft, minuteMs, openMicrosoft } from './microsoft.ts'
import {
  heldBy,
  proofOf,
  recordsOf,
  statesOf,
  subscribeTeams,
  use,
  useHourly,
} from './microsoft-usage.ts'

/** `OUTAGE_HOURS=30` waits another one out as well; what is older than a day is lost. */
const longer = Number(process.env.OUTAGE_HOURS ?? 0)
const outages = [23, ...(longer > 0 ? [longer] : [])].map(
  (hours) => [`${hours} hours`, hours, Math.max(0, hours - 24)] as const,
)

/** Usage reaches Microsoft exactly once whatever happens on the way, and what cannot is named with its value. */
describe('usage', { timeout: 120_000 }, () => {
  let microsoft: Microsoft
  beforeEach(async () => {
    microsoft = await openMicrosoft({ startAt: '2027-03-08T09:00:00.000Z' })
  })
  afterEach(async () => {
    await microsoft.heal()
    await microsoft.close()
  })

  it('leaves out what the price includes, and takes as few calls as can be', async () => {
    const teams = await subscribeTeams(microsoft, 8)
    const from = Date.parse(microsoft.deps.now())
    await microsoft.pass(12 * hourMs)
    for (const { agreement } of teams)
      for (let hour = 0; hour < 12; hour++)
        await use(
          microsoft,
          agreement,
          { api_calls: '30.5', storage_gb: '0.125' },
          new Date(from + hour * hourMs).toISOString(),
        )
    await microsoft.pass(hourMs)
    let sent = 0
    for (const { id, agreement } of teams) {
      const records = await recordsOf(microsoft, agreement)
      expect(statesOf(records)).toEqual({ accepted: 21, included: 3 })
      sent += 21
      expect(await heldBy(microsoft, id)).toEqual({
        events: 21,
        totals: { api_calls: '266', storage_gb: '1.5' },
      })
      const proof = await proofOf(microsoft, agreement)
      expect(proof.api_calls).toMatchObject({ events: '366', accepted: '266', included: '100' })
    }
    const calls = (await microsoft.calls()).PostBatchUsageEvent!
    expect(calls / Math.ceil(sent / 25)).toBeLessThanOrEqual(1.02)
  })

  it('is taken once through lost replies, throttling, errors and items that fail', async () => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    await microsoft.set({ metering: { errorRate: 0.3 } })
    await microsoft.strike({
      match: 'PostBatchUsageEvent',
      rate: 0.7,
      kinds: ['lost', 'lost', 'error', 'throttle'],
    })
    await useHourly(microsoft, agreement, 14, { api_calls: '11.25', storage_gb: '0.001' })
    const { faults } = await (await fetch(`${microsoft.clouds.origin}/faults`)).json()
    expect(faults[0].struck).toBeGreaterThan(10)
    await microsoft.heal()
    await microsoft.set({ metering: { errorRate: 0 } })
    await microsoft.pass(2 * hourMs)
    const records = await recordsOf(microsoft, agreement)
    expect(statesOf(records)).toEqual({ accepted: 20, included: 8 })
    expect(await heldBy(microsoft, id)).toEqual({
      events: 20,
      totals: { api_calls: '57.5', storage_gb: '0.014' },
    })
    await proofOf(microsoft, agreement)
    expect(await microsoft.events('usage.lost')).toEqual([])
  })

  it('stays refused where another system of the seller’s took the hour with another quantity', async () => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    const at = microsoft.deps.now()
    await use(microsoft, agreement, { storage_gb: '8' })
    await microsoft.pass(30 * minuteMs)
    const foreign = await report(microsoft, {
      resourceId: id,
      dimension: 'storage_gb',
      quantity: 3.5,
      effectiveStartTime: at,
      planId: 'team',
    })
    expect(foreign.status).toBe(200)
    await microsoft.pass(hourMs)
    const [record] = await recordsOf(microsoft, agreement)
    expect(record.state).toMatchObject({ is: 'refused', held: '3.5' })
    const [told] = await microsoft.events('usage.refused')
    expect(told.data).toMatchObject({ agreement, quantity: '8', held: '3.5' })
    expect((await proofOf(microsoft, agreement)).storage_gb).toMatchObject({ refused: '8' })
  })

  it.each(outages)('survives an outage of %s', async (_, hours, lateHours) => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    await useHourly(microsoft, agreement, 2, { api_calls: '120', storage_gb: '7' })
    await microsoft.pass(10 * minuteMs)
    const before = await heldBy(microsoft, id)
    expect(before.totals).toEqual({ api_calls: '140', storage_gb: '14' })
    await microsoft.strike({})
    await microsoft.pass(50 * minuteMs)
    await useHourly(microsoft, agreement, hours, { api_calls: '0.3', storage_gb: '7.77' })
    const syncs = (await microsoft.get('/v1/syncs')).data
    expect(syncs.find(({ name }: any) => name === 'metering').problem.code).toBe('unavailable')
    await microsoft.heal()
    await microsoft.pass(3 * minuteMs, minuteMs)
    await microsoft.pass(2 * hourMs)

    const records = await recordsOf(microsoft, agreement)
    const lost = records.filter(({ state }) => state.is === 'lost')
    expect(statesOf(records)).toEqual({
      accepted: 4 + 2 * (hours - lateHours),
      ...(lateHours > 0 ? { lost: 2 * lateHours } : {}),
    })
    expect(lost.map(({ state }) => state.value).filter((value) => value === null)).toEqual([])
    const [calls] = lost.filter(({ dimension }) => dimension === 'api_calls')
    const [storage] = lost.filter(({ dimension }) => dimension === 'storage_gb')
    if (lateHours > 0) {
      expect(calls.state.value).toEqual({ currency: 'USD', amount: '0.15' })
      expect(storage.state.value).toEqual({ currency: 'USD', amount: '0.16' })
    }
    expect(await microsoft.events('usage.lost')).toHaveLength(lost.length)
    const taken = hours - lateHours
    expect(await heldBy(microsoft, id)).toEqual({
      events: 4 + 2 * taken,
      totals: {
        api_calls: String(Number((140 + 0.3 * taken).toFixed(4))),
        storage_gb: String(Number((14 + 7.77 * taken).toFixed(4))),
      },
    })
    const proof = await proofOf(microsoft, agreement)
    expect(Number(proof.storage_gb.lost)).toBeCloseTo(7.77 * lateHours)
    await microsoft.expectNothingStopped()
  })

  it('is lost with its value when it is told too late, beyond what is included', async () => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    const at = microsoft.deps.now()
    await microsoft.pass(26 * hourMs)
    const told = await use(microsoft, agreement, { api_calls: '130', storage_gb: '50' }, at)
    expect(told).toMatchObject({ accepted: 2, lost: 2 })
    const records = await recordsOf(microsoft, agreement)
    expect(records.map(({ dimension, state }) => [dimension, state.is, state.value])).toEqual(
      expect.arrayContaining([
        ['api_calls', 'lost', { currency: 'USD', amount: '15.00' }],
        ['storage_gb', 'lost', { currency: 'USD', amount: '1.00' }],
      ]),
    )
    expect(await heldBy(microsoft, id)).toEqual({ events: 0, totals: {} })
    const proof = await proofOf(microsoft, agreement)
    expect(proof.api_calls).toMatchObject({ included: '100', lost: '30' })
  })

  it('waits while a subscription is suspended: in time it is sent, and after a day it is lost', async () => {
    const [soon, late] = await subscribeTeams(microsoft, 2)
    for (const { id } of [soon!, late!]) await microsoft.buyer('pay-fails', { subscriptionId: id })
    await microsoft.pass(6 * minuteMs)
    for (const { agreement } of [soon!, late!]) await use(microsoft, agreement, { storage_gb: '9' })
    await microsoft.pass(20 * hourMs)
    await microsoft.buyer('pay', { subscriptionId: soon!.id })
    await microsoft.pass(10 * hourMs)
    await microsoft.buyer('pay', { subscriptionId: late!.id })
    await microsoft.pass(hourMs)
    expect(statesOf(await recordsOf(microsoft, soon!.agreement))).toEqual({ accepted: 1 })
    const [lost] = await recordsOf(microsoft, late!.agreement)
    expect(lost.state).toMatchObject({ is: 'lost', value: { amount: '0.18' } })
    expect(await heldBy(microsoft, late!.id)).toEqual({ events: 0, totals: {} })
  })

  it('of hours before a cancellation is still sent after it, of later ones never', async () => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    await microsoft.strike({ match: 'PostBatchUsageEvent' })
    await useHourly(microsoft, agreement, 3, { storage_gb: '5' })
    await use(microsoft, agreement, { storage_gb: '2' })
    await microsoft.pass(20 * minuteMs)
    await microsoft.buyer('cancel', { subscriptionId: id })
    await microsoft.pass(2 * hourMs)
    const after = await use(microsoft, agreement, { storage_gb: '100' })
    expect(after).toMatchObject({ accepted: 1, lost: 1 })
    await microsoft.pass(12 * hourMs)
    await microsoft.heal()
    await microsoft.pass(2 * hourMs)
    expect(statesOf(await recordsOf(microsoft, agreement))).toEqual({ accepted: 4, lost: 1 })
    expect(await heldBy(microsoft, id)).toEqual({ events: 4, totals: { storage_gb: '17' } })
    expect((await proofOf(microsoft, agreement)).storage_gb).toMatchObject({
      accepted: '17',
      lost: '100',
    })
  })

  it('agrees with what Microsoft holds the day after, and says where it does not', async () => {
    const teams = await subscribeTeams(microsoft, 3)
    const [, mismatch, rejected] = teams
    for (const { agreement } of teams)
      await useHourly(microsoft, agreement, 2, { storage_gb: '0.1' })
    await microsoft.pass(2 * dayMs, 6 * hourMs)
    const day = '2027-03-08'
    const verdicts = async () => {
      const rows = await microsoft.everything(`/v1/usage-read-backs?from=${day}&to=2027-03-09`)
      return teams.map(
        ({ agreement }) => rows.find((row: any) => row.agreement === agreement)?.verdict,
      )
    }
    expect(await verdicts()).toEqual(['agreed', 'agreed', 'agreed'])
    const force = (subscription: string, more: object) =>
      microsoft.cloud('POST', '/azure/control/usage/reconcile', {
        subscription,
        dimension: 'storage_gb',
        day,
        ...more,
      })
    await force(mismatch!.id, { reconStatus: 'Mismatch', processedQuantity: '0.05' })
    await force(rejected!.id, { reconStatus: 'Rejected' })
    await microsoft.pass(dayMs, 6 * hourMs)
    expect(await verdicts()).toEqual(['agreed', 'differs', 'rejected'])
    const [differs] = await microsoft.events('usage.read_back_differs')
    expect(differs).toMatchObject({
      subject: mismatch!.agreement,
      data: { submitted: '0.2', processed: '0.1', difference: '-0.1', nativeStatus: 'Mismatch' },
    })
    const [no] = await microsoft.events('usage.read_back_rejected')
    expect(no).toMatchObject({ subject: rejected!.agreement })
    await microsoft.pass(2 * dayMs, 12 * hourMs)
    expect(await microsoft.events('usage.read_back_differs')).toHaveLength(1)
    expect((await microsoft.events('usage.read_back_agreed')).length).toBe(0)
  })
})

/** Another system of the seller's, which knows the same app. */
async function report({ clouds }: Microsoft, event: object) {
  const base = `${clouds.origin}/azure`
  const signedIn = await login(base, ACMESOFT.tenantId, {
    grant_type: 'client_credentials',
    client_id: ACMESOFT.clientId,
    client_secret: ACMESOFT.secret,
    scope: `${MARKETPLACE}/.default`,
  })
  return exchange('POST', `${base}/marketplaceapi/api/usageEvent?api-version=2018-08-31`, {
    headers: { authorization: `Bearer ${signedIn.body.access_token}` },
    body: event,
  })
}
