import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advance, rate } from '../../src/contracts/model.ts'
import * as service from '../../src/contracts/service.ts'
import { transact } from '../../src/deps.ts'
import { openShop, type Shop } from '../metering/market.ts'
import type { Answer } from '../world.ts'
import { hour, at as instantAt } from './sample.ts'

let shop: Shop
let agreements: string[] = []
beforeAll(async () => {
  shop = await openShop(Array.from({ length: 12 }, (_, i) => `agmt-${i}`))
  const { body } = await shop.world.as('viewer').get('/v1/agreements?limit=200')
  agreements = body.data.map(({ id }: { id: string }) => id)
})
afterAll(() => shop?.world.close())

const flat = (dimension: string, price: string) => ({
  dimension,
  price: { model: 'flat', rate: price },
  period: 'month',
})
const terms = (more: object = {}) => ({
  currency: 'USD',
  bills: { dimension: 'api_calls', unit: '0.01' },
  start: '2027-01-01',
  end: '2028-01-01',
  commit: { amount: '1000.00', unused: 'forfeit' },
  rates: [flat('requests', '0.10')],
  overage: { at: 'committed', multiplier: '1.5' },
  ...more,
})
let next = 0
const agreement = () => agreements[next++ % agreements.length] as string
const desk = () => shop.world.as('deal_desk')
const post = (body: object, headers = {}) => desk().post('/v1/contracts', body, headers)
const amend = (id: string, body: object, headers = {}) =>
  desk().post(`/v1/contracts/${id}/amend`, body, headers)
const paths = ({ status, body }: Answer) => [
  status,
  body.errors.map(({ path }: { path: string }) => path),
]
const kinds = async () => {
  const { body } = await shop.world.as('viewer').get('/v1/events?limit=200')
  return body.data.map(({ kind }: { kind: string }) => kind)
}

describe('a contract', () => {
  let id: string
  let of: string

  it('is agreed on for an agreement, and says where it stands', async () => {
    of = agreement()
    const { status, body, headers } = await post({
      agreement: of,
      terms: terms({
        grants: [
          { id: 'welcome', amount: '50.00', priority: 1, from: '2027-01-01', until: '2027-04-01' },
        ],
      }),
    })
    id = body.id
    expect([status, headers.get('etag')]).toEqual([201, '"1"'])
    expect(body).toMatchObject({
      agreement: of,
      currency: 'USD',
      version: 1,
      from: '2027-01-01T00:00:00.000Z',
      terms: { periods: 'calendar', minimums: [] },
      position: {
        at: '2027-01-01T00:00:00.000Z',
        available: '1050',
        owed: '0',
        next: { at: '2027-04-01T00:00:00.000Z', what: ['balance_ends'] },
      },
    })
    expect((await shop.world.as('viewer').get(`/v1/contracts/${id}`)).body).toEqual(body)
    expect(await kinds()).toContain('contract.created')
  })

  it('shows what its book holds after usage', async () => {
    await transact(shop.world.deps, async ({ db, now }) => {
      const held = (await service.holdBooks(db, [of])).get(of)!
      const { book } = advance(held.book, instantAt('2027-02-01T10'))
      const rated = rate(book, {
        dimension: 'requests',
        hour: hour('2027-02-01T10'),
        quantity: '11000',
      })
      await service.saveBooks(db, [{ ...held, book: rated.book }], now())
    })
    const { body } = await shop.world.as('viewer').get(`/v1/contracts/${id}`)
    expect(body.position).toMatchObject({
      at: '2027-02-01T10:00:00.000Z',
      drawn: '1050',
      overage: '75',
      owed: '75',
      balances: [
        { id: 'welcome', kind: 'grant', state: 'open', drawn: '50', left: '0' },
        { id: 'commit:2027-01-01', kind: 'commit', drawn: '1000', left: '0' },
      ],
    })
  })

  it('is the only one of its agreement', async () => {
    const again = await post({ agreement: of, terms: terms() })
    expect([again.status, again.body.code]).toEqual([409, 'conflict'])
  })

  it('is made once under one idempotency key', async () => {
    const body = { agreement: agreement(), terms: terms() }
    const [one, two] = [
      await post(body, { 'idempotency-key': 'c-1' }),
      await post(body, { 'idempotency-key': 'c-1' }),
    ]
    expect([one.status, two.status, two.body.id]).toEqual([201, 201, one.body.id])
  })

  it('is listed by its agreement, in our words or the marketplace’s', async () => {
    const ref = (await shop.world.as('viewer').get(`/v1/agreements/${of}`)).body.agreementRef
    for (const asked of [of, ref]) {
      const { body } = await shop.world.as('viewer').get(`/v1/contracts?agreement=${asked}`)
      expect(body.data.map((row: { id: string }) => row.id)).toEqual([id])
    }
    expect((await shop.world.as('viewer').get('/v1/contracts?agreement=nobody')).body.data).toEqual(
      [],
    )
    const first = (await shop.world.as('viewer').get('/v1/contracts?limit=1')).body
    const second = (await shop.world.as('viewer').get(`/v1/contracts?limit=1&cursor=${first.next}`))
      .body
    expect([first.data.length, second.data.length]).toEqual([1, 1])
    expect(second.data[0].id).not.toBe(first.data[0].id)
    expect((await shop.world.as('viewer').get('/v1/contracts?cursor=nope')).status).toBe(422)
  })

  it('is for the deal desk and finance to write, and not for a meter to read', async () => {
    const body = { agreement: agreement(), terms: terms() }
    expect((await shop.world.as('sales').post('/v1/contracts', body)).status).toBe(403)
    expect((await shop.world.as('finance').post('/v1/contracts', body)).status).toBe(201)
    expect((await shop.world.as('meter').get('/v1/contracts')).status).toBe(403)
    expect((await shop.world.as('viewer').get('/v1/contracts/ctr_none')).status).toBe(404)
  })

  it('may begin later than its term, at a whole hour', async () => {
    const made = await post({
      agreement: agreement(),
      terms: terms(),
      from: '2027-03-10T11:00:00+02:00',
    })
    expect([made.status, made.body.from, made.body.position?.at]).toEqual([
      201,
      '2027-03-10T09:00:00.000Z',
      '2027-03-10T09:00:00.000Z',
    ])
  })
})

