import * as z from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import type { Registration, RemoteAgreement, ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsTraits } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { ReceivedNotice } from '../../src/notices/model.ts'
import type { World } from '../world.ts'
import { type Counter, counterPort, createCounter } from './counter.ts'

export const noticeSecret = 'notice-secret-of-the-test'
export const handoffSecret = 'handoff-secret-of-the-test'

/** A marketplace in a few lines: what it knows, whom its tokens name, and what it was asked. */
export type Market = {
  readonly adapter: Adapter
  readonly known: Map<string, ToldAgreement>
  readonly tokens: Map<string, Registration | 'expired' | Problem>
  readonly calls: string[]
  /** Every change, in order: what a poll pages through. */
  readonly log: ToldAgreement[]
  traits: AgreementsTraits
  /** Its list shows all it knows in brief, one page after the other, and none whole. */
  isBrief: boolean
  /** What its brief list leaves out. */
  readonly unlisted: Set<string>
  /** What sellers asked for, and what it was told of buyers' changes. */
  readonly counter: Counter
  /** Makes or changes an agreement. */
  put(agreement: ToldAgreement): void
  /** Thrown by every call, once set. */
  fault: Problem | undefined
  /** Runs within a call, before it answers. */
  meanwhile: (() => Promise<void>) | undefined
  /** Notices that wait to be fetched, by their receipts, where they are fetched. */
  readonly mailbox: Map<string, ReceivedNotice>
}

const pageSize = 3

export function createMarket(provider = 'bazaar', isFetched = false): Market {
  const market: Market = {
    adapter: adapter({
      provider,
      title: 'Bazaar',
      settings: z.strictObject({}),
      credentials: z.strictObject({}),
      example: { settings: {}, credentials: {} },
      client: () => undefined,
      ports: {
        agreements: () => ({
          get traits() {
            return market.traits
          },
          ...counterPort(market.counter, market.known, (call) => answer(call)),
          async changedSince(cursor) {
            await answer(`changedSince ${cursor}`)
            if (market.isBrief) return briefly(market, Number(cursor ?? 0))
            const from = Number(cursor ?? 0)
            const agreements = market.log.slice(from, from + pageSize)
            const to = from + agreements.length
            return { agreements, cursor: String(to), more: to < market.log.length }
          },
          async get(ref) {
            const agreement = market.known.get(ref)
            await answer(`get ${ref}`)
            if (!agreement) throw new Problem('not_found', `no agreement ${ref}`)
            return agreement
          },
          readToken: (fields) => fields['bazaar-token'],
          async resolve(token) {
            await answer(`resolve ${token}`)
            const who = market.tokens.get(token) ?? 'invalid'
            if (who instanceof Problem) throw who
            if (typeof who === 'string') throw new Problem('rejected', 'no', { token: who })
            return who
          },
        }),
        notices: () => ({
          async receive({ headers, body }, secret) {
            if (headers['x-secret'] !== secret) throw new Problem('unauthenticated', 'who are you?')
            try {
              return JSON.parse(body) as ReceivedNotice[]
            } catch {
              throw new Problem('invalid', 'not a notice')
            }
          },
          ...(isFetched && {
            async pull(max: number) {
              await answer(`pull ${max}`)
              const waiting = [...market.mailbox].slice(0, max)
              return waiting.map(([receipt, notice]) => ({ receipt, notice }))
            },
            async acknowledge(receipts: readonly string[]) {
              await answer(`acknowledge ${receipts.join(' ')}`)
              for (const receipt of receipts) market.mailbox.delete(receipt)
            },
          }),
        }),
      },
    }),
    known: new Map(),
    tokens: new Map(),
    calls: [],
    log: [],
    traits: {
      operations: [],
      activation: 'none',
      buyerChanges: { plan: 'accept', quantity: 'accept' },
    },
    isBrief: false,
    unlisted: new Set(),
    counter: createCounter(),
    put(agreement) {
      market.known.set(agreement.agreementRef, agreement)
      market.log.push(agreement)
    },
    fault: undefined,
    meanwhile: undefined,
    mailbox: new Map(),
  }
  const answer = async (call: string) => {
    market.calls.push(call)
    await market.meanwhile?.()
    if (market.fault) throw market.fault
  }
  return market
}

