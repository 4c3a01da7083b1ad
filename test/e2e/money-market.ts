import { expect } from 'vitest'
import * as z from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import { addDays, type Day, daysBetween, type Instant, startOf } from '../../src/kernel/time.ts'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { ReportedRow, RevenueLine } from '../../src/revenue/model.ts'
import { type Answer, createTestWorld } from '../world.ts'

type Facts = Readonly<Record<string, string | boolean>>

/** One sale as a report tells it. */
export type Sale = {
  readonly ref: string
  readonly on: string
  readonly amount: string
  readonly currency?: string
  readonly refunds?: string
  readonly listing?: string
  /** What the row itself tells the drawdown rules. */
  readonly facts?: Facts
}

/** What the report of a purchase in the buyer's own portal, under its agreement and in its country, tells. */
export const inPortal: Facts = {
  'line.boughtInAzurePortal': true,
  'line.subscriptionOnAgreement': true,
  'line.country': 'DE',
  'line.coveredByCredit': false,
}

/** Whose rules hold, and what is known of what is sold there. */
export type Place = {
  readonly provider: string
  readonly instrument: string
  /** Listings by what people state of them; sales are of the first unless they say otherwise. */
  readonly shelf: Readonly<Record<string, Facts>>
  /** What a row tells the drawdown rules unless the sale says otherwise. */
  readonly line: Facts
}

const microsoft: Place = {
  provider: 'azure',
  instrument: 'MACC',
  shelf: {
    enrolled: { 'offer.maccEnrolled': true, deployedOnCloud: true },
    'not-enrolled': { 'offer.maccEnrolled': false, deployedOnCloud: true },
    hybrid: { 'offer.maccEnrolled': true, deployedOnCloud: false },
    byol: { 'offer.maccEnrolled': true, deployedOnCloud: true, 'offer.kind': 'byol' },
  },
  line: inPortal,
}

const firstOf = ({ shelf }: Place): string => Object.keys(shelf)[0] ?? ''

const listed = (listingRef: string): RemoteListing => ({
  listingRef,
  name: listingRef,
  kind: 'saas',
  visibility: 'Public',
  meteringRef: null,
  dimensions: [],
  plans: [],
  modifiedAt: '2024-01-01T00:00:00.000Z',
  native: {},
})

/** Report rows by file, which nothing dates, as the second marketplace's are. */
type Shop = { readonly files: Map<string, readonly ReportedRow[]> }

const shopOf = (shop: Shop, { provider, shelf }: Place): Adapter =>
  adapter({
    provider,
    title: 'The Shop',
    settings: z.strictObject({}),
    credentials: z.strictObject({}),
    example: { settings: {}, credentials: {} },
    client: () => shop,
    ports: {
      listings: () => ({
        async changedSince(cursor) {
          return {
            listings: cursor ? [] : Object.keys(shelf).map(listed),
            cursor: '1',
            more: false,
          }
        },
      }),
      offers: () => ({
        traits: {
          currencies: ['USD'],
          monthsMax: 60,
          paymentsMax: 70,
          rateDecimalsMax: 2,
          acceptWithinDaysMax: null,
          pricing: ['flat'],
          contractQuantity: 'whole',
          renewalQuestion: true,
        },
        violations: () => [],
        requests: (order: OfferOrder) => [order.terms.name],
        submit: async () => expect.fail('nothing is sent'),
        progress: async () => expect.fail('nothing is sent'),
        withdraw: async () => expect.fail('nothing is sent'),
        extend: async () => expect.fail('nothing is sent'),
        changeProgress: async () => expect.fail('nothing is sent'),
      }),
      revenue: ({ files }) => ({
        files: async () =>
          [...files].map(([name, rows]) => ({ name, fingerprint: name, sizeBytes: rows.length })),
        async *read({ name }) {
          yield { rows: files.get(name) ?? [], broken: [] }
        },
      }),
    },
  })

