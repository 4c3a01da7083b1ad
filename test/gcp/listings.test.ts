import { describe, expect, it } from 'vitest'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { ListingsPort } from '../../src/listings/port.ts'
import { type Call, entitlement, failing, gone, google, listPath, service } from './google.ts'

const parent = '/v1beta/projects/acme-public/locations/global/services'
const nameOf = (id: string) => `${parent.slice('/v1beta/'.length)}/${id}`
const skuName = (id: string) => `${nameOf(service)}/skus/${id}`
const usd = (nanos: number) => ({ currencyCode: 'USD', nanos })

const sku = (id: string, metric: string, nanos: number, change: object = {}) => ({
  name: skuName(id),
  description: `${metric} used`,
  skuPriceTimeline: [
    {
      effectiveTime: '2025-01-01T00:00:00Z',
      managedServiceMetricUsageFee: {
        canonicalMetric: `${service}/${metric}`,
        tieredPrice: {
          unit: '1',
          unitDescription: 'call',
          priceUnitCount: { value: '1' },
          priceTiers: [{ startAmount: { value: '0' }, price: usd(nanos) }],
          ...change,
        },
      },
    },
  ],
})
const flat = { name: skuName('flat'), skuPriceTimeline: [{ flatSubscriptionFee: { unit: 'mo' } }] }
const skus = [
  flat,
  sku('pro-api', 'Pro_api_calls', 50_000_000),
  sku('pro-gb', 'Pro_storage_gb', 20_000_000),
  sku('payg-api', 'Payg_api_calls', 50_000_000),
]
const offer = (id: string, level: string, change: object = {}) => ({
  name: `${nameOf(service)}/standardOffers/${id}`,
  effectiveTime: '2025-01-01T08:00:00Z',
  serviceLevel: level,
  serviceLevelTitle: level.toUpperCase(),
  priceModel: {},
  ...change,
})
const usage = (...ids: string[]) => ({ usage: { skuList: { skus: ids.map(skuName) } } })
const proModel = { flatFee: { sku: skuName('flat') }, ...usage('pro-api', 'pro-gb') }
const offers = [
  offer('payg', 'payg', { priceModel: usage('payg-api') }),
  offer('pro', 'pro', { termDurationMonths: 1, priceModel: proModel }),
  offer('pro-P1Y', 'pro', { termDurationMonths: 12, priceModel: proModel }),
  offer('old', 'old', { expireTime: '2026-01-01T08:00:00Z' }),
  offer('coming', 'coming', { effectiveTime: '2026-06-01T07:00:00Z' }),
]

const byName = (rows: readonly { name: string }[]) =>
  rows.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** A whole poll, and how many calls each page of it cost. */
async function poll(port: ListingsPort, calls: readonly Call[], from: string | null = null) {
  const listings: RemoteListing[] = []
  const costs: number[] = []
  let cursor = from
  for (let turn = 0; turn < 50; turn += 1) {
    const before = calls.length
    const page = await port.changedSince(cursor)
    costs.push(calls.length - before)
    listings.push(...page.listings)
    cursor = page.cursor
    if (!page.more) return { listings, costs, cursor }
  }
  throw new Error('it does not end')
}

