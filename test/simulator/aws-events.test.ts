import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { INITECH, openAws, PRODUCT, PUBLIC_OFFER, type SimulatedAws } from './aws-clients.ts'
import { agreed, offerChanges, publish, released } from './aws-offers.ts'

let aws: SimulatedAws
let server: Server
let seen: { at: string; secret: unknown; event: any }[]
let answers: number[]
let posted: string[]

beforeEach(async () => {
  seen = []
  answers = []
  posted = []
  aws = await openAws()
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.url === '/register') {
        posted.push(String(request.headers['content-type']), body)
        response.writeHead(303, { location: '/welcome' }).end('see there')
        return
      }
      const at = new Date(aws.simulator.clock.now()).toISOString()
      seen.push({ at, secret: request.headers['x-hook'], event: JSON.parse(body) })
      response.writeHead(answers.shift() ?? 202).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  await aws.post('/aws/control/destinations', {
    url: `${origin()}/hook`,
    header: 'x-hook',
    secret: 'hush',
    account: '777788889999',
  })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await aws.stop()
})

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const types = () => seen.map(({ event }) => event['detail-type'])
const inOrder = (a: string, b: string) => (a < b ? -1 : 1)
const last = () => seen.at(-1)?.event

it('tells of change sets and released offers', async () => {
  const offerId = await released(aws)
  expect(types()).toEqual(['Offer Released', 'Change Set Succeeded'])
  expect(seen[0]?.secret).toBe('hush')
  expect(seen[0]?.event.detail).toMatchObject({
    catalog: 'AWSMarketplace',
    offer: { id: offerId, expirationDate: '2027-01-31T23:59:59.999Z' },
    product: { id: PRODUCT, title: 'Acme Analytics' },
    targetedBuyerAccountIds: [INITECH],
  })
  await publish(aws, offerChanges({ UpdateAvailability: null }))
  expect(last()).toMatchObject({
    'detail-type': 'Change Set Failed',
    source: 'aws.marketplacecatalog',
    detail: { Catalog: 'AWSMarketplace', FailureCode: 'CLIENT_ERROR' },
  })
})

it('tells of an agreement and its licence at the times AWS was seen to', async () => {
  const { agreementId, licenseArn } = await agreed(aws)
  const [created, license] = seen.slice(2)
  expect([created?.at, license?.at]).toEqual([
    '2027-01-10T09:30:16.000Z',
    '2027-01-10T09:31:06.000Z',
  ])
  expect(created?.event).toMatchObject({
    version: '0',
    'detail-type': 'Purchase Agreement Created - Proposer',
    source: 'aws.agreement-marketplace',
    account: '777788889999',
    region: 'us-east-1',
    resources: [`arn:aws:aws-marketplace::aws:agreement:${agreementId}`],
  })
  expect(created?.event.detail).toEqual({
    requestId: expect.any(String),
    catalog: 'AWSMarketplace',
    agreement: {
      id: agreementId,
      intent: 'NEW',
      status: 'ACTIVE',
      acceptanceTime: '2027-01-10T09:30:05.000Z',
      startTime: '2027-01-10T09:30:05.000Z',
      endTime: '2028-01-10T09:30:05.000Z',
    },
    resaleAuthorization: { id: null },
    acceptor: { accountId: INITECH },
    proposer: { accountId: '777788889999' },
    offer: { id: expect.stringMatching(/^offer-/) },
  })
  expect(license?.event.detail).toMatchObject({
    agreement: { id: agreementId },
    product: { code: 'acmeanalyticsproductcode1', id: PRODUCT },
    license: { arn: licenseArn },
  })
  await aws.post('/aws/buyer/cancel', { agreementId })
  await aws.advance('PT31S')
  expect(types().slice(4)).toEqual([
    'Purchase Agreement Ended - Proposer',
    'License Deprovisioned - Manufacturer',
  ])
  expect(seen[4]?.event.detail).toEqual({
    requestId: expect.any(String),
    catalog: 'AWSMarketplace',
    agreement: { id: agreementId, status: 'CANCELLED' },
    resaleAuthorization: { id: null },
    acceptor: { accountId: INITECH },
    proposer: { accountId: '777788889999' },
  })
})