const row = (place: Place, account: string, sale: Sale, i: number): ReportedRow => ({
  row: i + 2,
  validFrom: startOf(sale.on as Day),
  knownFrom: null,
  deletedAt: null,
  native: { LineItemId: sale.ref, TransactionAmountCC: sale.amount },
  content: { is: 'line', ...lineOf(place, account, sale) },
})

const lineOf = (place: Place, account: string, sale: Sale): RevenueLine => ({
  lineRef: sale.ref,
  parentRef: sale.refunds ?? null,
  action: 'invoiced',
  kind: sale.amount.startsWith('-') ? 'gross_refund' : 'gross',
  nativeKind: 'charge',
  amount: sale.amount,
  currency: sale.currency ?? 'USD',
  others: [],
  invoiceRef: null,
  invoicedOn: sale.on as Day,
  dueOn: null,
  usage: null,
  agreementRef: null,
  offerRef: null,
  listingRef: sale.listing ?? firstOf(place),
  payerRef: account,
  payoutRef: null,
  facts: sale.facts ?? place.line,
})

/** The whole service, driven through its API alone, with a shop whose reports a case fills. */
export async function openMarket(startAt: Instant, place: Place = microsoft) {
  const { provider, instrument, shelf } = place
  const shop: Shop = { files: new Map() }
  const world = await createTestWorld({ adapters: [shopOf(shop, place)], startAt })
  const ok = async (answer: Promise<Answer>): Promise<any> => {
    const { status, body, text } = await answer
    if (status >= 300) throw new Error(`${status} ${text}`)
    return body
  }
  const admin = world.as('admin')
  const get = (path: string) => ok(admin.get(path))
  const post = (path: string, body: object = {}) => ok(admin.post(path, body))
  const seller = { provider, name: 'Seller', settings: {}, credentials: {} }
  const connection = (await post('/v1/connections', seller)).id as string
  await world.drain()
  const listings = new Map<string, string>()
  for (const { id, listingRef } of (await get('/v1/listings')).data) {
    await ok(admin.patch(`/v1/listings/${id}`, { facts: shelf[listingRef] }))
    listings.set(listingRef, id)
  }
  let accounts = 0
  const today = () => world.deps.now().slice(0, 10) as Day
  /** A buyer of its own, who committed to so much, and what the reports tell he bought. */
  const committed = async (terms: object, sales: readonly Sale[] = []) => {
    const account = `account-${++accounts}`
    const ref = { provider, ref: account }
    const buyer = (await post('/v1/buyers', { name: account, accounts: [ref] })).id as string
    const asked = { buyer, provider, instrument, currency: 'USD', country: 'DE' }
    const claim = {
      source: 'buyer_told_us',
      statedAt: today(),
      statedBy: 'their CFO',
      confidence: 'high',
    }
    const commitment = await post('/v1/commitments', { ...asked, claim, ...terms })
    if (sales.length > 0) {
      shop.files.set(
        `${account}.csv`,
        sales.map((sale, i) => row(place, account, sale, i)),
      )
      const { id } = await post('/v1/revenue-imports', { connection })
      await world.drain()
      const { state, progress } = await get(`/v1/revenue-imports/${id}`)
      expect([state, progress.rowsNew]).toEqual(['done', sales.length])
    }
    return { buyer, id: commitment.id as string }
  }
  return {
    world,
    connection,
    listing: listings.get(firstOf(place)) ?? '',
    post,
    committed,
    amend: (id: string, changes: object) => ok(admin.patch(`/v1/commitments/${id}`, changes)),
    /** The ledger and standing on a day, as everything is known today. */
    drawn: (id: string, asOf = today()) =>
      get(`/v1/commitments/${id}/drawdown?limit=200&asOf=${asOf}&known=${today()}`),
    /** Moves the clock to a day; time does not go back. */
    async on(day: string) {
      world.advance(daysBetween(today(), day as Day) * 86_400_000)
      await world.drain()
    },
    after: (day: string, days: number) => addDays(day as Day, days),
  }
}
export type Market = Awaited<ReturnType<typeof openMarket>>
