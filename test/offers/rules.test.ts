import { describe, expect, it } from 'vitest'
import type { PlanShape } from '../../src/listings/model.ts'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'
import { scheduleOf, totalOf } from '../../src/offers/price.ts'
import { quote } from '../../src/offers/quote.ts'
import { extensionViolations, type Setting, violations } from '../../src/offers/rules.ts'
import { calls, seats, support, traits } from './market.ts'

const terms: OfferTerms = {
  name: 'Acme 2027',
  contacts: [],
  acceptBy: '2027-01-31',
  start: 'acceptance',
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
  legal: { kind: 'standard', documents: [] },
  native: {},
}
const order = (more: Partial<OfferTerms> = {}, of: Partial<OfferOrder> = {}): OfferOrder => ({
  terms: { ...terms, ...more },
  listingRef: 'prod-1',
  planRef: null,
  planKey: null,
  planShape: null,
  dimensions: [seats, support, calls],
  buyerRefs: ['1'],
  documents: [],
  submittedOn: '2026-11-22',
  ...of,
})
const setting: Setting = { traits, title: 'The Market', removed: { dimensions: [], plans: [] } }
const broken = (given: OfferOrder, of: Partial<Setting> = {}) =>
  violations(given, { ...setting, ...of }).map(({ path, message }) => `${path}: ${message}`)

const usage = [{ dimension: 'api_calls', rate: '0.0012' }]
const row = (more: object = {}) => ({
  dimension: 'seats',
  quantity: '100',
  price: '1200.00',
  ...more,
})
const day = (on: string, amount: string) => ({ on: on as '2027-01-01', amount })

describe('a good offer', () => {
  it.each<[string, Partial<OfferTerms>]>([
    ['of priced rows in two payments', {}],
    ['paid on acceptance without saying so', { payments: undefined }],
    ['with the total beside the rows', { pricing: { contract: [row()], flat: '120000' } }],
    [
      'with a total and rows without prices',
      { pricing: { contract: [row({ price: undefined })], flat: '120000.00' } },
    ],
    ['of use alone, without a term', { pricing: { usage }, payments: undefined, term: undefined }],
    ['that starts on a day', { start: '2027-02-01' }],
    [
      'with a charge of nothing',
      { payments: [day('acceptance', '0'), day('2027-07-01', '120000.00')] },
    ],
    [
      'charged on its last possible day',
      { payments: [day('acceptance', '60000.00'), day('2028-01-30', '60000.00')] },
    ],
    ['of its own contract', { legal: { kind: 'custom', documents: ['doc_1'] } }],
  ])('%s breaks no rule', (_, more) => expect(broken(order(more))).toEqual([]))
})

