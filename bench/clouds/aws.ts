import { type Cloud, type Deal, during } from '../cloud.ts'

const buyerAccount = '111122223333'
const publicOffer = 'offer-demopub1ic001'

const deal: Deal = {
  plan: null,
  pricing: {
    contract: [{ dimension: 'seats', quantity: '10', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.001' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  fate: 'bought',
  meters: { api_calls: '0', storage_gb: '0' },
}

/** AWS Marketplace: contracts of seats with metered use beside them. */
export const aws: Cloud = {
  provider: 'aws',
  listingRef: 'prod-demo5aas00001',
  buyerRefs: [buyerAccount],
  connection: (simulator) => ({
    settings: { endpoint: `${simulator}/aws` },
    credentials: {
      kind: 'keys',
      accessKeyId: 'AKIASIMSELLER0000001',
      secretAccessKey: 'simulated-seller-secret',
    },
  }),
  notify: (clouds, base, connection, secret) =>
    clouds.post('/aws/control/destinations', {
      url: `${base}/notices/${connection}`,
      header: 'x-tradepost-secret',
      secret,
    }),
  unlimit: (clouds) => clouds.post('/aws/control/settings', { quotas: { enforced: false } }),
  accept: async (clouds) =>
    (
      await clouds.post('/aws/buyer/accept', {
        offerId: publicOffer,
        account: buyerAccount,
        quantities: { seats: 1 },
      })
    ).licenseArn,
  publicMeters: { api_calls: '0', storage_gb: '0' },
  recordUnits: '3',
  deals: [deal, deal, deal, deal, deal],
  buy: async (clouds, offerId) =>
    (await clouds.post('/aws/buyer/accept', { offerId, account: buyerAccount })).agreementId,
  usageCalls: async (clouds) => (await clouds.get('/aws/control/calls')).BatchMeterUsage ?? 0,
  recordsPerCall: 25,
  heldRecords: async (clouds) => (await clouds.get('/aws/control/ledger')).records.length,
  async heldUnits(clouds) {
    const { totals } = await clouds.get('/aws/control/ledger')
    return new Map(
      totals.map((one: any) => [`${one.licenseArn}/${one.dimension}`, String(one.quantity)]),
    )
  },
  async heldOffers(clouds) {
    const { entities } = await clouds.get('/aws/control/entities')
    return entities
      .filter((one: any) => one.type === 'Offer')
      .map((one: any) => ({ name: one.details.Name ?? '', is: 'live' }))
  },
  async polling(clouds) {
    const calls: Record<string, number> = await clouds.get('/aws/control/calls')
    const all = Object.values(calls).reduce((sum, n) => sum + n, 0)
    return { lists: calls.SearchAgreements ?? 0, all }
  },
  moments: {
    publishing: [during('aws', 'StartChangeSet', 'slow'), during('aws', 'StartChangeSet', 'late')],
    life: [],
    metering: [during('aws', 'BatchMeterUsage', 'slow'), during('aws', 'BatchMeterUsage', 'late')],
  },
}
