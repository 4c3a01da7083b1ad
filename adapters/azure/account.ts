import { z } from 'zod'
import type { AccountPort, Check } from '../../src/connections/port.ts'
import { asProblem, type Code, Problem } from '../../src/kernel/problem.ts'
import { dayMs, instant } from '../../src/kernel/time.ts'
import type { Api } from './apis.ts'
import type { AzureCall, AzureClient } from './client.ts'
import { segment, shaped } from './reply.ts'
import { subscriptions } from './subscription.ts'

/** One harmless call to each API that the ports use, and whether the offers' technical configuration names this app. */
export const account = (azure: AzureClient): AccountPort => ({
  async check() {
    const groups = await Promise.all([
      fulfilment(azure),
      metering(azure),
      ingestion(azure),
      insights(azure),
      payouts(azure),
    ])
    return groups.flat()
  },
})

/** What each call needs, as Partner Center and the Azure portal name it. */
const permissions = {
  subscriptions: 'SaaS fulfilment: app ID and tenant in the offer’s technical configuration',
  usage: 'Metering service: app ID and tenant in the offer’s technical configuration',
  products: 'Partner Center: the app with the role Manager (product ingestion)',
  configuration: 'Technical configuration: this app and tenant in every live offer',
  privateOffers: 'Partner Center: private offers of the marketplace program',
  reports: 'Partner Center: the app with the role Manager (analytics)',
  payouts: 'Partner Center: a signed-in user with a payout or finance role',
} as const

type Tried<T> = { readonly check: Check; readonly value: T | undefined }

async function attempt<T>(
  call: string,
  permission: string,
  act: () => Promise<T>,
  allowed: readonly Code[] = [],
): Promise<Tried<T>> {
  try {
    return { check: { call, permission, outcome: 'ok' }, value: await act() }
  } catch (error) {
    const { code, message } = asProblem(error)
    if (allowed.includes(code))
      return { check: { call, permission, outcome: 'ok' }, value: undefined }
    const outcome = code === 'forbidden' ? 'missing' : 'failed'
    return { check: { call, permission, outcome, detail: message }, value: undefined }
  }
}

const skipped = (call: string, permission: string, detail: string): Check => ({
  call,
  permission,
  outcome: 'skipped',
  detail,
})

const get = (azure: AzureClient, api: Api, path: string, query: AzureCall['query'] = {}) =>
  azure.call(api, { method: 'GET', path, query })

const subscriptionList = z.looseObject({
  subscriptions: z.array(z.looseObject({ publisherId: z.string().nullish() })).nullish(),
})

async function fulfilment(azure: AzureClient): Promise<readonly Check[]> {
  const { check } = await attempt('GET subscriptions', permissions.subscriptions, async () => {
    const { json } = await get(azure, 'fulfilment', subscriptions)
    const told = shaped(subscriptionList, json, 'GET subscriptions').subscriptions ?? []
    const { publisherId } = azure.settings
    const other = told.find((one) => one.publisherId && !isSameWord(one.publisherId, publisherId))
    if (other)
      throw new Problem(
        'invalid',
        `this app belongs to ${other.publisherId}, not to ${publisherId}`,
      )
  })
  return [check]
}

const isSameWord = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

async function metering(azure: AzureClient): Promise<readonly Check[]> {
  const usageStartDate = instant(azure.nowMs() - dayMs)
  const { check } = await attempt('GET usageEvents', permissions.usage, () =>
    get(azure, 'metering', '/usageEvents', { usageStartDate }),
  )
  return [check]
}

const products = z.looseObject({
  value: z.array(z.looseObject({ id: z.string() })).default([]),
})

async function ingestion(azure: AzureClient): Promise<readonly Check[]> {
  const found = await attempt('GET product', permissions.products, async () => {
    const query = { type: 'softwareAsAService', $maxpagesize: '1' }
    const { json } = await get(azure, 'ingestion', '/product', query)
    return shaped(products, json, 'GET product').value
  })
  const refused = found.check.outcome === 'ok' ? undefined : 'the catalogue cannot be read'
  const id = found.value?.[0]?.id
  const configuration = ['GET resource-tree', permissions.configuration] as const
  const privateOffers = ['GET private-offer/query', permissions.privateOffers] as const
  if (refused)
    return [found.check, skipped(...configuration, refused), skipped(...privateOffers, refused)]
  const configured = id
    ? (await attempt(...configuration, () => compareConfiguration(azure, id))).check
    : skipped(...configuration, 'there is no SaaS offer to try it on')
  const offers = await attempt(...privateOffers, () =>
    get(azure, 'ingestion', '/private-offer/query', {
      $version: azure.settings.versions.privateOffers,
      $maxpagesize: '1',
    }),
  )
  return [found.check, configured, offers.check]
}

const configurations = z.looseObject({
  resources: z
    .array(
      z.looseObject({ azureAdAppId: z.string().nullish(), azureAdTenantId: z.string().nullish() }),
    )
    .default([]),
})

/** Throws `invalid` when the offer is set up for another app: Microsoft then answers our calls about it with 403. */
async function compareConfiguration(azure: AzureClient, id: string): Promise<void> {
  const path = `/resource-tree/${id.split('/').map(segment).join('/')}`
  const { json, status } = await azure.call('ingestion', {
    method: 'GET',
    path,
    query: { targetType: 'live' },
    expects: [404],
  })
  if (status === 404) return
  const { resources } = shaped(configurations, json, 'GET resource-tree')
  const found = resources.find(({ azureAdAppId }) => azureAdAppId)
  const { clientId, tenantId } = azure.settings
  if (!found?.azureAdAppId) return
  const isOurs =
    isSameWord(found.azureAdAppId, clientId) &&
    isSameWord(found.azureAdTenantId ?? tenantId, tenantId)
  if (isOurs) return
  throw new Problem(
    'invalid',
    `the technical configuration of ${id} names app ${found.azureAdAppId} of tenant ${found.azureAdTenantId}, not ${clientId} of ${tenantId}: put these in and publish it again`,
  )
}

async function insights(azure: AzureClient): Promise<readonly Check[]> {
  const { check } = await attempt('GET ScheduledDataset', permissions.reports, () =>
    get(azure, 'insights', '/ScheduledDataset'),
  )
  return [check]
}

/** No export has this id: that we are told so shows that we may ask. */
const noExport = '00000000-0000-0000-0000-000000000000'

async function payouts(azure: AzureClient): Promise<readonly Check[]> {
  const call = ['GET payouts/payments', permissions.payouts] as const
  if (!azure.hasPayouts)
    return [skipped(...call, 'no user has signed in for the payout exports (payouts.refreshToken)')]
  const path = `/payouts/payments/${noExport}`
  const { check } = await attempt(...call, () => get(azure, 'partner', path), [
    'not_found',
    'rejected',
  ])
  return [check]
}
