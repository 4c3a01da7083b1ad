import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Client, client } from '../simulator/demo/client.ts'
import { pause } from './process.ts'

export const buyerAccount = '111122223333'
export const product = 'prod-demo5aas00001'
const packageFolder = join(import.meta.dirname, '../adapters/salesforce/package')

/** The API and the simulators, asked until they answer: the process behind them may be dead just now. */
export function persistent(base: string, key?: string, triesMax = 400): Client {
  const direct = client(base, key)
  const insist = async (act: () => Promise<any>) => {
    for (let tries = 1; ; tries++) {
      try {
        return await act()
      } catch (error) {
        const refused = /: 4\d\d /.test(String(error))
        if (refused || tries === triesMax) throw error
        await pause(50)
      }
    }
  }
  return {
    get: (path) => insist(() => direct.get(path)),
    post: (path, body, step) => insist(() => direct.post(path, body, step)),
    patch: (path, body) => insist(() => direct.patch(path, body)),
  }
}

export type Seller = {
  readonly connection: string
  readonly listing: string
  readonly buyer: string
}

/** What a benchmark must know of one marketplace's simulator, to sell and meter there. */
type Cloud = {
  readonly provider: string
  /** The seller's listing, and the account of the buyer. */
  readonly listingRef: string
  readonly buyerRef: string
  /** The seller's account, as it is connected here. */
  connection(simulator: string): { readonly settings: object; readonly credentials: object }
  /** Tells the simulator where to send its notices. */
  notify(clouds: Client, url: string, secret: string): Promise<void>
  /** Lets as many calls through as are made: they are counted, not held up. */
  unlimit(clouds: Client): Promise<void>
  /** The buyer accepts the public offer once more: another agreement. */
  accept(clouds: Client): Promise<void>
  /** Calls that told usage, so far, and the most records one of them can hold. */
  usageCalls(clouds: Client): Promise<number>
  readonly recordsPerCall: number
  /** Usage records that the simulator took. */
  heldRecords(clouds: Client): Promise<number>
}

/** One for each marketplace: `--cloud` names it, and an entry here is all that another one needs. */
const marketplaces: Readonly<Record<string, Cloud>> = {
  aws: {
    provider: 'aws',
    listingRef: product,
    buyerRef: buyerAccount,
    connection: (simulator) => ({
      settings: { endpoint: `${simulator}/aws` },
      credentials: {
        kind: 'keys',
        accessKeyId: 'AKIASIMSELLER0000001',
        secretAccessKey: 'simulated-seller-secret',
      },
    }),
    notify: (clouds, url, secret) =>
      clouds.post('/aws/control/destinations', { url, header: 'x-tradepost-secret', secret }),
    unlimit: (clouds) => clouds.post('/aws/control/settings', { quotas: { enforced: false } }),
    accept: (clouds) =>
      clouds.post('/aws/buyer/accept', {
        offerId: 'offer-demopub1ic001',
        account: buyerAccount,
        quantities: { seats: 1 },
      }),
    usageCalls: async (clouds) => (await clouds.get('/aws/control/calls')).BatchMeterUsage ?? 0,
    recordsPerCall: 25,
    heldRecords: async (clouds) => (await clouds.get('/aws/control/ledger')).records.length,
  },
}

/** The marketplace that `--cloud` names. */
export function marketplace(name: string): Cloud {
  const found = marketplaces[name]
  if (!found) throw new Error(`--cloud is one of ${Object.keys(marketplaces).join(', ')}`)
  return found
}

/** Connects the simulated seller and sales org, and enters the buyer. Repeating it repeats nothing; `notices` is where the cloud can reach us. */
export async function setUp(
  api: Client,
  clouds: Client,
  at: { readonly simulator: string; readonly notices?: string; readonly cloud?: Cloud },
): Promise<Seller> {
  const cloud = at.cloud ?? marketplace('aws')
  const { provider, listingRef, buyerRef } = cloud
  await installPackage(clouds)
  const noticeSecret = 'bench-shared-secret'
  const seller = await api.post(
    '/v1/connections',
    { provider, name: 'seller', ...cloud.connection(at.simulator), noticeSecret },
    'set-up-seller',
  )
  if (at.notices) await cloud.notify(clouds, `${at.notices}/notices/${seller.id}`, noticeSecret)
  await connectOrg(api, at.simulator)
  const listing = await eventually('the listing', async () =>
    (await api.get('/v1/listings')).data.find((l: any) => l.listingRef === listingRef),
  )
  const buyer = await api.post(
    '/v1/buyers',
    { name: 'Initech', accounts: [{ provider, ref: buyerRef }] },
    'set-up-buyer',
  )
  return { connection: seller.id, listing: listing.id, buyer: buyer.id }
}

async function installPackage(clouds: Client): Promise<void> {
  const files = readdirSync(packageFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(packageFolder, path), content: readFileSync(path, 'utf8') }))
  const assign = files.flatMap(
    ({ path }) => /([^/]+)\.permissionset-meta\.xml$/.exec(path)?.[1] ?? [],
  )
  await clouds.post('/salesforce/control/install', { files, assign })
}

const connectOrg = (api: Client, simulator: string): Promise<unknown> =>
  api.post(
    '/v1/connections',
    {
      provider: 'salesforce',
      name: 'org',
      settings: { loginUrl: `${simulator}/salesforce` },
      credentials: {
        kind: 'client_credentials',
        clientId: 'tradepost-simulator',
        clientSecret: 'simulated-client-secret',
      },
    },
    'set-up-org',
  )

/** A contract of seats with metered use beside it. */
export const offerBody = ({ connection, listing, buyer }: Seller, name: string, today: string) => ({
  connection,
  listing,
  buyer,
  name,
  contacts: [],
  acceptBy: new Date(Date.parse(today) + 30 * 86_400_000).toISOString().slice(0, 10),
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '10', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.001' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  legal: { kind: 'standard', documents: [] },
})

/** Asks until there is an answer. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs = 180_000,
): Promise<T> {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await pause(200)
  }
  throw new Error(`waited in vain for ${what}`)
}
