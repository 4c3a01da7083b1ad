import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  ACMESOFT,
  offer,
  openSeller,
  PRODUCT,
  priced,
  SCHEMA,
  type Seller,
  TEAM,
  term,
  UMBRELLA,
} from './seller.ts'

let seller: Seller

beforeEach(async () => {
  seller = await openSeller()
})
afterEach(() => seller.stop())

const get = async (path: string, version?: string) =>
  (await seller.ingest('GET', path, version ? { version } : {})).body
const schema = (type: string, version = '2022-07-01') => `${SCHEMA}/${type}/${version}`

it('lists products and plans by durable and external id, in both casings', async () => {
  const { value } = await get('product')
  expect(value).toEqual([
    {
      $schema: schema('product'),
      id: PRODUCT,
      identity: { externalId: 'acme-analytics' },
      type: 'softwareAsAService',
      alias: 'Acme Analytics',
    },
  ])
  const [old] = (await get('product?externalID=acme-analytics', '2022-03-01-preview3')).value
  expect(old).toMatchObject({
    $schema: schema('product', '2022-03-01-preview3'),
    identity: { externalID: 'acme-analytics' },
  })
  expect((await get('product?externalID=none')).value).toEqual([])
  const plans = (await get(`plan?product=${PRODUCT}`)).value
  expect(plans.map((one: any) => one.identity.externalId)).toEqual([
    'team',
    'enterprise',
    'per-seat',
  ])
  expect(plans[0]).toMatchObject({ id: TEAM, product: PRODUCT })
  expect(await get(String(TEAM))).toEqual(plans[0])
  expect((await seller.ingest('GET', 'plan')).status).toBe(400)
})

it('pages lists by a link to the next part', async () => {
  const first = await get(`plan?product=${PRODUCT}&$maxpagesize=2`)
  expect(first.value).toHaveLength(2)
  const next = new URL(first['@nextLink'])
  expect(next.searchParams.get('continuationToken')).toBeTruthy()
  const rest = await get(`plan${next.search}`)
  expect(rest.value).toHaveLength(1)
  expect(rest).not.toHaveProperty('@nextLink')
  const bad = await seller.ingest('GET', `plan?product=${PRODUCT}&continuationToken=x`)
  expect(bad.status).toBe(400)
})

it('shows everything of a product as a tree of one target', async () => {
  const tree = await get(`resource-tree/product/${ACMESOFT.product}?targetType=live`)
  expect(tree).toMatchObject({ root: PRODUCT, target: { targetType: 'live' } })
  const types = tree.resources.map((one: any) => one.id.split('/')[0])
  expect(new Set(types)).toEqual(
    new Set([
      'product',
      'listing',
      'property',
      'price-and-availability-custom-meter',
      'software-as-a-service-technical-configuration',
      'plan',
      'plan-listing',
      'price-and-availability-plan',
    ]),
  )
  const meters = tree.resources.find((one: any) => /custom-meter/.test(one.id))
  expect(meters.customMeters.api_calls.displayName).toBe('API calls')
  const price = tree.resources.find((one: any) => one.id.startsWith('price-and-availability-plan/'))
  expect(price.pricing.recurrentPrice.prices[0]).toEqual({
    billingTerm: term('month'),
    paymentOption: term('month'),
    pricePerPaymentInUsd: 500,
  })
  const wrong = await seller.ingest('GET', `resource-tree/product/${ACMESOFT.product}?targetType=x`)
  expect(wrong.status).toBe(400)
})

it('gives the prices of a public plan to edit and send back', async () => {
  const [, , guid] = String(TEAM).split('/')
  const path = `price-and-availability-private-offer-plan/${ACMESOFT.product}?plan=${guid}`
  const template = await get(path)
  expect(template).toMatchObject({
    plan: TEAM,
    offerPricingType: 'editExistingOfferPricingOnly',
    pricing: { customMeters: { meters: { api_calls: { pricePerPaymentInUsd: 0.5 } } } },
  })
  const { id: _, visibility: __, ...rest } = template
  rest.pricing.recurrentPrice.prices[0].pricePerPaymentInUsd = 410.75
  const [, item] = priced({})
  await seller.publish([{ ...rest, resourceName: 'price' }, offer({ pricing: [item] })])
})

it('keeps the exact digits of amounts', async () => {
  const text = JSON.stringify({
    $schema: schema('configure'),
    resources: priced({
      recurrentPrice: {
        priceInputOption: 'usd',
        prices: [{ billingTerm: term('month'), pricePerPaymentInUsd: 12345 }],
      },
    }).slice(0, 1),
  }).replace('12345', '90071992547409.931')
  const job = (await seller.ingest('POST', 'configure', { body: text })).body
  await seller.advance('PT5M')
  const url = `${seller.base}/graph/rp/product-ingestion/configure/${job.jobId}?$version=2023-07-15`
  const token = await seller.token(ACMESOFT, 'https://graph.microsoft.com')
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  expect(await answer.text()).toContain('"pricePerPaymentInUsd":90071992547409.931')
})

