import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commitmentOf, offerOf, typed, usageAt, usd } from './google/deal.ts'
import { ACME, dayMs, type Google, hourMs, INITECH, minuteMs, openGoogle } from './google/google.ts'
import { typeIn } from './google/portal.ts'
import { installOrg, orgRows } from './org.ts'

const rough = { duplicateRate: 0.5, disorderRate: 0.5 }

/** One deal from connection to drawdown: its offer published by the API, and typed in by a person. */
describe.each([
  ['published by the API, told by messages that come twice and out of order', 'api', rough],
  ['typed in by a person, with every message lost', 'handoff', { dropRate: 1 }],
] as const)('a deal at Google, %s', { timeout: 90_000 }, (_, mode, notices) => {
  let google: Google
  const deal: Record<string, any> = {}
  beforeAll(async () => {
    google = await openGoogle({
      startAt: '2027-01-25T09:00:00.000Z',
      mode,
      settings: { reports: { kind: 'bucket', bucket: ACME.reportBucket } },
      switches: { notices },
    })
  })
  afterAll(() => google?.close())

  it('begins with a seller and a sales org that work', async () => {
    const org = await installOrg(google.cloud, google.clouds.origin)
    const crm = await google.post('/v1/connections', org)
    for (const id of [google.connection, crm.id])
      expect(await google.post(`/v1/connections/${id}/check`)).toMatchObject({ ready: true })
  })

  it('finds the product with its plans, and is told of the buyer and what he promised', async () => {
    await google.pass(11 * minuteMs)
    const { data } = await google.get(`/v1/listings?connection=${google.connection}`)
    const listing = data.find((one: any) => one.listingRef === ACME.service)
    deal.listing = listing.id
    deal.plan = listing.plans.find((one: any) => one.planRef === 'pro').id
    const facts = { deployedOnCloud: true, 'product.type': 'saas', 'product.ownedByBuyer': false }
    const { status } = await google.as('admin').patch(`/v1/listings/${deal.listing}`, { facts })
    expect(status).toBe(200)
    deal.buyer = (
      await google.post('/v1/buyers', {
        name: 'Initech',
        accounts: [{ provider: 'gcp', ref: INITECH }],
        crm: { account: '001Sm0000000001IAA' },
      })
    ).id
    deal.commitment = (await google.post('/v1/commitments', commitmentOf(deal.buyer))).id
  })

  it('prices the offer before anything is sent', async () => {
    const order = offerOf({ ...deal, connection: google.connection })
    deal.offer = (await google.post('/v1/offers', order)).id
    const preview = await google.post(`/v1/offers/${deal.offer}/preview`)
    expect(preview).toMatchObject({
      violations: [],
      fee: { amount: usd('3600.00') },
      net: usd('116400.00'),
    })
    expect(preview.requests.length).toBeGreaterThan(0)
    expect((await google.cloud('GET', '/gcp/control/offers')).offers).toEqual([])
  })

  it('publishes it once', async () => {
    await google.post(`/v1/offers/${deal.offer}/submit`)
    await google.pass(2 * minuteMs)
    if (mode === 'handoff') {
      const sheet = await google.get(`/v1/offers/${deal.offer}/sheet`)
      expect(JSON.stringify(sheet)).toContain(INITECH)
      deal.offerRef = await typeIn(google, typed)
    }
    const { state } = await google.get(`/v1/offers/${deal.offer}`)
    expect(state).toMatchObject({ is: mode === 'api' ? 'live' : 'handed_off' })
    deal.offerRef ??= state.offerRef
    const { offers } = await google.cloud('GET', '/gcp/control/offers')
    expect(offers).toMatchObject([{ id: deal.offerRef, state: 'PUBLISHED' }])
  })

  it('sees which order came of it, which waits for the buyer to sign up', async () => {
    const accepted = { offer: deal.offerRef, billingAccount: INITECH }
    const { id } = await google.buyer('accept', accepted)
    deal.agreementRef = id
    await google.pass(16 * minuteMs)
    const { state } = await google.get(`/v1/offers/${deal.offer}`)
    expect(state).toMatchObject({ is: 'accepted', offerRef: deal.offerRef })
    deal.agreement = state.agreement
    expect(await google.get(`/v1/agreements/${deal.agreement}`)).toMatchObject({
      agreementRef: id,
      offer: deal.offer,
      listing: deal.listing,
      buyer: deal.buyer,
      planRef: 'pro',
      state: { is: 'pending' },
      awaits: { what: 'approval' },
    })
    expect((await google.get('/v1/agreements')).data).toHaveLength(1)
  })

  it('approves the account and then the order as the buyer’s user signs up', async () => {
    const arrival = await google.signUp(deal.agreementRef)
    expect(arrival.status).toBe(303)
    expect(arrival.location).toMatch(/^https:\/\/app\.example\.com\/sign-up\?/)
    await google.pass(6 * minuteMs)
    expect(await google.get(`/v1/agreements/${deal.agreement}`)).toMatchObject({
      state: { is: 'active' },
      awaits: null,
      endsAt: '2028-01-26T08:00:00.000Z',
    })
    const entitlement = await google.entitlement(deal.agreementRef)
    expect(entitlement).toMatchObject({ state: 'ENTITLEMENT_ACTIVE', isApproved: true })
  })

  it('has usage counted once, whole units told and the rest carried to the next hour', async () => {
    for (const at of ['2027-01-25T11:15:00Z', '2027-01-25T12:15:00Z', '2027-01-25T15:15:00Z']) {
      await google.pass(Date.parse(at) - Date.parse(google.deps.now()))
      const events = usageAt(deal.agreement, at)
      const first = await google.post('/v1/usage-events', { events })
      const again = await google.post('/v1/usage-events', { events })
      expect(first).toMatchObject({ accepted: 4, duplicates: 0 })
      expect(again).toMatchObject({ accepted: 0, duplicates: 4 })
    }
    await google.pass(2 * hourMs)
    const { data, holds } = await google.get(`/v1/reports/metering?agreement=${deal.agreement}`)
    const told = data.map((row: any) => [row.dimension, row.events, row.accepted, row.carried])
    expect(holds).toBe(true)
    expect(told).toEqual([
      ['api_calls', '2202', '2202', '0'],
      ['storage_gb', '37.5', '37', '0.5'],
    ])
    const { totals, repeats, violations } = await google.cloud('GET', '/gcp/control/usage')
    const held = totals.map(({ metric, quantity }: any) => [metric, quantity])
    expect(held.toSorted()).toEqual([
      ['pro_api_calls', '2202'],
      ['pro_storage_gb', '37'],
    ])
    expect([repeats, violations]).toEqual([0, []])
  })

  it('reads from the reports what was billed, taken as fee, and paid out', async () => {
    await google.pass(Date.parse('2027-02-13T09:00:00Z') - Date.parse(google.deps.now()), 2 * dayMs)
    const lines = await google.everything(`/v1/revenue-lines?connection=${google.connection}`)
    const sums: Record<string, number> = {}
    for (const { action, kind, amount } of lines) {
      const name = `${action} ${kind}`
      sums[name] = Math.round((sums[name] ?? 0) + Number(amount.amount) * 100)
    }
    // 60,000.00 and 2202 calls at 0.04 and 37 GB at 0.019, of which Google keeps 3 % line by line.
    expect(sums).toEqual({
      'invoiced gross': 6_008_878,
      'invoiced fee': -180_266,
      'disbursed gross': -6_008_878,
      'disbursed fee': 180_266,
      'disbursed payout': 5_828_612,
    })
    const of = lines.filter(({ kind }) => kind !== 'payout')
    expect(new Set(of.map(({ agreement }) => agreement))).toEqual(new Set([deal.agreement]))
    expect(new Set(of.map(({ listing }) => listing))).toEqual(new Set([deal.listing]))
  })

  it('counts all of it against the buyer’s commitment, for which no document names a cap', async () => {
    const { data } = await google.get('/v1/reports/drawdown')
    expect(data).toMatchObject([
      {
        commitment: deal.commitment,
        drawn: usd('60088.78'),
        drawnInAll: usd('60088.78'),
        unknown: [],
      },
    ])
  })

  it('shows the deal in the CRM', async () => {
    await google.pass(hourMs)
    expect(await orgRows(google.cloud, 'Offer')).toMatchObject([
      {
        Marketplace_Key__c: deal.offer,
        Status__c: 'Accepted',
        Total_Contract_Value__c: 120_000,
        Net_Value__c: 116_400,
        Account__c: '001Sm0000000001IAA',
        Opportunity__c: '006Sm0000000001IAA',
      },
    ])
    expect(await orgRows(google.cloud, 'Agreement')).toMatchObject([
      { Agreement_Id__c: deal.agreementRef, Status__c: 'Active' },
    ])
    expect(await orgRows(google.cloud, 'Commitment')).toMatchObject([
      { Marketplace_Key__c: deal.commitment, Drawn_Through_Us__c: 60_088.78 },
    ])
  })

  it('ends with nothing stuck', async () => {
    await google.expectNothingStopped()
    const { data: syncs } = await google.get('/v1/syncs')
    expect(syncs.filter((sync: any) => sync.problem)).toEqual([])
    const told = await google.messages()
    expect(new Set(told.map(({ state }) => state))).toEqual(
      new Set([mode === 'api' ? 'acknowledged' : 'dropped']),
    )
  })
})
