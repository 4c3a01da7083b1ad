import { describe, expect, it } from 'vitest'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'
import { offers, order } from './order.ts'

const paths = (wanted: OfferOrder) => offers.violations(wanted).map(({ path }) => path)
const usage = [
  { dimension: 'api_calls', rate: '0.00120000' },
  { dimension: 'minutes', rate: '0.1' },
]
const { term: _, ...withoutTerm } = order().terms
const s3 = 'https://bucket.s3.eu-west-1.amazonaws.com/eula.pdf'
const renewal = { priceIncrease: { percent: '0.00' } }

describe('an order that AWS would take', () => {
  it.each<[string, OfferOrder]>([
    ['fixed', order()],
    ['with usage', order({ pricing: { ...order().terms.pricing, usage } })],
    [
      'flat with quantities',
      order({ pricing: { flat: '99.00', contract: [{ dimension: 'seats', quantity: '5' }] } }),
    ],
    ['pay as you go', { ...order(), terms: { ...withoutTerm, pricing: { usage } } }],
    ['configurable', order({ native: { buyerConfigurable: true } })],
    [
      'custom contract',
      order({ legal: { kind: 'custom', documents: ['d'] } }, { documents: [s3] }),
    ],
    ['said to be new business', order({ renewal: { attested: false } })],
    ['renewing a contract from elsewhere', order({ renewal: { attested: true } })],
    ['renewing', order({ autoRenew: { times: 1 }, native: { renewal } })],
    [
      'in yen',
      order({
        currency: 'JPY',
        pricing: { contract: [{ dimension: 'seats', quantity: '1', price: '1200' }] },
      }),
    ],
    [
      'paid in parts',
      order({
        payments: [
          { on: 'acceptance', amount: '600.00' },
          { on: '2027-05-01', amount: '600.00' },
        ],
      }),
    ],
  ])('breaks no rule: %s', (_name, wanted) => expect(offers.violations(wanted)).toEqual([]))
})

