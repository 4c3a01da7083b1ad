import { sql } from 'kysely'
import * as z from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import type { RemoteAgreement } from '../../src/agreements/model.ts'
import { runNow } from '../../src/connections/service.ts'
import { total as sum } from '../../src/kernel/decimal.ts'
import type { Id } from '../../src/kernel/id.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { HeldUsage, MeteringTraits, Report, ReportOutcome } from '../../src/metering/model.ts'
import { createTestWorld, type World } from '../world.ts'

export const startAt: Instant = '2027-03-10T09:30:00.000Z'

/** A marketplace's metering in a few lines: one quantity for each licence, dimension and hour, for ever. */
export type Market = {
  readonly adapter: Adapter
  readonly agreements: RemoteAgreement[]
  /** Newer readings that no list shows: only who asks for one sees it. */
  readonly unlisted: RemoteAgreement[]
  /** By licence, dimension and hour. */
  readonly ledger: Map<string, Report>
  readonly calls: (readonly Report[])[]
  /** Decides otherwise than the ledger would. */
  decide: (report: Report) => ReportOutcome | undefined
  /** Thrown before anything is taken. */
  fault: (() => Problem | undefined) | undefined
  /** Thrown after all is taken: the reply gets lost. */
  lostReply: (() => Problem | undefined) | undefined
  /** Runs within a call, before it answers. */
  meanwhile: ((reports: readonly Report[]) => Promise<void>) | undefined
  /** What it tells of a day when it is read back, and what it fails with. */
  tell: (day: string) => readonly HeldUsage[]
  tellFault: (() => Problem | undefined) | undefined
  /** Sum of what was taken. */
  total(dimension?: string): string
}

export const traits: MeteringTraits = {
  batchMax: 25,
  quantity: 'whole',
  quantityMax: '2147483647',
  lateHoursMax: 24,
  monthClose: { day: 1, hour: 6 },
  flushMinutes: 60,
  callsPerSecondMax: 10_000,
  allocationsMax: 2500,
  overageOnly: false,
}

export const keyOf = ({ licenseRef, dimension, hour }: Report) =>
  `${licenseRef} ${dimension} ${hour}`

export function createMarket(changed: Partial<MeteringTraits> = {}, tellsBack = false): Market {
  const market: Market = {
    adapter: adapter({
      provider: 'bazaar',
      title: 'Bazaar',
      settings: z.strictObject({}),
      credentials: z.strictObject({}),
      example: { settings: {}, credentials: {} },
      client: () => undefined,
      ports: {
        listings: () => ({
          changedSince: async () => ({ listings: [listing], cursor: '1', more: false }),
        }),
        agreements: () => ({
          traits: {
            operations: [],
            activation: 'none',
            buyerChanges: { plan: 'accept', quantity: 'accept' },
          },
          async changedSince(cursor) {
            const agreements = market.agreements.slice(Number(cursor ?? 0))
            return { agreements, cursor: String(market.agreements.length), more: false }
          },
          async get(ref) {
            const all = [...market.agreements, ...market.unlisted]
            const found = all.findLast((one) => one.agreementRef === ref)
            if (!found) throw new Problem('not_found', `no agreement ${ref}`)
            return found
          },
          readToken: () => undefined,
          resolve: () => Promise.reject(new Problem('rejected', 'no')),
        }),
        metering: () => ({
          traits: { ...traits, ...changed },
          compatible: (a, b) => a.meteringRef === b.meteringRef,
          report: (reports) => answer(reports),
          ...(tellsBack && { readBack: tellBack }),
        }),
      },
    }),
    agreements: [],
    unlisted: [],
    ledger: new Map(),
    calls: [],
    decide: () => undefined,
    fault: undefined,
    lostReply: undefined,
    meanwhile: undefined,
    tell: () => [],
    tellFault: undefined,
    total: (dimension) =>
      sum(
        [...market.ledger.values()]
          .filter((report) => dimension === undefined || report.dimension === dimension)
          .map(({ quantity }) => quantity),
      ),
  }
  async function* tellBack(first: string, last: string) {
    if (first !== last) throw new Error('one day at a time')
    const fault = market.tellFault?.()
    if (fault) throw fault
    const rows = market.tell(first)
    yield rows.slice(0, 1)
    yield rows.slice(1)
  }
  const answer = async (reports: readonly Report[]) => {
    market.calls.push(reports)
    if (reports.length > (changed.batchMax ?? traits.batchMax)) throw new Error('too many')
    const fault = market.fault?.()
    if (fault) throw fault
    const outcomes = reports.map((report) => market.decide(report) ?? take(report))
    await market.meanwhile?.(reports)
    const lost = market.lostReply?.()
    if (lost) throw lost
    return outcomes.toReversed()
  }
  const take = (report: Report): ReportOutcome => {
    const held = market.ledger.get(keyOf(report))
    if (held && held.quantity !== report.quantity)
      return { id: report.id, is: 'differs', held: held.quantity }
    market.ledger.set(keyOf(report), report)
    return { id: report.id, is: 'accepted', receipt: `receipt-${report.id}` }
  }
  return market
}

