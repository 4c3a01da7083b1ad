import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Client, client } from '../simulator/demo/client.ts'
import type { Cloud, Deal } from './cloud.ts'
import { aws } from './clouds/aws.ts'
import { azure } from './clouds/azure.ts'
import { gcp } from './clouds/gcp.ts'
import { pause, word } from './process.ts'

const packageFolder = join(import.meta.dirname, '../adapters/salesforce/package')

/** The API and the simulators, asked until they answer: the process behind them may be dead just now. */
export function persistent(base: string, key?: string, triesMax = 2_400): Client {
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
  /** Our ids of the listing's plans, by the marketplace's word. */
  readonly plans: Readonly<Record<string, string>>
}

/** One for each marketplace: `--cloud` names it, and an entry here is all that another one needs. */
const marketplaces: Readonly<Record<string, Cloud>> = { aws, azure, gcp }

/** The marketplace that `--cloud` names. */
export function marketplace(): Cloud {
  const found = marketplaces[word('cloud', 'aws')]
  if (!found) throw new Error(`--cloud is one of ${Object.keys(marketplaces).join(', ')}`)
  return found
}

type Place = {
  readonly cloud: Cloud
  readonly simulator: string
  /** Where the cloud can reach us; absent where it cannot. */
  readonly notices?: string
}

/** Connects the simulated seller and sales org, and enters the buyer. Repeating it repeats nothing. */
export async function setUp(
  api: Client,
  clouds: Client,
  { cloud, simulator, notices }: Place,
): Promise<Seller> {
  const { provider, listingRef, buyerRefs } = cloud
  await installPackage(clouds)
  const noticeSecret = 'bench-shared-secret'
  const seller = await api.post(
    '/v1/connections',
    { provider, name: 'seller', ...cloud.connection(simulator), noticeSecret },
    'set-up-seller',
  )
  if (notices) await cloud.notify(clouds, notices, seller.id, noticeSecret)
  await connectOrg(api, simulator)
  const listing = await eventually('the listing', async () =>
    (await api.get('/v1/listings')).data.find((l: any) => l.listingRef === listingRef),
  )
  const buyer = await api.post(
    '/v1/buyers',
    { name: 'Initech', accounts: buyerRefs.map((ref) => ({ provider, ref })) },
    'set-up-buyer',
  )
  const plans = listing.plans.map((one: any) => [one.planRef, one.id])
  return {
    connection: seller.id,
    listing: listing.id,
    buyer: buyer.id,
    plans: Object.fromEntries(plans),
  }
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

/** An offer of a deal, for a year. */
export const offerBody = (seller: Seller, deal: Deal, name: string, today: string) => ({
  connection: seller.connection,
  listing: seller.listing,
  ...(deal.plan === null ? {} : { plan: seller.plans[deal.plan] }),
  buyer: seller.buyer,
  name,
  contacts: [{ name: 'Bill Lumbergh', email: 'bill.lumbergh@initech.example' }],
  acceptBy: dayAfter(today, 30),
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: deal.pricing,
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  ...(deal.native && { native: deal.native }),
})

export const dayAfter = (today: string, days: number): string =>
  new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10)

/** Asks until there is an answer, doing something in between: nothing, or moving a clock. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { timeoutMs = 180_000, meanwhile = async () => {} }: Waiting = {},
): Promise<T> {
  const end = performance.now() + timeoutMs
  while (performance.now() < end) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await pause(200)
    await meanwhile()
  }
  throw new Error(`waited in vain for ${what}`)
}
type Waiting = { readonly timeoutMs?: number; readonly meanwhile?: () => Promise<unknown> }