describe('products, from the API', () => {
  const world = (change: Record<string, object> = {}, settings: object = {}) => {
    const told: Record<string, object> = {
      [`GET ${parent}`]: { json: { services: [{ name: nameOf(service) }] } },
      [`GET ${parent}/${service}`]: {
        json: { name: nameOf(service), title: 'Acme Analytics for Google' },
      },
      [`GET ${parent}/${service}/standardOffers`]: { json: { standardOffers: offers } },
      [`GET ${parent}/${service}/skus`]: { json: { skus } },
      ...change,
    }
    return { told, ...google(told, { settings: { offers: 'api', ...settings } }) }
  }

  it('are services, by the plans and the usage that they are sold with now', async () => {
    const { listings: port, calls } = world()
    const { listings } = await poll(port, calls)
    expect(listings).toHaveLength(1)
    const { dimensions, plans, ...listing } = listings[0]!
    expect(listing).toMatchObject({
      listingRef: service,
      meteringRef: service,
      name: 'Acme Analytics for Google',
      kind: 'saas',
      visibility: 'unknown',
      native: { offers: byName(offers), skus: byName(skus) },
    })
    expect(plans).toEqual([
      {
        planRef: 'payg',
        planKey: `${nameOf(service)}/standardOffers/payg`,
        name: 'PAYG',
        shape: { charge: null, months: [], meters: ['api_calls'], hasTrial: null, units: null },
      },
      {
        planRef: 'pro',
        planKey: `${nameOf(service)}/standardOffers/pro`,
        name: 'PRO',
        shape: {
          charge: 'flat',
          months: [1, 12],
          meters: ['api_calls', 'storage_gb'],
          hasTrial: null,
          units: null,
        },
      },
    ])
    expect(dimensions).toEqual([
      {
        key: 'api_calls',
        name: 'api_calls',
        dimensionRef: `payg=${skuName('payg-api')} pro=${skuName('pro-api')}`,
        unit: 'call',
        listRate: { rate: '0.05', currency: 'USD' },
        types: ['usage'],
      },
      {
        key: 'storage_gb',
        name: 'Pro_storage_gb used',
        dimensionRef: skuName('pro-gb'),
        unit: 'call',
        listRate: { rate: '0.02', currency: 'USD' },
        types: ['usage'],
      },
    ])
  })

  it('go by their metrics where the settings do not name them', async () => {
    const { listings: port, calls } = world({}, { products: [] })
    const [listing] = (await poll(port, calls)).listings
    expect(listing?.dimensions.map(({ key }) => key)).toEqual([
      'payg_api_calls',
      'pro_api_calls',
      'pro_storage_gb',
    ])
  })

  it('have a list rate only where there is one exact price', async () => {
    const rates = async (...some: object[]) => {
      const { listings: port, calls } = world({
        [`GET ${parent}/${service}/skus`]: { json: { skus: some } },
      })
      const [listing] = (await poll(port, calls)).listings
      return listing?.dimensions.map(({ key, listRate }) => [key, listRate?.rate])
    }
    const by = (count: string) => ({ priceUnitCount: { value: count } })
    expect(await rates(sku('a', 'Pro_storage_gb', 20_000_000, by('1000')))).toContainEqual([
      'storage_gb',
      '0.00002',
    ])
    expect(await rates(sku('a', 'Pro_storage_gb', 20_000_000, by('3')))).toContainEqual([
      'storage_gb',
      undefined,
    ])
    const tiers = {
      priceTiers: [{ price: usd(1) }, { startAmount: { value: '5' }, price: usd(2) }],
    }
    expect(await rates(sku('a', 'Pro_storage_gb', 1, tiers))).toContainEqual([
      'storage_gb',
      undefined,
    ])
    const apart = [sku('a', 'Pro_api_calls', 1), sku('b', 'Payg_api_calls', 2)]
    expect(await rates(...apart)).toContainEqual(['api_calls', undefined])
  })

  it('do not say which meters a plan has that is priced by groups of SKUs', async () => {
    const group = offer('pro', 'pro', {
      priceModel: { usage: { skuGroupList: { skuGroups: [] } } },
    })
    const { listings: port, calls } = world({
      [`GET ${parent}/${service}/standardOffers`]: { json: { standardOffers: [group] } },
    })
    const [listing] = (await poll(port, calls)).listings
    expect(listing?.plans[0]?.shape?.meters).toBeNull()
  })

  it('are told again only when they changed, in pages of at most two calls', async () => {
    const { told, listings: port, calls } = world()
    const first = await poll(port, calls)
    const quiet = await poll(port, calls, first.cursor)
    expect(quiet.listings).toEqual([])
    expect(quiet.costs).toEqual([1, 2])
    told[`GET ${parent}/${service}/skus`] = { json: { skus: skus.slice(0, 2) } }
    const changed = await poll(port, calls, quiet.cursor)
    expect(changed.listings).toHaveLength(1)
    expect((await poll(port, calls, changed.cursor)).listings).toEqual([])
    expect((await poll(port, calls, quiet.cursor)).listings).toEqual(changed.listings)
  })

  it('are all walked through, over every page, and one that is gone stops none', async () => {
    const ids = ['a', 'b', 'c']
    const change: Record<string, object> = {
      [`GET ${parent}`]: (({ url }: Call) => {
        const index = Number(url.searchParams.get('pageToken') ?? 0)
        const nextPageToken = index < 2 ? String(index + 1) : ''
        return { json: { services: [{ name: nameOf(ids[index]!) }], nextPageToken } }
      }) as unknown as object,
    }
    for (const id of ['a', 'c']) {
      change[`GET ${parent}/${id}`] = { json: { name: nameOf(id), title: id } }
      change[`GET ${parent}/${id}/standardOffers`] = { json: {} }
      change[`GET ${parent}/${id}/skus`] = { json: {} }
    }
    change[`GET ${parent}/b/skus`] = gone
    const { listings: port, calls } = world(change)
    const { listings } = await poll(port, calls)
    expect(listings.map(({ name }) => name)).toEqual(['a', 'c'])
  })

  it('are none where the seller has none, and a cursor of somebody else is refused', async () => {
    const { listings: port, calls } = world({ [`GET ${parent}`]: { json: {} } })
    expect(await poll(port, calls)).toMatchObject({ listings: [], costs: [1] })
    expect((await failing(port.changedSince('nonsense'))).code).toBe('invalid')
  })
})

