import { ACMESOFT, exchange, INITECH, openAzure, UMBRELLA } from './open.ts'

export { ACMESOFT, GLOBEX, HOOLI, INITECH, UMBRELLA } from './open.ts'

export const SCHEMA = 'https://schema.mp.microsoft.com/schema'
export const PRODUCT = `product/${ACMESOFT.product}`
export const [TEAM, ENTERPRISE, PER_SEAT] = ACMESOFT.plans.map(
  (guid) => `plan/${ACMESOFT.product}/${guid}`,
)

export type Seller = Awaited<ReturnType<typeof openSeller>>
type Publisher = typeof ACMESOFT

/** The simulator with what a seller does in product ingestion, analytics and payouts, and what buyers do. */
export async function openSeller(options: { readonly startAt?: string } = {}) {
  const azure = await openAzure(options)
  const tokens = new Map<string, string>()
  const bearer = async (publisher: Publisher, resource: string) => {
    const key = `${publisher.publisherId} ${resource}`
    const token = tokens.get(key) ?? (await azure.token(publisher, resource))
    tokens.set(key, token)
    return { authorization: `Bearer ${token}` }
  }
  const ingest = async (
    method: string,
    path: string,
    options: { body?: unknown; version?: string; as?: Publisher } = {},
  ) => {
    const { body, version = '2023-07-15', as = ACMESOFT } = options
    const joint = path.includes('?') ? '&' : '?'
    const url = `${azure.base}/graph/rp/product-ingestion/${path}${joint}$version=${version}`
    const headers = await bearer(as, 'https://graph.microsoft.com')
    return exchange(method, url, { headers, ...(body === undefined ? {} : { body }) })
  }
  const configure = (resources: readonly object[], as?: Publisher) =>
    ingest('POST', 'configure', {
      body: { $schema: `${SCHEMA}/configure/2022-07-01`, resources },
      version: '2022-07-01',
      ...(as ? { as } : {}),
    })
  const status = async (jobId: string, as?: Publisher) =>
    (
      await ingest('GET', `configure/${jobId}/status`, {
        version: '2022-07-01',
        ...(as ? { as } : {}),
      })
    ).body
  const detail = async (jobId: string, as?: Publisher) =>
    (await ingest('GET', `configure/${jobId}`, as ? { as } : {})).body
  /** Sends resources, lets the job end, and answers its final status. */
  const settle = async (resources: readonly object[], as?: Publisher) => {
    const { status: code, body } = await configure(resources, as)
    if (code !== 202) throw new Error(JSON.stringify(body))
    await azure.advance('PT5M')
    return status(body.jobId, as)
  }
  /** Publishes an offer and answers its resource. */
  const publish = async (resources: readonly object[]) => {
    const job = await settle(resources)
    if (job.jobResult !== 'succeeded') throw new Error(JSON.stringify(job.errors))
    const found = (await detail(job.jobId)).resources
    return found.find((one: any) => one.id.startsWith('private-offer/'))
  }
  const accept = (offerId: string, billingAccountId?: string) =>
    azure.post('/buyer/accept', { offerId, ...(billingAccountId ? { billingAccountId } : {}) })
  const analytics = async (method: string, path: string, body?: unknown) =>
    exchange(method, `${azure.base}/partnercenter/insights/v1/cmp/${path}`, {
      headers: await bearer(ACMESOFT, 'https://graph.windows.net'),
      ...(body === undefined ? {} : { body }),
    })
  return { ...azure, ingest, configure, status, detail, settle, publish, accept, analytics }
}

/** A private offer for Initech: 20 percent off the plan Team, open until mid February 2027. */
export function offer(changes: object = {}): object {
  return {
    $schema: `${SCHEMA}/private-offer/2023-07-15`,
    name: 'Initech 2027',
    state: 'live',
    privateOfferType: 'customerPromotion',
    offerPricingType: 'editExistingOfferPricingOnly',
    variableStartDate: true,
    end: '2028-01-31',
    acceptBy: '2027-02-15',
    preparedBy: 'deals@acme.example',
    notificationContacts: ['deals@acme.example'],
    beneficiaries: [{ id: INITECH, description: 'Initech' }],
    pricing: [percent(20)],
    ...changes,
  }
}

export function percent(discountPercentage: number, plan: string | undefined = TEAM): object {
  return { product: PRODUCT, plan, discountType: 'percentage', discountPercentage }
}

/** Absolute prices for a plan and the pricing item that uses them. */
export function priced(pricing: object, changes: object = {}): [object, object] {
  const price = {
    $schema: `${SCHEMA}/price-and-availability-private-offer-plan/2023-07-15`,
    resourceName: 'price',
    product: PRODUCT,
    plan: TEAM,
    offerPricingType: 'editExistingOfferPricingOnly',
    pricing,
    ...changes,
  }
  const item = {
    product: PRODUCT,
    plan: TEAM,
    discountType: 'absolute',
    priceDetails: { resourceName: 'price' },
  }
  return [price, item]
}

/** The prices and the offer of a plan made for one customer. */
export function customised(pricing: object, changes: object = {}): object[] {
  const type = 'saasNewCustomizedPlans'
  const base = ENTERPRISE
  const [price] = priced(pricing, { plan: base, offerPricingType: type, ...changes })
  const item = {
    product: PRODUCT,
    basePlan: base,
    newPlanDetails: { name: 'Initech Enterprise', description: 'Made for Initech' },
    discountType: 'absolute',
    priceDetails: { resourceName: 'price' },
  }
  return [price, offer({ offerPricingType: type, pricing: [item] })]
}

export const term = (unit: 'month' | 'year', value = 1) => ({ type: unit, value })

/** The partner of multiparty offers: the other publisher in the simulated world. */
export const PARTNER = {
  id: UMBRELLA.sellerId,
  partnerName: 'Umbrella Apps',
  location: 'United States',
}
