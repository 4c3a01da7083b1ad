import { afterAll, beforeAll, expect, it } from 'vitest'
import { keep } from '../../src/agreements/intake.ts'
import type { RemoteAgreement } from '../../src/agreements/model.ts'
import * as connections from '../../src/connections/service.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { addListing, addOffer, remote } from '../agreements/market.ts'
import { createTestWorld, type World } from '../world.ts'
import { account, line, marketplace, put, type Reports, reports } from './fake.ts'

// Here an agreement names its buyer by another account (P-…) than the one that everybody knows (B-…), to which offers
// are made, and reports name neither agreements nor buyers as we do.
let world: World
let state: Reports
let connection: string
let initech: string
let globex: string
const ids = new Map<string, string>()

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({
    adapters: [marketplace(state, 'gcp')],
    startAt: '2026-11-22T12:00:00.000Z',
  })
  const body = { provider: 'gcp', name: 'seller', settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  initech = await newBuyer('Initech', 'B-INITECH')
  globex = await newBuyer('Globex', 'B-GLOBEX')
  const listing = await addListing(world, connection, 'prod-1')
  for (const [buyer, offerRef] of [
    [initech, 'offer-1'],
    [initech, 'offer-2'],
    [globex, 'offer-3'],
  ] as const) {
    const id = await addOffer(world, { connection, listing, buyer, offerRef })
    const ref = buyer === initech ? 'B-INITECH' : 'B-GLOBEX'
    await world.deps.db
      .updateTable('offers')
      .set({ frozen: JSON.stringify({ order: { buyerRefs: [ref] }, key: id }) })
      .where('id', '=', id)
      .execute()
  }
  await keepOne('e-1', { offerRef: 'offer-1', buyerRef: 'P-INITECH' })
  await keepOne('e-1', { offerRef: 'offer-2', buyerRef: 'P-INITECH', changedAt: later })
  await keepOne('e-3', { offerRef: 'offer-3', buyerRef: 'P-GLOBEX' })
  await keepOne('e-4', { offerRef: 'offer-9', buyerRef: 'P-HOOLI', listingRef: 'prod-2' })
  await keepOne('e-5', { offerRef: 'offer-9', buyerRef: 'P-HOOLI', listingRef: 'prod-2' })
  put(state, 'accounts.csv', [
    account('obscure-1', 'B-INITECH'),
    account('obscure-3', 'P-GLOBEX'),
    account('obscure-4', 'P-HOOLI'),
  ])
  put(state, 'charges.csv', charges)
  await world.as('finance').post('/v1/revenue-imports', { connection })
  await world.drain()
  const { body: agreements } = await world.as('viewer').get('/v1/agreements?limit=200')
  for (const { id, agreementRef } of agreements.data) ids.set(agreementRef, id)
})
afterAll(() => world.close())

const later: Instant = '2027-02-01T00:00:00.000Z'
const eligible = {
  'line.channel': 'direct',
  'product.type': 'saas',
  'product.runsOnGoogleCloud': true,
  'product.ownedByBuyer': false,
}
const bare = { agreementRef: null, payerRef: null, listingRef: null, facts: eligible }
const charges = [
  line('by-offer', '100.00', { ...bare, offerRef: 'offer-2' }),
  line('by-offer-before', '10.00', { ...bare, offerRef: 'offer-1' }),
  line('by-other-offer', '3.00', { ...bare, offerRef: 'offer-3' }),
  line('by-shared-offer', '5.00', { ...bare, offerRef: 'offer-9' }),
  line('by-no-offer', '7.00', { ...bare, offerRef: 'offer-0' }),
  line('by-account', '1.00', { ...bare, payerRef: 'obscure-1' }),
  line('by-account-and-product', '2.00', { ...bare, payerRef: 'obscure-1', listingRef: 'prod-1' }),
  line('by-other-account', '30.00', { ...bare, payerRef: 'obscure-3' }),
  line('by-busy-account', '50.00', { ...bare, payerRef: 'obscure-4' }),
  line('by-other-product', '60.00', { ...bare, payerRef: 'obscure-1', listingRef: 'prod-7' }),
  line('by-nobody', '70.00', { ...bare, payerRef: 'obscure-0' }),
]

