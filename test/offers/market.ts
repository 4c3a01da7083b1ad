import * as z from 'zod'
import { adapter } from '../../src/adapter.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { OfferOrder, OfferStanding, OfferTraits, Sheet } from '../../src/offers/model.ts'
import type { ChangeProgress, OfferProgress, OffersPort } from '../../src/offers/port.ts'
import { createTestWorld, type World } from '../world.ts'
import { agreementsPort, type Holdings } from './holdings.ts'

export const traits: OfferTraits = {
  currencies: ['USD', 'EUR', 'JPY'],
  monthsMax: 60,
  paymentsMax: 4,
  rateDecimalsMax: 8,
  acceptWithinDaysMax: null,
  pricing: ['contract', 'flat', 'usage'],
  contractQuantity: 'whole',
}

export const seats = { key: 'seats', name: 'Seats', types: ['contract'] as const }
export const support = { key: 'support', name: 'Support', types: ['contract'] as const }
export const calls = { key: 'api_calls', name: 'API calls', types: ['usage'] as const }

const storage = { key: 'storage_gb', name: 'Storage', types: ['usage'] as const }

const catalogue: RemoteListing = {
  listingRef: 'prod-1',
  name: 'Analytics',
  kind: 'saas',
  visibility: 'Public',
  meteringRef: null,
  dimensions: [seats, support, calls, storage],
  plans: [{ planRef: 'gold', planKey: null, name: 'Gold', shape: null }],
  modifiedAt: '2026-11-01T00:00:00.000Z',
  native: {},
}

type Call =
  | 'submit'
  | 'progress'
  | 'withdraw'
  | 'extend'
  | 'changeProgress'
  | 'look'
  | 'changedSince'
type Trouble = {
  readonly call: Call
  readonly done: boolean
  readonly problem: Problem | Error
  /** Only for this offer. */
  readonly ref?: string
}

/** A marketplace that does what the test says, and remembers what it was told. */
export type Market = {
  readonly calls: string[]
  /** What was really begun, by key. */
  readonly begun: Map<string, { operation: string; what: unknown }>
  readonly offers: Map<string, OfferProgress>
  readonly changes: Map<string, ChangeProgress>
  /** Thrown by the next call of that name, before or after it did its work. */
  readonly trouble: Trouble[]
  refusesName: string | null
  /** What an offer is there now, where it has to be looked at. */
  readonly standings: Map<string, OfferStanding>
  /** What was really begun where no key is known: one entry for each time. */
  readonly made: { operation: string; name: string }[]
  /** What one list tells of offers, in order. */
  readonly told: { offerRef: string; standing: OfferStanding }[]
  readonly holdings: Holdings
}

/** How this marketplace differs from the plain one. */
export type Kind = {
  readonly traits?: Partial<OfferTraits>
  readonly looks?: boolean
  readonly keyless?: boolean
  /** One list tells of every offer that changed, two a page. */
  readonly tells?: boolean
  /** Agreements of another account than offers are made to. */
  readonly holds?: boolean
  readonly provider?: string
  readonly dealTypeOf?: OffersPort['dealTypeOf']
}

const pageSize = 2

/** What is to be typed in. */
export const sheet = (title: string, value: string): Sheet => ({
  title,
  url: 'https://market.example/offers',
  sections: [
    { title: 'Customer', rows: [{ field: 'Name', value, note: 'as the <buyer> sees it' }] },
  ],
})

function port(
  market: Market,
  { traits: own, looks, keyless, tells, dealTypeOf }: Kind,
): OffersPort {
  const stumble = (call: Call, done: boolean, ref?: string) => {
    const i = market.trouble.findIndex(
      (t) => t.call === call && t.done === done && (t.ref ?? ref) === ref,
    )
    if (i >= 0) throw market.trouble.splice(i, 1)[0]!.problem
  }
  const begin = (call: Call, key: string, what: unknown) => {
    market.calls.push(`${call} ${key}`)
    stumble(call, false)
    const known = market.begun.get(key)
    if (known && JSON.stringify(known.what) !== JSON.stringify(what))
      throw new Error(`key ${key} came back with other content`)
    const operation = known?.operation ?? `op-${market.begun.size + 1}`
    market.begun.set(key, { operation, what })
    stumble(call, true)
    return operation
  }
  /** Nothing is remembered by key: what came of an earlier request is sought by what it says. */
  const make = ({ terms }: OfferOrder, key: string, askedAt: Instant | null) => {
    market.calls.push(`submit ${key} ${askedAt}`)
    stumble('submit', false)
    const known = askedAt && market.made.find(({ name }) => name === terms.name)
    const made = known || { operation: `op-made-${market.made.length + 1}`, name: terms.name }
    if (!known) market.made.push(made)
    stumble('submit', true)
    return made.operation
  }
  const look = async (ref: string): Promise<OfferStanding> => {
    market.calls.push(`look ${ref}`)
    stumble('look', false, ref)
    return market.standings.get(ref) ?? { is: 'open' }
  }
  const changedSince = async (cursor: string | null) => {
    market.calls.push(`changedSince ${cursor}`)
    stumble('changedSince', false)
    const from = Number(cursor ?? 0)
    const standings = market.told.slice(from, from + pageSize)
    const to = from + standings.length
    return { standings, cursor: String(to), more: to < market.told.length }
  }
  const byHand = own?.byHand === true
  return {
    traits: { ...traits, ...own },
    ...(looks && { look }),
    ...(tells && { changedSince }),
    ...(dealTypeOf && { dealTypeOf }),
    violations: ({ terms }: OfferOrder) =>
      terms.name === market.refusesName ? [{ path: 'name', message: 'is not to our taste' }] : [],
    requests: (order: OfferOrder, key: string) => [{ Token: key, Name: order.terms.name }],
    async submit(order: OfferOrder, key: string, askedAt: Instant | null): Promise<OfferProgress> {
      if (byHand) {
        begin('submit', key, order)
        return { is: 'by_hand', sheet: sheet('New offer', order.terms.name) }
      }
      const operation = keyless ? make(order, key, askedAt) : begin('submit', key, order)
      return { is: 'publishing', operation }
    },
    async progress(operation: string): Promise<OfferProgress> {
      market.calls.push(`progress ${operation}`)
      stumble('progress', false)
      return market.offers.get(operation) ?? { is: 'publishing', operation }
    },
    async withdraw(ref: string, today: string, key: string): Promise<ChangeProgress> {
      const operation = begin('withdraw', key, [ref, today])
      return byHand
        ? { is: 'by_hand', sheet: sheet('Withdraw', ref) }
        : { is: 'running', operation }
    },
    async extend(ref: string, acceptBy: string, key: string): Promise<ChangeProgress> {
      const operation = begin('extend', key, [ref, acceptBy])
      return byHand ? { is: 'by_hand', sheet: sheet('Extend', ref) } : { is: 'running', operation }
    },
    async changeProgress(operation: string): Promise<ChangeProgress> {
      market.calls.push(`changeProgress ${operation}`)
      stumble('changeProgress', false)
      return market.changes.get(operation) ?? { is: 'running', operation }
    },
  }
}

