import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { account, line, marketplace, put, type Reports, reports } from '../revenue/fake.ts'
import { type Answer, createTestWorld, type World } from '../world.ts'

let world: World
let state: Reports
let connection: string
let buyer: string
let other: string
let accounts = 0

const claim = {
  source: 'buyer_told_us',
  statedAt: '2026-01-15',
  statedBy: 'their CFO',
  confidence: 'medium',
}
const year = { start: '2026-01-01', endExclusive: '2027-01-01', amount: '1200000.00' }
const edp = (more: object = {}) => ({
  buyer,
  provider: 'aws',
  instrument: 'EDP',
  currency: 'USD',
  signedAt: '2025-12-15',
  tranches: [year],
  claim,
  ...more,
})

beforeAll(async () => {
  state = reports()
  world = await createTestWorld({
    adapters: [marketplace(state)],
    startAt: '2026-07-01T12:00:00.000Z',
  })
  const body = { provider: 'aws', name: 'seller', settings: {}, credentials: {} }
  connection = (await world.as('admin').post('/v1/connections', body)).body.id
  buyer = await newBuyer('111122223333')
  other = await newBuyer('444455556666')
  await insertListing('prod-1', { deployedOnCloud: true })
  await insertListing('prod-2', {})
})
afterAll(() => world.close())

async function newBuyer(ref: string): Promise<string> {
  const body = { name: `Buyer ${++accounts}`, accounts: [{ provider: 'aws', ref }] }
  return (await world.as('deal_desk').post('/v1/buyers', body)).body.id
}

/** Listings come from a sync; here the row is enough. */
async function insertListing(ref: string, facts: object) {
  const at = world.deps.now()
  const row = {
    id: `lst_${ref.replace('-', '')}`,
    connection,
    listing_ref: ref,
    name: ref,
    kind: 'saas',
    visibility: 'Public',
    metering_ref: null,
    dimensions: '[]',
    plans: '[]',
    removed: '[]',
    native: '{}',
    facts: JSON.stringify(facts),
    modified_at: at,
    read_at: at,
    created_at: at,
    updated_at: at,
  }
  await world.deps.db
    .insertInto('listings')
    .values(row as never)
    .execute()
}

const post = (body: object) => world.as('sales').post('/v1/commitments', body)
const get = async (path: string) => (await world.as('viewer').get(path)).body
const errors = ({ body }: Answer) => body.errors.map((e: any) => e.path)

async function report(name: string, rows: Parameters<typeof put>[2]) {
  put(state, name, rows)
  await world.as('finance').post('/v1/revenue-imports', { connection })
  await world.drain()
}

