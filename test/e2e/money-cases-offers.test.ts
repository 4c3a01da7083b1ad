import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caseOf } from '../worked-examples/cases.ts'
import { inPortal, type Market, openMarket } from './money-market.ts'

let market: Market
beforeAll(async () => {
  market = await openMarket('2024-09-30T09:00:00.000Z')
}, 60_000)
afterAll(() => market?.world.close())

/** A draft for a buyer and what its preview says; nothing is sent. */
async function previewed(buyer: string, terms: object) {
  const offer = await market.post('/v1/offers', {
    connection: market.connection,
    listing: market.listing,
    buyer,
    name: 'Worked example',
    currency: 'USD',
    renewal: { attested: false },
    ...terms,
  })
  return market.post(`/v1/offers/${offer.id}/preview`)
}

const flat = (amount: string, more: object = {}) => ({
  pricing: { flat: amount },
  term: { months: 36 },
  ...more,
})

describe('worked examples of fees, through the preview of an offer', () => {
  const { title, input, expected } = caseOf('OE-03')
  it(`OE-03: ${title}`, async () => {
    const found = { rate: [] as string[], fee: [] as string[] }
    for (const { offerCreated, renewalAttested } of input.cases) {
      await market.on(offerCreated)
      const { buyer } = await market.committed({
        signedAt: '2024-01-01',
        tranches: [{ start: '2024-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
      })
      const acceptBy = market.after(offerCreated, 30)
      const renewal = { attested: renewalAttested }
      const seen = await previewed(buyer, flat(input.amount, { acceptBy, renewal }))
      expect(seen.violations).toEqual([])
      found.rate.push(seen.fee.rate)
      found.fee.push(seen.fee.amount.amount)
    }
    expect(found).toEqual(expected)
  })

  it('asks whether an offer is a renewal before it can cost half', async () => {
    const { buyer } = await market.committed({
      signedAt: '2024-01-01',
      tranches: [{ start: '2024-01-01', endExclusive: '2028-01-01', amount: '1000000.00' }],
    })
    const acceptBy = market.after('2026-05-01', 30)
    const seen = await previewed(buyer, flat('200000.00', { acceptBy, renewal: undefined }))
    expect(seen.violations.map(({ path }: any) => path)).toEqual(['renewal'])
    expect(seen.fee.is).toBe('unknown')
  })
})

describe('worked examples of fit, through the preview of an offer', () => {
  const today = '2026-08-20'
  const acceptBy = '2026-08-31'
  const schedule = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([on, amount]) => ({ on, amount }))
  const terms = (tranches: readonly object[], pct: string) => ({
    signedAt: '2026-01-01',
    tranches,
    cap: { pct, of: 'tranche' },
    // Before there is a line, what the reports will tell of it is stated.
    facts: inPortal,
  })
  beforeAll(() => market.on(today))

  const oneAndTwo = caseOf('DD-19')
  it(`DD-19: ${oneAndTwo.title}`, async () => {
    const { offerSchedule, capPct, tranches } = oneAndTwo.input
    const rows = tranches.map(({ countedMarketplace, ...t }: any) => ({
      ...t,
      others: t.start <= today ? { amount: countedMarketplace, asOf: today } : null,
    }))
    const { buyer } = await market.committed(terms(rows, capPct))
    const payments = schedule(offerSchedule.map((c: any) => [c.chargeDate, c.amount]))
    const { tcv } = oneAndTwo.expected
    const seen = await previewed(buyer, flat(tcv, { acceptBy, payments }))
    expect(seen.violations).toEqual([])
    const [{ fit, tranches: found }] = seen.fit.commitments
    const plain = (money: any) => money.amount
    expect({
      tcv: plain(fit.total),
      byTranche: found.map((t: any) => ({
        start: t.start,
        eligible: plain(t.eligible),
        capHeadroom: plain(t.headroomAtMost),
        countable: plain(t.countableAtMost),
        overCap: plain(t.overCap),
        shortfallWithoutOffer: plain(t.shortfallWithoutOffer),
        useful: plain(t.useful),
      })),
      countable: plain(fit.countableAtMost),
      useful: plain(fit.useful),
      afterCommitmentEnd: plain(fit.afterCommitmentEnd),
      fitRatio4: fit.fitRatio,
    }).toEqual(oneAndTwo.expected)
  })

  const retimed = caseOf('DD-20')
  it(`DD-20: ${retimed.title}`, async () => {
    const { tcv, capHeadroom, schedules } = retimed.input
    const rows = capHeadroom.map((amount: string, i: number) => ({
      start: `${2026 + i}-01-01`,
      endExclusive: `${2027 + i}-01-01`,
      amount,
    }))
    const { buyer } = await market.committed(terms(rows, '1'))
    const countable: string[][] = []
    for (const amounts of schedules) {
      const payments = schedule(amounts.map((a: string, i: number) => [`${2026 + i}-12-01`, a]))
      const seen = await previewed(buyer, flat(tcv, { acceptBy, payments }))
      expect(seen.violations).toEqual([])
      const [{ fit, tranches }] = seen.fit.commitments
      const each = tranches.map((t: any) => t.countableAtMost.amount)
      countable.push([...each, fit.countableAtMost.amount])
    }
    expect({ countable }).toEqual(retimed.expected)
  })

  const sample = caseOf('OE-13')
  it(`OE-13: ${sample.title}`, async () => {
    const { buyer } = await market.committed(
      terms([{ start: '2026-01-01', endExclusive: '2027-01-01', amount: '1.00' }], '1'),
    )
    const { total, count } = sample.expected
    const payments = sample.input.charges.map((amount: string, i: number) => ({
      on: market.after('2026-10-01', 31 * i),
      amount,
    }))
    const seen = await previewed(buyer, flat(total, { acceptBy, payments }))
    expect(seen.violations).toEqual([])
    expect(seen.schedule).toMatchObject({ total: { amount: total }, matches: true })
    expect(seen.schedule.rows).toHaveLength(count)
  })
})