it('writes the year 9999 where an agreement has no end', async () => {
  await agreed(aws, {
    UpdatePaymentScheduleTerms: null,
    UpdateValidityTerms: null,
    UpdatePricingTerms: {
      PricingModel: 'Usage',
      Terms: [
        {
          Type: 'UsageBasedPricingTerm',
          CurrencyCode: 'USD',
          RateCards: [
            {
              RateCard: ['api_calls', 'storage_gb'].map((DimensionKey) => ({
                DimensionKey,
                Price: '1',
              })),
            },
          ],
        },
      ],
    },
  })
  const created = seen.find(({ event }) => event['detail-type'].includes('Created'))
  expect(created?.event.detail.agreement.endTime).toBe('9999-01-01T00:00:00Z')
})

it('tells of amendments', async () => {
  const bought = await aws.post('/aws/buyer/accept', {
    offerId: PUBLIC_OFFER,
    account: INITECH,
    quantities: { seats: 1 },
  })
  await aws.advance('PT2M')
  const { agreementId } = bought
  await aws.post('/aws/buyer/amend', { agreementId, quantities: { seats: 5 } })
  await aws.advance('PT2M')
  expect(types().slice(2)).toEqual([
    'Purchase Agreement Amended - Proposer',
    'License Updated - Manufacturer',
  ])
  expect(seen[2]?.event.detail.agreement).toMatchObject({ id: agreementId, intent: 'AMEND' })
})

it('tries again what failed, for a day, and not what is hopeless', async () => {
  answers = [503, 429]
  await released(aws)
  expect(seen).toHaveLength(2)
  await aws.advance('PT10S')
  expect(types().toSorted(inOrder)).toEqual([
    'Change Set Succeeded',
    'Change Set Succeeded',
    'Offer Released',
    'Offer Released',
  ])
  answers = Array.from({ length: 300 }, () => 500)
  seen = []
  await released(aws)
  await aws.advance('P2D')
  const { deliveries } = await aws.get('/aws/control/deliveries')
  expect(deliveries.filter((one: any) => one.state === 'given up')).toHaveLength(2)
  const times = seen.map(({ at }) => Date.parse(at))
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(24 * 3_600_000 + 1)
  expect(seen.length).toBeGreaterThan(50)
  answers = [404, 404]
  seen = []
  await released(aws, {
    UpdateAvailability: { AvailabilityEndDate: '2027-01-20' },
    UpdatePaymentScheduleTerms: null,
    UpdateValidityTerms: null,
    UpdatePricingTerms: {
      PricingModel: 'Contract',
      Terms: [
        {
          Type: 'ConfigurableUpfrontPricingTerm',
          CurrencyCode: 'USD',
          RateCards: [
            {
              Selector: { Type: 'Duration', Value: 'P12M' },
              Constraints: {
                MultipleDimensionSelection: 'Allowed',
                QuantityConfiguration: 'Allowed',
              },
              RateCard: [{ DimensionKey: 'seats', Price: '1' }],
            },
          ],
        },
      ],
    },
  })
  await aws.advance('P1D')
  expect(seen).toHaveLength(2)
})

it('repeats, disorders and loses events when told to', async () => {
  await aws.set({ events: { duplicateRate: 1 } })
  await released(aws)
  expect(new Set(seen.map(({ event }) => event.id)).size).toBe(2)
  expect(seen).toHaveLength(4)
  await aws.set({ events: { duplicateRate: 0, dropRate: 1 } })
  await released(aws)
  expect(seen).toHaveLength(4)
  await aws.set({ events: { dropRate: 0, disorderRate: 1, disorderMs: 600_000 } })
  seen = []
  for (let count = 0; count < 4; count += 1) await released(aws)
  await aws.advance('PT10M')
  const order = seen.map(({ event }) => event.time)
  expect(order).toHaveLength(8)
  expect(order).not.toEqual(order.toSorted(inOrder))
})

it('sends the buyer to the seller with a token in a form', async () => {
  await aws.post(`/aws/control/products/${PRODUCT}`, { fulfillmentUrl: `${origin()}/register` })
  const { agreementId } = await agreed(aws)
  const answer = await aws.post('/aws/buyer/register', { agreementId })
  expect(answer).toMatchObject({ status: 303, location: '/welcome', body: 'see there' })
  expect(posted[0]).toContain('application/x-www-form-urlencoded')
  expect(new URLSearchParams(posted[1]).get('x-amzn-marketplace-token')).toMatch(/^\+.*=$/)
  expect(posted[1]).toContain('%2B')
})