describe('an offer is told when', () => {
  it.each<[string, Partial<OfferTerms>, string[]]>([
    [
      'its payments are short, with cents',
      { payments: [day('acceptance', '60000.00'), day('2027-07-01', '1.00')] },
      ['payments: come to USD 60001.00, which is 59999.00 less than the total of 120000.00'],
    ],
    [
      'its payments are a cent short',
      { payments: [day('acceptance', '60000.00'), day('2027-07-01', '59999.99')] },
      ['payments: come to USD 119999.99, which is 0.01 less than the total of 120000.00'],
    ],
    [
      'its payments are a cent over',
      { payments: [day('acceptance', '120000.01')] },
      ['payments: come to USD 120000.01, which is 0.01 more than the total of 120000.00'],
    ],
    [
      'its total differs from its rows',
      { pricing: { contract: [row()], flat: '119999.99' }, payments: undefined },
      ['pricing.flat: is USD 0.01 less than the rows, which come to 120000.00'],
    ],
    [
      'a row has no price and there is no total',
      {
        pricing: { contract: [row(), row({ dimension: 'support', price: undefined })] },
        payments: undefined,
      },
      ['pricing.contract.1.price: give a price, or pricing.flat'],
    ],
    [
      'it sells nothing',
      { pricing: {}, payments: undefined },
      ['pricing: name what is sold: contract, flat or usage'],
    ],
    [
      'use alone has payments',
      { pricing: { usage }, term: undefined },
      ['payments: pay as you go has no payment schedule'],
    ],
    [
      'amounts have more decimals than the currency',
      { payments: [day('acceptance', '60000.005'), day('2027-07-01', '59999.995')] },
      [
        'payments.0.amount: USD has at most 2 decimals',
        'payments.1.amount: USD has at most 2 decimals',
      ],
    ],
    [
      'yen have decimals',
      {
        currency: 'JPY',
        pricing: { contract: [row({ price: undefined })], flat: '100.5' },
        payments: undefined,
      },
      ['pricing.flat: JPY has at most 0 decimals'],
    ],
    [
      'its amounts are beyond what can be posted',
      {
        pricing: {
          contract: [row({ price: '99999999999999999.99', quantity: '12345678901234567890' })],
        },
        payments: undefined,
      },
      ['pricing.contract.0: is too large'],
    ],
    [
      'its currency is not taken',
      { currency: 'CHF' },
      ['currency: The Market takes USD, EUR, JPY'],
    ],
    ['it runs too long', { term: { months: 61 } }, ['term.months: at most 60 months']],
    [
      'a contract has no term',
      { term: undefined, payments: undefined },
      ['term: a contract needs a term; only pay as you go runs without one'],
    ],
    [
      'there are too many payments',
      {
        payments: ['04', '05', '06', '07', '08'].map((month) =>
          day(`2027-${month}-01`, '24000.00'),
        ),
      },
      ['payments: at most 4 payments'],
    ],
    [
      'two payments fall on one day, be it the day of acceptance',
      { payments: [day('acceptance', '60000.00'), day('2026-11-22', '60000.00')] },
      ['payments.1.on: two payments on 2026-11-22'],
    ],
    [
      'a payment lies in the past',
      { payments: [day('acceptance', '60000.00'), day('2026-11-21', '60000.00')] },
      ['payments.1.on: lies in the past'],
    ],
    [
      'a payment lies after the end',
      { payments: [day('acceptance', '60000.00'), day('2028-01-31', '60000.00')] },
      ['payments.1.on: lies after the agreement’s last day (2028-01-30)'],
    ],
    [
      'a payment lies after the end counted from a fixed start',
      {
        start: '2027-03-01',
        payments: [day('acceptance', '60000.00'), day('2028-03-01', '60000.00')],
      },
      ['payments.1.on: lies after the agreement’s last day (2028-02-29)'],
    ],
    ['it lapses today', { acceptBy: '2026-11-22' }, ['acceptBy: must be in the future']],
    ['it plans for ever', { acceptBy: '9999-12-31' }, ['acceptBy: must lie within 50 years']],
    ['it starts in the past', { start: '2026-11-21' }, ['start: must not lie in the past']],
    [
      'a dimension is unknown or of the other kind',
      {
        pricing: {
          contract: [row({ dimension: 'sofas' })],
          usage: [{ dimension: 'seats', rate: '1' }],
        },
      },
      [
        'pricing.contract.0.dimension: the listing has no contract dimension sofas',
        'pricing.usage.0.dimension: the listing has no usage dimension seats',
      ],
    ],
    [
      'a dimension is named twice',
      { pricing: { contract: [row({ quantity: '50' }), row({ quantity: '50' })] } },
      ['pricing.contract.1.dimension: seats is named twice'],
    ],
    [
      'units are in parts',
      { pricing: { contract: [row({ quantity: '100.5', price: undefined })], flat: '120000.00' } },
      ['pricing.contract.0.quantity: must be a whole number'],
    ],
    [
      'a rate has too many decimals',
      {
        pricing: { usage: [{ dimension: 'api_calls', rate: '0.000000001' }] },
        payments: undefined,
      },
      ['pricing.usage.0.rate: at most 8 decimals'],
    ],
    [
      'the standard contract comes with documents',
      { legal: { kind: 'standard', documents: ['doc_1'] } },
      ['legal.documents: the standard contract takes no documents: choose amended or custom'],
    ],
    [
      'another contract comes without',
      { legal: { kind: 'amended', documents: [] } },
      ['legal.documents: name the contract document'],
    ],
    [
      'it has parts that are not taken here',
      {
        pricing: {
          ...terms.pricing,
          usageDiscountPercent: '10',
          commitment: { amount: '1000.005', discountPercent: '5', overage: 'list' },
        },
        reseller: { partner: 'p', discountPercent: '12', scope: 'single' },
      },
      [
        'pricing.usageDiscountPercent: The Market takes no offers with a discount on use',
        'pricing.commitment: The Market takes no offers with a commitment to spend',
        'reseller: The Market takes no offers through a reseller here',
        'pricing.commitment.amount: USD has at most 2 decimals',
      ],
    ],
  ])('%s', (_, more, told) => expect(broken(order(more))).toEqual(told))

  it('its buyer has no account there', () => {
    expect(broken(order({}, { buyerRefs: [] }))).toEqual(['buyer: has no account at The Market'])
  })

  it('a dimension was removed, and when', () => {
    const removed = {
      dimensions: [{ ...seats, removedAt: '2026-11-20T08:00:00.000Z' as const }],
      plans: [],
    }
    expect(broken(order({}, { dimensions: [calls] }), { removed })).toEqual([
      'pricing.contract.0.dimension: the marketplace removed seats by 2026-11-20',
    ])
  })

  it('it may be accepted later than the marketplace lets it', () => {
    const strict = { traits: { ...traits, acceptWithinDaysMax: 30 } }
    expect(broken(order(), strict)).toEqual([
      'acceptBy: The Market takes at most 30 days from today',
    ])
  })

  it('it is not said whether it is a renewal, where that is asked', () => {
    const asking = { traits: { ...traits, renewalQuestion: true } }
    const [told] = broken(order(), asking)
    expect(told).toMatch(/^renewal: say {"attested": true} .* {"attested": false}/)
    expect(broken(order({ renewal: { attested: false } }), asking)).toEqual([])
    expect(broken(order({ renewal: undefined }))).toEqual([])
  })

  it('its plan is sold otherwise, as far as that is known', () => {
    const shape: PlanShape = {
      charge: 'per_unit',
      months: [1],
      meters: ['storage_gb'],
      hasTrial: null,
      units: { min: 20, max: 99 },
    }
    const of = (planShape: PlanShape | null, quantity = '100') =>
      broken(order({ pricing: { contract: [row({ quantity })], usage } }, { planShape })).filter(
        (told) => told.includes('the plan'),
      )
    const noMeter = 'pricing.usage.0.dimension: the plan has no meter api_calls'
    expect(of(shape)).toEqual(['pricing.contract.0.quantity: the plan has at most 99', noMeter])
    expect(of(shape, '19')).toEqual([
      'pricing.contract.0.quantity: the plan has at least 20',
      noMeter,
    ])
    expect(of(shape, '20')).toEqual([noMeter])
    expect(of({ ...shape, meters: ['api_calls'], units: { min: null, max: null } })).toEqual([])
    expect(of({ ...shape, meters: null, units: null })).toEqual([])
    expect(of(null)).toEqual([])
  })

  it('everything is wrong with it, all at once', () => {
    const told = broken(
      order({
        currency: 'CHF',
        acceptBy: '2026-01-01',
        term: { months: 99 },
        pricing: { contract: [row({ dimension: 'sofas', quantity: '0.5' })] },
        legal: { kind: 'custom', documents: [] },
      }),
    )
    expect(told.map((text) => text.split(':')[0])).toEqual([
      'currency',
      'acceptBy',
      'term.months',
      'pricing.contract.0.dimension',
      'pricing.contract.0.quantity',
      'payments',
      'legal.documents',
    ])
  })
})

