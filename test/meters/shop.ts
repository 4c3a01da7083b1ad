import type { Shop } from '../metering/market.ts'

/** The one listing of a shop. */
export async function listingOf({ world }: Shop): Promise<string> {
  return (await world.as('viewer').get('/v1/listings')).body.data[0].id
}

let keys = 0
/** Defines a meter of the shop's listing; its own answer. */
export async function define(
  shop: Shop,
  definition: Record<string, unknown>,
  more: Record<string, unknown> = {},
) {
  const listing = await listingOf(shop)
  return shop.world
    .as('finance')
    .post('/v1/meters', { listing, key: `meter-${++keys}`, definition, ...more })
}

export const sumOf = (more: Record<string, unknown> = {}) => ({
  event: 'api.request',
  aggregation: 'sum',
  value: 'properties.bytes / 1000000',
  to: [{ dimension: 'api_calls' }],
  ...more,
})

let events = 0
/** A named event that is good in every way. */
export const named = (changes: Record<string, unknown> = {}) => ({
  id: `named-${++events}`,
  source: 'test',
  agreement: 'agmt-1',
  event: 'api.request',
  properties: { bytes: 2_000_000, user: 'ann' },
  at: '2027-03-10T11:00:00.000Z',
  ...changes,
})
