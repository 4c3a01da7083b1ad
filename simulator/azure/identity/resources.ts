import type { Settings } from '../settings.ts'

export const MARKETPLACE_RESOURCE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7'

/** The APIs that take tokens here. */
export type Api = 'fulfilment' | 'metering' | 'ingestion' | 'analytics' | 'payouts'

const GRAPH = ['https://graph.microsoft.com', '00000003-0000-0000-c000-000000000000']
const AZURE_AD_GRAPH = ['https://graph.windows.net', '00000002-0000-0000-c000-000000000000']
const PARTNER_CENTER = [
  'https://api.partnercenter.microsoft.com',
  'fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd',
]
const PARTNER = ['https://api.partner.microsoft.com', '4990cffe-04e8-4e8b-808a-1175604b879f']

/** Every resource the simulated tenants have a service principal of. */
const RESOURCES = [
  MARKETPLACE_RESOURCE,
  ...GRAPH,
  ...AZURE_AD_GRAPH,
  ...PARTNER_CENTER,
  ...PARTNER,
  'https://management.azure.com',
]

/** A resource's name without the slash some documents end it with. */
export const normal = (resource: unknown): string => String(resource).replace(/\/$/, '')

export function isKnownResource(resource: string): boolean {
  return RESOURCES.includes(normal(resource))
}

/** Audiences an API takes. What `cmp` analytics takes today is unconfirmed, hence the setting. */
export function audiencesOf(api: Api, settings: Settings['tokens']): readonly string[] {
  if (api === 'fulfilment' || api === 'metering') return [MARKETPLACE_RESOURCE]
  if (api === 'ingestion') return GRAPH
  if (api === 'payouts') return PARTNER
  if (settings.analyticsAudience === 'graph.windows.net') return AZURE_AD_GRAPH
  if (settings.analyticsAudience === 'api.partnercenter.microsoft.com') return PARTNER_CENTER
  return [...AZURE_AD_GRAPH, ...PARTNER_CENTER]
}