export type Stage = {
  readonly world: World
  readonly market: Market
  readonly connection: string
  readonly listing: string
  readonly buyer: string
  /** A body that breaks no rule. */
  body(more?: object): Record<string, unknown>
  /** Drafts it and returns its id. */
  draft(more?: object): Promise<string>
  /** Drafts and submits it. */
  submitted(more?: object): Promise<string>
  /** As the API shows it. */
  shown(id: string): Promise<any>
  /** Events of one offer, in order, from the table: the API holds them back while the server is busy. */
  told(id: string): Promise<{ kind: string; data: any }[]>
  /** Moves the clock and runs what is due. */
  pass(ms: number): Promise<void>
  /** Drafts, submits and publishes it. */
  live(more?: object): Promise<{ id: string; ref: string }>
}

export async function setTheStage(kind: Kind = {}): Promise<Stage> {
  const market: Market = {
    calls: [],
    begun: new Map(),
    offers: new Map(),
    changes: new Map(),
    trouble: [],
    refusesName: null,
    standings: new Map(),
    made: [],
    told: [],
    holdings: { known: new Map(), log: [], held: new Map(), trouble: [] },
  }
  const provider = kind.provider ?? 'aws'
  const account = {
    settings: z.strictObject({}),
    credentials: z.strictObject({}),
    example: { settings: {}, credentials: {} },
    client: () => market,
  }
  const shop = adapter({
    ...account,
    // The fee table knows it.
    provider,
    title: 'The Market',
    ports: {
      listings: () => ({
        async changedSince(cursor) {
          return { listings: cursor ? [] : [catalogue], cursor: '1', more: false }
        },
      }),
      offers: () => port(market, kind),
      ...(kind.holds && { agreements: () => agreementsPort(market.holdings, market.calls) }),
    },
  })
  const crm = adapter({ ...account, provider: 'crm', title: 'A CRM', ports: {} })
  const world = await createTestWorld({
    adapters: [shop, crm],
    startAt: '2026-11-22T10:00:00.000Z',
  })
  const admin = world.as('admin')
  const connect = async (provider: string) =>
    (
      await admin.post('/v1/connections', {
        provider,
        name: provider,
        settings: {},
        credentials: {},
      })
    ).body.id
  const connection = await connect(provider)
  await connect('crm')
  await world.drain()
  const listing = (await admin.get('/v1/listings')).body.data[0].id
  const accounts = [{ provider, ref: '111122223333' }]
  const buyer = (await admin.post('/v1/buyers', { name: 'Acme', accounts })).body.id
  return {
    world,
    market,
    connection,
    listing,
    buyer,
    ...acts(world, market, { connection, listing, buyer }),
  }
}

function acts(world: World, market: Market, names: object) {
  const desk = world.as('deal_desk')
  const body = (more: object = {}) => ({
    ...names,
    name: 'Acme 2027',
    acceptBy: '2027-01-31',
    term: { months: 12 },
    currency: 'USD',
    pricing: {
      contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
      usage: [{ dimension: 'api_calls', rate: '0.0012' }],
    },
    payments: [
      { on: 'acceptance', amount: '60000.00' },
      { on: '2027-07-01', amount: '60000.00' },
    ],
    ...more,
  })
  const draft = async (more?: object) => {
    const { body: made, status, text } = await desk.post('/v1/offers', body(more))
    if (status !== 201) throw new Error(text)
    return made.id as string
  }
  const submitted = async (more?: object) => {
    const id = await draft(more)
    const { status, text } = await desk.post(`/v1/offers/${id}/submit`)
    if (status !== 202) throw new Error(text)
    return id
  }
  const pass = async (ms: number) => {
    world.advance(ms)
    await world.drain()
  }
  return {
    body,
    draft,
    submitted,
    pass,
    shown: async (id: string) => (await desk.get(`/v1/offers/${id}`)).body,
    told: (id: string) =>
      world.deps.db
        .selectFrom('events')
        .select(['kind', 'data'])
        .where('subject', '=', id)
        .orderBy('seq')
        .execute(),
    async live(more?: object) {
      const id = await submitted(more)
      await world.drain()
      const operation = market.begun.get(id)!.operation
      const ref = `ref-${id}`
      market.offers.set(operation, { is: 'live', offerRef: ref, buyUrl: `https://buy/${ref}` })
      await pass(5_000)
      return { id, ref }
    },
  }
}
