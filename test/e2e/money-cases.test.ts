import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMoney, subtract, sum } from '../../src/kernel/money.ts'
import { caseOf, text, usd } from '../worked-examples/cases.ts'
import { inPortal, type Market, openMarket, type Sale } from './money-market.ts'

let market: Market
beforeAll(async () => {
  // After every day that a case looks at: reports and commitments are told now, and looked at as of then.
  market = await openMarket('2028-06-01T09:00:00.000Z')
}, 60_000)
afterAll(() => market?.world.close())

const tranche = (start: string, endExclusive: string, amount: string, more: object = {}) => ({
  start,
  endExclusive,
  amount,
  ...more,
})
const year = (amount: string, more: object = {}) =>
  tranche('2026-01-01', '2027-01-01', amount, more)
const signed = { signedAt: '2020-01-01' }
const whole = { pct: '1', of: 'tranche' } as const
const quarter = { pct: '0.25', of: 'tranche' } as const
const amounts = (ledger: any, part: 'counted' | 'eligible') =>
  ledger.data.map((line: any) => line[part].amount)
const total = (ledger: any, part: 'counted' | 'eligible') =>
  text(sum('USD', amounts(ledger, part).map(usd)))

/** A case of the worked examples by its id, driven through the API and compared with its answer. */
const through = (id: string, run: (input: any) => Promise<unknown>) => {
  const { title, input, expected } = caseOf(id)
  it(`${id}: ${title}`, async () => expect(await run(input)).toEqual(expected))
}

/** Amounts as sales of successive days. */
const inOrder = (prefix: string, values: readonly string[]): Sale[] =>
  values.map((amount, i) => ({
    ref: `${prefix}-${i}`,
    on: market.after('2026-01-01', i),
    amount,
  }))