async function newBuyer(name: string, ref: string): Promise<string> {
  const body = { name, accounts: [{ provider: 'gcp', ref }] }
  return (await world.as('deal_desk').post('/v1/buyers', body)).body.id
}

async function keepOne(ref: string, changes: Partial<RemoteAgreement>) {
  const at = await connections.get(world.deps, connection)
  await keep(world.deps, at, remote(ref, { licenseRefs: [], ...changes }), world.deps.now())
}

const get = async (path: string) => (await world.as('viewer').get(path)).body
const lines = async (query = '') => (await get(`/v1/revenue-lines?limit=200${query}`)).data
const refs = async (query: string) =>
  (await lines(query)).map(({ lineRef }: { lineRef: string }) => lineRef).toSorted()

it('is told of a line by the offer alone, also by one that another offer replaced, or by the account', async () => {
  const told = new Map<string, unknown>(
    (await lines()).map(({ lineRef, agreement, buyer }: any) => [lineRef, [agreement, buyer]]),
  )
  expect(Object.fromEntries(told)).toEqual({
    'by-offer': [ids.get('e-1'), initech],
    'by-offer-before': [ids.get('e-1'), initech],
    'by-other-offer': [ids.get('e-3'), globex],
    'by-shared-offer': [null, null],
    'by-no-offer': [null, null],
    'by-account': [ids.get('e-1'), initech],
    'by-account-and-product': [ids.get('e-1'), initech],
    'by-other-account': [ids.get('e-3'), globex],
    'by-busy-account': [null, null],
    'by-other-product': [null, initech],
    'by-nobody': [null, null],
  })
})

it('finds them by agreement and by buyer', async () => {
  const first = ['by-account', 'by-account-and-product', 'by-offer', 'by-offer-before']
  expect(await refs(`&agreement=${ids.get('e-1')}`)).toEqual(first)
  expect(await refs('&agreement=e-1')).toEqual(first)
  expect(await refs(`&buyer=${initech}`)).toEqual([...first, 'by-other-product'].toSorted())
  expect(await refs(`&buyer=${globex}`)).toEqual(['by-other-account', 'by-other-offer'])
})

it('is in the report of revenue with its agreement', async () => {
  const { data } = await get('/v1/reports/revenue?from=2026-08&to=2026-08&asOf=2026-11-22')
  const gross = new Map(
    data.map((row: any) => [row.agreementRef ?? row.buyer, row.billed.gross.amount]),
  )
  expect(gross.get('e-1')).toBe('113.00')
  expect(gross.get('e-3')).toBe('33.00')
  expect(gross.get(initech)).toBe('60.00')
  const one = await get(
    `/v1/reports/revenue?from=2026-08&to=2026-08&asOf=2026-11-22&agreement=${ids.get('e-3')}`,
  )
  expect(one.data.map((row: any) => row.billed.gross.amount)).toEqual(['33.00'])
})

it('burns its buyer’s commitment down, under the account that the commitment names', async () => {
  const commitment = {
    buyer: initech,
    provider: 'gcp',
    instrument: 'Minimum Commitment',
    currency: 'USD',
    signedAt: '2025-12-15',
    accounts: ['B-INITECH'],
    tranches: [{ start: '2026-01-01', endExclusive: '2027-01-01', amount: '1000000.00' }],
    claim: {
      source: 'buyer_told_us',
      statedAt: '2026-01-15',
      statedBy: 'their CFO',
      confidence: 'medium',
    },
  }
  const { body } = await world.as('sales').post('/v1/commitments', commitment)
  const { data } = await get(`/v1/commitments/${body.id}/drawdown?limit=200&asOf=2026-11-22`)
  expect(
    Object.fromEntries(data.map((one: any) => [one.line.split('/')[1], one.counted.amount])),
  ).toEqual({
    'by-offer': '100.00',
    'by-offer-before': '10.00',
    'by-account': '1.00',
    'by-account-and-product': '2.00',
    'by-other-product': '60.00',
  })
})