describe('bad terms', () => {
  const tier = (upTo: string | null, rate = '1') => ({ upTo, rate })
  const tiered = (...tiers: object[]) => [
    { ...flat('requests', '1'), price: { model: 'graduated', tiers } },
  ]
  const minimum = { period: 'month', amount: '1.00', prorate: true }
  const grant = { id: 'g', amount: '1.00', priority: 1, from: '2027-01-01', until: '2027-02-01' }
  const commit = { amount: '1000.00', unused: 'rollover' }
  const releases = (...all: [string, string][]) => all.map(([on, amount]) => ({ on, amount }))

  it.each<[string, object, string[]]>([
    ['no currency', { currency: 'XYZ' }, ['currency']],
    ['a number as amount', { commit: { amount: 1000, unused: 'forfeit' } }, ['commit.amount']],
    ['a comma', { rates: [flat('requests', '1,5')] }, ['rates.0.price.rate']],
    ['an exponent', { rates: [flat('requests', '1e30')] }, ['rates.0.price.rate']],
    ['a negative price', { rates: [flat('requests', '-1')] }, ['rates.0.price.rate']],
    ['an unknown field', { colour: 'red' }, ['colour']],
    ['no rates', { rates: [] }, ['rates']],
    ['too many decimals', { commit: { ...commit, amount: '1.005' } }, ['commit.amount']],
    [
      'decimals of a yen',
      { currency: 'JPY', commit: { ...commit, amount: '1000.5' } },
      ['commit.amount'],
    ],
    ['a commit of nothing', { commit: { ...commit, amount: '0.00' } }, ['commit.amount']],
    ['an end before the start', { end: '2027-01-01' }, ['end']],
    [
      'tiers that do not rise',
      { rates: tiered(tier('10'), tier('10'), tier(null)) },
      ['rates.0.price.tiers.1.upTo'],
    ],
    [
      'an open tier before the last',
      { rates: tiered(tier(null), tier(null)) },
      ['rates.0.price.tiers.0.upTo'],
    ],
    ['no open tier', { rates: tiered(tier('10')) }, ['rates.0.price.tiers.0.upTo']],
    [
      'a dimension rated twice',
      { rates: [flat('requests', '1'), flat('requests', '2')] },
      ['rates.1.dimension'],
    ],
    ['the billed dimension rated', { rates: [flat('api_calls', '1')] }, ['rates.0.dimension']],
    [
      'a block of nothing',
      {
        rates: [{ ...flat('requests', '1'), price: { model: 'package', block: '0', price: '1' } }],
      },
      ['rates.0.price.block'],
    ],
    ['no list price', { overage: { at: 'list', rates: [] } }, ['overage.rates']],
    [
      'a list price of what is not rated',
      {
        overage: {
          at: 'list',
          rates: [
            { dimension: 'requests', price: flat('', '1').price },
            { dimension: 'other', price: flat('', '1').price },
          ],
        },
      },
      ['overage.rates.1.dimension'],
    ],
    [
      'grants that end before they begin',
      { grants: [{ ...grant, until: '2026-12-31' }] },
      ['grants.0.until'],
    ],
    [
      'a grant after the end',
      { grants: [{ ...grant, from: '2028-01-01', until: null }] },
      ['grants.0.from'],
    ],
    ['two grants of one name', { grants: [grant, grant] }, ['grants.1.id']],
    ['a grant with a colon', { grants: [{ ...grant, id: 'commit:2027-01-01' }] }, ['grants.0.id']],
    [
      'releases that do not come to the commit',
      { commit: { ...commit, releases: releases(['2027-01-01', '999.00']) } },
      ['commit.releases'],
    ],
    [
      'releases outside the term',
      {
        commit: {
          ...commit,
          releases: releases(['2026-12-31', '500.00'], ['2028-01-01', '500.00']),
        },
      },
      ['commit.releases.0.on', 'commit.releases.1.on'],
    ],
    [
      'releases out of order',
      {
        commit: {
          ...commit,
          releases: releases(['2027-03-01', '500.00'], ['2027-03-01', '500.00']),
        },
      },
      ['commit.releases.1.on'],
    ],
    [
      'limits of what is forfeited',
      {
        commit: {
          ...commit,
          unused: 'forfeit',
          rollover: { percent: '10', expiresAfterMonths: 1 },
        },
      },
      ['commit.rollover'],
    ],
    [
      'more than all rolled over',
      { commit: { ...commit, rollover: { percent: '101', expiresAfterMonths: 1 } } },
      ['commit.rollover.percent'],
    ],
    ['two minimums of a month', { minimums: [minimum, minimum] }, ['minimums.1.period']],
    [
      'a minimum of a term without end',
      { end: null, minimums: [{ ...minimum, period: 'term' }] },
      ['minimums.0.period'],
    ],
    [
      'a billed dimension the listing does not meter',
      { bills: { dimension: 'seats', unit: '0.01' } },
      ['bills.dimension'],
    ],
    ['a unit of nothing', { bills: { dimension: 'api_calls', unit: '0' } }, ['bills.unit']],
    [
      'several faults',
      { end: '2026-01-01', minimums: [minimum, minimum] },
      ['end', 'minimums.1.period'],
    ],
  ])('with %s are refused by name', async (_, more, wanted) => {
    const answer = await post({ agreement: agreements[11], terms: terms(more) })
    expect(paths(answer)).toEqual([422, wanted.map((path) => `terms.${path}`)])
  })

  it('of no agreement, or from the middle of an hour, are refused by name', async () => {
    expect(
      paths(await post({ agreement: 'agr_none', terms: terms({ end: '2026-01-01' }) })),
    ).toEqual([422, ['agreement', 'terms.end']])
    const half = { agreement: agreements[11], terms: terms(), from: '2027-03-10T09:30:00Z' }
    expect(paths(await post(half))).toEqual([422, ['from']])
    expect(paths(await post({ ...half, from: '2028-01-01T00:00:00Z' }))).toEqual([422, ['from']])
    expect(paths(await post({ ...half, from: 'soon' }))).toEqual([422, ['from']])
  })
})