describe('the money of an offer', () => {
  it('rounds each row once, half away from zero', () => {
    const contract = [
      { dimension: 'seats', quantity: '3', price: '0.335' },
      { dimension: 'support', quantity: '1', price: '0.005' },
    ]
    expect(totalOf({ ...terms, pricing: { contract } })).toEqual({
      is: 'known',
      amount: { currency: 'USD', minor: 102n },
    })
  })

  it('is charged on acceptance when no payments are given', () => {
    expect(scheduleOf({ ...terms, payments: undefined }, '2026-11-22')).toMatchObject({
      rows: [{ when: 'acceptance', on: '2026-11-22', amount: { minor: 12_000_000n } }],
      matches: true,
    })
  })

  const sale = { provider: 'aws', facts: { 'product.type': 'saas' }, today: '2026-11-22' as const }

  it('has a value, a fee and a net', () => {
    expect(quote({ ...terms, term: { months: 24 } }, sale)).toEqual({
      tcv: { currency: 'USD', amount: '120000.00' },
      acv: { currency: 'USD', amount: '60000.00' },
      fee: {
        is: 'known',
        rate: '0.03',
        amount: { currency: 'USD', amount: '3600.00' },
        rules: ['AWS-2024-PRIV-LT1M'],
        confidence: 'official',
      },
      net: { currency: 'USD', amount: '116400.00' },
      nextTier: null,
    })
  })

  it('costs half the fee to renew', () => {
    const renewal = { of: 'agr_1', attested: true }
    expect(quote({ ...terms, renewal }, sale)?.fee).toMatchObject({ rate: '0.015' })
  })

  it.each([
    [{ attested: true }, '0.015'],
    [{ attested: false }, '0.03'],
    [undefined, '0.03'],
  ])('costs for renewal %j a share of %s', (renewal, rate) => {
    expect(quote({ ...terms, renewal }, sale)?.fee).toMatchObject({ rate })
  })

  it('leaves the fee unknown while it is asked and not said whether it is a renewal', () => {
    const asked = { ...sale, provider: 'azure', renewalQuestion: true }
    expect(quote(terms, asked)).toMatchObject({
      fee: { is: 'unknown', reason: 'nobody has said whether it is a renewal' },
      net: null,
    })
    const said = (attested: boolean) => quote({ ...terms, renewal: { attested } }, asked)?.fee
    expect(said(false)).toMatchObject({ is: 'known', rate: '0.03' })
    expect(said(true)).toMatchObject({ is: 'known', rate: '0.015' })
  })

  it('leaves the fee unknown while nobody says what the product is', () => {
    expect(quote(terms, { ...sale, facts: {} })).toMatchObject({
      fee: { is: 'unknown' },
      net: null,
    })
  })

  it('warns of the cliff just below a tier', () => {
    const pricing = { flat: '999999.99', contract: [row({ price: undefined })] }
    expect(quote({ ...terms, pricing }, sale)?.nextTier).toEqual({
      from: { currency: 'USD', amount: '1000000.00' },
      rate: '0.02',
    })
  })

  it('is not to be told while the plan’s own price stands, whole or less a percentage', () => {
    const alone = { ...terms, pricing: { usage }, payments: undefined }
    expect(quote(alone, { ...sale, planCharges: true })).toBeNull()
    expect(quote(terms, { ...sale, planCharges: true })).toMatchObject({ net: {} })
    expect(quote({ ...alone, pricing: { usageDiscountPercent: '10' } }, sale)).toBeNull()
  })

  it('is nothing committed for use alone, and not to be told while it does not add up', () => {
    const alone = { ...terms, pricing: { usage }, payments: undefined, term: undefined }
    expect(quote(alone, sale)?.tcv.amount).toBe('0.00')
    expect(quote({ ...terms, pricing: { flat: '1.005' } }, sale)).toBeNull()
  })
})

