import { v1beta } from '@google-cloud/commerceproducer'
import { cloudcommerceprocurement } from '@googleapis/cloudcommerceprocurement'
import { servicecontrol } from '@googleapis/servicecontrol'
import { storage } from '@googleapis/storage'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { flatOffer, midnight } from './offers.ts'
import { ACME, credentials, INITECH, openGcp, rewired, type SimulatedGcp } from './open.ts'

// Google's own clients, unmodified: what they can drive is what Google's API looks like to them.
let gcp: SimulatedGcp
let options: { auth: any; rootUrl: string; fetchImplementation: any }
const parent = `projects/${ACME.id}/locations/global`

beforeEach(async () => {
  gcp = await openGcp()
  const auth: any = credentials(gcp.origin)
  options = { auth, rootUrl: `${gcp.origin}/`, fetchImplementation: rewired(gcp.origin) }
})
afterEach(() => gcp.stop())

function transactions() {
  const { hostname, port } = new URL(gcp.origin)
  return new v1beta.CommerceTransactionClient({
    fallback: true,
    apiEndpoint: hostname,
    port: Number(port),
    protocol: 'http',
    authClient: credentials(gcp.origin) as any,
  } as any)
}

it('is driven by the procurement client', async () => {
  const client = cloudcommerceprocurement({ version: 'v1', ...options })
  const { id, account } = await gcp.bought()
  const name = `providers/${ACME.id}/accounts/${account}`
  await client.providers.accounts.approve({ name, requestBody: { approvalName: 'signup' } })
  const entitlement = `providers/${ACME.id}/entitlements/${id}`
  await client.providers.entitlements.approve({ name: entitlement, requestBody: {} })
  await gcp.advance('PT1M')
  const { data } = await client.providers.entitlements.get({ name: entitlement })
  expect(data).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', plan: 'pro-P1Y' })
})

it('is driven by the Service Control client', async () => {
  const client = servicecontrol({ version: 'v1', ...options })
  const { id } = await gcp.active()
  const { usageReportingId } = await gcp.read(id)
  const end = gcp.simulator.clock.now()
  const operation = {
    operationId: '5f0a4a0e-6a8f-5f1c-8a53-5a2a3a9d7c11',
    operationName: 'usage',
    consumerId: usageReportingId,
    startTime: new Date(end - 60_000).toISOString(),
    endTime: new Date(end).toISOString(),
    metricValueSets: [
      { metricName: `${ACME.service}/pro_api_calls`, metricValues: [{ int64Value: '150' }] },
    ],
  }
  const serviceName = ACME.service
  const checked = await client.services.check({ serviceName, requestBody: { operation } })
  expect(checked.data.checkErrors).toBeUndefined()
  const requestBody = { operations: [operation] }
  const reported = await client.services.report({ serviceName, requestBody })
  expect(reported.data.reportErrors).toBeUndefined()
  const { body } = await gcp.get('/control/usage')
  expect(body.totals).toEqual([{ entitlement: id, metric: 'pro_api_calls', quantity: '150' }])
})

it('is driven by the Cloud Storage client', async () => {
  await gcp.active()
  await gcp.post('/control/reports', { month: '2027-01' })
  const client = storage({ version: 'v1', ...options })
  const bucket = ACME.reportBucket
  const { data } = await client.objects.list({ bucket, prefix: '20270101', maxResults: 1 })
  expect(data.items).toHaveLength(1)
  const object = data.items?.[0]?.name ?? ''
  const read = await client.objects.get({ bucket, object, alt: 'media' }, { responseType: 'text' })
  expect(String(read.data)).toContain('Google Entity')
  const pageToken = data.nextPageToken ?? ''
  const next = await client.objects.list({ bucket, prefix: '20270101', pageToken })
  expect(next.data.items?.[0]?.name).toBe('20270101 Disbursements.csv')
  const missing = client.objects.get({ bucket, object: 'nothing.csv' })
  await expect(missing).rejects.toMatchObject({ status: 404 })
})

it('is driven by the producer client over REST: create, amend its text, publish, cancel', async () => {
  const client = transactions()
  const [services] = await client.listServices({ parent }, { autoPaginate: false } as any)
  expect(services.map((one) => one.name)).toEqual([`${parent}/services/${ACME.service}`])
  const [offers] = await client.listStandardOffers(
    { parent: `${parent}/services/${ACME.service}` },
    { autoPaginate: false } as any,
  )
  expect(offers.map((one) => one.serviceLevel)).toEqual(['pro', 'pro', 'payg'])
  const first = { name: String(offers[0]?.name), view: 'STANDARD_OFFER_VIEW_FULL' as const }
  const [pro] = await client.getStandardOffer(first)
  expect(pro).toMatchObject({ serviceLevelTitle: 'Pro', termDurationMonths: 12 })
  const [target] = await client.resolveAmendmentTarget({
    parent,
    targetBillingAccount: `billingAccounts/${INITECH}`,
    baseStandardOffer: `${parent}/services/${ACME.service}/standardOffers/pro-P1Y`,
  })
  expect(target.requiredPrivateOffer ?? target.requiredStandardOffer ?? null).toBeNull()
  const privateOffer: any = flatOffer()
  const [created] = await client.createPrivateOffer({ parent, privateOffer })
  const name = String(created.name)
  await client.createPrivateOfferDocument({
    parent: name,
    privateOfferDocument: { documentType: 'STANDARD_END_USER_LICENSE_AGREEMENT_V2' },
  } as any)
  const [updated] = await client.updatePrivateOffer({
    privateOffer: { name, title: 'Another title' },
    updateMask: { paths: ['title'] },
  })
  expect(updated).toMatchObject({ title: 'Another title', state: 'DRAFT' })
  await client.publishPrivateOffer({ name, validateOnly: true })
  await client.publishPrivateOffer({ name })
  await gcp.advance('PT1M')
  const view: any = 'PRIVATE_OFFER_VIEW_FULL'
  const [published] = await client.getPrivateOffer({ name, view })
  expect(published.state).toBe('PUBLISHED')
  const { contractValue, revenueShare } = published.singleProductOffer as any
  expect(contractValue.totalContractValue).toMatchObject({ currencyCode: 'USD', units: '120000' })
  expect(revenueShare.currentTermVendorNetRevenuePercent.value).toBe('97')
  await client.cancelPrivateOffer({ name, cancellationNote: 'other terms' })
  const [cancelled] = await client.getPrivateOffer({ name })
  expect(cancelled).toMatchObject({ state: 'CANCELLED', cancellationNote: 'other terms' })
})

it('tells the producer client every fault of a publish', async () => {
  const client = transactions()
  const [draft] = await client.createPrivateOffer({
    parent,
    privateOffer: { acceptDeadlineTime: { ...midnight('2027-01-20'), hours: 3 } } as any,
  })
  const refused = await client.publishPrivateOffer({ name: String(draft.name) }).catch((e) => e)
  expect(refused.code).toBe(9)
  const [{ fieldViolations }] = refused.statusDetails
  expect(fieldViolations.map((one: any) => one.field)).toEqual(
    expect.arrayContaining(['title', 'offer_deal_type', 'term', 'accept_deadline_time']),
  )
})
