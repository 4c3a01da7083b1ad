import { describe, expect, it } from 'vitest'
import type { OfferOrder, Sheet } from '../../src/offers/model.ts'
import { contract, failing, google, order, service, sku } from './offers-fake.ts'

const products = [
  { service, name: 'Acme Analytics', plans: [{ id: 'pro', name: 'Pro' }], metrics: [] },
]
const { port, calls } = google({ offers: 'handoff', products })

async function sheetOf(wanted: OfferOrder): Promise<Sheet> {
  expect(port.violations(wanted)).toEqual([])
  const progress = await port.submit(wanted, 'offer_1', null)
  return progress.is === 'by_hand' ? progress.sheet : expect.fail(`is ${progress.is}`)
}
/** Rows of one section, as `field: value (note)`. */
const rows = ({ sections }: Sheet, title: string): string[] =>
  (sections.find((one) => one.title === title)?.rows ?? []).map(
    ({ field, value, note }) => `${field}: ${value}${note === undefined ? '' : ` (${note})`}`,
  )

describe('an offer that is typed in by hand', () => {
  it('is a sheet in the order of the form, and calls nobody', async () => {
    const sheet = await sheetOf(order({ note: 'Thanks!', native: { customer: 'Initech Inc.' } }))
    expect(port.traits.byHand).toBe(true)
    expect(sheet.url).toBe(
      'https://console.cloud.google.com/producer-portal/private-offers?project=acme-public',
    )
    expect(sheet.sections.map(({ title }) => title)).toEqual([
      'Customer',
      'Product and offer',
      'Term',
      'Pricing',
      'Legal terms',
    ])
    expect(rows(sheet, 'Customer')).toEqual([
      'Customer name: Initech Inc.',
      'Customer contact: Bo Buyer',
      'Customer email: bo@initech.example',
      'Billing account ID: 012345-6789AB-CDEF01',
    ])
    expect(rows(sheet, 'Product and offer')).toEqual([
      `Product: Acme Analytics (${service})`,
      'Plan: Pro (pro)',
      'Offer title: Initech 2027',
      'Deal type: New',
      'Note to the customer: Thanks!',
      'Internal note: tradepost:offer_1 (by its last line the offer is found again)',
    ])
    expect(rows(sheet, 'Term')).toEqual([
      'Accept by: 2026-12-15 (the last day on which the customer can accept, until midnight, Pacific time)',
      'Start date: When the customer accepts',
      'Contract duration: 12 months',
      'Auto-renew: Off',
    ])
    expect(rows(sheet, 'Pricing')).toEqual([
      'Pricing model: Flat fee',
      'Billing frequency: Annually',
      'Each flat fee: USD 120000.00 (1 in all)',
      'Total flat fee: USD 120000.00',
    ])
    expect(rows(sheet, 'Legal terms')).toEqual(['EULA: Google Cloud Marketplace standard EULA'])
    expect(calls).toEqual([])
  })

  it('has its instalments with their Pacific days, its discounts and its units', async () => {
    const sheet = await sheetOf(
      order(
        {
          start: '2027-01-01',
          pricing: {
            flat: '300.00',
            contract: [{ dimension: 'seats', quantity: '100' }],
            usage: [{ dimension: 'api_calls', rate: '0.04' }],
            usageDiscountPercent: '10',
          },
          payments: [
            { on: '2027-01-01', amount: '100.00' },
            { on: '2027-06-01', amount: '200.00' },
          ],
          legal: { kind: 'custom', documents: ['doc_1'] },
          renewal: { attested: true },
          native: {
            amends: 'none',
            partnerContact: { contact: 'Jane', email: 'jane@acme.example' },
            additionalContractValue: { amount: '5000.00', skus: [sku] },
          },
        },
        { documents: [contract] },
      ),
    )
    expect(rows(sheet, 'Product and offer')).toEqual(
      expect.arrayContaining([
        'Deal type: Native renewal',
        'Offer to replace: None: a new order',
        'Your contact: Jane (jane@acme.example)',
      ]),
    )
    expect(rows(sheet, 'Term')).toContain('Start date: 2027-01-01 (Pacific time)')
    expect(rows(sheet, 'Pricing')).toEqual([
      'Pricing model: Flat fee with usage',
      'Billing frequency: Custom',
      'Total flat fee: USD 300.00',
    ])
    expect(rows(sheet, 'Instalments')).toEqual([
      'Instalment 1: USD 100.00 (2027-01-01, Pacific time)',
      'Instalment 2: USD 200.00 (2027-06-01, Pacific time)',
    ])
    expect(rows(sheet, 'Usage discounts')).toEqual([
      'Discount on all usage: 10 %',
      'Discount on api_calls: 20 % (USD 0.04 instead of USD 0.05)',
    ])
    expect(rows(sheet, 'Features')).toEqual(['seats: 100'])
    expect(rows(sheet, 'Additional contract value')).toEqual([
      'Additional contract value: USD 5000.00',
      `Eligible SKUs: ${sku}`,
    ])
    expect(rows(sheet, 'Legal terms')).toEqual([`EULA: Custom EULA (PDF) (${contract})`])
  })

  it.each([
    [
      { amount: '1200.00', discountPercent: '5', overage: 'list' },
      { interval: 'monthly' },
      [
        'Pricing model: Commit discount with additional usage at list price',
        'Discount on commitment: 5 %',
        'Billing frequency: Monthly (not prorated)',
        'Each commitment: USD 100.00 (12 in all)',
        'Total commitment: USD 1200.00',
      ],
    ],
    [
      { amount: '1200.00', discountPercent: '5', overage: 'discounted' },
      { additionalCredit: '50.00', discardPreviousCreditBalance: false },
      [
        'Pricing model: Commit with all usage discounted',
        'Billing frequency: Custom',
        'Total commitment: USD 1200.00',
        'Additional credit: USD 50.00',
        'Previous credit balance: Rolls over',
      ],
    ],
  ] as const)('tells a commitment %j', async (commitment, native, expected) => {
    const sheet = await sheetOf(order({ pricing: { commitment }, native }))
    expect(rows(sheet, 'Pricing')).toEqual(expected)
  })

  it('tells use alone', async () => {
    const sheet = await sheetOf(order({ pricing: { usageDiscountPercent: '12.5' } }))
    expect(rows(sheet, 'Pricing')).toEqual(['Pricing model: Usage discount only'])
    expect(rows(sheet, 'Usage discounts')).toEqual(['Discount on all usage: 12.5 %'])
  })

  it('is shown beforehand as it will be', async () => {
    expect(port.requests(order(), 'offer_1')).toEqual([await sheetOf(order())])
  })

  it('follows the same rules', () => {
    const broken = order({ acceptBy: '2027-02-01', contacts: [] }, { planKey: null })
    expect(port.violations(broken).map(({ path }) => path)).toEqual(['contacts', 'acceptBy'])
  })

  it('is withdrawn and extended by hand as well', async () => {
    const withdrawn = await port.withdraw('offer-1', '2026-11-02', 'k')
    const extended = await port.extend('offer-1', '2027-01-20', 'k')
    if (withdrawn.is !== 'by_hand' || extended.is !== 'by_hand') return expect.fail('no sheets')
    expect(rows(withdrawn.sheet, 'Private offer')).toEqual([
      'Offer: offer-1 (open it in the list of private offers)',
      'Action: Cancel offer',
    ])
    expect(rows(extended.sheet, 'Private offer').at(-1)).toBe(
      'Accept by: 2027-01-20 (until midnight, Pacific time)',
    )
  })

  it.each([
    ['831e0e7d-6251-476e-9ed6-66dd11e05a66', '831e0e7d-6251-476e-9ed6-66dd11e05a66'],
    [' projects/acme-public/locations/global/privateOffers/831e0e7d ', '831e0e7d'],
    ['projects/528/services/private-cp.endpoints.x.cloud.goog/privateOffers/831e0e7d', '831e0e7d'],
    ['projects/acme-public/locations/global/standardOffers/pro', undefined],
    ['the offer for Initech', undefined],
    ['', undefined],
  ])('finds the offer’s id in what was copied: “%s”', (written, id) => {
    expect(port.readRef?.(written)).toBe(id)
  })

  it('has no operation to ask after, and nobody to ask of its standing', async () => {
    expect((await failing(port.progress('offer-1'))).code).toBe('not_found')
    expect((await failing(port.changeProgress('offer-1'))).code).toBe('not_found')
    expect([port.look, port.changedSince, port.traits.lookEveryMinutes]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
