import { describe, expect, it } from 'vitest'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'
import { contract, google, order, service, sku, withContract } from './offers-fake.ts'

const { port } = google()
const paths = (wanted: OfferOrder, own = port) => own.violations(wanted).map(({ path }) => path)
const payg = { charge: null, months: [], meters: ['api_calls'], hasTrial: null, units: null }
const flatPlan = { ...payg, charge: 'flat', months: [12] } as const
const unused = { ...flatPlan, meters: [] }
const usage = (rate: string) => [{ dimension: 'api_calls', rate }]
const commitment = { amount: '1000.00', discountPercent: '5', overage: 'list' } as const
const discounted = { ...commitment, overage: 'discounted' } as const
const paid = (...days: readonly string[]) =>
  days.map((on) => ({ on, amount: '1.00' })) as unknown as OfferTerms['payments']
const unknown = order(
  {},
  { dimensions: [{ key: 'api_calls', name: 'API calls', types: ['usage'] }] },
)

describe('the rules', () => {
  it.each<[string, OfferOrder]>([
    ['a plain order', order()],
    ['a name of 256 characters', order({ name: 'a'.repeat(256) })],
    ['a contract of one’s own', withContract()],
    ['the last day that is three months ahead', order({ acceptBy: '2027-01-31' })],
    ['a start a year ahead', order({ start: '2027-11-01' })],
    [
      'a billing account by its full name',
      order({}, { buyerRefs: ['billingAccounts/0A1B2C-3D4E5F-607182'] }),
    ],
    ['a discount of everything', order({ pricing: { flat: '1.00', usageDiscountPercent: '100' } })],
    ['a free rate', order({ pricing: { flat: '1.00', usage: usage('0') } })],
    ['the list rate', order({ pricing: { flat: '1.00', usage: usage('0.050') } })],
    ['seven years with renewals', order({ autoRenew: { times: 6 } })],
    [
      'a commitment on a plan billed by use',
      order({ pricing: { commitment } }, { planShape: payg }),
    ],
    [
      'units of any name',
      order({ pricing: { flat: '9.00', contract: [{ dimension: 'seats', quantity: '1.5' }] } }),
    ],
    [
      'payments of an interval',
      order({
        pricing: { flat: '2.00' },
        term: { months: 24 },
        native: { interval: 'yearly' },
        payments: paid('acceptance', '2027-12-01'),
      }),
    ],
    [
      'instalments from a start',
      order({ start: '2027-01-01', payments: paid('2027-01-01', '2027-12-31') }),
    ],
  ])('let %s through', (_, sound) => {
    expect(port.violations(sound)).toEqual([])
  })

  it.each<[string, OfferOrder, string]>([
    ['a name of 257 characters', order({ name: 'a'.repeat(257) }), 'name'],
    ['a note of 121 characters', order({ note: 'a'.repeat(121) }), 'note'],
    ['nobody to talk to', order({ contacts: [] }), 'contacts'],
    ['a buyer without billing account', order({}, { buyerRefs: ['E-1234'] }), 'buyer'],
    [
      'two billing accounts',
      order({}, { buyerRefs: ['012345-6789AB-CDEF01', '01F00D-CAFE00-BEEF11'] }),
      'native.billingAccount',
    ],
    [
      'somebody else’s billing account',
      order({ native: { billingAccount: '01F00D-CAFE00-BEEF11' } }),
      'native.billingAccount',
    ],
    ['no plan', order({}, { planRef: null, planKey: null }), 'plan'],
    ['a plan without standard offer', order({}, { planKey: null }), 'plan'],
    ['a deadline after three months', order({ acceptBy: '2027-02-01' }), 'acceptBy'],
    ['a deadline on the start', order({ acceptBy: '2026-12-01', start: '2026-12-01' }), 'acceptBy'],
    ['a start today', order({ start: '2026-11-01' }), 'start'],
    ['a start after a year', order({ start: '2027-11-02' }), 'start'],
    ['no term', order({ term: undefined, pricing: { usageDiscountPercent: '5' } }), 'term'],
    ['more than seven years', order({ autoRenew: { times: 7 } }), 'autoRenew.times'],
    ['renewed instalments', order({ term: { months: 24 }, autoRenew: { times: 1 } }), 'autoRenew'],
    [
      'renewed use',
      order({ pricing: { usageDiscountPercent: '5' }, autoRenew: { times: 1 } }),
      'autoRenew',
    ],
    ['too much', order({ pricing: { flat: '1000000000.01' } }), 'pricing.flat'],
    [
      'too large a commitment',
      order({ pricing: { commitment: { ...commitment, amount: '1000000001.00' } } }),
      'pricing.commitment.amount',
    ],
    [
      'a payment that is too large',
      order({
        pricing: { flat: '2000000000.00' },
        payments: [{ on: 'acceptance', amount: '2000000000.00' }],
      }),
      'payments.0.amount',
    ],
    [
      'a discount of three decimals',
      order({ pricing: { flat: '1.00', usageDiscountPercent: '1.125' } }),
      'pricing.usageDiscountPercent',
    ],
    [
      'a commitment’s discount of three decimals',
      order({ pricing: { commitment: { ...commitment, discountPercent: '1.125' } } }),
      'pricing.commitment.discountPercent',
    ],
    [
      'a commitment and a flat fee',
      order({ pricing: { flat: '1.00', commitment } }),
      'pricing.commitment',
    ],
    [
      'prices of use with overage at list price',
      order({ pricing: { commitment, usage: usage('0.04') } }),
      'pricing.usage',
    ],
    [
      'a discount of use with overage at list price',
      order({ pricing: { commitment, usageDiscountPercent: '5' } }),
      'pricing.usageDiscountPercent',
    ],
    [
      'two discounts of all use',
      order({ pricing: { commitment: discounted, usageDiscountPercent: '6' } }),
      'pricing.usageDiscountPercent',
    ],
    ['a flat fee on a plan billed by use', order({}, { planShape: payg }), 'pricing.flat'],
    [
      'a commitment on a plan with a flat fee',
      order({ pricing: { commitment } }, { planShape: flatPlan }),
      'pricing.commitment',
    ],
    [
      'use alone on a plan with a flat fee',
      order({ pricing: { usageDiscountPercent: '5' } }, { planShape: flatPlan }),
      'pricing.flat',
    ],
    [
      'a discount on a plan that bills no use',
      order({ pricing: { flat: '1.00', usageDiscountPercent: '5' } }, { planShape: unused }),
      'pricing.usageDiscountPercent',
    ],
    [
      'a rate above the list rate',
      order({ pricing: { flat: '1.00', usage: usage('0.0501') } }),
      'pricing.usage.0.rate',
    ],
    [
      'a rate that is no percentage',
      order({ pricing: { flat: '1.00', usage: usage('0.0333333') } }),
      'pricing.usage.0.rate',
    ],
    [
      'a rate whose list rate nobody knows',
      { ...unknown, terms: { ...unknown.terms, pricing: { flat: '1.00', usage: usage('0.04') } } },
      'pricing.usage.0.rate',
    ],
    [
      'two rows of one name',
      order({
        pricing: {
          flat: '1.00',
          contract: [
            { dimension: 'api_calls', quantity: '1' },
            { dimension: 'API calls', quantity: '2' },
          ],
        },
      }),
      'pricing.contract.1.dimension',
    ],
    [
      'a name with a control character',
      order({ pricing: { flat: '1.00', contract: [{ dimension: 'a\tb', quantity: '1' }] } }),
      'pricing.contract.0.dimension',
    ],
    [
      'an amended contract',
      order({ legal: { kind: 'amended', documents: ['doc_1'] } }, { documents: [contract] }),
      'legal.kind',
    ],
    [
      'two documents',
      order(
        { legal: { kind: 'custom', documents: ['doc_1', 'doc_2'] } },
        { documents: [contract, contract] },
      ),
      'legal.documents',
    ],
    [
      'a document that is not on the web',
      order(
        { legal: { kind: 'custom', documents: ['doc_1'] } },
        { documents: ['s3://bucket/terms.pdf'] },
      ),
      'legal.documents.0',
    ],
    [
      'a payment before the deadline',
      order({ payments: paid('acceptance', '2026-12-15') }),
      'payments.1.on',
    ],
    [
      'a payment after the earliest end',
      order({ payments: paid('acceptance', '2027-11-01') }),
      'payments.1.on',
    ],
    ['no payment at acceptance', order({ payments: paid('2027-01-01') }), 'payments'],
    [
      'a payment at acceptance before the start',
      order({ start: '2027-01-01', payments: paid('acceptance', '2027-02-01') }),
      'payments.0.on',
    ],
    [
      'a payment before the start',
      order({ start: '2027-01-01', payments: paid('2027-01-01', '2026-12-20') }),
      'payments.1.on',
    ],
    [
      'no payment at the start',
      order({ start: '2027-01-01', payments: paid('2027-02-01') }),
      'payments',
    ],
    [
      'an interval of use alone',
      order({ pricing: { usageDiscountPercent: '5' }, native: { interval: 'monthly' } }),
      'native.interval',
    ],
    [
      'an interval that does not fit the term',
      order({ term: { months: 18 }, native: { interval: 'yearly' } }),
      'native.interval',
    ],
    [
      'an interval that leaves a cent',
      order({ pricing: { flat: '100.00' }, native: { interval: 'monthly' } }),
      'native.interval',
    ],
    [
      'payments that are not those of the interval',
      order({
        pricing: { flat: '2.00' },
        term: { months: 24 },
        native: { interval: 'yearly' },
        payments: paid('acceptance', '2027-10-01'),
      }),
      'payments.1.on',
    ],
    [
      'payments beside prorated months',
      order({ native: { interval: 'monthly_prorated' }, payments: paid('acceptance') }),
      'payments',
    ],
    [
      'credit without a commitment',
      order({ native: { additionalCredit: '5.00' } }),
      'native.additionalCredit',
    ],
    [
      'credit by the month',
      order({ pricing: { commitment }, native: { additionalCredit: '5.00', interval: 'yearly' } }),
      'native.interval',
    ],
    [
      'a renewal that nobody vouches for',
      order({ renewal: { of: 'agr_1', attested: false } }),
      'renewal.attested',
    ],
    [
      'a renewal that is a migration',
      order({ renewal: { attested: true }, native: { dealType: 'MIGRATION' } }),
      'native.dealType',
    ],
    ['a word that is not known', order({ native: { colour: 'red' } }), 'native'],
    ['a deal type that is not known', order({ native: { dealType: 'NEW' } }), 'native.dealType'],
  ])('name %s', (_, broken, path) => {
    const violations = port.violations(broken)
    expect(violations.map((one) => one.path)).toContain(path)
    for (const { message } of violations) expect(message).toMatch(/\w/)
    expect(port.requests(broken, 'offer_1')).toBeInstanceOf(Array)
  })

  it('say that days are Pacific days to whoever wants a moment', () => {
    const native = { acceptDeadlineTime: '2026-12-16T08:00:00Z' }
    expect(port.violations(order({ native }))).toEqual([
      { path: 'native.acceptDeadlineTime', message: expect.stringContaining('acceptBy') },
    ])
  })

  it('take the list rate of the plan from the settings where the listing tells none', () => {
    const metrics = [
      { plan: 'payg', dimension: 'api_calls', metric: 'payg_api_calls', listRate: '0.10' },
      { plan: null, dimension: 'api_calls', metric: 'api_calls', listRate: '0.05' },
    ]
    const own = google({ products: [{ service, name: 'Acme Analytics', metrics }] }).port
    const pricing = { flat: '1.00', usage: usage('0.06') }
    const native = { skus: { api_calls: sku } }
    const { dimensions } = unknown
    expect(paths(order({ pricing, native }, { dimensions }), own)).toEqual(['pricing.usage.0.rate'])
    expect(paths(order({ pricing, native }, { dimensions, planRef: 'payg' }), own)).toEqual([])
  })

  it('ask for a SKU only where it is sent', () => {
    const wanted = order(
      { pricing: { flat: '1.00', usage: usage('0.04') } },
      {
        dimensions: [
          {
            key: 'api_calls',
            name: 'API calls',
            types: ['usage'],
            listRate: { rate: '0.05', currency: 'USD' },
          },
        ],
        planKey: null,
      },
    )
    expect(paths(wanted)).toEqual(['plan', 'pricing.usage.0.rate'])
    expect(paths(wanted, google({ offers: 'handoff' }).port)).toEqual([])
  })
})
