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

/** Connects the simulated seller and sales org, and enters the buyer. Repeating it repeats nothing; `notices` is where the cloud can reach us. */
export async function setUp(
  api: Client,
  clouds: Client,
  at: { readonly simulator: string; readonly notices?: string },
): Promise<Seller> {
  const files = readdirSync(packageFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(packageFolder, path), content: readFileSync(path, 'utf8') }))
  const assign = files.flatMap(
    ({ path }) => /([^/]+)\.permissionset-meta\.xml$/.exec(path)?.[1] ?? [],
  )
  await clouds.post('/salesforce/control/install', { files, assign })
  const noticeSecret = 'bench-shared-secret'
  const seller = await api.post(
    '/v1/connections',
    {
      provider: 'aws',
      name: 'seller',
      settings: { endpoint: `${at.simulator}/aws` },
      credentials: {
        kind: 'keys',
        accessKeyId: 'AKIASIMSELLER0000001',
        secretAccessKey: 'simulated-seller-secret',
      },
      noticeSecret,
    },
    'set-up-seller',
  )
  if (at.notices) {
    const url = `${at.notices}/notices/${seller.id}`
    await clouds.post('/aws/control/destinations', {
      url,
      header: 'x-tradepost-secret',
      secret: noticeSecret,
    })
  }
  await api.post(
    '/v1/connections',
    {
      provider: 'salesforce',
      name: 'org',
      settings: { loginUrl: `${at.simulator}/salesforce` },
      credentials: {
        kind: 'client_credentials',
        clientId: 'tradepost-simulator',
        clientSecret: 'simulated-client-secret',
      },
    },
    'set-up-org',
  )
  const listing = await eventually('the listing', async () =>
    (await api.get('/v1/listings')).data.find((l: any) => l.listingRef === product),
  )
  const buyer = await api.post(
    '/v1/buyers',
    { name: 'Initech', accounts: [{ provider: 'aws', ref: buyerAccount }] },
    'set-up-buyer',
  )
  return { connection: seller.id, listing: listing.id, buyer: buyer.id }
}

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
