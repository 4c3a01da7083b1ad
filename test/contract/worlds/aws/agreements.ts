import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Instant } from '../../../../src/kernel/time.ts'
import {
  GLOBEX,
  INITECH,
  LEGACY_CODE,
  LEGACY_PUBLIC_OFFER,
  PRODUCT,
  PRODUCT_CODE,
  PUBLIC_OFFER,
} from '../../../simulator/aws-clients.ts'
import type { AgreementsWorld, Sold, Told } from '../../agreement-world.ts'
import { type Accepted, type SimulatedAws, startAws } from './cloud.ts'

const otherSellersOffer = 'offer-umbre11apub1'
const legacyProduct = 'prod-demo1egacy001'
const rates = [
  { dimension: 'api_calls', rate: '0.002', currency: 'USD' },
  { dimension: 'storage_gb', rate: '0.01', currency: 'USD' },
]
const usd = (amount: string) => ({ currency: 'USD', amount })

export async function awsAgreements(): Promise<AgreementsWorld> {
  const cloud = await startAws()
  const browser = await listenForBrowsers(cloud)
  const world = cloud.world('agreements')
  const foreign = await cloud.accept(otherSellersOffer, { quantities: { seats: 1 } })
  return {
    ...world,
    deals: dealsOf(cloud),
    async accept(kind = 'usual') {
      const accepted: Accepted = await cloud.post('/aws/buyer/accept', {
        offerId: kind === 'legacy' ? LEGACY_PUBLIC_OFFER : PUBLIC_OFFER,
        account: kind === 'legacy' ? GLOBEX : INITECH,
        quantities: { seats: 3 },
      })
      return { agreementRef: accepted.agreementId, told: contract(accepted, '3') }
    },
    async amend(agreementId) {
      await cloud.post('/aws/buyer/amend', { agreementId, quantities: { seats: 5 } })
      return {
        agreementRef: agreementId,
        entitlements: [expectedSeats(await licenseOf(cloud, agreementId), '5')],
      }
    },
    cancel: (agreementId) => cloud.post('/aws/buyer/cancel', { agreementId }),
    terminate: (agreementId) => cloud.post(`/aws/control/agreements/${agreementId}/terminate`),
    async renew() {
      const offerId = await cloud.offer({
        ...monthly,
        UpdateRenewalTerms: {
          Terms: [
            { Type: 'RenewalTerm', PriceIncrease: { Type: 'FixedPercentage', Value: '5.00' } },
          ],
        },
      })
      const { agreementId } = await cloud.accept(offerId, {
        quantities: { seats: 3 },
        autoRenew: true,
      })
      await cloud.advance('P1M')
      return { before: agreementId }
    },
    foreignRef: foreign.agreementId,
    arrive: (agreementId) => browser.arrive(agreementId),
    async whoArrives(agreementId) {
      const { acceptor, licenseArn, productId } = await find(cloud, agreementId)
      const legacy = productId === legacyProduct
      return {
        buyerRef: acceptor,
        licenseRef: licenseArn,
        customerRef: legacy ? 'X01GLOBEX0X' : null,
        meteringRef: legacy ? LEGACY_CODE : PRODUCT_CODE,
      }
    },
    pastTokenLife: 'PT4H1S',
    unable: { renewInPlace: 'a renewal is another agreement' },
    answerEmptyPages: () => cloud.set({ catalog: { emptyFirstPage: true } }),
    async close() {
      browser.close()
      await world.close()
    },
  }
}

const expectedSeats = (licenseRef: string, quantity: string) => ({
  dimension: 'seats',
  quantity,
  licenseRef,
})

const contract = ({ agreementId, licenseArn }: Accepted, quantity: string): Told => ({
  agreementRef: agreementId,
  initialRef: agreementId,
  licenseRefs: [licenseArn],
  entitlements: [expectedSeats(licenseArn, quantity)],
})

const payAsYouGo = {
  UpdatePricingTerms: {
    PricingModel: 'Usage',
    Terms: [
      {
        Type: 'UsageBasedPricingTerm',
        CurrencyCode: 'USD',
        RateCards: [
          {
            RateCard: rates.map(({ dimension, rate }) => ({
              DimensionKey: dimension,
              Price: rate,
            })),
          },
        ],
      },
    ],
  },
  UpdateValidityTerms: null,
  UpdatePaymentScheduleTerms: null,
}

