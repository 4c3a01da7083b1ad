import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

type Call = (method: string, path: string, body?: unknown) => Promise<any>
const folder = join(import.meta.dirname, '../../adapters/salesforce/package')

/** Installs our package in the simulated org, as its administrator would; returns the body that connects it. */
export async function installOrg(clouds: Call, origin: string) {
  await clouds('POST', '/salesforce/control/install', {
    files: sources(),
    assign: ['Marketplace_Integration'],
  })
  return {
    provider: 'salesforce',
    name: 'Org',
    settings: { loginUrl: `${origin}/salesforce`, currency: 'USD' },
    credentials: {
      kind: 'client_credentials',
      clientId: 'tradepost-simulator',
      clientSecret: 'simulated-client-secret',
    },
  }
}

/** Rows of one of our objects in the simulated org. */
export const orgRows = async (clouds: Call, object: string): Promise<any[]> =>
  (await clouds('GET', `/salesforce/control/rows?object=Marketplace_${object}__c`)).rows

const sources = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(folder, path), content: readFileSync(path, 'utf8') }))
