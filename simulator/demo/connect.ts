import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { product, seller as sellerAccount } from './bodies.ts'
import { type Story, tell } from './story.ts'

const noticeSecret = 'demo-shared-secret-for-notices'

export type Connected = { readonly connection: string; readonly today: string }

/** Connects the seller's account and the sales org. Returns the seller's connection. */
export async function connect(story: Story): Promise<Connected> {
  const { tradepost, clouds, simulator, api } = story
  const seller = await tradepost.post(
    '/v1/connections',
    {
      provider: 'aws',
      name: 'Demo AWS seller',
      settings: {
        endpoint: `${simulator}/aws`,
        sellerAccount,
        feeds: { kind: 's3', bucket: 'umbrella-data-feeds' },
      },
      credentials: {
        kind: 'keys',
        accessKeyId: 'AKIASIMSELLER0000002',
        secretAccessKey: 'simulated-other-secret',
      },
      signUpUrl: 'https://app.example.com/sign-up',
      noticeSecret,
    },
    'demo-connection-aws',
  )
  await clouds.post(`/aws/control/products/${product}`, {
    fulfillmentUrl: `${api}/register/${seller.id}`,
  })
  const { destinations } = await clouds.get('/aws/control/destinations')
  const url = `${api}/notices/${seller.id}`
  if (!destinations.some((d: { url: string }) => d.url === url)) {
    await clouds.post('/aws/control/destinations', {
      url,
      header: 'x-tradepost-secret',
      secret: noticeSecret,
      account: sellerAccount,
    })
  }
  await clouds.post('/salesforce/control/install', {
    files: sources(story.packageFolder),
    assign: permissionSets(story.packageFolder),
  })
  const crm = await tradepost.post(
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
  for (const [name, id] of [
    ['AWS', seller.id],
    ['Salesforce', crm.id],
  ]) {
    const { ready, checks } = await tradepost.post(`/v1/connections/${id}/check`, {})
    await tell(
      story,
      `${name} connected; ${checks.length} checks, ${ready ? 'everything needed works' : 'NOT everything works'}`,
    )
  }
  // The day it began: a demo that goes on another day must ask for the very same things.
  return { connection: seller.id, today: seller.createdAt.slice(0, 10) }
}

const sources = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(folder, path), content: readFileSync(path, 'utf8') }))
const permissionSets = (folder: string) =>
  sources(folder).flatMap(({ path }) => /([^/]+)\.permissionset-meta\.xml$/.exec(path)?.[1] ?? [])