const monthly = {
  UpdatePricingTerms: {
    PricingModel: 'Contract',
    Terms: [
      {
        Type: 'ConfigurableUpfrontPricingTerm',
        CurrencyCode: 'USD',
        RateCards: [
          {
            Selector: { Type: 'Duration', Value: 'P1M' },
            Constraints: {
              MultipleDimensionSelection: 'Allowed',
              QuantityConfiguration: 'Allowed',
            },
            RateCard: [{ DimensionKey: 'seats', Price: '10.00' }],
          },
        ],
      },
    ],
  },
  UpdateValidityTerms: null,
  UpdatePaymentScheduleTerms: null,
}

/** Accepted on 2027-01-10, before the suite has moved the clock far. */
function dealsOf(cloud: SimulatedAws): AgreementsWorld['deals'] {
  const sell = async (
    offerId: string,
    told: (accepted: Accepted, at: Instant) => Told,
    more: object = {},
  ): Promise<Sold> => {
    const at = cloud.now()
    const accepted = await cloud.accept(offerId, more)
    return {
      agreementRef: accepted.agreementId,
      told: {
        ...told(accepted, at),
        offerRef: offerId,
        listingRef: PRODUCT,
        buyerRef: INITECH,
        nativeStatus: 'ACTIVE',
        state: { is: 'active' },
        acceptedAt: at,
        changedAt: at,
      },
    }
  }
  return {
    'a contract whose quantities the buyer chose': () =>
      sell(
        PUBLIC_OFFER,
        (accepted, at) => ({
          ...contract(accepted, '3'),
          startsAt: at,
          endsAt: at.replace('2027', '2028') as Instant,
          value: usd('360.00'),
          usageRates: rates,
          charges: [{ at, amount: usd('360.00') }],
        }),
        { quantities: { seats: 3 } },
      ),
    'a contract in instalments': async () =>
      sell(await cloud.offer(), (accepted, at) => ({
        ...contract(accepted, '10'),
        startsAt: at,
        endsAt: at.replace('2027', '2028') as Instant,
        value: usd('1200.00'),
        usageRates: [
          { dimension: 'api_calls', rate: '0.01', currency: 'USD' },
          { dimension: 'storage_gb', rate: '0.00250000', currency: 'USD' },
        ],
        charges: [
          { at: '2027-01-10T00:00:00.000Z', amount: usd('700.00') },
          { at: '2027-03-01T00:00:00.000Z', amount: usd('500.00') },
        ],
      })),
    'a contract that starts later, whose last day counts': async () =>
      sell(
        await cloud.offer({
          UpdateValidityTerms: {
            Terms: [
              {
                Type: 'ValidityTerm',
                AgreementStartDate: '2027-02-15',
                AgreementEndDate: '2028-02-14',
              },
            ],
          },
        }),
        () => ({
          startsAt: '2027-02-15T00:00:00.000Z',
          endsAt: '2028-02-15T00:00:00.000Z',
          value: usd('1200.00'),
        }),
      ),
    'pay as you go, without an end': async () =>
      sell(await cloud.offer(payAsYouGo), (accepted, at) => ({
        licenseRefs: [accepted.licenseArn],
        startsAt: at,
        endsAt: null,
        usageRates: rates,
        charges: [],
        entitlements: [],
      })),
    'a right without limit': async () =>
      sell(
        await cloud.offer({
          UpdatePricingTerms: {
            PricingModel: 'Contract',
            Terms: [
              {
                Type: 'FixedUpfrontPricingTerm',
                CurrencyCode: 'USD',
                Price: '0.0',
                Grants: [{ DimensionKey: 'support' }],
              },
            ],
          },
        }),
        ({ licenseArn }) => ({
          entitlements: [
            { ...expectedSeats(licenseArn, ''), dimension: 'support', quantity: null },
          ],
        }),
      ),
  }
}

async function find(cloud: SimulatedAws, agreementId: string) {
  const { agreements } = await cloud.get('/aws/buyer/agreements')
  return agreements.find((one: any) => one.id === agreementId)
}

const licenseOf = async (cloud: SimulatedAws, agreementId: string): Promise<string> =>
  (await find(cloud, agreementId)).licenseArn

/** A sign-up page that keeps what browsers post to it. */
async function listenForBrowsers(cloud: SimulatedAws) {
  let posted: Record<string, string> = {}
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      posted = Object.fromEntries(new URLSearchParams(body))
      response.end('welcome')
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const fulfillmentUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/register`
  for (const product of [PRODUCT, legacyProduct])
    await cloud.post(`/aws/control/products/${product}`, { fulfillmentUrl })
  return {
    async arrive(agreementId: string) {
      await cloud.post('/aws/buyer/register', { agreementId })
      return posted
    },
    close: () => server.close(),
  }
}
