import { describe, expect, it } from 'vitest'
import { cloud, failing, type Replies, type Reply } from './cloud.ts'

const product = '7ba807c8-386a-4efe-80f1-b97bf8a554f8'
const silver = '1bed11cb-98e3-4429-942f-2561eb6e212c'
const schema = (type: string) =>
  `https://schema.mp.microsoft.com/schema/${type}/2022-03-01-preview5`
const listPath = 'GET /rp/product-ingestion/product'
const treePath = (id: string) => `GET /rp/product-ingestion/resource-tree/product/${id}`

const entry = (id = product, alias = 'Contoso Cloud') => ({
  $schema: schema('product'),
  id: `product/${id}`,
  identity: { externalId: `offer-${alias}` },
  type: 'softwareAsAService',
  alias,
})

const price = (plan: string, pricing: object, more: object = {}) => ({
  $schema: schema('price-and-availability-plan'),
  id: `price-and-availability-plan/${product}/${plan}`,
  product: `product/${product}`,
  plan: `plan/${product}/${plan}`,
  visibility: 'visible',
  pricing,
  ...more,
})

const term = (type: string, value: number) => ({
  billingTerm: { type, value },
  pricePerPaymentInUsd: 10.5,
})

const plan = (id: string, externalID: string, more: object = {}) => ({
  $schema: schema('plan'),
  id: `plan/${product}/${id}`,
  product: `product/${product}`,
  identity: { externalID },
  alias: externalID.toUpperCase(),
  ...more,
})

const resources = [
  { ...entry(), identity: { externalID: 'contoso-saas' } },
  plan(silver, 'silver'),
  plan('2', 'gold'),
  plan('3', 'gone', { lifecycleState: 'deleted' }),
  {
    $schema: schema('listing'),
    id: `listing/${product}/public/main`,
    title: 'Contoso Cloud Solution',
  },
  {
    $schema: schema('plan-listing'),
    id: `plan-listing/${product}/public/main/${silver}/en-us`,
    plan: `plan/${product}/${silver}`,
    name: 'Silver for teams',
  },
  {
    $schema: schema('price-and-availability-custom-meter'),
    customMeters: { email: { displayName: 'Emails', unitOfMeasure: '1000 emails' } },
  },
  price(silver, {
    recurrentPrice: {
      recurrentPriceMode: 'flatRate',
      priceInputOption: 'usd',
      prices: [term('year', 1), term('month', 1), term('year', 3)],
    },
    customMeters: { meters: { email: { pricePerPaymentInUsd: 0.25 }, off: { isEnabled: false } } },
  }),
  price(
    '2',
    {
      recurrentPrice: {
        recurrentPriceMode: 'perUser',
        prices: [term('month', 1)],
        userLimits: { min: 5, max: 100 },
      },
    },
    { trial: { type: 'month', value: 1 } },
  ),
]

const market = (replies: Replies = {}, settings: object = {}) =>
  cloud(
    {
      [listPath]: { json: { value: [entry()] } },
      [treePath(product)]: ({ url }): Reply =>
        url.searchParams.get('targetType') === 'live'
          ? { json: { root: `product/${product}`, resources } }
          : { status: 404, json: {} },
      ...replies,
    },
    { settings },
  )

describe('a listing', () => {
  it('is a SaaS product with its plans, prices and meters', async () => {
    const { listings, calls } = market()
    const { listings: told, more } = await listings.changedSince(null)
    expect(told).toEqual([
      {
        listingRef: 'contoso-saas',
        name: 'Contoso Cloud Solution',
        kind: 'saas',
        visibility: 'public',
        meteringRef: null,
        dimensions: [
          { key: 'seats', name: 'Units of the plan', types: ['contract'] },
          { key: 'email', name: 'Emails', unit: '1000 emails', types: ['usage'] },
        ],
        plans: [
          {
            planRef: 'silver',
            planKey: `plan/${product}/${silver}`,
            name: 'Silver for teams',
            shape: {
              charge: 'flat',
              months: [1, 12, 36],
              meters: ['email'],
              hasTrial: false,
              units: null,
            },
          },
          {
            planRef: 'gold',
            planKey: `plan/${product}/2`,
            name: 'GOLD',
            shape: {
              charge: 'per_unit',
              months: [1],
              meters: [],
              hasTrial: true,
              units: { min: 5, max: 100 },
            },
          },
        ],
        modifiedAt: '2026-03-10T09:01:00.000Z',
        native: { product: entry(), target: 'live', resources },
      },
    ])
    expect(more).toBe(false)
    expect(calls[0]!.url.searchParams.get('$version')).toBe('2022-07-01')
    expect(calls[0]!.url.searchParams.get('type')).toBe('softwareAsAService')
  })

  it('has the seats dimension of the settings, also where a meter has that name', async () => {
    const { listings } = market({}, { seatsDimension: 'email' })
    const [told] = (await listings.changedSince(null)).listings
    expect(told?.dimensions).toEqual([
      { key: 'email', name: 'Emails', unit: '1000 emails', types: ['contract', 'usage'] },
    ])
  })

  it('has plans of no known shape where the prices are not told', async () => {
    const bare = resources.filter(({ $schema }) => !$schema?.includes('price-and-availability'))
    const { listings } = market({ [treePath(product)]: { json: { resources: bare } } })
    const [told] = (await listings.changedSince(null)).listings
    expect(told?.plans.map(({ shape }) => shape)).toEqual([null, null])
    expect(told?.dimensions).toMatchObject([{ key: 'seats', types: ['contract'] }])
  })

  it.each(['preview', 'draft'])('is told as a %s where nothing is live', async (target) => {
    const { listings } = market({
      [treePath(product)]: ({ url }) =>
        url.searchParams.get('targetType') === target
          ? { json: { resources } }
          : { status: 404, json: {} },
    })
    expect((await listings.changedSince(null)).listings).toMatchObject([{ visibility: target }])
  })

  it.each([
    ['private', (one: any) => (one.pricing ? { ...one, visibility: 'hidden' } : one)],
    [
      'deprecated',
      (one: any) =>
        one.alias === 'Contoso Cloud' ? { ...one, lifecycleState: 'deprecated' } : one,
    ],
  ])('says when not everybody can buy it: %s', async (visibility, change) => {
    const { listings } = market({
      [treePath(product)]: { json: { resources: resources.map(change) } },
    })
    expect((await listings.changedSince(null)).listings).toMatchObject([{ visibility }])
  })
})