describe('commitments', () => {
  let id: string

  it('are entered with whose word they are, and shown complete', async () => {
    const { status, body, headers } = await post(edp())
    id = body.id
    expect([status, headers.get('etag')]).toEqual([201, '"1"'])
    expect(body).toMatchObject({
      buyer,
      version: 1,
      validFrom: '2025-12-15',
      knownFrom: '2026-01-15',
      recordedAt: '2026-07-01T12:00:00.000Z',
      cap: null,
      refunds: 'AT_REFUND_DATE',
      reinstateOnAmend: true,
      tranches: [{ ...year, native: null, others: null, forecastNative: null }],
    })
    expect((await get(`/v1/commitments?buyer=${buyer}`)).data.map((c: any) => c.id)).toEqual([id])
  })

  it.each([
    ['an unknown provider', { provider: 'nobody' }, ['provider']],
    ['a number as amount', { tranches: [{ ...year, amount: 12 }] }, ['tranches.0.amount']],
    ['too many decimals', { tranches: [{ ...year, amount: '1.005' }] }, ['tranches.0.amount']],
    [
      'a tranche that ends before it starts',
      { tranches: [{ ...year, endExclusive: '2025-01-01' }], signedAt: '2024-01-01' },
      ['tranches.0.endExclusive'],
    ],
    [
      'tranches that overlap',
      { tranches: [year, { ...year, endExclusive: '2028-01-01' }] },
      ['tranches.1.start'],
    ],
    ['a share above one', { cap: { pct: '25', of: 'tranche' } }, ['cap.pct']],
    ['a rule that does not exist', { shares: [{ rule: 'NOPE', share: '1' }] }, ['shares.0.rule']],
    [
      'a claim from the future',
      { claim: { ...claim, statedAt: '2026-07-02' } },
      ['claim.statedAt'],
    ],
    [
      'native use from before the tranche',
      { tranches: [{ ...year, native: { amount: '1.00', asOf: '2025-06-01' } }] },
      ['tranches.0.native.asOf'],
    ],
    ['a field it does not know', { surprise: 1 }, ['surprise']],
    ['two faults at once', { signedAt: 'x', country: 'usa' }, ['country', 'signedAt']],
  ])('refuse %s', async (_, more, paths) => {
    const answer = await post(edp({ buyer: other, ...more }))
    expect(answer.status).toBe(422)
    expect(errors(answer).sort()).toEqual(paths)
  })

  it('refuse a buyer nobody knows, and one that would count the same lines twice', async () => {
    expect((await post(edp({ buyer: 'buyer_nobody' }))).status).toBe(404)
    const twice = await post(edp({ instrument: 'PPA' }))
    expect([twice.status, errors(twice)]).toEqual([422, ['accounts']])
    expect(twice.body.errors[0].message).toContain(id)
  })

  it('are amended by a new version, against the revision that was read', async () => {
    const change = { tranches: [{ ...year, amount: '1400000.00' }], effectiveFrom: '2026-06-01' }
    const sales = world.as('sales')
    const stale = await sales.patch(`/v1/commitments/${id}`, change, { 'if-match': '"9"' })
    expect(stale.status).toBe(412)
    const { status, body } = await sales.patch(`/v1/commitments/${id}`, change, {
      'if-match': '"1"',
    })
    expect([status, body.version, body.validFrom, body.revision]).toEqual([200, 2, '2026-06-01', 2])
    expect(body.instrument).toBe('EDP')
    const { data } = await get(`/v1/commitments/${id}/versions`)
    expect(data.map((v: any) => [v.version, v.validFrom, v.terms.tranches[0].amount])).toEqual([
      [1, '2025-12-15', '1200000.00'],
      [2, '2026-06-01', '1400000.00'],
    ])
    const early = await sales.patch(`/v1/commitments/${id}`, { effectiveFrom: '2020-01-01' })
    expect(errors(early)).toEqual(['effectiveFrom'])
  })

  it('are entered once under one idempotency key', async () => {
    const body = edp({ buyer: await newBuyer('313131313131') })
    const send = () =>
      world.as('sales').post('/v1/commitments', body, { 'idempotency-key': 'once' })
    const [first, second] = [await send(), await send()]
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id])
  })

  it('are for those who sell, and no machine', async () => {
    expect((await world.as('viewer').post('/v1/commitments', edp())).status).toBe(403)
    expect((await world.as('meter').get('/v1/commitments')).status).toBe(403)
    expect((await world.as('viewer').get('/v1/commitments/cmt_nobody')).status).toBe(404)
    expect((await world.as('viewer').get('/v1/commitments?cursor=WyJhIiwiYiJd')).status).toBe(422)
  })

  it('keep their history even from the database’s owner', async () => {
    const change = world.deps.db.updateTable('commitment_versions').set({ terms: '{}' as never })
    await expect(change.execute()).rejects.toThrow(/rows are added, never changed/)
  })
})