it('runs a job from notStarted to completed and gives its resources only then', async () => {
  const { status, body } = await seller.configure([offer()])
  expect(status).toBe(202)
  expect(body).toMatchObject({
    $schema: schema('configure-status'),
    jobStatus: 'notStarted',
    jobResult: 'pending',
    jobEnd: '0001-01-01',
    errors: [],
  })
  expect(body.jobStart).toMatch(/^2027-01-10T09:30:00\.\d{7}Z$/)
  await seller.advance('PT30S')
  expect(await seller.status(body.jobId)).toMatchObject({ jobStatus: 'running' })
  expect((await seller.ingest('GET', `configure/${body.jobId}`)).status).toBe(400)
  await seller.advance('PT4M')
  expect(await seller.status(body.jobId)).toMatchObject({
    jobStatus: 'completed',
    jobResult: 'succeeded',
    resourceUri: `https://product-ingestion.mp.microsoft.com/configure/${body.jobId}`,
  })
  expect((await seller.detail(body.jobId)).resources).toHaveLength(1)
})

it('counts hasty polls, or refuses them', async () => {
  const { jobId } = (await seller.configure([offer()])).body
  const poll = () => seller.ingest('GET', `configure/${jobId}/status`)
  expect((await poll()).status).toBe(200)
  await seller.advance('PT10S')
  expect((await poll()).status).toBe(200)
  const [job] = (await seller.get('/control/jobs')).body.jobs
  expect(job).toMatchObject({ polls: 2, hastyPolls: 1 })
  await seller.set({ ingestion: { pollTooOften: 'refuse' } })
  const refused = await poll()
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBe('60')
  await seller.advance('PT61S')
  expect((await poll()).status).toBe(200)
})

it('cancels a job while it has hardly begun', async () => {
  const { jobId } = (await seller.configure([offer()])).body
  const cancel = (id: string) => seller.ingest('POST', `configure/${id}/cancel`)
  expect((await cancel(jobId)).body).toMatchObject({ jobResult: 'cancelled' })
  await seller.advance('PT5M')
  expect((await get('private-offer/query')).value).toEqual([])
  expect((await cancel(jobId)).body).toEqual({
    error: {
      code: 'badRequest',
      message: 'Cannot cancel job, job has already completed.',
      details: [],
    },
  })
  const late = (await seller.configure([offer()])).body
  await seller.advance('PT70S')
  expect((await cancel(late.jobId)).status).toBe(400)
})

it('fails the next job half way, or leaves it hanging, when told to', async () => {
  const [price, item] = priced({
    recurrentPrice: {
      priceInputOption: 'usd',
      prices: [{ billingTerm: term('month'), pricePerPaymentInUsd: 1 }],
    },
  })
  await seller.post('/control/jobs/fail-next', { code: 'Conflict', message: 'no', after: 1 })
  const job = await seller.settle([price, offer({ pricing: [item] })])
  expect(job.errors).toEqual([{ code: 'Conflict', message: 'no' }])
  expect((await seller.detail(job.jobId)).resources).toHaveLength(1)
  await seller.post('/control/jobs/fail-next', { neverFinish: true })
  const { jobId } = (await seller.configure([offer()])).body
  await seller.advance('P3D')
  expect((await seller.status(jobId)).jobStatus).toBe('running')
  expect((await seller.settle([offer()])).jobResult).toBe('succeeded')
})

it('lets one job at a time change a private offer', async () => {
  const { id } = await seller.publish([offer()])
  const first = (await seller.configure([offer({ id, state: 'withdrawn' })])).body
  const second = (await seller.configure([offer({ id, state: 'withdrawn' })])).body
  await seller.advance('PT5M')
  expect((await seller.status(first.jobId)).jobResult).toBe('succeeded')
  expect((await seller.status(second.jobId)).errors[0].message).toMatch(/still changing/)
})

