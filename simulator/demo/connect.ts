import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Market } from './market.ts'
import { type Story, tell } from './story.ts'

/** The seller's account at one marketplace, connected. */
export type Seller = { readonly market: Market; readonly connection: string }

/** Connects the sales org and the seller's account at each marketplace. */
export async function connect(
  story: Story,
  markets: readonly Market[],
): Promise<{ sellers: readonly Seller[]; today: string }> {
  const { tradepost, clouds, api } = story
  const made = []
  for (const market of markets) {
    const account = await tradepost.post(
      '/v1/connections',
      {
        ...market.account(story.simulator),
        name: `Demo ${market.name} seller`,
        signUpUrl: 'https://app.example.com/sign-up',
      },
      `demo-connection-${market.provider}`,
    )
    await market.tell(clouds, {
      register: `${api}/register/${account.id}`,
      notices: `${api}/notices/${account.id}`,
    })
    await check(story, market.name, account.id)
    made.push({ market, connection: account.id, createdAt: account.createdAt })
  }
  await check(story, 'Salesforce', await connectOrg(story))
  // The day it began: a demo that goes on another day must ask for the very same things.
  return { sellers: made, today: made[0]?.createdAt.slice(0, 10) }
}

async function check(story: Story, name: string, id: string): Promise<void> {
  const { ready, checks } = await story.tradepost.post(`/v1/connections/${id}/check`, {})
  const result = ready ? 'everything needed works' : 'NOT everything works'
  await tell(story, name, `connected; ${checks.length} checks, ${result}`)
}

async function connectOrg({ tradepost, clouds, simulator, packageFolder }: Story): Promise<string> {
  await clouds.post('/salesforce/control/install', {
    files: sources(packageFolder),
    assign: permissionSets(packageFolder),
  })
  const org = await tradepost.post(
    '/v1/connections',
    {
      provider: 'salesforce',
      name: 'Demo Salesforce org',
      settings: { loginUrl: `${simulator}/salesforce`, currency: 'USD' },
      credentials: {
        kind: 'client_credentials',
        clientId: 'tradepost-simulator',
        clientSecret: 'simulated-client-secret',
      },
    },
    'demo-connection-crm',
  )
  return org.id
}

const sources = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(folder, path), content: readFileSync(path, 'utf8') }))
const permissionSets = (folder: string) =>
  sources(folder).flatMap(({ path }) => /([^/]+)\.permissionset-meta\.xml$/.exec(path)?.[1] ?? [])
