import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caseOf } from '../worked-examples/cases.ts'
import { type Market, openMarket, type Place, type Sale } from './money-market.ts'

/** What the rules of Google’s programme ask, all answered well. */
const good = { 'product.type': 'saas', deployedOnCloud: true, 'product.ownedByBuyer': false }
const direct = { 'line.channel': 'direct' }
const place: Place = {
  provider: 'gcp',
  instrument: 'Minimum Commitment',
  shelf: {
    good,
    maps: { ...good, 'product.type': 'maps' },
    not_running_on_google_cloud: { ...good, deployedOnCloud: false },
    professional_services: { ...good, 'product.type': 'professional_services' },
    own_or_affiliate_product: { ...good, 'product.ownedByBuyer': true },
    reseller_without_vendor_opt_in: { ...good, 'vendor.resaleOptIn': false },
  },
  line: direct,
}

describe('worked examples of drawdown at Google, through the API', () => {
  let market: Market
  beforeAll(async () => {
    market = await openMarket('2027-02-01T09:00:00.000Z', place)
  }, 60_000)
  afterAll(() => market?.world.close())
  const committed = (amount: string, sale: Sale, more: object = {}) => {
    const tranches = [{ start: '2026-01-01', endExclusive: '2027-01-01', amount }]
    return market.committed({ signedAt: '2025-12-01', tranches, ...more }, [sale])
  }
  const sold = { ref: 'sale', on: '2026-03-01', amount: '100.00' }

  const capped = caseOf('DD-11')
  it(`DD-11: ${capped.title}`, async () => {
    const { commitment, eligible, capPcts } = capped.input
    const counted: string[] = []
    for (const [i, pct] of capPcts.entries()) {
      const sale = { ...sold, ref: `dd11-${i}`, amount: eligible[0] }
      const { id } = await committed(
        commitment,
        sale,
        pct === null ? {} : { cap: { pct, of: 'total' } },
      )
      const { data, standing } = await market.drawn(id)
      expect(data[0]).toMatchObject({ status: 'counts', rule: 'GCP-ELIGIBLE' })
      counted.push(standing.drawnInAll.amount)
    }
    expect({ counted }).toEqual(capped.expected)
  })

  const excluded = caseOf('DD-12')
  it(`DD-12: ${excluded.title}`, async () => {
    const shares: string[] = []
    for (const listing of excluded.input.cases) {
      const isResold = listing === 'reseller_without_vendor_opt_in'
      const facts = isResold ? { 'line.channel': 'reseller' } : direct
      const { id } = await committed('50000.00', {
        ...sold,
        ref: `dd12-${listing}`,
        listing,
        facts,
      })
      const [line] = (await market.drawn(id)).data
      expect(line).toMatchObject({ status: 'excluded', reason: expect.stringMatching(/./) })
      shares.push(line.eligible.amount)
    }
    expect({ shares }).toEqual(excluded.expected)
  })

  it('counts nothing while nobody says whether the product runs on Google Cloud', async () => {
    const sale = { ...sold, ref: 'unstated', listing: 'nobody-knows-it' }
    const { id } = await committed('50000.00', sale)
    expect((await market.drawn(id)).data[0]).toMatchObject({
      status: 'unknown',
      missing: expect.arrayContaining(['product.runsOnGoogleCloud']),
      counted: { amount: '0.00' },
    })
  })
})

describe('worked examples of fees at Google, through the preview of an offer', () => {
  let market: Market
  let buyer = ''
  beforeAll(async () => {
    market = await openMarket('2025-04-20T09:00:00.000Z', place)
    const tranches = [{ start: '2025-01-01', endExclusive: '2028-01-01', amount: '1.00' }]
    buyer = (await market.committed({ signedAt: '2024-12-01', tranches })).buyer
  }, 60_000)
  afterAll(() => market?.world.close())
  const feeOf = async (on: string, flat: string, attested: boolean) => {
    await market.on(on)
    const { connection, listing } = market
    const offer = await market.post('/v1/offers', {
      connection,
      listing,
      buyer,
      name: 'Worked example',
      currency: 'USD',
      acceptBy: market.after(on, 30),
      term: { months: 36 },
      pricing: { flat },
      renewal: { attested },
    })
    const { violations, fee } = await market.post(`/v1/offers/${offer.id}/preview`)
    expect(violations).toEqual([])
    return fee
  }

  // In the order of their days: time does not go back.
  const terms = caseOf('OE-05')
  const fees: any[] = []
  it(`OE-05, before: ${terms.title}`, async () => {
    const { amount, cases } = terms.input
    fees.push(await feeOf(cases[0].termStart, amount, false))
    expect(fees[0]).toMatchObject({ rate: terms.expected.rate[0] })
  })

  const tiers = caseOf('OE-04')
  it(`OE-04: ${tiers.title}`, async () => {
    const { tcv, at } = tiers.input
    const found: any[] = []
    for (const total of tcv) found.push(await feeOf(at, total, false))
    expect(shown(found)).toEqual(tiers.expected)
    // Of the middle tier no document tells the rate.
    expect(found[1].confidence).toBe('unconfirmed')
  })

  it(`OE-05, after: ${terms.title}`, async () => {
    const { amount, cases } = terms.input
    fees.push(await feeOf(cases[1].autoRenewal, amount, true))
    const ruleIds = fees.flatMap(({ rules }) => rules)
    expect({ ...shown(fees), ruleIds }).toEqual(terms.expected)
  })
})

const shown = (fees: readonly any[]) => ({
  rate: fees.map(({ rate }) => rate),
  fee: fees.map(({ amount }) => amount.amount),
})