describe('changes', () => {
  const ids = ['a', 'b', 'c']
  function catalogue(first = ids) {
    const state = { ids: first, alias: new Map<string, string>(), price: new Map<string, number>() }
    const tree = (id: string) => ({
      [treePath(id)]: () => ({
        json: {
          resources: [
            { ...entry(id), alias: id },
            { id: 'x/1', price: state.price.get(id) },
          ],
        },
      }),
    })
    const told = cloud({
      [listPath]: ({ url }) => {
        const from = Number(url.searchParams.get('continuationToken') ?? '0')
        const page = state.ids
          .slice(from, from + 2)
          .map((id) => entry(id, state.alias.get(id) ?? id))
        const isLast = from + 2 >= state.ids.length
        const link = `https://graph.microsoft.com/rp/product-ingestion/product?continuationToken=${from + 2}`
        return { json: { value: page, ...(isLast ? {} : { '@nextLink': link }) } }
      },
      ...Object.assign({}, ...['a', 'b', 'c', 'd'].map(tree)),
    })
    return { state, ...told }
  }

  async function all(port: ReturnType<typeof catalogue>['listings'], from: string | null) {
    const names: string[] = []
    let cursor = from
    for (;;) {
      const page = await port.changedSince(cursor)
      names.push(...page.listings.map(({ name }) => name))
      cursor = page.cursor
      if (!page.more) return { names, cursor }
    }
  }

  it('are told once, page by page, and then cost the list and one tree', async () => {
    const { listings, calls } = catalogue()
    const first = await all(listings, null)
    expect(first.names).toEqual(ids)
    const before = calls.length
    const next = await all(listings, first.cursor)
    expect(next.names).toEqual([])
    expect(calls.length - before).toBe(3)
  })

  it('of a name, and a new product, are told by the next poll', async () => {
    const { listings, state } = catalogue()
    const { cursor } = await all(listings, null)
    state.alias.set('a', 'renamed')
    state.ids = [...ids, 'd']
    expect((await all(listings, cursor)).names).toEqual(['a', 'd'])
  })

  it('of a price are told by as many polls as there are products', async () => {
    const { listings, state } = catalogue()
    let { cursor } = await all(listings, null)
    state.price.set('c', 2)
    const told: string[] = []
    for (const _ of ids) {
      const poll = await all(listings, cursor)
      told.push(...poll.names)
      cursor = poll.cursor
    }
    expect(told).toEqual(['c'])
    expect((await all(listings, cursor)).names).toEqual([])
  })

  it('of a draft that goes live are told by the third poll, each for one tree', async () => {
    const live = { isThere: false }
    const { listings, calls } = cloud({
      [listPath]: { json: { value: [entry()] } },
      [treePath(product)]: ({ url }) =>
        url.searchParams.get('targetType') === 'draft' || live.isThere
          ? { json: { resources: [entry()] } }
          : { status: 404, json: {} },
    })
    let { cursor, listings: told } = await listings.changedSince(null)
    expect(told.map(({ visibility }) => visibility)).toEqual(['draft'])
    const poll = async () => {
      const before = calls.length
      ;({ cursor, listings: told } = await listings.changedSince(cursor))
      expect(calls.length - before).toBe(2)
      return told.map(({ visibility }) => visibility)
    }
    for (let quiet = 0; quiet < 4; quiet += 1) expect(await poll()).toEqual([])
    live.isThere = true
    const seen = [await poll(), await poll(), await poll()].flat()
    expect(seen.at(-1)).toBe('public')
    expect(await poll()).toEqual([])
  })

  it('are told again for a cursor that is repeated', async () => {
    const { listings, state } = catalogue()
    const { cursor } = await all(listings, null)
    state.alias.set('a', 'renamed')
    expect(await listings.changedSince(cursor)).toEqual(await listings.changedSince(cursor))
  })

  it('forgets a product that is gone', async () => {
    const { listings, state } = catalogue(['a', 'b'])
    let { cursor } = await all(listings, null)
    state.ids = ['b']
    for (const _ of ids) ({ cursor } = await all(listings, cursor))
    expect((await all(listings, cursor)).names).toEqual([])
  })

  it('cannot be asked with a cursor that is not ours', async () => {
    expect((await failing(catalogue().listings.changedSince('{}'))).code).toBe('invalid')
  })
})