describe('an amendment', () => {
  const raised = terms({ commit: { amount: '1500.00', unused: 'forfeit' } })
  const make = async () => (await post({ agreement: agreement(), terms: terms() })).body

  it('is a version beside the first, and adds the difference', async () => {
    const { id } = await make()
    const { status, body, headers } = await amend(id, {
      terms: raised,
      from: '2027-01-01T00:00:00Z',
    })
    expect([status, headers.get('etag'), body.version, body.position.available]).toEqual([
      200,
      '"2"',
      2,
      '1500',
    ])
    const later = await amend(id, { terms: terms({ commit: null }), from: '2027-06-01T00:00:00Z' })
    expect(later.body.position.next).toEqual({
      at: '2027-06-01T00:00:00.000Z',
      what: ['version_begins'],
    })
    const { body: all } = await shop.world.as('viewer').get(`/v1/contracts/${id}/versions`)
    expect(all.data.map((one: any) => [one.version, one.from, one.terms.commit?.amount])).toEqual([
      [1, '2027-01-01T00:00:00.000Z', '1000.00'],
      [2, '2027-01-01T00:00:00.000Z', '1500.00'],
      [3, '2027-06-01T00:00:00.000Z', undefined],
    ])
    expect(await kinds()).toContain('contract.amended')
  })

  it('begins with the present hour when nobody says', async () => {
    const { id } = await make()
    expect((await amend(id, { terms: raised })).body.from).toBe('2027-03-10T09:00:00.000Z')
  })

  it('is refused to whoever read an older revision', async () => {
    const { id } = await make()
    await amend(id, { terms: raised })
    const stale = await amend(id, { terms: terms() }, { 'if-match': '"1"' })
    expect([stale.status, stale.body.code]).toEqual([412, 'stale'])
    expect((await amend(id, { terms: terms() }, { 'if-match': '"2"' })).status).toBe(200)
  })

  it('keeps the currency, what is billed to, and the start of the term', async () => {
    const { id } = await make()
    const wrong = terms({
      currency: 'EUR',
      bills: { dimension: 'storage_gb', unit: '1' },
      start: '2027-02-01',
    })
    expect(paths(await amend(id, { terms: wrong }))).toEqual([
      422,
      ['terms.currency', 'terms.bills.dimension', 'terms.bills.unit', 'terms.start'],
    ])
    expect(paths(await amend(id, { terms: raised, from: '2026-12-31T00:00:00Z' }))).toEqual([
      422,
      ['from'],
    ])
    const renewed = terms({ start: '2028-01-01', end: '2029-01-01' })
    expect(paths(await amend(id, { terms: renewed, from: '2027-06-01T00:00:00Z' }))).toEqual([
      422,
      ['from'],
    ])
    expect((await amend(id, { terms: renewed, from: '2028-01-01T00:00:00Z' })).status).toBe(200)
  })
})

