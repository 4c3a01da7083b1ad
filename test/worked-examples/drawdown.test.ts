import { count, headroom, limitOf } from '../../src/commitments/count.ts'
import { drawdown, reinstated } from '../../src/commitments/drawdown.ts'
import { type FitCharge, offerFit } from '../../src/commitments/fit.ts'
import { capFlag, forecast, paceFlag, shortfall } from '../../src/commitments/forecast.ts'
import { assess } from '../../src/commitments/rules.ts'
import { settle } from '../../src/commitments/statement.ts'
import type { Facts } from '../../src/kernel/facts.ts'
import { parseMoney, subtract, sum } from '../../src/kernel/money.ts'
import { addDays, type Day } from '../../src/kernel/time.ts'
import { purchase, terms, tranche } from '../commitments/sample.ts'
import { text, usd, worked } from './cases.ts'

const wholeCap = { pct: '1', of: 'tranche', max: null } as const
const year = (amount: string, more = {}) => tranche('2026-01-01', '2027-01-01', amount, more)

const saas = (deployed: boolean, partly?: boolean): Facts => ({
  'product.type': 'saas',
  'product.badge': deployed ? 'DEPLOYED_ON_AWS' : 'NONE',
  'product.partlyOnAws': partly,
})
/** Every gate of a MACC open, but for what a case says. */
const macc = (more: Facts = {}): Facts => ({
  'line.boughtInAzurePortal': true,
  'line.subscriptionOnAgreement': true,
  'line.country': 'DE',
  'line.coveredByCredit': false,
  'offer.maccEnrolled': true,
  'offer.deployment': 'exclusively_azure',
  ...more,
})
const google = (more: Facts = {}): Facts => ({
  'product.type': 'saas',
  'product.runsOnGoogleCloud': true,
  'product.ownedByBuyer': false,
  'line.channel': 'direct',
  ...more,
})

/** Counts amounts in the order given, as lines of successive days in one capped year. */
function inOrder(cap: string, amounts: string[]) {
  const lines = amounts.map((amount, i) => ({
    id: String(i),
    invoiceDate: addDays('2026-01-01', i),
    refundOf: null,
    eligible: usd(amount),
    cap: wholeCap,
  }))
  const found = count([terms({ tranches: [year(cap)] })], lines)
  const eligible = found.buckets[0]!.eligible
  const counted = found.buckets[0]!.counted
  return {
    counted: found.lines.map((l) => text(l.counted)),
    cumulativeEligible: text(eligible),
    countedTotal: text(counted),
    uncountedTotal: text(subtract(eligible, counted)),
  }
}

const ledgerOf = (more: Parameters<typeof terms>[0], ...lines: Parameters<typeof purchase>[]) =>
  drawdown(
    [terms(more)],
    lines.map((line) => purchase(...line)),
  )

