import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACMESOFT } from '../../simulator/azure/seed.ts'
import { dayMs, hourMs, INITECH, type Microsoft, minuteMs, openMicrosoft } from './microsoft.ts'
import { installOrg, orgRows } from './org.ts'

const tenant = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'

/** One deal from connection to drawdown, with webhooks that come twice and out of order, and once with none. */
describe.each([
  ['told by webhooks, some twice and out of order', { duplicateRate: 0.5, disorderRate: 0.5 }],
  ['with every webhook lost', { dropRate: 1 }],
])('a deal at Microsoft, %s', { timeout: 90_000 }, (_, webhooks) => {
  let world: Microsoft
  const deal: Record<string, any> = {}
  beforeAll(async () => {
    world = await openMicrosoft({
      startAt: '2027-01-31T09:00:00.000Z',
      settings: { reports: { pollSeconds: 300 } },
      webhooks,
    })
    await world.set({
      billing: { payAfterDays: 0, payoutMonthsCustomerAgreement: 0, payoutDay: 6 },
    })
  })
  afterAll(() => world?.close())

  it('begins with a publisher and a sales org that work', async () => {
    const org = await installOrg(world.cloud, world.clouds.origin)
    const crm = await world.post('/v1/connections', org)
    for (const id of [world.connection, crm.id])
      expect(await world.post(`/v1/connections/${id}/check`)).toMatchObject({ ready: true })
  })

  it('finds the offer with its plans, and is told of the buyer and what he promised', async () => {
    await world.pass(11 * minuteMs)
    const { data } = await world.get(`/v1/listings?connection=${world.connection}`)
    const listing = data.find((one: any) => one.listingRef === ACMESOFT.offerId)
    deal.listing = listing.id
    deal.plan = listing.plans.find((one: any) => one.planRef === 'team').id
    const stated = { facts: { 'offer.maccEnrolled': true, deployedOnCloud: true } }
    const { status } = await world.as('admin').patch(`/v1/listings/${deal.listing}`, stated)
    expect(status).toBe(200)
    deal.buyer = (
      await world.post('/v1/buyers', {
        name: 'Initech',
        accounts: [INITECH, tenant].map((ref) => ({ provider: 'azure', ref })),
        crm: { account: '001Sm0000000001IAA' },
      })
    ).id
    deal.commitment = (await world.post('/v1/commitments', commitmentOf(deal.buyer))).id
  })

  it('prices the offer before anything is sent', async () => {
    deal.offer = (
      await world.post('/v1/offers', offerOf({ ...deal, connection: world.connection }))
    ).id
    const preview = await world.post(`/v1/offers/${deal.offer}/preview`)
    expect(preview).toMatchObject({
      violations: [],
      fee: { amount: usd('3600.00') },
      net: usd('116400.00'),
    })
    expect(preview.requests).toHaveLength(1)
    const { privateOffers } = await world.cloud('GET', `/azure/control/private-offers`)
    expect(privateOffers).toEqual([])
  })

  it('publishes it once', async () => {
    await world.post(`/v1/offers/${deal.offer}/submit`)
    await world.pass(10 * minuteMs)
    const { state } = await world.get(`/v1/offers/${deal.offer}`)
    expect(state).toMatchObject({ is: 'live' })
    deal.offerRef = state.offerRef
    const { privateOffers } = await world.cloud('GET', `/azure/control/private-offers`)
    expect(privateOffers).toMatchObject([{ id: deal.offerRef }])
  })

  it('sees that the buyer accepted, who has nothing yet', async () => {
    await world.buyer('accept', { offerId: deal.offerRef, billingAccountId: INITECH })
    await world.pass(16 * minuteMs)
    const { state } = await world.get(`/v1/offers/${deal.offer}`)
    expect(state).toMatchObject({ is: 'accepted', agreement: null })
    expect((await world.get('/v1/agreements')).data).toEqual([])
  })

  it('activates what the buyer subscribed to as his user registers', async () => {
    const path = `/azure/buyer/private-offers?billingAccountId=${encodeURIComponent(INITECH)}`
    const [{ items }] = (await world.cloud('GET', path)).privateOffers
    const { subscriptionId } = await world.buyer('buy', {
      offerId: ACMESOFT.offerId,
      planId: items[0].planId,
      billingAccountId: INITECH,
      privateOfferId: deal.offerRef,
    })
    const arrival = await world.buyer('configure', { subscriptionId })
    expect(arrival.status).toBe(303)
    expect(arrival.location).toMatch(/^https:\/\/app\.example\.com\/sign-up\?/)
    await world.pass(6 * minuteMs)
    deal.agreement = (await world.get(`/v1/offers/${deal.offer}`)).state.agreement
    deal.agreementRef = subscriptionId
    expect(await world.get(`/v1/agreements/${deal.agreement}`)).toMatchObject({
      agreementRef: subscriptionId,
      offer: deal.offer,
      listing: deal.listing,
      buyer: deal.buyer,
      state: { is: 'active' },
      awaits: null,
    })
    expect((await world.get('/v1/agreements')).data).toHaveLength(1)
  })

  it('has usage counted once, to the decimal, less what the price includes', async () => {
    for (const at of ['2027-01-31T11:15:00Z', '2027-01-31T12:15:00Z', '2027-01-31T23:15:00Z']) {
      await world.pass(Date.parse(at) - Date.parse(world.deps.now()))
      const events = usageAt(deal.agreement, at)
      const first = await world.post('/v1/usage-events', { events })
      const again = await world.post('/v1/usage-events', { events })
      expect(first).toMatchObject({ accepted: 4, duplicates: 0 })
      expect(again).toMatchObject({ accepted: 0, duplicates: 4 })
    }
    await world.pass(2 * hourMs)
    const { data } = await world.get(`/v1/reports/metering?agreement=${deal.agreement}`)
    const told = data.map((row: any) => [row.dimension, row.events, row.accepted, row.included])
    expect(told).toEqual([
      ['api_calls', '2202', '1002', '1200'],
      ['storage_gb', '37.5', '37.5', '0'],
    ])
    const { totals } = await world.cloud('GET', '/azure/control/ledger')
    const held = totals.map(({ dimension, quantity }: any) => [dimension, quantity])
    expect(held.toSorted()).toEqual([
      ['api_calls', '1002'],
      ['storage_gb', '37.5'],
    ])
  })

  it('reads from the reports what was billed, taken as fee, and paid out', async () => {
    await world.pass(7 * dayMs, dayMs / 2)
    const { data } = await world.get(`/v1/revenue-lines?connection=${world.connection}&limit=200`)
    const sums: Record<string, number> = {}
    for (const { action, kind, amount } of data) {
      const name = `${action} ${kind}`
      sums[name] = Math.round((sums[name] ?? 0) + Number(amount.amount) * 100)
    }
    expect(sums).toEqual({
      'invoiced gross': 12_005_085,
      'invoiced fee': -360_152,
      'disbursed gross': -12_005_085,
      'disbursed fee': 360_152,
    })
    expect(data.every(({ listing }: any) => listing === deal.listing)).toBe(true)
  })

  it('counts all of it against the buyer’s commitment, which has no cap', async () => {
    const { data } = await world.get('/v1/reports/drawdown')
    expect(data).toMatchObject([
      {
        commitment: deal.commitment,
        drawn: usd('120050.85'),
        drawnInAll: usd('120050.85'),
        unknown: [],
      },
    ])
  })

  it('shows the deal in the CRM', async () => {
    await world.pass(hourMs)
    expect(await orgRows(world.cloud, 'Offer')).toMatchObject([
      {
        Marketplace_Key__c: deal.offer,
        Status__c: 'Accepted',
        Total_Contract_Value__c: 120_000,
        Net_Value__c: 116_400,
        Account__c: '001Sm0000000001IAA',
        Opportunity__c: '006Sm0000000001IAA',
      },
    ])
    expect(await orgRows(world.cloud, 'Agreement')).toMatchObject([
      { Agreement_Id__c: deal.agreementRef, Status__c: 'Active' },
    ])
    expect(await orgRows(world.cloud, 'Commitment')).toMatchObject([
      { Marketplace_Key__c: deal.commitment, Drawn_Through_Us__c: 120_050.85 },
    ])
  })

  it('ends with nothing stuck', async () => {
    await world.expectNothingStopped()
    const { data: syncs } = await world.get('/v1/syncs')
    expect(syncs.filter((sync: any) => sync.problem)).toEqual([])
  })
})