describe('worked examples of drawdown, through the API', () => {
  const capped = async (prefix: string, { cap, eligibleLines }: any) => {
    const terms = { ...signed, tranches: [year(cap)], cap: whole }
    const { id } = await market.committed(terms, inOrder(prefix, eligibleLines))
    const ledger = await market.drawn(id)
    const counted = total(ledger, 'counted')
    expect(ledger.standing.drawnInAll.amount).toBe(counted)
    return { ledger, counted: amounts(ledger, 'counted'), countedTotal: counted }
  }
  through('DD-02', async (input) => {
    const { ledger, ...found } = await capped('dd02', input)
    const eligible = total(ledger, 'eligible')
    return {
      ...found,
      cumulativeEligible: eligible,
      uncountedTotal: text(subtract(usd(eligible!), usd(found.countedTotal!))),
    }
  })
  through('DD-03', async (input) => {
    const { ledger: _, ...found } = await capped('dd03', input)
    return found
  })

  through('DD-07', async ({ commitmentBefore, invoice }) => {
    const sale = {
      ref: 'dd07',
      on: invoice.issued,
      amount: invoice.pretax,
      facts: { ...inPortal, 'line.boughtInAzurePortal': invoice.boughtInAzurePortal },
    }
    const { id } = await market.committed({ ...signed, tranches: [year(commitmentBefore)] }, [sale])
    const ledger = await market.drawn(id)
    return {
      eligible: ledger.data[0].eligible.amount,
      remaining: ledger.standing.remainingAtMost.amount,
    }
  })

  through('DD-08', async ({ pretax, cases }) => {
    const lines: any[] = []
    for (const [i, gate] of cases.entries()) {
      const start = gate.maccStart ?? '2026-01-01'
      const sale = {
        ref: `dd08-${i}`,
        on: gate.invoiceDate ?? '2026-03-01',
        amount: pretax,
        listing: listingOf(gate),
        facts: {
          ...inPortal,
          'line.boughtInAzurePortal': gate.boughtInAzurePortal ?? true,
          'line.country': gate.sameCountry === false ? 'FR' : 'DE',
        },
      }
      const terms = { ...signed, tranches: [tranche(start, '2027-01-01', '50000.00')] }
      const { id } = await market.committed(terms, [sale])
      lines.push((await market.drawn(id)).data[0])
    }
    return {
      eligible: lines.map((line) => line.eligible.amount),
      reasons: lines.map((line) => line.reason),
    }
  })
  const listingOf = (gate: any) => {
    if (gate.offerMaccEnrolled === false) return 'not-enrolled'
    return gate.byol ? 'byol' : (gate.deployment ?? 'enrolled')
  }

  // Each settled charge of the statement as a line.
  through('DD-09', async ({ originalAmount, events }) => {
    const sales = events.map(({ transactionDate, charges }: any, i: number) => ({
      ref: `dd09-${i}`,
      on: transactionDate,
      amount: charges.replace('-', ''),
    }))
    const terms = { ...signed, tranches: [tranche('2021-01-01', '2022-01-01', originalAmount)] }
    const { id } = await market.committed(terms, sales)
    const closedBalances: string[] = []
    for (const { transactionDate } of events) {
      const { standing } = await market.drawn(id, transactionDate)
      closedBalances.push(standing.remainingAtMost.amount)
    }
    return { closedBalances }
  })

  // Buying prepayment is the buyer's own use of the cloud; what it covers is told by the line.
  through(
    'DD-10',
    async ({ macc, prepaymentPurchase, usageCoveredByPrepayment, usageInvoiced }) => {
      const native = { amount: prepaymentPurchase, asOf: '2026-01-02' }
      const sales = [
        {
          ref: 'dd10-covered',
          on: '2026-02-01',
          amount: usageCoveredByPrepayment,
          facts: { ...inPortal, 'line.coveredByCredit': true },
        },
        { ref: 'dd10-invoiced', on: '2026-02-02', amount: usageInvoiced },
      ]
      const { id } = await market.committed(
        { ...signed, tranches: [year(macc, { native })] },
        sales,
      )
      const { data, standing } = await market.drawn(id)
      expect(data[0].reason).toBe('COVERED_BY_CREDIT')
      return { remaining: standing.remainingAtMost.amount }
    },
  )

  through('DD-15', async ({ tranches, capPct, eligibleLines }) => {
    const sales = eligibleLines.map((line: any, i: number) => ({
      ref: `dd15-${i}`,
      on: line.invoiceDate,
      amount: line.amount,
    }))
    const terms = { ...signed, tranches, cap: { pct: capPct, of: 'tranche' } }
    const { id } = await market.committed(terms, sales)
    const found: object[] = []
    for (const { start, endExclusive } of tranches) {
      const { data, standing } = await market.drawn(id, market.after(endExclusive, -1))
      const [ceiling] = standing.ceilings
      const own = data.filter((line: any) => line.tranche === start)
      found.push({
        start,
        cap: ceiling.limit.amount,
        eligible: total({ data: own }, 'eligible'),
        counted: standing.drawn.amount,
        capRemaining: ceiling.headroomAtMost.amount,
      })
    }
    return found
  })

  through('DD-16', async ({ amount, start, endExclusive, asOf, consumed }) => {
    const native = { amount: consumed, asOf }
    const terms = { ...signed, tranches: [tranche(start, endExclusive, amount, { native })] }
    const { id } = await market.committed(terms)
    const { forecast } = (await market.drawn(id, asOf)).standing
    return {
      termDays: forecast.termDays,
      elapsedDays: forecast.elapsedDays,
      dailyRate6: forecast.dailyRate,
      remaining: forecast.remaining.amount,
      pace4: forecast.pace,
      projectedAtEnd: forecast.projectedAtEnd.amount,
      projectedShortfall: forecast.projectedShortfall.amount,
      exhaustionDate: forecast.exhaustionDate,
      flags: [forecast.flag],
    }
  })

  through('DD-17', async ({ pace }) => {
    const flags: string[] = []
    for (const share of pace) {
      // Half of 100 days gone by: of 20,000.00, a pace of 0.7999 is 7,999.00.
      const native = {
        amount: `${share.replace('.', '').replace(/^0/, '')}.00`,
        asOf: '2026-02-20',
      }
      const terms = {
        ...signed,
        tranches: [tranche('2026-01-01', '2026-04-11', '20000.00', { native })],
      }
      const { id } = await market.committed(terms)
      const { forecast } = (await market.drawn(id, '2026-02-20')).standing
      expect(forecast.pace).toBe(share)
      flags.push(forecast.flag)
    }
    return flags
  })

  // Of the months' use only what it comes to on two days is stated.
  through('DD-18', async ({ remaining, asOf, window, endExclusive }) => {
    const { amount, start } = caseOf('DD-16').input
    const consumed = subtract(usd(amount), usd(remaining))
    const recent = sum(
      'USD',
      window.map((w: any) => usd(w.counted)),
    )
    const days = window.reduce((n: number, w: any) => n + w.days, 0)
    const stated = (native: { amount: string | null; asOf: string }) => ({
      tranches: [tranche(start, endExclusive, amount, { native })],
    })
    const before = { amount: text(subtract(consumed, recent)), asOf: market.after(asOf, -days) }
    const { id } = await market.committed({ ...signed, ...stated(before) })
    expect((await market.drawn(id, asOf)).standing.forecastRecent).toBeNull()
    const after = stated({ amount: text(consumed), asOf })
    await market.amend(id, { effectiveFrom: asOf, ...after })
    const { forecastRecent: found } = (await market.drawn(id, asOf)).standing
    expect(found).toMatchObject({ method: 'trailing', windowDays: days, by: asOf })
    return {
      dailyRate6: found.dailyRate,
      exhaustionDate: found.exhaustionDate,
      projectedAtEnd: found.projectedAtEnd.amount,
      projectedShortfall: found.projectedShortfall.amount,
    }
  })

  through('DD-21', async ({ line, commitmentCurrency, rate, capRemaining }) => {
    const { currency, invoiceDate: on, amount } = line
    const terms = {
      ...signed,
      currency: commitmentCurrency,
      tranches: [year(capRemaining)],
      cap: whole,
      rates: [{ from: currency, on, rate, source: 'our treasury' }],
    }
    const { id } = await market.committed(terms, [{ ref: 'dd21', on, amount, currency }])
    const [found] = (await market.drawn(id)).data
    expect(found.rate).toMatchObject({ rate, source: 'our treasury' })
    const { eligible, counted } = found
    const left = subtract(
      parseMoney(commitmentCurrency, eligible.amount),
      parseMoney(commitmentCurrency, counted.amount),
    )
    return { eligible: eligible.amount, counted: counted.amount, uncounted: text(left) }
  })

  through('DD-22', async ({ tranches, lines }) => {
    const under = async (refunds: 'AT_REFUND_DATE' | 'AT_ORIGINAL_DATE') => {
      const ref = (id: string) => `dd22-${refunds}-${id}`
      const rows = tranches.map((t: any) => tranche(t.start, t.endExclusive, t.cap))
      const sales = lines.map((l: any) => ({
        ref: ref(l.id),
        on: l.invoiceDate,
        amount: l.eligible,
        ...(l.refundOf && { refunds: ref(l.refundOf) }),
      }))
      const terms = { ...signed, tranches: rows, cap: whole, refunds }
      const { id } = await market.committed(terms, sales)
      const ledger = await market.drawn(id)
      const inTranche = (start: string) => ({
        data: ledger.data.filter((line: any) => line.tranche === start),
      })
      return {
        counted: Object.fromEntries(
          ledger.data.map((line: any) => [line.line.split('-').at(-1), line.counted.amount]),
        ),
        byTranche: tranches.map((t: any) => total(inTranche(t.start), 'counted')),
        cumulativeEligible: tranches.map((t: any) => total(inTranche(t.start), 'eligible')),
      }
    }
    const { cumulativeEligible: _, ...original } = await under('AT_ORIGINAL_DATE')
    return { AT_REFUND_DATE: await under('AT_REFUND_DATE'), AT_ORIGINAL_DATE: original }
  })

  through('DD-23', async (input) => {
    const { tranche: amount, native, countedMarketplace, carryForwardPct } = input
    const own = { native: { amount: native, asOf: '2027-01-01' } }
    const at = async (ref: string, shortfall: object) => {
      const terms = { ...signed, tranches: [year(amount, own)], shortfall }
      const sale = { ref, on: '2026-05-01', amount: countedMarketplace }
      const { id } = await market.committed(terms, [sale])
      return (await market.drawn(id, '2027-01-01')).standing.forecast
    }
    const carried = await at('dd23-carried', { policy: 'carry_forward', carryForwardPct })
    const plain = await at('dd23-plain', { policy: 'invoice' })
    return {
      consumed: carried.consumed.amount,
      shortfall: carried.projectedShortfall.amount,
      carriedForward: carried.carriedForward.amount,
      shortfallInvoice: carried.shortfallInvoice.amount,
      withoutClause: { shortfallInvoice: plain.shortfallInvoice.amount },
    }
  })

  through('DD-24', async ({ tranche: term, amounts: steps, eligibleLines }) => {
    const [[, before], [raisedOn, raised]] = steps
    const sales = eligibleLines.map(([on, amount]: [string, string], i: number) => ({
      ref: `dd24-${i}`,
      on,
      amount,
    }))
    const first = [tranche(term.start, term.endExclusive, before)]
    const { id } = await market.committed({ ...signed, tranches: first, cap: quarter }, sales)
    await market.amend(id, {
      effectiveFrom: raisedOn,
      tranches: [tranche(term.start, term.endExclusive, raised)],
    })
    const then = (await market.drawn(id, '2026-05-31')).standing
    const ledger = await market.drawn(id, '2026-12-31')
    const { standing } = ledger
    const left = subtract(usd(total(ledger, 'eligible')!), usd(standing.drawn.amount))
    return {
      before: { cap: then.ceilings[0].limit.amount, countedAt2026_05_31: then.drawn.amount },
      after: {
        cap: standing.ceilings[0].limit.amount,
        countedTotal: standing.drawn.amount,
        reinstated: standing.reinstated.amount,
        uncounted: text(left),
      },
    }
  })

  through('DD-25', async ({ cap, counted }) => {
    const flags: string[] = []
    for (const [i, amount] of counted.entries()) {
      const terms = { ...signed, tranches: [year(cap)], cap: whole }
      const { id } = await market.committed(terms, [{ ref: `dd25-${i}`, on: '2026-02-01', amount }])
      flags.push((await market.drawn(id)).standing.ceilings[0].flag)
    }
    return flags
  })

  through('DD-26', async ({ commitment, schedule, asOf }) => {
    const sales = schedule.map(([on, amount]: [string, string], i: number) => ({
      ref: `dd26-${i}`,
      on,
      amount,
    }))
    const terms = { ...signed, tranches: [year(commitment)] }
    const { id } = await market.committed(terms, sales)
    const remaining: string[] = []
    for (const day of asOf)
      remaining.push((await market.drawn(id, day)).standing.remainingAtMost.amount)
    return { remaining }
  })
})

describe('what a line tells the rules', () => {
  const tranches = [year('50000.00')]
  const sold = { ref: '', on: '2026-03-01', amount: '100.00' }
  const first = async (ref: string, facts: Sale['facts'], stated: object) => {
    const terms = { ...signed, tranches, facts: stated }
    const { id } = await market.committed(terms, [{ ...sold, ref, ...(facts && { facts }) }])
    return (await market.drawn(id)).data[0]
  }

  it('is missing where neither it nor people say it, and never taken as eligible', async () => {
    const { 'line.country': _, ...silent } = inPortal
    expect(await first('silent', silent, {})).toMatchObject({
      status: 'unknown',
      missing: expect.arrayContaining(['line.country']),
      eligible: null,
      counted: { amount: '0.00' },
    })
  })

  it('may be stated for all lines of a commitment', async () => {
    expect(await first('stated', {}, inPortal)).toMatchObject({
      status: 'counts',
      counted: { amount: '100.00' },
    })
  })

  it('goes before what was stated', async () => {
    const told = { 'line.boughtInAzurePortal': false }
    expect(await first('told', told, inPortal)).toMatchObject({
      status: 'excluded',
      reason: 'NOT_BOUGHT_IN_PORTAL',
    })
  })
})