describe('the drawdown', () => {
  let id: string
  const of = (query = '') => get(`/v1/commitments/${id}/drawdown?limit=200&${query}`)
  const onDay = (day: string, more: object = {}) => ({
    validFrom: `${day}T00:00:00Z`,
    payerRef: 'acct-9',
    ...more,
  })

  beforeAll(async () => {
    const cap = { pct: '0.25', of: 'tranche' }
    id = (await post(edp({ buyer: other, cap, tranches: [{ ...year, amount: '1000000.00' }] })))
      .body.id
    await report('accounts.csv', [account('acct-9', '444455556666')])
    await report('billing.csv', [
      line('b1', '200000.00', onDay('2026-03-01')),
      line('b2', '100000.000001', onDay('2026-05-01')),
      line('b3', '900.00', onDay('2026-05-02', { listingRef: 'prod-2' })),
      line('b4', '-60000.00', onDay('2026-06-10', { kind: 'gross_refund', parentRef: 'b2' })),
      line('b5', '-8.00', onDay('2026-05-01', { kind: 'fee' })),
      line('b6', '77.00', onDay('2025-12-31')),
      line('b7', '50.00', onDay('2026-05-05', { listingRef: 'prod-0' })),
    ])
  })

  it('names for every line what counts, by which rule, and why', async () => {
    const { data } = await of()
    expect(
      data.map((l: any) => [l.line.split('/')[1], l.status, l.rule, l.reason, l.counted.amount]),
    ).toEqual([
      ['b6', 'excluded', null, 'BEFORE_COMMITMENT', '0.00'],
      ['b1', 'counts', 'AWS-2025-SAAS-DEPLOYED', 'COUNTS', '200000.00'],
      ['b2', 'counts', 'AWS-2025-SAAS-DEPLOYED', 'PARTLY_OVER_CAP', '50000.00'],
      ['b3', 'unknown', null, 'NO_RULE_MATCHES', '0.00'],
      ['b7', 'unknown', null, 'NO_RULE_MATCHES', '0.00'],
      ['b4', 'counts', 'AWS-2025-SAAS-DEPLOYED', 'PARTLY_OVER_CAP', '-10000.00'],
    ])
    expect(data[3].missing).toEqual(['product.badge'])
  })

  it('says what is left as at most, and what it does not know', async () => {
    const { standing } = await of()
    expect(standing).toMatchObject({
      drawn: { currency: 'USD', amount: '240000.00' },
      unknown: [{ currency: 'USD', amount: '950.00' }],
      ceilings: [
        {
          pct: '0.25',
          limit: { amount: '250000.00' },
          ours: { amount: '240000.00' },
          headroomAtMost: { amount: '10000.00' },
          flag: 'CAP_NEAR',
        },
      ],
      remainingAtMost: { amount: '760000.00' },
      trailing: { windowDays: 90, counted: { amount: '40000.00' }, capReachedOn: '2026-07-24' },
      forecast: null,
    })
    expect(standing.flags).toEqual([
      'CAP_NEAR',
      'CLAIM_OLDER_THAN_90_DAYS',
      'NATIVE_USE_UNKNOWN',
      'RULE_UNKNOWN',
    ])
  })

  it('is what it was on any day', async () => {
    const drawn = async (query: string) => (await of(query)).standing?.drawn.amount
    expect(await drawn('asOf=2026-02-28')).toBe('0.00')
    expect(await drawn('asOf=2026-03-01')).toBe('200000.00')
    expect(await drawn('asOf=2026-06-09')).toBe('250000.00')
    expect(await drawn('asOf=2026-01-14')).toBeUndefined()
    expect(await drawn('asOf=2026-01-14&known=2026-01-15')).toBe('0.00')
    expect((await of('asOf=2025-12-14&known=2026-07-01')).standing).toBeNull()
  })

  it('takes back what a fact stated later decides', async () => {
    const before = (await of('status=unknown')).data
    expect(before).toHaveLength(2)
    await world.deps.db
      .updateTable('listings')
      .set({ facts: JSON.stringify({ 'product.badge': 'NONE' }) as never })
      .where('listing_ref', '=', 'prod-2')
      .execute()
    const { data, standing } = await of('status=excluded')
    expect(data.map((l: any) => l.reason)).toEqual(['BEFORE_COMMITMENT', 'BADGE_MISSING'])
    expect(standing.flags).toContain('BADGE_MISSING')
  })

  it('pages through the ledger', async () => {
    const seen: string[] = []
    let next = ''
    do {
      const page = await get(`/v1/commitments/${id}/drawdown?limit=2${next && `&cursor=${next}`}`)
      seen.push(...page.data.map((l: any) => l.line))
      next = page.next
    } while (next)
    expect(seen).toEqual((await of()).data.map((l: any) => l.line))
  })

  it('reinstates what was over the ceiling when the amount is raised', async () => {
    await world.as('sales').patch(`/v1/commitments/${id}`, {
      tranches: [{ ...year, amount: '1040000.00' }],
      effectiveFrom: '2026-06-01',
    })
    const { standing } = await of()
    expect(standing).toMatchObject({
      version: 2,
      drawn: { amount: '240000.00' },
      reinstated: { amount: '10000.00' },
      ceilings: [{ limit: { amount: '260000.00' } }],
    })
    expect((await of('asOf=2026-05-31&known=2026-07-01')).standing).toMatchObject({
      version: 1,
      drawn: { amount: '250000.00' },
      reinstated: null,
    })
  })

  it('forecasts from what the buyer said of its own use', async () => {
    const native = { amount: '540000.00', asOf: '2026-07-01' }
    const ref = '777788880000'
    const { body } = await post(
      edp({
        buyer: await newBuyer(ref),
        tranches: [{ ...year, native }],
        claim: { ...claim, statedAt: '2026-07-01' },
      }),
    )
    const { standing } = await get(`/v1/commitments/${body.id}/drawdown`)
    expect(standing.forecast).toMatchObject({
      by: '2026-07-01',
      consumed: { amount: '540000.00' },
      elapsedDays: 181,
      dailyRate: '2983.425414',
      pace: '0.9075',
      projectedAtEnd: { amount: '1088950.28' },
      projectedShortfall: { amount: '111049.72' },
      shortfallInvoice: { amount: '111049.72' },
      exhaustionDate: '2027-02-08',
      flag: 'WATCH',
    })
    expect(standing.flags).toEqual(['WATCH'])
  })

  it('is reported for every commitment, as a table too', async () => {
    const { body } = await world.as('finance').get('/v1/reports/drawdown?asOf=2026-07-01')
    expect(body.data).toHaveLength(4)
    expect(body.data.map((row: any) => row.commitment)).toContain(id)
    const { text, headers } = await world
      .as('finance')
      .get(`/v1/reports/drawdown?format=csv&asOf=2026-07-01&buyer=${other}`)
    expect(headers.get('content-disposition')).toContain('drawdown-2026-07-01.csv')
    const [head = '', row = ''] = text.trim().split('\n')
    const cells = Object.fromEntries(head.split(',').map((name, i) => [name, row.split(',')[i]]))
    expect(cells).toMatchObject({
      commitment: id,
      drawn_through_us: '240000.00',
      ceiling: '260000.00',
      headroom_at_most: '20000.00',
      pace: '',
      claim_source: 'buyer_told_us',
    })
    expect((await world.as('viewer').get('/v1/reports/drawdown?asOf=soon')).status).toBe(422)
  })
})