const usd = (amount: string) => ({ currency: 'USD', amount })

const commitmentOf = (buyer: string) => ({
  buyer,
  provider: 'azure',
  instrument: 'MACC',
  country: 'US',
  currency: 'USD',
  signedAt: '2026-12-15',
  tranches: [{ start: '2027-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
  facts: {
    'line.boughtInAzurePortal': true,
    'line.subscriptionOnAgreement': true,
    'line.coveredByCredit': false,
  },
  claim: {
    source: 'buyer_told_us',
    statedAt: '2027-01-31',
    statedBy: 'Head of procurement, Initech',
    confidence: 'high',
  },
})

const offerOf = ({ connection, listing, plan, buyer }: Record<string, any>) => ({
  connection,
  listing,
  plan,
  buyer,
  name: 'Initech 2027',
  contacts: [{ name: 'Bill Lumbergh', email: 'bill@initech.example' }],
  acceptBy: '2027-02-01',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.05' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: '2027-02-03', amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  crm: { opportunity: '006Sm0000000001IAA' },
})

/** 734 calls and 12.5 gigabytes, in four events. */
const usageAt = (agreement: string, at: string) =>
  [
    ['api_calls', '400.25'],
    ['api_calls', '333.5'],
    ['api_calls', '0.25'],
    ['storage_gb', '12.5'],
  ].map(([dimension, quantity], i) => ({
    id: `${at}-${i}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  }))