/** A page of all there is, in brief; after the last one it begins anew. */
function briefly({ known, unlisted }: Market, from: number) {
  const listed = [...known.values()].filter(({ agreementRef }) => !unlisted.has(agreementRef))
  const page = listed.slice(from, from + pageSize)
  const more = from + page.length < listed.length
  const glimpses = page.map(({ agreementRef, fingerprint }) => ({
    agreementRef,
    fingerprint: fingerprint ?? '',
  }))
  return { agreements: [], glimpses, cursor: more ? String(from + page.length) : '0', more }
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
  value: { currency: 'USD', amount: '120000.00' },
  usageRates: [{ dimension: 'api_calls', rate: '0.0012', currency: 'USD' }],
  charges: [{ at: '2027-01-01T00:00:00.000Z', amount: { currency: 'USD', amount: '120000.00' } }],
  entitlements: [
    {
      dimension: 'seats',
      quantity: '100',
      licenseRef: `license-of-${agreementRef}`,
      expiresAt: null,
    },
  ],
  included: [],
  fingerprint: null,
  native: { agreementId: agreementRef },
  ...changes,
})

/** One as a marketplace tells it that dates nothing and lists in brief. */
export const undated = (
  agreementRef: string,
  fingerprint: string,
  changes: Partial<RemoteAgreement> = {},
): ToldAgreement => ({
  ...remote(agreementRef, { fingerprint, licenseRefs: [agreementRef], ...changes }),
  changedAt: null,
})

export const registration = (changes: Partial<Registration> = {}): Registration => ({
  agreementRef: null,
  buyerRef: '111122223333',
  licenseRef: null,
  customerRef: null,
  meteringRef: null,
  native: {},
  ...changes,
})

/** Connects the market and runs its first sync. */
export async function connect(
  world: World,
  { provider = 'bazaar', name = 'Bazaar', signUpUrl = 'https://app.example.com/sign-up?a=1' } = {},
): Promise<string> {
  const { body } = await world.as('admin').post('/v1/connections', {
    provider,
    name,
    settings: {},
    credentials: {},
    noticeSecret,
    handoffSecret,
    ...(signUpUrl ? { signUpUrl } : {}),
  })
  await world.drain()
  return body.id
}

/** Runs the sync now, and whatever follows. */
export async function sync(world: World, connection: string): Promise<void> {
  await world.as('admin').post(`/v1/syncs/agreements/run?connection=${connection}`)
  await world.drain()
}

export const byRef = async (world: World, connection: string, ref: string) => {
  const { body } = await world.as('viewer').get(`/v1/agreements?connection=${connection}&limit=200`)
  return body.data.find((row: { agreementRef: string }) => row.agreementRef === ref)
}

/** What was recorded of a thing, in order. Read from the table: the API shows an event only once older transactions ended. */
export const kinds = async (world: World, subject: string): Promise<string[]> => {
  const rows = await world.deps.db
    .selectFrom('events')
    .select('kind')
    .where('subject', '=', subject)
    .orderBy('seq')
    .execute()
  return rows.map(({ kind }) => kind)
}

/** A listing as its sync would have left it. */
export async function addListing(world: World, connection: string, ref: string): Promise<string> {
  const at: Instant = world.deps.now()
  const id = `lst_${ref.replaceAll('-', '')}`
  const none = JSON.stringify([])
  await world.deps.db
    .insertInto('listings')
    .values({
      id,
      connection,
      listing_ref: ref,
      name: ref,
      kind: 'saas',
      visibility: 'Public',
      metering_ref: `code-of-${ref}`,
      dimensions: none,
      plans: none,
      removed: JSON.stringify({ dimensions: [], plans: [] }),
      modified_at: at,
      native: '{}',
      facts: '{}',
      read_at: at,
      created_at: at,
      updated_at: at,
      revision: 1,
    })
    .execute()
  return id
}

/** An offer as it stands once it is live. */
export async function addOffer(
  world: World,
  {
    connection,
    listing,
    buyer,
    offerRef,
  }: Record<'connection' | 'listing' | 'buyer' | 'offerRef', string>,
): Promise<string> {
  const at = world.deps.now()
  const id = `offer_${offerRef.replaceAll('-', '')}`
  const terms = {
    name: 'Acme 2027',
    contacts: [],
    acceptBy: '2027-03-01',
    start: 'acceptance',
    currency: 'USD',
    pricing: {},
    legal: { kind: 'standard', documents: [] },
    native: {},
  }
  await world.deps.db
    .insertInto('offers')
    .values({
      id,
      connection,
      listing,
      buyer,
      plan: null,
      terms: JSON.stringify(terms),
      accept_by: '2027-03-01',
      state: JSON.stringify({ is: 'live', offerRef, buyUrl: 'https://bazaar.test/buy' }),
      state_is: 'live',
      frozen: null,
      quote: null,
      currency: null,
      tcv_minor: null,
      fee_minor: null,
      net_minor: null,
      keys_used: 1,
      offer_ref: offerRef,
      operation: null,
      due_at: null,
      problem: null,
      time_zone: 'UTC',
      open_since: null,
      asked_at: null,
      may_be: '[]',
      revision: 1,
      created_at: at,
      updated_at: at,
    })
    .execute()
  return id
}