describe('products, without the API', () => {
  const pages =
    (...rows: object[][]) =>
    (call: Call) => {
      const index = Number(call.url.searchParams.get('pageToken') ?? 0)
      const nextPageToken = index + 1 < rows.length ? String(index + 1) : undefined
      return { json: { entitlements: rows[index], nextPageToken } }
    }
  const world = (...rows: object[][]) => google({ [`GET ${listPath}`]: pages(...rows) })

  it('are those of the settings', async () => {
    const { listings: port, calls } = world([])
    const { listings } = await poll(port, calls)
    expect(listings).toHaveLength(1)
    expect(listings[0]).toMatchObject({
      listingRef: service,
      name: 'Acme Analytics',
      visibility: 'settings',
      meteringRef: service,
      dimensions: [
        { key: 'api_calls', types: ['usage'], listRate: { rate: '0.05', currency: 'USD' } },
        { key: 'storage_gb', types: ['usage'], listRate: { rate: '0.02', currency: 'USD' } },
      ],
      plans: [
        {
          planRef: 'pro',
          planKey: null,
          name: 'Pro',
          shape: { months: [12], meters: ['api_calls', 'storage_gb'] },
        },
        { planRef: 'payg', name: 'Pay as you go', shape: { months: null, meters: ['api_calls'] } },
      ],
    })
  })

  it('are also whatever was ordered, so that nothing sold is unknown', async () => {
    const other = 'acme-extra.endpoints.acme-public.cloud.goog'
    const { listings: port, calls } = world(
      [entitlement({ plan: 'ultimate-P1Y' }), entitlement({ plan: 'pro-P1Y' })],
      [entitlement({ productExternalName: other, plan: 'basic' })],
    )
    const { listings, costs } = await poll(port, calls)
    expect(costs).toEqual([1, 1])
    const told = listings.map(({ listingRef, name, visibility, plans }) => ({
      listingRef,
      name,
      visibility,
      plans: plans.map(({ planRef, name: title }) => [planRef, title]),
    }))
    expect(told).toEqual([
      {
        listingRef: service,
        name: 'Acme Analytics',
        visibility: 'settings',
        plans: [
          ['pro', 'Pro'],
          ['payg', 'Pay as you go'],
          ['ultimate', 'ultimate'],
        ],
      },
      { listingRef: other, name: other, visibility: 'entitlements', plans: [['basic', 'basic']] },
    ])
  })

  it('are told again only when an order shows something new, and keep what orders showed once', async () => {
    const rows = [entitlement({ plan: 'ultimate' })]
    const { listings: port, calls } = google({
      [`GET ${listPath}`]: () => ({ json: { entitlements: rows } }),
    })
    const first = await poll(port, calls)
    const quiet = await poll(port, calls, first.cursor)
    expect([quiet.listings, quiet.costs]).toEqual([[], [1]])
    rows[0] = entitlement({ plan: 'giant' })
    const next = await poll(port, calls, quiet.cursor)
    expect(next.listings[0]?.plans.map(({ planRef }) => planRef)).toEqual([
      'pro',
      'payg',
      'giant',
      'ultimate',
    ])
  })

  it('begin anew when offers are made another way than before', async () => {
    const api = JSON.stringify({ seen: [[service, 'digest']], looked: 0 })
    const { listings: port, calls } = world([])
    expect((await poll(port, calls, api)).listings).toHaveLength(1)
  })
})
