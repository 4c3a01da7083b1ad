import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ACMESOFT, exchange, GLOBEX, INITECH, openAzure, type SimulatedAzure } from './open.ts'

const SCHEMA = 'https://schema.mp.microsoft.com/schema'
let azure: SimulatedAzure

beforeEach(async () => {
  azure = await openAzure()
})
afterEach(() => azure.stop())

/** Publishes a private offer with one customised plan for Initech and answers its guid. */
async function published(): Promise<string> {
  const authorization = `Bearer ${await azure.token(ACMESOFT, 'https://graph.microsoft.com')}`
  const ingestion = (method: string, path: string, body?: unknown) =>
    exchange(method, `${azure.base}/graph/rp/product-ingestion/${path}?$version=2022-07-01`, {
      headers: { authorization },
      ...(body === undefined ? {} : { body }),
    })
  const [team] = ACMESOFT.plans
  const product = `product/${ACMESOFT.product}`
  const basePlan = `plan/${ACMESOFT.product}/${team}`
  const offerPricingType = 'saasNewCustomizedPlans'
  const started = await ingestion('POST', 'configure', {
    $schema: `${SCHEMA}/configure/2022-07-01`,
    resources: [
      {
        $schema: `${SCHEMA}/price-and-availability-private-offer-plan/2023-07-15`,
        resourceName: 'price',
        product,
        plan: basePlan,
        offerPricingType,
        pricing: {
          recurrentPrice: {
            recurrentPriceMode: 'flatRate',
            priceInputOption: 'usd',
            prices: [
              {
                billingTerm: { type: 'year', value: 1 },
                paymentOption: { type: 'month', value: 1 },
                pricePerPaymentInUsd: 400,
              },
            ],
          },
        },
      },
      {
        $schema: `${SCHEMA}/private-offer/2023-07-15`,
        name: 'Initech renewal',
        state: 'live',
        privateOfferType: 'customerPromotion',
        offerPricingType,
        variableStartDate: true,
        end: '2028-01-31',
        acceptBy: '2027-02-15',
        preparedBy: 'deals@acme.example',
        beneficiaries: [{ id: INITECH, description: 'Initech' }],
        pricing: [
          {
            product,
            basePlan,
            newPlanDetails: { name: 'Initech Team', description: 'For Initech' },
            discountType: 'absolute',
            priceDetails: { resourceName: 'price' },
          },
        ],
      },
    ],
  })
  await azure.advance('PT10M')
  const detail = await ingestion('GET', `configure/${started.body.jobId}`)
  const offer = detail.body.resources.find((one: any) => one.id?.startsWith('private-offer/'))
  return offer.id.split('/')[1]
}

it('sells a customised plan only to the billing account that accepted, and names the offer', async () => {
  const guid = await published()
  const plan = (await azure.get('/control/private-offers')).body.privateOffers[0].items[0].plan
  const attempt = async (billingAccountId: string, more: object = {}) => {
    const plans = (await azure.get('/control/plans')).body.plans
    const { planId } = plans.find((one: any) => one.guid === plan)
    const asked = { offerId: 'acme-analytics', planId, billingAccountId, ...more }
    return azure.post('/buyer/buy', asked)
  }
  expect((await attempt(INITECH)).status).toBe(409)
  expect((await azure.post('/buyer/accept', { offerId: guid })).status).toBe(200)
  expect((await attempt(GLOBEX)).status).toBe(409)
  const bought = await attempt(INITECH, { privateOfferId: `private-offer/${guid}` })
  expect(bought.status).toBe(201)
  const { subscriptionId } = bought.body
  const subscription = await azure.subscription(subscriptionId)
  expect(subscription.term).toEqual({ termUnit: 'P1Y' })
  const plans = async (query: string) =>
    (await azure.call('GET', `/saas/subscriptions/${subscriptionId}/listAvailablePlans${query}`))
      .body.plans
  const [own] = await plans(`?planId=${subscription.planId}`)
  expect(own).toMatchObject({
    isPrivate: true,
    displayName: 'Initech Team',
    sourceOffers: [{ externalId: guid }],
    planComponents: { recurrentBillingTerms: [{ price: 400, termUnit: 'P1Y' }] },
  })
  const all = await plans('')
  expect(all.map((one: any) => one.planId)).toContain(subscription.planId)
  expect(all.every((one: any) => one.sourceOffers === undefined)).toBe(true)
  const other = await azure.bought({ billingAccountId: GLOBEX })
  const theirs = await azure.call('GET', `/saas/subscriptions/${other}/listAvailablePlans`)
  expect(theirs.body.plans.map((one: any) => one.planId)).not.toContain(subscription.planId)
})

it('keeps everything over a restart', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'azure-')), 'state')
  const first = await openAzure({ file })
  const id = await first.subscribed()
  await first.advance('P20D')
  await first.stop()
  const second = await openAzure({ file })
  await second.advance('P15D')
  const { term } = await second.subscription(id)
  expect(term).toMatchObject({ startDate: '2027-02-10T00:00:00Z', termUnit: 'P1M' })
  const authorization = `Bearer ${first.bearer}`
  const answer = await second.call('GET', '/saas/subscriptions', undefined, { authorization })
  expect(answer.status).toBe(200)
  await second.stop()
})
