import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACMESOFT } from '../../simulator/azure/seed.ts'
import { exchange, login, MARKETPLACE } from '../azure-simulator/open.ts'
import { INITECH, type Microsoft, openMicrosoft } from '../e2e/microsoft.ts'
import { heldBy, use as tell } from '../e2e/microsoft-usage.ts'
import {
  brief,
  type Cloud,
  chargedFor,
  checked,
  dayMs,
  hourMs,
  reconciled,
  type Told,
  use,
} from './clouds.ts'

/** Usage of a month at Microsoft, of which the price includes some: what its API and its analytics tell, to the cent. */
describe('a month of an agreement at Microsoft', { timeout: 180_000 }, () => {
  let microsoft: Microsoft
  let cloud: Cloud
  let told: Record<string, Told>
  beforeAll(async () => {
    microsoft = await openMicrosoft({
      startAt: '2027-03-08T09:00:00.000Z',
      settings: { reports: { pollSeconds: 300 } },
    })
    const { id, agreement } = await microsoft.subscribe({
      planId: 'team',
      termUnit: 'P1M',
      billingAccountId: INITECH,
    })
    cloud = {
      agreement: agreement.id,
      now: () => microsoft.deps.now(),
      get: (path) => microsoft.as('finance').get(path),
      post: microsoft.post,
      pass: microsoft.pass,
      held: async () => (await heldBy(microsoft, id)).totals,
    }
    told = await use(cloud)
    // Another system of the seller's takes an hour with another quantity, so that ours is refused.
    const at = microsoft.deps.now()
    await tell(microsoft, agreement.id, { storage_gb: '8' })
    const before = (await heldBy(microsoft, id)).totals.storage_gb
    await report(microsoft, {
      resourceId: id,
      dimension: 'storage_gb',
      quantity: 3.5,
      effectiveStartTime: at,
      planId: 'team',
    })
    await microsoft.pass(2 * hourMs)
    told.storage_gb = {
      ...told.storage_gb!,
      quantity: String(Number(told.storage_gb!.quantity) + 8),
      events: told.storage_gb!.events + 1,
    }
    const { held } = cloud
    cloud = { ...cloud, held: async () => ({ ...(await held()), storage_gb: String(before) }) }
    await microsoft.pass(3 * dayMs, 6 * hourMs)
  }, 180_000)
  afterAll(() => microsoft?.close())

  it('agrees with what the marketplace holds day by day, and names what it holds of others', async () => {
    const statement = await checked(cloud, '2027-03', told)
    const calls = statement.dimensions.find(({ dimension }: any) => dimension === 'api_calls')
    expect(calls.included.value).toBe('100')
    expect(calls.taken[0]).toMatchObject({
      source: 'api',
      held: { value: calls.states.accepted.value },
    })
    expect(brief(statement.differences)).toEqual([
      'billed * not_billed_yet',
      'sent storage_gb lost',
      'sent storage_gb refused',
      'taken storage_gb unknown_here',
    ])
  })

  it('agrees with the invoice lines to the cent, beyond what nobody here sent', async () => {
    await microsoft.pass(32 * dayMs, dayMs)
    const statement = await checked(cloud, '2027-03', told)
    const accepted = Object.fromEntries(
      statement.dimensions.map((row: any) => [row.dimension, row.states.accepted.value]),
    )
    // Calls cost 0.50 and gigabytes 0.02; 3.5 GB were sent by somebody else.
    const cents =
      Math.round(Number(accepted.api_calls) * 50) +
      Math.round((Number(accepted.storage_gb) + 3.5) * 2)
    expect(Math.round(Number(chargedFor(statement)) * 100)).toBe(cents)
    const [billed] = (await reconciled(cloud, '2027-03')).filter(
      ({ level }: any) => level === 'billed',
    )
    expect(billed).toMatchObject({ source: 'lines', verdict: 'differs', value: { amount: '0.07' } })
  })
})

/** Another system of the seller's, which knows the same app. */
async function report({ clouds }: Microsoft, event: object): Promise<void> {
  const base = `${clouds.origin}/azure`
  const signedIn = await login(base, ACMESOFT.tenantId, {
    grant_type: 'client_credentials',
    client_id: ACMESOFT.clientId,
    client_secret: ACMESOFT.secret,
    scope: `${MARKETPLACE}/.default`,
  })
  const path = `${base}/marketplaceapi/api/usageEvent?api-version=2018-08-31`
  const answer = await exchange('POST', path, {
    headers: { authorization: `Bearer ${signedIn.body.access_token}` },
    body: event,
  })
  expect(answer.status).toBe(200)
}