describe('a preview', () => {
  const preview = (usage: object[], more: object = {}) =>
    shop.world.as('sales').post('/v1/contracts/preview', { terms: terms(more), usage })

  it('says what each would cost, and what may surprise', async () => {
    const tiers = [
      { upTo: '1000', rate: '0.10' },
      { upTo: '10000', rate: '0.08' },
      { upTo: null, rate: '0.05' },
    ]
    const rates = [{ dimension: 'requests', price: { model: 'volume', tiers }, period: 'month' }]
    const { status, body } = await preview(
      [
        { dimension: 'requests', quantity: '10001', month: '2027-02' },
        { dimension: 'requests', quantity: '10000', month: '2027-01' },
        { dimension: 'requests', quantity: '-1', hour: '2027-02-05T03:00Z' },
      ],
      { rates, minimums: [{ period: 'month', amount: '900.00', prorate: true }] },
    )
    expect(status).toBe(200)
    expect(
      body.usage.map((row: any) => [row.hour, row.committed, row.charge, row.balance]),
    ).toEqual([
      ['2027-02-01T00:00Z', '500.05', '450.075', '0'],
      ['2027-01-01T00:00Z', '800', '0', '200'],
      ['2027-02-05T03:00Z', '299.95', '449.925', '0'],
    ])
    expect(body.trueUps.map((row: any) => [row.at, row.amount])).toEqual([
      ['2027-02-01T00:00:00.000Z', '100'],
    ])
    expect(body.total).toEqual({ drawn: '1000', owed: '1000', units: '100000' })
    expect(body.warnings).toEqual([
      {
        path: 'rates.0.price',
        message: '1000 units cost 100, and more units cost less until 1250 cost as much again',
      },
      {
        path: 'rates.0.price',
        message: '10000 units cost 800, and more units cost less until 16000 cost as much again',
      },
    ])
  })

  it('refuses bad terms and usage by name, and keeps nothing', async () => {
    const before = (await shop.world.as('viewer').get('/v1/contracts?limit=200')).body.data.length
    expect(
      paths(await preview([{ dimension: 'requests', quantity: 'NaN', month: '2027-13' }])),
    ).toEqual([422, ['usage.0.quantity', 'usage.0.month']])
    expect(paths(await preview([{ dimension: 'requests', quantity: '1' }]))).toEqual([
      422,
      ['usage.0.hour'],
    ])
    expect(
      paths(await preview([{ dimension: 'requests', quantity: '1', hour: '2027-02-30T01:00Z' }])),
    ).toEqual([422, ['usage.0.hour']])
    const wrong = [
      { dimension: 'other', quantity: '1', month: '2027-01' },
      { dimension: 'requests', quantity: '1', month: '2026-12' },
      { dimension: 'requests', quantity: '1', hour: '2026-12-31T23:00Z' },
    ]
    expect(paths(await preview(wrong, { end: '2027-01-01' }))).toEqual([
      422,
      ['terms.end', 'usage.0.dimension', 'usage.1.month', 'usage.2.hour'],
    ])
    expect((await shop.world.as('viewer').get('/v1/contracts?limit=200')).body.data).toHaveLength(
      before,
    )
  })
})