export const listing: RemoteListing = {
  listingRef: 'prod-1',
  name: 'Analytics',
  kind: 'saas',
  visibility: 'Public',
  meteringRef: null,
  dimensions: [
    { key: 'api_calls', name: 'Calls', types: ['usage'] },
    { key: 'storage_gb', name: 'Storage', types: ['usage'] },
    { key: 'seats', name: 'Seats', types: ['contract'] },
  ],
  plans: [],
  modifiedAt: '2027-01-01T00:00:00.000Z',
  native: {},
}

export const remote = (
  agreementRef: string,
  changes: Partial<RemoteAgreement> = {},
): RemoteAgreement => ({
  agreementRef,
  initialRef: agreementRef,
  offerRef: null,
  listingRef: 'prod-1',
  planRef: null,
  buyerRef: '111122223333',
  licenseRefs: [`license-of-${agreementRef}`],
  state: { is: 'active' },
  nativeStatus: 'ACTIVE',
  awaits: null,
  acceptedAt: '2027-01-01T00:00:00.000Z',
  startsAt: '2027-01-01T00:00:00.000Z',
  endsAt: '2028-01-01T00:00:00.000Z',
  changedAt: '2027-01-01T00:00:00.000Z',
  value: null,
  usageRates: [{ dimension: 'api_calls', rate: '0.5', currency: 'USD' }],
  charges: [],
  entitlements: [],
  included: [],
  fingerprint: null,
  native: {},
  ...changes,
})

export type Shop = {
  readonly world: World
  readonly market: Market
  readonly connection: Id<'conn'>
  /** Back to the start of the test's day, with no usage and two agreements that were never there before. */
  fresh(): Promise<readonly [string, string]>
}

const tables = [
  'usage_contributions',
  'usage_postings',
  'contract_ratings',
  'contract_books',
  'meter_hours',
  'meter_uniques',
  'usage_lanes',
  'usage_events',
  'usage_series',
  'usage_allowances',
  'usage_read_backs',
  'usage_records',
  'events',
] as const

/** The service with one seller account, whose agreements are known. */
export async function openShop(
  refs: readonly string[],
  changed: Partial<MeteringTraits> = {},
  { at = startAt, tellsBack = false }: { at?: Instant; tellsBack?: boolean } = {},
): Promise<Shop> {
  const market = createMarket(changed, tellsBack)
  market.agreements.push(...refs.map((ref) => remote(ref)))
  const world = await createTestWorld({ adapters: [market.adapter], startAt: at })
  const { body } = await world.as('admin').post('/v1/connections', {
    provider: 'bazaar',
    name: 'Main',
    settings: {},
    credentials: {},
  })
  await world.drain()
  let used = 0
  const fresh = async () => {
    world.advance(Date.parse(at) - Date.parse(world.deps.now()))
    await sql`truncate ${sql.join(tables.map((table) => sql.table(table)))}`.execute(world.deps.db)
    // What changed in a time that is to come again would hide what changes before it.
    await sql`update agreements set updated_at = ${at}`.execute(world.deps.db)
    await sql`update syncs set cursor = null where name = 'metering'`.execute(world.deps.db)
    market.ledger.clear()
    market.calls.length = 0
    market.decide = () => undefined
    market.fault = undefined
    market.lostReply = undefined
    market.meanwhile = undefined
    market.tell = () => []
    market.tellFault = undefined
    const refs = [`agmt-${++used}-a`, `agmt-${used}-b`] as const
    market.agreements.push(...refs.map((ref) => remote(ref)))
    await runNow(world.deps, 'agreements')
    await runNow(world.deps, 'metering')
    await world.drain()
    await sql`truncate events`.execute(world.deps.db)
    return refs
  }
  return { world, market, connection: body.id, fresh }
}

let events = 0
/** An event that is good in every way, made half an hour ago. */
export const event = (changes: Record<string, unknown> = {}) => ({
  id: `evt-${++events}`,
  source: 'test',
  agreement: 'agmt-1',
  dimension: 'api_calls',
  quantity: '1',
  at: '2027-03-10T09:00:00.000Z',
  ...changes,
})

export const hourMs = 3_600_000

export async function send({ world }: Shop, ...given: readonly unknown[]) {
  return (await world.as('meter').post('/v1/usage-events', { events: given })).body
}
/** Moves the clock and does all that fell due. */
export async function pass({ world }: Shop, ms: number) {
  world.advance(ms)
  await world.drain()
}
export async function records({ world }: Shop, query = '') {
  const { body } = await world.as('viewer').get(`/v1/usage-records?limit=200${query}`)
  return body.data as any[]
}
/** An agreement's newest reading, known at once. */
export async function told({ world, market }: Shop, reading: RemoteAgreement) {
  market.agreements.push(reading)
  await runNow(world.deps, 'agreements')
  await world.drain()
  await runNow(world.deps, 'metering')
  await world.drain()
}
export async function allowances({ world }: Shop, query = '') {
  const { body } = await world.as('viewer').get(`/v1/usage-allowances?limit=200${query}`)
  return body.data as any[]
}
export async function proof({ world }: Shop, query = '') {
  return (await world.as('viewer').get(`/v1/reports/metering${query}`)).body
}

/** Rows of text in order. */
export const inOrder = <Row extends string | readonly string[]>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