describe('what AWS would refuse is told beforehand, with its place', () => {
  const cases: [string, Partial<OfferTerms>, string][] = [
    ['a name with <', { name: 'a<b' }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name of 151 characters', { name: 'x'.repeat(151) }, 'name'],
    ['a note of 256 characters', { note: 'x'.repeat(256) }, 'note'],
    ['acceptance that has passed', { acceptBy: '2026-11-01' }, 'acceptBy'],
    ['a start before acceptance ends', { start: '2026-12-31' }, 'start'],
    ['61 months', { term: { months: 61 } }, 'term.months'],
    ['no month', { term: { months: 0 } }, 'term.months'],
    ['a strange currency', { currency: 'CHF' }, 'currency'],
    [
      'usage in euro',
      { currency: 'EUR', pricing: { ...order().terms.pricing, usage } },
      'currency',
    ],
    ['nothing sold', { pricing: {} }, 'pricing'],
    ['no total', { pricing: { contract: [{ dimension: 'seats', quantity: '1' }] } }, 'pricing'],
    ['a flat price for nothing named', { pricing: { flat: '10.00' } }, 'pricing.contract'],
    [
      'half a seat',
      { pricing: { contract: [{ dimension: 'seats', quantity: '0.5', price: '1.00' }] } },
      'pricing.contract.0.quantity',
    ],
    [
      'no seat',
      { pricing: { contract: [{ dimension: 'seats', quantity: '0', price: '1.00' }] } },
      'pricing.contract.0.quantity',
    ],
    [
      'a dimension of usage sold up front',
      { pricing: { contract: [{ dimension: 'minutes', quantity: '1', price: '1.00' }] } },
      'pricing.contract.0.dimension',
    ],
    [
      'a dimension twice',
      {
        pricing: {
          contract: [1, 2].map(() => ({ dimension: 'seats', quantity: '1', price: '1.00' })),
        },
      },
      'pricing.contract.1.dimension',
    ],
    [
      'a usage dimension left out',
      { pricing: { ...order().terms.pricing, usage: usage.slice(0, 1) } },
      'pricing.usage',
    ],
    [
      'nine decimals',
      {
        pricing: {
          ...order().terms.pricing,
          usage: [{ dimension: 'api_calls', rate: '0.123456789' }, usage[1]!],
        },
      },
      'pricing.usage.0.rate',
    ],
    [
      'four decimals for the buyer',
      {
        native: { buyerConfigurable: true },
        pricing: { contract: [{ dimension: 'seats', quantity: '1', price: '1.0001' }] },
      },
      'pricing.contract.0.price',
    ],
    [
      'payments where the buyer decides',
      { native: { buyerConfigurable: true }, payments: [{ on: 'acceptance', amount: '1.00' }] },
      'payments',
    ],
    [
      'a payment in the past',
      { payments: [{ on: '2026-10-31', amount: '1200.00' }] },
      'payments.0.on',
    ],
    [
      'a payment after the end',
      { payments: [{ on: '2027-11-01', amount: '1200.00' }] },
      'payments.0.on',
    ],
    [
      'two payments before acceptance ends',
      {
        payments: ['acceptance', '2026-12-31'].map((on) => ({
          on: on as 'acceptance',
          amount: '600.00',
        })),
      },
      'payments.1.on',
    ],
    [
      'two payments on one day',
      {
        payments: ['2027-03-01', '2027-03-01'].map((on) => ({
          on: on as 'acceptance',
          amount: '600.00',
        })),
      },
      'payments.1.on',
    ],
    [
      'three decimals of a dollar',
      { payments: [{ on: 'acceptance', amount: '1.001' }] },
      'payments.0.amount',
    ],
    [
      '61 payments',
      {
        payments: Array.from({ length: 61 }, () => ({ on: 'acceptance' as const, amount: '1.00' })),
      },
      'payments',
    ],
    ['no contract document', { legal: { kind: 'custom', documents: [] } }, 'legal.documents'],
    ['renewal without a price', { autoRenew: { times: 1 } }, 'native.renewal'],
    [
      'renewal that is not attested',
      { renewal: { of: 'agr_1', attested: false } },
      'renewal.attested',
    ],
    [
      'new business that renews something',
      {
        renewal: { attested: false },
        native: {
          preExistingAgreement: { acquisitionChannel: 'External', pricingModel: 'Contract' },
        },
      },
      'native.preExistingAgreement',
    ],
    ['a native field of nobody', { native: { colour: 'red' } }, 'native'],
    ['net payment AWS has not', { native: { netPaymentDays: 20 } }, 'native.netPaymentDays'],
    [
      'a range without a deadline',
      {
        autoRenew: { times: 1 },
        native: { renewal: { priceIncrease: { min: '1', max: '3', default: '2' } } },
      },
      'native.renewal.adjustmentDeadlineDays',
    ],
    [
      'a renewal paid to 99 %',
      {
        autoRenew: { times: 1 },
        native: { renewal: { ...renewal, payments: [{ offset: 'P0M', percent: '99.00' }] } },
      },
      'native.renewal.payments',
    ],
    [
      'a renewal paid after its end',
      {
        autoRenew: { times: 1 },
        native: { renewal: { ...renewal, payments: [{ offset: 'P12M', percent: '100.00' }] } },
      },
      'native.renewal.payments.0.offset',
    ],
  ]
  it.each(cases)('%s', (_name, change, path) => expect(paths(order(change))).toContain(path))

  it('a buyer without accounts, with a short one, with one twice, with 27', () => {
    expect(paths(order({}, { buyerRefs: [] }))).toEqual(['buyer'])
    expect(paths(order({}, { buyerRefs: ['1234'] }))).toEqual(['buyer'])
    expect(paths(order({}, { buyerRefs: ['111122223333', '111122223333'] }))).toEqual(['buyer'])
    const many = Array.from({ length: 27 }, (_, i) => String(100_000_000_000 + i))
    expect(paths(order({}, { buyerRefs: many }))).toEqual(['buyer'])
  })

  it('a document that is not in S3', () => {
    const documents = ['https://example.com/eula.pdf', 'http://s3.amazonaws.com/b/x.pdf', s3]
    const wanted = order({ legal: { kind: 'custom', documents: ['a', 'b', 'c'] } }, { documents })
    expect(paths(wanted)).toEqual(['legal.documents.0', 'legal.documents.1'])
  })

  it('tells every fault at once and survives any nonsense', () => {
    const pricing = { contract: [{ dimension: 'x', quantity: 'many', price: 'much' }], flat: '-' }
    const wanted = order({
      name: '',
      currency: '???',
      pricing,
      payments: [{ on: 'soon' as never, amount: '' }],
    })
    expect(paths(wanted)).toEqual(
      expect.arrayContaining([
        'name',
        'currency',
        'pricing.flat',
        'pricing.contract.0.price',
        'payments.0.amount',
      ]),
    )
    expect(() => offers.requests(wanted, 'offer_1')).not.toThrow()
  })
})