worked('DD', {
  'DD-01': ({ commitmentAmount, commitmentSigned, capPct, lines }) => {
    const rows = lines.map((l: any, i: number) => [
      String(i),
      l.invoiceDate,
      l.pretax,
      saas(l.deployedOnAws),
    ])
    const ledger = ledgerOf(
      {
        signedAt: commitmentSigned,
        tranches: [tranche('2025-01-01', '2026-01-01', commitmentAmount)],
        cap: { pct: capPct, of: 'tranche', max: null },
      },
      ...rows,
    )
    const bucket = ledger.tranches[0]!.buckets[0]!
    return {
      share: ledger.lines[0]!.share,
      counted: ledger.lines.map((l) => text(l.counted)),
      capRemaining: text(headroom(bucket.limit, bucket.counted)),
    }
  },
  'DD-02': ({ cap, eligibleLines }) => inOrder(cap, eligibleLines),
  'DD-03': ({ cap, eligibleLines }) => {
    const { counted, countedTotal } = inOrder(cap, eligibleLines)
    return { counted, countedTotal }
  },
  'DD-04': ({ commitmentSigned, cases }) => {
    const found = cases.map((c: any) =>
      assess('aws', {
        'commitment.signedAt': commitmentSigned,
        'line.invoiceDate': c.invoiceDate,
        ...saas(c.deployedOnAws, c.partlyOnAws),
      }),
    )
    return {
      ruleIds: found.map((v: any) => v.rule),
      shares: found.map((v: any) => (v.is === 'counts' ? v.share : '0.00')),
    }
  },
  'DD-05': ({ commitmentSigned, pretax }) => {
    const [line] = ledgerOf({ signedAt: commitmentSigned }, ['a', '2026-03-01', pretax]).lines
    return { eligible: text(line!.eligible), ruleId: line!.rule }
  },
  'DD-06': ({ type, pretax }) => {
    const [line] = ledgerOf({}, ['a', '2026-03-01', pretax, { 'product.type': type }]).lines
    return { share: line!.share, eligible: text(line!.eligible), ruleId: line!.rule }
  },
  'DD-07': ({ commitmentBefore, invoice }) => {
    const facts = macc({
      'line.boughtInAzurePortal': invoice.boughtInAzurePortal,
      'offer.maccEnrolled': invoice.offerMaccEnrolled,
      'line.country': invoice.sameCountry ? 'DE' : 'FR',
    })
    const ledger = ledgerOf({ provider: 'azure', tranches: [year(commitmentBefore)] }, [
      'a',
      invoice.issued,
      invoice.pretax,
      facts,
    ])
    const [only] = ledger.tranches
    return {
      eligible: text(ledger.lines[0]!.eligible),
      remaining: text(subtract(only!.tranche.amount, only!.counted)),
    }
  },
  'DD-08': ({ pretax, cases }) => {
    const lines = cases.map((c: any) => {
      const facts = macc({
        'offer.maccEnrolled': c.offerMaccEnrolled ?? true,
        'line.boughtInAzurePortal': c.boughtInAzurePortal ?? true,
        'line.country': c.sameCountry === false ? 'FR' : 'DE',
        'offer.deployment': c.deployment ?? 'exclusively_azure',
        'offer.kind': c.byol ? 'byol' : 'paid',
      })
      const tranches = [tranche(c.maccStart ?? '2026-01-01', '2027-01-01', '50000.00')]
      const day = c.invoiceDate ?? '2026-03-01'
      return ledgerOf({ provider: 'azure', tranches }, ['a', day, pretax, facts]).lines[0]!
    })
    return {
      eligible: lines.map((l: any) => text(l.eligible)),
      reasons: lines.map((l: any) => l.reason),
    }
  },
  'DD-09': ({ originalAmount, events }) => {
    const entries = events.map((e: any) => ({
      day: e.transactionDate,
      charge: usd(e.charges),
      coveredByCredit: false,
      stated: null,
    }))
    return { closedBalances: settle(usd(originalAmount), entries).map((e) => text(e.balance)) }
  },
  'DD-10': ({ macc: amount, prepaymentPurchase, usageCoveredByPrepayment, usageInvoiced }) => {
    const entry = (charge: string, coveredByCredit: boolean) => ({
      day: '2026-01-01' as const,
      charge: usd(`-${charge}`),
      coveredByCredit,
      stated: null,
    })
    const settled = settle(usd(amount), [
      entry(prepaymentPurchase, false),
      entry(usageCoveredByPrepayment, true),
      entry(usageInvoiced, false),
    ])
    return { remaining: text(settled.at(-1)!.balance) }
  },
  'DD-11': ({ commitment, eligible, capPcts }) => ({
    counted: capPcts.map((pct: string | null) => {
      const tranches = [year(commitment)]
      const ledger = ledgerOf(
        { provider: 'gcp', tranches, cap: { pct, of: 'total', max: null } },
        ...eligible.map((amount: string, i: number) => [String(i), '2026-03-01', amount, google()]),
      )
      return text(ledger.tranches[0]!.counted)
    }),
  }),
  'DD-12': ({ cases }) => {
    const facts: Record<string, Facts> = {
      maps: { 'product.type': 'maps' },
      not_running_on_google_cloud: { 'product.runsOnGoogleCloud': false },
      professional_services: { 'product.type': 'professional_services' },
      own_or_affiliate_product: { 'product.ownedByBuyer': true },
      reseller_without_vendor_opt_in: {
        'line.channel': 'reseller',
        'vendor.resaleOptIn': false,
      },
    }
    const shares = cases.map((name: string) => {
      const verdict = assess('gcp', google({ 'line.invoiceDate': '2026-03-01', ...facts[name] }))
      return verdict.is === 'excluded' ? '0.00' : verdict.is
    })
    return { shares }
  },
  'DD-13': ({ annualCommit, capPct, used }) => {
    const only = year(annualCommit)
    const limit = limitOf({ pct: capPct, of: 'tranche', max: null }, only, [only])
    return {
      headroom: used.map((amounts: string[]) =>
        text(headroom(limit, sum('USD', amounts.map(usd)))),
      ),
    }
  },
  'DD-14': ({ commitments }) => {
    const verdict = assess('snowflake', {
      'buyer.mcdEnrolled': true,
      'line.invoiceDate': '2026-03-01',
    })
    const cap = verdict.is === 'counts' ? verdict.cap : null
    return {
      headroom: commitments.map((amount: string) =>
        text(limitOf(cap, year(amount), [year(amount)])),
      ),
    }
  },
  'DD-15': ({ tranches, capPct, eligibleLines }) => {
    const rows = tranches.map((t: any) => tranche(t.start, t.endExclusive, t.amount))
    const ledger = ledgerOf(
      { signedAt: '2024-01-01', tranches: rows, cap: { pct: capPct, of: 'tranche', max: null } },
      ...eligibleLines.map((l: any, i: number) => [String(i), l.invoiceDate, l.amount, saas(true)]),
    )
    return ledger.tranches.map((t) => ({
      start: t.tranche.start,
      cap: text(t.buckets[0]!.limit),
      eligible: text(t.eligible),
      counted: text(t.counted),
      capRemaining: text(headroom(t.buckets[0]!.limit, t.counted)),
    }))
  },
  'DD-16': ({ amount, start, endExclusive, asOf, consumed, method }) => {
    const burn = { method, counted: usd(consumed), days: 181 }
    const found = forecast({
      amount: usd(amount),
      start,
      endExclusive,
      asOf,
      consumed: usd(consumed),
      scheduled: usd('0'),
      burn,
    })
    return {
      termDays: found.termDays,
      elapsedDays: found.elapsedDays,
      dailyRate6: found.dailyRate,
      remaining: text(found.remaining),
      pace4: found.pace,
      projectedAtEnd: text(found.projectedAtEnd),
      projectedShortfall: text(found.projectedShortfall),
      exhaustionDate: found.exhaustionDate,
      flags: [found.flag],
    }
  },
  'DD-17': ({ pace }) => pace.map((p: string) => paceFlag(p)),
  'DD-18': ({ remaining, asOf, window, endExclusive }) => {
    const amount = usd('1200000.00')
    const counted = sum(
      'USD',
      window.map((w: any) => usd(w.counted)),
    )
    const days = window.reduce((n: number, w: any) => n + w.days, 0)
    const found = forecast({
      amount,
      start: '2026-01-01',
      endExclusive,
      asOf,
      consumed: subtract(amount, usd(remaining)),
      scheduled: usd('0'),
      burn: { method: 'trailing', counted, days },
    })
    return {
      dailyRate6: found.dailyRate,
      exhaustionDate: found.exhaustionDate,
      projectedAtEnd: text(found.projectedAtEnd),
      projectedShortfall: text(found.projectedShortfall),
    }
  },
  'DD-19': ({ offerSchedule, share, capPct, tranches }) => {
    const rows = tranches.map((t: any) => ({
      ...tranche(t.start, t.endExclusive, t.amount),
      counted: usd(t.countedMarketplace),
      forecastNative: usd(t.forecastNative),
    }))
    const cap = { pct: capPct, of: 'tranche', max: null } as const
    const rooms = rows.map((t: any) => [t.start, headroom(limitOf(cap, t, rows), t.counted)])
    const charges = offerSchedule.map((c: any) => charged(c.chargeDate, c.amount, share, rows))
    const found = offerFit(charges, rows, new Map(rooms), 'USD')
    return {
      tcv: text(found.tcv),
      byTranche: found.tranches.map((t) => ({
        start: t.start,
        eligible: text(t.eligible),
        capHeadroom: text(t.headroom),
        countable: text(t.countable),
        overCap: text(t.overCap),
        shortfallWithoutOffer: text(t.shortfallWithoutOffer),
        useful: text(t.useful),
      })),
      countable: text(found.countable),
      useful: text(found.useful),
      afterCommitmentEnd: text(found.afterCommitmentEnd),
      fitRatio4: found.fitRatio,
    }
  },
  'DD-20': ({ capHeadroom, schedules }) => {
    const rows = ['2026', '2027'].map((y) => ({
      ...tranche(`${y}-01-01`, `${Number(y) + 1}-01-01`, '2000000.00'),
      counted: usd('0'),
    }))
    const rooms = new Map(rows.map((t, i) => [t.start as string, usd(capHeadroom[i])]))
    const fits = schedules.map((amounts: string[]) => {
      const charges = amounts.map((a, i) => charged(`${2026 + i}-06-01`, a, '1', rows))
      return offerFit(charges, rows, rooms, 'USD')
    })
    return {
      countable: fits.map((f: any) => [
        ...f.tranches.map((t: any) => text(t.countable)),
        text(f.countable),
      ]),
    }
  },
  'DD-21': ({ line, commitmentCurrency, rate, capRemaining }) => {
    const only = { ...year(capRemaining), amount: parseMoney(commitmentCurrency, capRemaining) }
    const stated = {
      from: line.currency,
      on: line.invoiceDate,
      rate: { currency: commitmentCurrency, price: rate },
      source: 'test',
    }
    const sold = purchase('a', line.invoiceDate, '0', saas(true), {
      amount: parseMoney(line.currency, line.amount),
    })
    const ledger = drawdown([terms({ tranches: [only], cap: wholeCap, rates: [stated] })], [sold])
    const [found] = ledger.lines
    return {
      eligible: text(found!.eligible),
      counted: text(found!.counted),
      uncounted: text(subtract(found!.eligible!, found!.counted)),
    }
  },
  'DD-22': ({ tranches, lines }, expected) => {
    const rows = tranches.map((t: any) => tranche(t.start, t.endExclusive, t.cap))
    const sold = lines.map((l: any) =>
      purchase(l.id, l.invoiceDate, l.eligible, saas(true), { refundOf: l.refundOf ?? null }),
    )
    const under = (refunds: 'AT_REFUND_DATE' | 'AT_ORIGINAL_DATE') => {
      const ledger = drawdown([terms({ tranches: rows, cap: wholeCap, refunds })], sold)
      const counted = Object.fromEntries(ledger.lines.map((l) => [l.id, text(l.counted)]))
      const byTranche = ledger.tranches.map((t) => text(t.counted))
      const cumulativeEligible = ledger.tranches.map((t) => text(t.eligible))
      return expected[refunds].cumulativeEligible
        ? { counted, byTranche, cumulativeEligible }
        : { counted, byTranche }
    }
    return {
      AT_REFUND_DATE: under('AT_REFUND_DATE'),
      AT_ORIGINAL_DATE: under('AT_ORIGINAL_DATE'),
    }
  },
  'DD-23': ({ tranche: amount, native, countedMarketplace, carryForwardPct }) => {
    const consumed = sum('USD', [usd(native), usd(countedMarketplace)])
    const carried = shortfall(usd(amount), consumed, carryForwardPct)
    const plain = shortfall(usd(amount), consumed, null)
    return {
      consumed: text(consumed),
      shortfall: text(carried.shortfall),
      carriedForward: text(carried.carriedForward),
      shortfallInvoice: text(carried.invoiced),
      withoutClause: { shortfallInvoice: text(plain.invoiced) },
    }
  },
  'DD-24': ({ capPct, tranche: { start, endExclusive }, amounts, eligibleLines }) => {
    const versions = amounts.map(([validFrom, amount]: [Day, string]) =>
      terms({
        validFrom,
        tranches: [tranche(start, endExclusive, amount)],
        cap: { pct: capPct, of: 'tranche', max: null },
      }),
    )
    const sold = eligibleLines.map(([day, amount]: [string, string], i: number) =>
      purchase(String(i), day, amount, saas(true)),
    )
    const earlier = sold.filter((p: any) => p.invoiceDate <= '2026-05-31')
    const before = drawdown(versions.slice(0, 1), earlier).tranches[0]!
    const after = drawdown(versions, sold).tranches[0]!
    return {
      before: { cap: text(before.buckets[0]!.limit), countedAt2026_05_31: text(before.counted) },
      after: {
        cap: text(after.buckets[0]!.limit),
        countedTotal: text(after.counted),
        reinstated: text(reinstated(versions, sold, amounts[1][0])),
        uncounted: text(subtract(after.eligible, after.counted)),
      },
    }
  },
  'DD-25': ({ cap, counted }) => counted.map((amount: string) => capFlag(usd(cap), usd(amount))),
  'DD-26': ({ commitment, schedule, asOf }) => ({
    remaining: asOf.map((day: string) => {
      const due = schedule.filter(([on]: [string]) => on <= day)
      const ledger = ledgerOf(
        { provider: 'azure', tranches: [year(commitment)] },
        ...due.map(([on, amount]: [string, string], i: number) => [String(i), on, amount, macc()]),
      )
      return text(subtract(usd(commitment), ledger.tranches[0]!.counted))
    }),
  }),
})

/** A charge of an offer as the fit wants it: in one of the tranches, or after them all. */
function charged(on: string, amount: string, share: string, rows: readonly any[]): FitCharge {
  const inside = rows.find((t) => on >= t.start && on < t.endExclusive)
  return {
    on: on as Day,
    amount: usd(amount),
    status: inside ? 'counts' : 'excluded',
    reason: inside ? 'COUNTS' : 'AFTER_COMMITMENT',
    rule: null,
    missing: [],
    share,
    pool: inside?.start ?? '',
  }
}
