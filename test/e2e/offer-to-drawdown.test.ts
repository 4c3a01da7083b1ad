import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '../world.ts'
import { createLocalWorld, type LocalWorld } from './local.ts'
import { installOrg, orgRows } from './org.ts'

const initech = '111122223333'
const product = 'prod-demo5aas00001'
const secret = 'shared-secret-for-notices'
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** One deal from connection to drawdown, with everything that AWS pushes, and once without a word from it. */
describe.each([
  ['told by notices, some twice and out of order', 0, 3 * minuteMs],
  ['with every notice lost', 1, 6 * minuteMs],
])('a deal, %s', { timeout: 90_000 }, (_, dropRate, soonMs) => {
  let world: LocalWorld
  const deal: Record<string, any> = {}
  beforeAll(async () => {
    world = await createLocalWorld('2027-01-31T09:00:00.000Z')
    await clouds('POST', '/aws/control/settings', {
      events: { dropRate, duplicateRate: 0.5, disorderRate: 0.5 },
      billing: { payAfterDays: 0, disburseAfterDays: 0 },
    })
  })
  afterAll(() => world?.close())

  const clouds = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await fetch(world.clouds.origin + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  const ok = async (answer: Promise<Answer>): Promise<any> => {
    const { status, body, text } = await answer
    if (status >= 300) throw new Error(`${status} ${text}`)
    return body
  }
  const get = (path: string) => ok(world.as('admin').get(path))
  const post = (path: string, body: unknown = {}) => ok(world.as('admin').post(path, body))

  it('begins with two connections that work', async () => {
    const origin = world.clouds.origin
    deal.connection = (
      await post('/v1/connections', {
        provider: 'aws',
        name: 'Seller',
        settings: {
          endpoint: `${origin}/aws`,
          sellerAccount: '777788889999',
          feeds: { kind: 's3', bucket: 'seller-data-feeds' },
        },
        credentials: {
          kind: 'keys',
          accessKeyId: 'AKIASIMSELLER0000001',
          secretAccessKey: 'simulated-seller-secret',
        },
        signUpUrl: 'https://app.example.com/sign-up',
        noticeSecret: secret,
      })
    ).id
    const crm = await post('/v1/connections', await installOrg(clouds, origin))
    for (const id of [deal.connection, crm.id])
      expect(await post(`/v1/connections/${id}/check`)).toMatchObject({ ready: true })
    await clouds('POST', `/aws/control/products/${product}`, {
      fulfillmentUrl: `${world.address}/register/${deal.connection}`,
    })
    await clouds('POST', '/aws/control/destinations', {
      url: `${world.address}/notices/${deal.connection}`,
      header: 'x-tradepost-secret',
      secret,
    })
  })

  it('finds the product, and is told of the buyer and what he promised', async () => {
    await world.pass(11 * minuteMs)
    const { data } = await get(`/v1/listings?connection=${deal.connection}`)
    deal.listing = data.find((one: any) => one.listingRef === product).id
    await ok(
      world.as('admin').patch(`/v1/listings/${deal.listing}`, {
        facts: { 'product.badge': 'DEPLOYED_ON_AWS' },
      }),
    )
    deal.buyer = (
      await post('/v1/buyers', {
        name: 'Initech',
        accounts: [{ provider: 'aws', ref: initech }],
        crm: { account: '001Sm0000000001IAA' },
      })
    ).id
    deal.commitment = (
      await post('/v1/commitments', {
        buyer: deal.buyer,
        provider: 'aws',
        instrument: 'EDP/PPA',
        currency: 'USD',
        signedAt: '2026-12-15',
        tranches: [{ start: '2027-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
        cap: { pct: '0.25', of: 'tranche' },
        claim: {
          source: 'buyer_told_us',
          statedAt: '2027-01-31',
          statedBy: 'Head of procurement, Initech',
          confidence: 'high',
        },
      })
    ).id
  })

  it('prices the offer before anything is sent', async () => {
    deal.offer = (await post('/v1/offers', offerOf(deal))).id
    const preview = await post(`/v1/offers/${deal.offer}/preview`)
    expect(preview).toMatchObject({
      violations: [],
      fee: { amount: usd('3600.00') },
      net: usd('116400.00'),
    })
    expect(preview.requests).toHaveLength(1)
    const { offers } = await clouds('GET', `/aws/buyer/offers?account=${initech}`)
    expect(offers.every((one: any) => !one.isPrivate)).toBe(true)
  })

  it('publishes it once', async () => {
    await post(`/v1/offers/${deal.offer}/submit`)
    await world.pass(2 * minuteMs)
    const { state } = await get(`/v1/offers/${deal.offer}`)
    expect(state).toMatchObject({ is: 'live', offerRef: expect.stringMatching(/^offer-/) })
    deal.offerRef = state.offerRef
    const { offers } = await clouds('GET', `/aws/buyer/offers?account=${initech}`)
    const seen = offers.filter((one: any) => one.isPrivate)
    expect(seen.map((one: any) => one.offerId)).toEqual([deal.offerRef])
  })

  it('knows soon that the buyer accepted, and what he may use', async () => {
    const accepted = await clouds('POST', '/aws/buyer/accept', {
      offerId: deal.offerRef,
      account: initech,
    })
    deal.agreementRef = accepted.agreementId
    await world.pass(soonMs)
    const { state } = await get(`/v1/offers/${deal.offer}`)
    expect(state.is).toBe('accepted')
    deal.agreement = state.agreement
    expect(await get(`/v1/agreements/${deal.agreement}`)).toMatchObject({
      agreementRef: deal.agreementRef,
      offer: deal.offer,
      listing: deal.listing,
      buyer: deal.buyer,
      state: { is: 'active' },
      value: usd('120000.00'),
      entitlements: [{ dimension: 'seats', quantity: '100' }],
    })
    const { data } = await get('/v1/agreements')
    expect(data).toHaveLength(1)
  })

  it('sends the buyer’s user on to the sign-up page', async () => {
    const arrival = await clouds('POST', '/aws/buyer/register', { agreementId: deal.agreementRef })
    expect(arrival.status).toBeGreaterThanOrEqual(302)
    expect(arrival.location).toMatch(/^https:\/\/app\.example\.com\/sign-up\?/)
    const { registeredAt } = await get(`/v1/agreements/${deal.agreement}`)
    expect(registeredAt).not.toBeNull()
  })

  it('has usage counted once, whole units at a time, across the end of the month', async () => {
    for (const at of ['2027-01-31T11:15:00Z', '2027-01-31T12:15:00Z', '2027-01-31T23:15:00Z']) {
      await world.pass(Date.parse(at) - Date.parse(world.deps.now()))
      const events = usageAt(deal.agreement, at)
      const first = await post('/v1/usage-events', { events })
      const again = await post('/v1/usage-events', { events })
      expect(first).toMatchObject({ accepted: 4, duplicates: 0 })
      expect(again).toMatchObject({ accepted: 0, duplicates: 4 })
    }
    await world.pass(2 * hourMs)
    const { data } = await get(`/v1/reports/metering?agreement=${deal.agreement}`)
    expect(byDimension(data, ['events', 'accepted', 'carried', 'due', 'lost'])).toEqual({
      api_calls: { events: '2203.5', accepted: '2203', carried: '0.5', due: '0', lost: '0' },
      storage_gb: { events: '37.5', accepted: '37', carried: '0.5', due: '0', lost: '0' },
    })
    const { totals } = await clouds('GET', '/aws/control/ledger')
    expect(byDimension(totals, ['quantity'])).toEqual({
      api_calls: { quantity: 2203 },
      storage_gb: { quantity: 37 },
    })
  })

  it('reads from the reports what was billed, taken as fee, and paid out', async () => {
    await world.pass(4 * dayMs, dayMs / 2)
    const { data } = await get(`/v1/revenue-lines?connection=${deal.connection}&limit=200`)
    const sums: Record<string, number> = {}
    for (const { action, kind, amount } of data) {
      const name = `${action} ${kind}`
      sums[name] = Math.round((sums[name] ?? 0) + Number(amount.amount) * 100)
    }
    const { rows } = await clouds('GET', '/aws/control/billing')
    expect(data).toHaveLength(rows.length)
    expect(sums).toMatchObject({
      'invoiced gross': 12_000_338,
      'invoiced fee': -360_010,
      'disbursed payout': 11_640_328,
    })
  })

  it('counts what burned the buyer’s commitment down', async () => {
    const { data } = await get('/v1/reports/drawdown')
    const standing = data.find((one: any) => one.commitment === deal.commitment)
    expect(standing).toMatchObject({
      buyer: deal.buyer,
      drawn: usd('120003.38'),
      drawnInAll: usd('120003.38'),
      unknown: [],
      ceilings: [
        {
          limit: usd('250000.00'),
          ours: usd('120003.38'),
          headroomAtMost: usd('129996.62'),
        },
      ],
    })
  })

  it('shows the deal in the CRM', async () => {
    await world.pass(hourMs)
    expect(await orgRows(clouds, 'Offer')).toMatchObject([
      {
        Marketplace_Key__c: deal.offer,
        Status__c: 'Accepted',
        Total_Contract_Value__c: 120_000,
        Net_Value__c: 116_400,
        Account__c: '001Sm0000000001IAA',
        Opportunity__c: '006Sm0000000001IAA',
      },
    ])
    expect(await orgRows(clouds, 'Agreement')).toMatchObject([
      { Agreement_Id__c: deal.agreementRef, Status__c: 'Active', Contract_Value__c: 120_000 },
    ])
    expect(await orgRows(clouds, 'Commitment')).toMatchObject([
      { Marketplace_Key__c: deal.commitment, Drawn_Through_Us__c: 120_003.38 },
    ])
  })

  it('ends with nothing stuck', async () => {
    const { data: jobs } = await get('/v1/jobs')
    expect(jobs).toEqual([])
    const { data: syncs } = await get('/v1/syncs')
    expect(syncs.filter((sync: any) => sync.problem)).toEqual([])
    const { data: notices } = await get('/v1/notices?limit=200')
    expect(notices.filter((one: any) => one.state !== 'handled')).toEqual([])
    expect(notices.length > 0).toBe(dropRate === 0)
  })
})

const usd = (amount: string) => ({ currency: 'USD', amount })

const offerOf = ({ connection, listing, buyer }: Record<string, any>) => ({
  connection,
  listing,
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
      { dimension: 'api_calls', rate: '0.0012' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: '2027-02-03', amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  crm: { opportunity: '006Sm0000000001IAA' },
})

/** 734.5 calls and 12.5 gigabytes, in four events. */
const usageAt = (agreement: string, at: string) =>
  [
    ['api_calls', '400.25'],
    ['api_calls', '333.5'],
    ['api_calls', '0.75'],
    ['storage_gb', '12.5'],
  ].map(([dimension, quantity], i) => ({
    id: `${at}-${i}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  }))

const byDimension = (rows: readonly any[], fields: readonly string[]) =>
  Object.fromEntries(
    rows.map((row) => [
      row.dimension,
      Object.fromEntries(fields.map((field) => [field, row[field]])),
    ]),
  )
