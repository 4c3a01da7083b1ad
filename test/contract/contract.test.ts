import { describe, expect, it } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import type { PortName } from '../../src/adapter.ts'
import { accountContract } from './account.ts'
import { agreementsContract } from './agreements.ts'
import { crmContract } from './crm.ts'
import { listingsContract } from './listings.ts'
import { meteringContract } from './metering.ts'
import { noticesContract } from './notices.ts'
import { offersContract } from './offers.ts'
import { revenueContract } from './revenue.ts'
import { typedOffersContract } from './typed-offers.ts'
import { awsWorlds } from './worlds/aws.ts'
import { azureWorlds } from './worlds/azure.ts'
import { gcpWorlds } from './worlds/gcp.ts'
import { salesforceWorlds } from './worlds/salesforce.ts'
import type { Worlds } from './worlds.ts'

const worlds: Readonly<Record<string, Partial<Worlds>>> = {
  aws: awsWorlds,
  azure: azureWorlds,
  gcp: gcpWorlds,
  salesforce: salesforceWorlds,
}

const suites: {
  readonly [Name in PortName]: (name: string, open: Worlds[Name][string]) => void
} = {
  account: accountContract,
  listings: listingsContract,
  offers: offersContract,
  agreements: agreementsContract,
  metering: meteringContract,
  revenue: revenueContract,
  crm: crmContract,
  notices: noticesContract,
}

/** Every port of every adapter, in each of its worlds. */
for (const { provider, title, supports } of adapters)
  for (const port of supports) run(port, provider, title)

function run<Name extends PortName>(port: Name, provider: string, title: string): void {
  const found = Object.entries((worlds[provider]?.[port] ?? {}) as Worlds[Name])
  for (const [name, open] of found) suites[port](`${title}, ${name}`, open)
  if (port === 'offers')
    for (const [name, open] of Object.entries(worlds[provider]?.typedOffers ?? {}))
      typedOffersContract(`${title}, ${name}`, open)
  if (found.length > 0) return
  describe(`${title}: ${port}`, () => {
    it('has a world to be tried in', () =>
      expect.fail(`${provider} supports ${port}: add it to test/contract/worlds/${provider}.ts`))
  })
}