describe('an extension', () => {
  it.each([
    ['2027-01-31', ['must be later than 2027-01-31']],
    ['2026-01-01', ['must be later than 2027-01-31', 'must be in the future']],
    ['9999-12-31', ['The Market takes 2076-11-22 at the latest']],
    ['2027-02-28', []],
  ] as const)('to %s is told %j', (wanted, told) => {
    const days = { acceptBy: '2027-01-31', wanted, today: '2026-11-22' } as const
    expect(extensionViolations(days, setting).map(({ message }) => message)).toEqual(told)
  })
})

describe('units that are only words', () => {
  const named = { traits: { ...traits, contractUnits: 'named' as const } }
  const pricing = { contract: [row({ dimension: 'Gold support' }), row()], flat: '240000' }
  const payments = undefined

  it('go by any name', () => {
    expect(broken(order({ pricing, payments }), named)).toEqual([])
    expect(broken(order({ pricing, payments }))).toEqual([
      'pricing.contract.0.dimension: the listing has no contract dimension Gold support',
    ])
  })

  it('are named once and counted as elsewhere, and meters are still the listing’s', () => {
    const twice = {
      contract: [row(), row({ quantity: '0.5' })],
      usage: [{ dimension: 'x', rate: '1' }],
    }
    expect(broken(order({ pricing: twice, payments }), named)).toEqual([
      'pricing.contract.1.dimension: seats is named twice',
      'pricing.usage.0.dimension: the listing has no usage dimension x',
      'pricing.contract.1.quantity: must be a whole number',
    ])
  })
})