describe('an offer’s preview', () => {
  const ask = (request: object) =>
    world.deps.estimateFit(world.deps)({
      buyer: other,
      provider: 'aws',
      currency: 'USD',
      facts: { 'product.type': 'saas', deployedOnCloud: true },
      charges: [
        { on: '2026-09-01', amount: '30000.00' },
        { on: '2027-03-01', amount: '5000.00' },
      ],
      ...request,
    } as never) as Promise<any>

  it('is told what would count at most, and what does not and why', async () => {
    const { commitments, certainty } = await ask({})
    expect(certainty).toBe('at_most')
    expect(commitments[0].fit).toMatchObject({
      total: { amount: '35000.00' },
      countableAtMost: { amount: '20000.00' },
      overCap: { amount: '10000.00' },
      afterCommitmentEnd: { amount: '5000.00' },
      useful: null,
      fitRatio: '0.5714',
    })
    expect(commitments[0].charges.map((c: any) => [c.status, c.reason, c.rule])).toEqual([
      ['counts', 'COUNTS', 'AWS-2025-SAAS-DEPLOYED'],
      ['excluded', 'AFTER_COMMITMENT', 'AWS-2025-SAAS-DEPLOYED'],
    ])
  })

  it('is told which facts are missing, and counts nothing meanwhile', async () => {
    const { commitments } = await ask({ facts: { 'product.type': 'saas' } })
    expect(commitments[0].fit).toMatchObject({
      countableAtMost: { amount: '0.00' },
      unknown: { amount: '30000.00' },
    })
    expect(commitments[0].charges[0].missing).toEqual(['product.badge'])
  })

  it('is told which charge to move so that more counts', async () => {
    const ref = '999900001111'
    const who = await newBuyer(ref)
    const next = { start: '2027-01-01', endExclusive: '2028-01-01', amount: '2000000.00' }
    const cap = { pct: '0.25', of: 'tranche' }
    await post(edp({ buyer: who, cap, tranches: [{ ...year, amount: '480000.00' }, next] }))
    const charges = [
      { on: '2026-09-01', amount: '270000.00' },
      { on: '2027-03-01', amount: '180000.00' },
    ]
    const { commitments } = await ask({ buyer: who, charges })
    expect(commitments[0].fit).toMatchObject({
      countableAtMost: { amount: '300000.00' },
      countableIfMoved: { amount: '450000.00' },
    })
    expect(commitments[0].suggestions).toMatchObject([
      { text: 'move 150000.00 USD from the charge of 2026-09-01 to 2027-03-01' },
    ])
  })

  it('does not guess an exchange rate, nor a commitment', async () => {
    const { commitments } = await ask({ currency: 'EUR' })
    expect(commitments[0]).toMatchObject({ fit: null, reason: 'EXCHANGE_RATE_NOT_STATED' })
    const nobody = await newBuyer('121212121212')
    expect(await ask({ buyer: nobody })).toMatchObject({
      commitments: [],
      reason: 'NO_COMMITMENT_KNOWN',
    })
  })
})
