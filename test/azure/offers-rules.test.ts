import { describe, expect, it } from 'vitest'
import type { OfferOrder } from '../../src/offers/model.ts'
import { billingAccount, microsoft, order, seats } from './offers-fake.ts'

const { offers } = microsoft({})
const paths = (wanted: OfferOrder) => offers.violations(wanted).map(({ path }) => path)
const usage = (rate: string) => ({ flat: '1.00', usage: [{ dimension: 'calls', rate }] })
const partner = { partner: '12345678', discountPercent: '12', scope: 'single' } as const
const described = { partner: { name: 'Northwind', location: 'US' } }
const document = 'https://contoso.example/terms.pdf'
const shape = order().planShape!

describe('the rules', () => {
  it('let a sound order through', () => {
    for (const sound of [
      order(),
      seats(),
      order({}, { planShape: null }),
      order({ reseller: partner, native: described }),
    ])
      expect(offers.violations(sound)).toEqual([])
  })

  it.each<[string, OfferOrder, string]>([
    ['a name with forbidden characters', order({ name: 'Acme #1' }), 'name'],
    ['a name with an umlaut', order({ name: 'Müller' }), 'name'],
    ['a name of 129 characters', order({ name: 'a'.repeat(129) }), 'name'],
    ['a start inside a month', order({ start: '2027-01-02' }), 'start'],
    ['an end inside a month', order({ native: { end: '2027-12-30' } }), 'native.end'],
    [
      'an end before the last day to accept',
      order({ native: { end: '2026-11-30' } }),
      'native.end',
    ],
    [
      'no last day',
      order({ term: undefined, pricing: { usage: [{ dimension: 'calls', rate: '1' }] } }),
      'term',
    ],
    [
      'a buyer with tenants only',
      order({}, { buyerRefs: ['72f988bf-86f1-41af-91ab-2d7cd011db47'] }),
      'buyer',
    ],
    [
      'two billing accounts',
      order({}, { buyerRefs: [billingAccount, '1234567'] }),
      'native.billingAccount',
    ],
    [
      'somebody else’s billing account',
      order({ native: { billingAccount: '7654321' } }),
      'native.billingAccount',
    ],
    [
      'a price on a plan with a trial',
      order({}, { planShape: { ...shape, hasTrial: true } }),
      'plan',
    ],
    ['a price without a plan', order({}, { planRef: null, planKey: null }), 'plan'],
    ['a plan whose address is not known', order({}, { planKey: null }), 'plan'],
    ['a term the plan is not sold for', order({ term: { months: 24 } }), 'term.months'],
    ['a term of five months', order({ term: { months: 5 } }, { planShape: null }), 'term.months'],
    ['a meter below a cent', order({ pricing: usage('0.004') }), 'pricing.usage.0.rate'],
    ['a meter with half cents', order({ pricing: usage('0.015') }), 'pricing.usage.0.rate'],
    [
      'meters on a plan by the seat',
      seats({
        pricing: {
          contract: [{ dimension: 'seats', quantity: '1', price: '1' }],
          usage: [{ dimension: 'calls', rate: '1' }],
        },
      }),
      'pricing.usage',
    ],
    [
      'a plan by the seat without seats',
      seats({ pricing: { flat: '100.00' } }),
      'pricing.contract',
    ],
    [
      'half a seat',
      seats({ pricing: { contract: [{ dimension: 'seats', quantity: '1.5', price: '2' }] } }),
      'pricing.contract.0.quantity',
    ],
    [
      'seats outside the limits',
      seats({
        native: {
          userLimits: { min: 1, max: 99 },
          newPlan: { name: 'Acme', description: 'Seats' },
        },
      }),
      'native.userLimits',
    ],
    [
      'limits of a public plan',
      seats({ native: { userLimits: { min: 1, max: 100 } } }),
      'native.userLimits',
    ],
    [
      'a seat that costs no whole cents',
      seats({
        pricing: { contract: [{ dimension: 'seats', quantity: '3' }], flat: '100.00' },
      }),
      'pricing',
    ],
    [
      'dated payments on a plan by the seat',
      seats({
        payments: [
          { on: 'acceptance', amount: '1.00' },
          { on: '2027-03-01', amount: '119999.00' },
        ],
      }),
      'payments',
    ],
    [
      'a discount beside a price',
      order({ pricing: { flat: '1.00', usageDiscountPercent: '10' } }),
      'pricing.flat',
    ],
    [
      'a discount of nothing',
      order({ pricing: { usageDiscountPercent: '0' } }),
      'pricing.usageDiscountPercent',
    ],
    [
      'a discount of thousandths',
      order({ pricing: { usageDiscountPercent: '1.125' } }),
      'pricing.usageDiscountPercent',
    ],
    [
      'a customised plan at a discount',
      order({
        pricing: { usageDiscountPercent: '10' },
        native: { newPlan: { name: 'a', description: 'b' } },
      }),
      'native.newPlan',
    ],
    [
      'six contacts',
      order({ contacts: Array(6).fill({ name: 'a', email: 'a@b.example' }) }),
      'contacts',
    ],
    ['automatic renewal', order({ autoRenew: { times: 1 } }), 'autoRenew'],
    ['two documents', order({}, { documents: [document, document] }), 'legal.documents'],
    [
      'a document that is no PDF',
      order({}, { documents: ['https://a.example/terms.docx'] }),
      'legal.documents.0',
    ],
    ['a partner without a name', order({ reseller: partner }), 'native.partner'],
    [
      'a partner for several customers',
      order({ reseller: { ...partner, scope: 'multi' }, native: described }),
      'reseller.scope',
    ],
    [
      'a partner until a day',
      order({ reseller: { ...partner, until: '2027-01-01' }, native: described }),
      'reseller.until',
    ],
    [
      'a partner’s discount that leaves half cents',
      order({
        reseller: { ...partner, discountPercent: '0.005' },
        pricing: { flat: '1.00' },
        native: described,
      }),
      'pricing',
    ],
    ['a sales note without a partner', order({ native: { notes: 'x' } }), 'native.notes'],
    ['a note of 61 characters', order({ native: { notes: 'x'.repeat(61) } }), 'native.notes'],
    ['what Microsoft does not have', order({ native: { color: 'red' } }), 'native'],
    [
      'an unknown included meter',
      order({ native: { includedQuantities: { x: 1 } } }),
      'native.includedQuantities.x',
    ],
  ])('name %s', (_, wanted, path) => expect(paths(wanted)).toContain(path))

  it('are all told at once', () =>
    expect(
      paths(order({ name: 'a#', start: '2027-01-05', autoRenew: { times: 1 } }, { buyerRefs: [] })),
    ).toEqual(['name', 'buyer', 'start', 'autoRenew']))
})
