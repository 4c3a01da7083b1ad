import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exchange, login } from './open.ts'
import {
  ACMESOFT,
  customised,
  offer,
  openSeller,
  PARTNER,
  percent,
  type Seller,
  term,
  UMBRELLA,
} from './seller.ts'

/** Replies in the shape the documents show them, ids and values invented. */
const samples: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('data/seller-samples.json', import.meta.url), 'utf8'),
)
const ORDERS = 'SELECT OrderId FROM ISVOrderV2 TIMESPAN LAST_6_MONTHS'

let seller: Seller
const replies = new Map<string, unknown>()

beforeAll(async () => {
  seller = await openSeller()
  await jobsAndOffers()
  await catalogue()
  await analytics()
  await payouts()
}, 60_000)
afterAll(() => seller.stop())

it.each(Object.keys(samples))('answers %s with every field of the sample, in its type', (name) => {
  const ours = name === 'resource-tree-response' ? treeLike(replies.get(name)) : replies.get(name)
  expect(missing(samples[name], ours, '')).toEqual([])
})

/** Paths of the sample that our reply lacks or has in another type. Null in a sample says nothing. */
function missing(sample: any, ours: any, path: string): string[] {
  if (sample === null) return ours === undefined ? [path] : []
  if (Array.isArray(sample)) {
    if (!Array.isArray(ours)) return [`${path}: no list`]
    return sample.flatMap((one, at) =>
      missing(one, ours[Math.min(at, ours.length - 1)], `${path}/${at}`),
    )
  }
  if (typeof sample !== 'object') {
    return typeof ours === typeof sample ? [] : [`${path}: ${typeof ours}`]
  }
  if (ours === null || typeof ours !== 'object') return [`${path}: no object`]
  return Object.keys(sample).flatMap((key) => missing(sample[key], ours[key], `${path}/${key}`))
}

/** Our resources in the order of the sample's, by type: a tree has no order of its own. */
function treeLike(ours: any): any {
  const types = (samples['resource-tree-response'] as any).resources.map((one: any) => typeOf(one))
  const found = types.map((type: string) => ours.resources.find((one: any) => typeOf(one) === type))
  return { ...ours, resources: found }
}

const typeOf = (one: any) => String(one.id).split('/')[0]

async function jobsAndOffers(): Promise<void> {
  const prices = [
    { billingTerm: term('year'), paymentOption: term('month'), pricePerPaymentInUsd: 10000 },
  ]
  const recurrentPrice = { recurrentPriceMode: 'flatRate', priceInputOption: 'usd', prices }
  const first = await seller.configure(customised({ recurrentPrice }))
  replies.set('job-accepted-202', first.body)
  await seller.advance('PT5M')
  const job = await seller.status(first.body.jobId)
  replies.set('job-succeeded', job)
  const detail = await seller.detail(job.jobId)
  const resources = detail.resources.filter((one: any) => typeOf(one) === 'private-offer')
  replies.set('configure-detail-response', { ...detail, resources })
  const { id } = resources[0]
  replies.set('private-offer-get-pending', (await seller.ingest('GET', id)).body)
  const query = await seller.ingest('GET', 'private-offer/query')
  replies.set('private-offer-query-response', query.body)
  await seller.accept(id)
  replies.set('private-offer-get-accepted', (await seller.ingest('GET', id)).body)
  const bad = offer({ resourceName: 'deal', pricing: [percent(5, 'plan/none')] })
  replies.set('job-failed-with-resource', await seller.settle([bad]))
  const { jobId } = (await seller.configure([offer()])).body
  const cancelled = await seller.ingest('POST', `configure/${jobId}/cancel`)
  replies.set('job-cancelled', cancelled.body)
  await partnerView()
}

async function partnerView(): Promise<void> {
  const terms = [
    {
      sasUrl: 'https://acme.example/t.pdf',
      fileName: 't.pdf',
      customerFacingDocumentName: 'Terms',
    },
  ]
  const { id } = await seller.publish([
    offer({
      privateOfferType: 'multipartyPromotionOriginator',
      partners: [PARTNER],
      termsAndConditionsDocs: terms,
    }),
  ])
  const theirs = await seller.ingest('GET', id, { as: UMBRELLA })
  replies.set('private-offer-get-mpo-seller-view', theirs.body)
}

async function catalogue(): Promise<void> {
  const { product, plans } = ACMESOFT
  const read = async (name: string, path: string, version = '2023-07-15') =>
    replies.set(name, (await seller.ingest('GET', path, { version })).body)
  const price = 'price-and-availability-private-offer-plan'
  await read(
    'price-and-availability-private-offer-plan-get',
    `${price}/${product}?plan=${plans[0]}`,
  )
  const old = '2022-03-01-preview5'
  await read('resource-tree-response', `resource-tree/product/${product}?targetType=live`, old)
  await read('submission-list-response', `submission/${product}`)
  await read('product-list-response', 'product')
  await read('plan-list-response', `plan?product=product/${product}`)
  // A publisher with one product has one page: the link is the only field its list lacks.
  const all = replies.get('product-list-response') as object
  const paged = await seller.ingest('GET', `plan?product=product/${product}&$maxpagesize=1`)
  replies.set('product-list-response', { '@nextLink': paged.body['@nextLink'], ...all })
}

async function analytics(): Promise<void> {
  const dataset = await seller.analytics('GET', 'ScheduledDataset?datasetName=ISVOrder')
  replies.set('scheduledDataset-200', dataset.body)
  const query = { Name: 'orders', Description: 'orders v2', Query: ORDERS }
  const created = await seller.analytics('POST', 'ScheduledQueries', query)
  replies.set('scheduledQueries-200', created.body)
  const QueryId = created.body.value[0].queryId
  const plan = { StartTime: '2027-01-10T19:00:00Z', RecurrenceInterval: 24, RecurrenceCount: 20 }
  const CallbackUrl = 'http://127.0.0.1:9/never'
  const asked = { ReportName: 'orders', QueryId, ...plan, CallbackUrl }
  const report = await seller.analytics('POST', 'ScheduledReport', asked)
  replies.set('scheduledReport-200', report.body)
  const path = `ScheduledReport/execution/${report.body.Value[0].reportId}`
  const run = async (status: string) =>
    (await seller.analytics('GET', `${path}?executionStatus=${status}`)).body
  const hours = (Date.parse(plan.StartTime) - seller.now()) / 60_000
  await seller.advance(`PT${Math.ceil(hours)}M`)
  replies.set('execution-pending-200', await run('Pending'))
  await seller.advance('PT10M')
  replies.set('execution-completed-200', await run('Completed'))
}

async function payouts(): Promise<void> {
  const answer = await login(seller.base, ACMESOFT.tenantId, {
    grant_type: 'refresh_token',
    client_id: ACMESOFT.clientId,
    client_secret: ACMESOFT.secret,
    refresh_token: ACMESOFT.refreshToken,
    scope: 'https://api.partner.microsoft.com/.default',
  })
  const headers = { authorization: `Bearer ${answer.body.access_token}` }
  const base = `${seller.base}/partner/v1.0/payouts/transactionhistory`
  const queued = await exchange('POST', base, { headers })
  replies.set('export-202', queued.body)
  await seller.advance('PT15M')
  const done = await exchange('GET', `${base}/${queued.body.value[0].requestId}`, { headers })
  replies.set('export-completed-200', done.body)
}