it('refuses what does not fit the schemas, whoever is not allowed, and what it does not know', async () => {
  const bad = async (body: unknown) => (await seller.ingest('POST', 'configure', { body })).body
  expect((await bad('{')).error.message).toMatch(/not valid JSON/)
  const foreign = `https://product-ingestion.azureedge.net/schema/configure/2022-07-01`
  expect((await bad({ $schema: foreign, resources: [] })).error.message).toMatch(/not be accessed/)
  const resources = [{ $schema: schema('private-offer', '2021-01-01') }]
  expect((await bad({ $schema: schema('configure'), resources })).error.message).toMatch(
    /not be accessed/,
  )
  const text = [{ ...priced({ prices: [{ pricePerPaymentInUsd: '5' }] })[0] }]
  expect((await bad({ $schema: schema('configure'), resources: text })).error.details).toEqual([
    expect.objectContaining({ message: 'Invalid type. Expected Number but got string' }),
  ])
  expect((await seller.ingest('GET', 'private-offer/none')).body).toEqual({
    error: { code: 'notFound', message: 'The requested resource was not found.', details: [] },
  })
  expect((await seller.ingest('GET', PRODUCT, { as: UMBRELLA })).status).toBe(404)
  const base = `${seller.base}/graph/rp/product-ingestion`
  const bare = await fetch(`${base}/product?$version=2022-07-01`)
  expect([bare.status, (await bare.json()).error.code]).toEqual([401, 'unauthorized'])
  await seller.post('/control/apps', { clientId: ACMESOFT.clientId, isManager: false })
  expect((await seller.ingest('GET', 'product')).status).toBe(403)
})

it('shows no tree of a product where it was never published, by 404 or empty', async () => {
  const product = { $schema: schema('product'), type: 'softwareAsAService', alias: 'New' }
  const { jobId } = await seller.settle([{ ...product, identity: { externalId: 'new' } }])
  const [{ id }] = (await seller.detail(jobId)).resources
  const live = () => seller.ingest('GET', `resource-tree/${id}?targetType=live`)
  expect((await live()).status).toBe(404)
  await seller.set({ ingestion: { unpublishedTree: 'empty' } })
  expect((await live()).body.resources).toEqual([])
  expect((await get(`resource-tree/${id}?targetType=draft`)).resources).not.toEqual([])
})

it('begins a list with an empty page when told to', async () => {
  await seller.set({ ingestion: { emptyFirstPage: true } })
  const first = await get('product')
  expect(first.value).toEqual([])
  const next = new URL(first['@nextLink'])
  expect((await get(`product${next.search}`)).value).toHaveLength(1)
})

it('publishes a draft by preview to live, and nothing before that shows', async () => {
  const draft = await seller.settle([
    {
      $schema: schema('plan'),
      resourceName: 'plan',
      product: { externalID: 'acme-analytics' },
      identity: { externalID: 'gold' },
      alias: 'Gold',
    },
    {
      $schema: schema('price-and-availability-plan'),
      product: PRODUCT,
      plan: { resourceName: 'plan' },
      visibility: 'visible',
      audience: 'public',
      pricing: {
        recurrentPrice: {
          recurrentPriceMode: 'flatRate',
          priceInputOption: 'usd',
          prices: [{ billingTerm: term('month'), pricePerPaymentInUsd: 900 }],
        },
        customMeters: { meters: { api_calls: { pricePerPaymentInUsd: 0.3 } } },
      },
    },
    {
      $schema: schema('software-as-a-service-technical-configuration'),
      product: PRODUCT,
      landingPageUri: 'https://new.example/land',
      connectionWebhook: 'https://new.example/hook',
      azureAdTenantId: ACMESOFT.tenantId,
      azureAdAppId: ACMESOFT.clientId,
    },
  ])
  expect(draft.errors).toEqual([])
  const buy = (changes: object = {}) => seller.bought({ planId: 'gold', ...changes })
  await expect(buy()).rejects.toThrow(/not on sale/)
  const tree = `resource-tree/product/${ACMESOFT.product}?targetType`
  const plansOf = async (target: string) =>
    (await get(`${tree}=${target}`)).resources
      .filter((one: any) => one.id.startsWith('plan/'))
      .map((one: any) => one.identity.externalId)
  expect(await plansOf('draft')).toContain('gold')
  expect(await plansOf('live')).not.toContain('gold')
  const submission = (changes: object) => ({
    $schema: schema('submission'),
    product: PRODUCT,
    ...changes,
  })
  const straight = (await seller.configure([submission({ target: { targetType: 'live' } })])).body
  await seller.advance('P3D')
  expect((await seller.status(straight.jobId)).errors[0].message).toMatch(/preview submission/)
  const preview = (await seller.configure([submission({ target: { targetType: 'preview' } })])).body
  await seller.advance('PT2H')
  const [{ id }] = (await seller.detail(preview.jobId)).resources
  const webhook = async () => (await seller.get('/control/offers')).body.products[0]
  expect((await webhook()).preview.connectionWebhook).toBe('https://new.example/hook')
  expect((await webhook()).live.connectionWebhook).toBe('')
  await seller.configure([submission({ id, target: { targetType: 'live' } })])
  await seller.advance('P2D')
  expect((await webhook()).live.landingPageUrl).toBe('https://new.example/land')
  expect(await buy()).toBeTruthy()
  expect(await plansOf('live')).toContain('gold')
  const history = (await get(`submission/${ACMESOFT.product}`)).value
  expect(history.map((one: any) => one.target.targetType)).toEqual(['draft', 'preview', 'live'])
})
