import type { Client } from './client.ts'
import type { Market } from './market.ts'

const seller = '888899990000'
const buyer = '111122223333'
const product = 'prod-umbre11a0001'
const noticeSecret = 'demo-shared-secret-for-notices'

/** Umbrella Apps sells to Initech on AWS Marketplace. */
export const aws: Market = {
  name: 'AWS',
  provider: 'aws',
  account: (simulator) => ({
    provider: 'aws',
    settings: {
      endpoint: `${simulator}/aws`,
      sellerAccount: seller,
      feeds: { kind: 's3', bucket: 'umbrella-data-feeds' },
    },
    credentials: {
      kind: 'keys',
      accessKeyId: 'AKIASIMSELLER0000002',
      secretAccessKey: 'simulated-other-secret',
    },
    noticeSecret,
  }),
  listingRef: product,
  planRef: null,
  facts: { 'product.badge': 'DEPLOYED_ON_AWS' },
  buyerRefs: [buyer],
  commitment: { instrument: 'EDP', cap: { pct: '0.25', of: 'tranche' } },
  promise: 'at most 25 % of it may be spent on the marketplace',
  async tell(clouds, { register, notices }) {
    await clouds.post(`/aws/control/products/${product}`, { fulfillmentUrl: register })
    const { destinations } = await clouds.get('/aws/control/destinations')
    if (destinations.some((one: { url: string }) => one.url === notices)) return
    await clouds.post('/aws/control/destinations', {
      url: notices,
      header: 'x-tradepost-secret',
      secret: noticeSecret,
      account: seller,
    })
  },
  async accept(clouds, offerRef) {
    if (await agreementOf(clouds, offerRef)) return
    await clouds.post('/aws/buyer/accept', { offerId: offerRef, account: buyer })
  },
  // Accepting is buying here.
  subscribe: async (clouds, offerRef) => (await agreementOf(clouds, offerRef)) ?? '',
  register: (clouds, agreementRef) =>
    clouds.post('/aws/buyer/register', { agreementId: agreementRef }),
}

async function agreementOf(clouds: Client, offerRef: string): Promise<string | undefined> {
  const { agreements } = await clouds.get(`/aws/buyer/agreements?account=${buyer}`)
  const mine = agreements.find((one: { offerId: string }) => one.offerId === offerRef)
  return mine?.id
}

/** An account that sells nothing, to be disconnected by whoever tries that. */
export const spareAccount = (simulator: string) => ({
  provider: 'aws',
  settings: { endpoint: `${simulator}/aws` },
  credentials: {
    kind: 'keys',
    accessKeyId: 'AKIASIMBUYER00000001',
    secretAccessKey: 'simulated-buyer-secret',
  },
})
