import type { Client } from './client.ts'
import type { Market } from './market.ts'

const secret = 'simulated-umbrella-secret'
const product = 'umbrella-feeds'
const billingAccount =
  'ac357579-e860-54a6-80b3-66958aea67fe:7471d04e-f696-4d20-af34-fa78d51e419c_2019-05-31'
const tenant = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'

/** Umbrella Apps sells to Initech on Microsoft's marketplace. */
export const azure: Market = {
  name: 'Microsoft',
  provider: 'azure',
  account: (simulator) => ({
    provider: 'azure',
    settings: {
      publisherId: 'umbrella',
      tenantId: '2b7e1f64-5c0d-4a8b-b3e9-7d1a4c6f8e02',
      clientId: '9d4b6a23-1e7f-4c58-8f0a-3c5e7b9d1f04',
      endpoints: endpoints(`${simulator}/azure`),
    },
    credentials: {
      clientSecret: secret,
      payouts: { refreshToken: 'simulated-umbrella-refresh-token', clientSecret: secret },
    },
  }),
  listingRef: product,
  planRef: 'team',
  facts: { 'offer.maccEnrolled': true, deployedOnCloud: true },
  buyerRefs: [billingAccount, tenant],
  commitment: {
    instrument: 'MACC',
    country: 'US',
    // How it is bought, as the buyer says: no report tells.
    facts: {
      'line.boughtInAzurePortal': true,
      'line.subscriptionOnAgreement': true,
      'line.coveredByCredit': false,
    },
  },
  promise: 'all of it may be spent on the marketplace',
  tell: (clouds, { register, notices }) =>
    clouds.post(`/azure/control/offers/${product}`, {
      landingPageUrl: register,
      connectionWebhook: notices,
    }),
  async accept(clouds, offerRef) {
    const { status } = await offerOf(clouds, offerRef)
    if (status === 'Accepted') return
    await clouds.post('/azure/buyer/accept', {
      offerId: offerRef,
      billingAccountId: billingAccount,
    })
  },
  async subscribe(clouds, offerRef) {
    const { subscriptions } = await clouds.get(
      `/azure/buyer/subscriptions?billingAccountId=${encodeURIComponent(billingAccount)}`,
    )
    const mine = subscriptions.find((one: any) => one.privateOffer === offerRef)
    if (mine) return mine.id
    const { items } = await offerOf(clouds, offerRef)
    const { subscriptionId } = await clouds.post('/azure/buyer/buy', {
      offerId: product,
      planId: items[0].planId,
      billingAccountId: billingAccount,
      privateOfferId: offerRef,
    })
    return subscriptionId
  },
  register: (clouds, agreementRef) =>
    clouds.post('/azure/buyer/configure', { subscriptionId: agreementRef }),
}

/** Every API of Microsoft's that is simulated, where it is. */
const endpoints = (base: string) => ({
  login: `${base}/login`,
  fulfilment: `${base}/marketplaceapi/api`,
  metering: `${base}/marketplaceapi/api`,
  ingestion: `${base}/graph/rp/product-ingestion`,
  partner: `${base}/partner/v1.0`,
  insights: `${base}/partnercenter/insights/v1/cmp`,
})

async function offerOf(clouds: Client, offerRef: string): Promise<any> {
  const { privateOffers } = await clouds.get(
    `/azure/buyer/private-offers?billingAccountId=${encodeURIComponent(billingAccount)}`,
  )
  const mine = privateOffers.find((one: { offerId: string }) => one.offerId === offerRef)
  if (!mine) throw new Error(`the buyer does not see the private offer ${offerRef}`)
  return mine
}
