import type { Facts } from '../../src/kernel/facts.ts'
import { parseMoney, subtract, sum, toDecimal } from '../../src/kernel/money.ts'
import { daysBetween } from '../../src/kernel/time.ts'
import {
  committedRevenue,
  contractValues,
  netToVendor,
  resellerSplit,
  uplift,
  usageRunRate,
} from '../../src/offers/economics.ts'
import { exchangeBasis, feeOn, feeRate } from '../../src/offers/fees.ts'
import { instalments, type ScheduleTraits, scheduleFaults } from '../../src/offers/instalments.ts'
import { text, usd, worked } from './cases.ts'

/** The fee for one sale, with the facts a case leaves unsaid because they are the usual ones. */
function sale(provider: string, tcv: string, facts: Facts) {
  const found = feeRate({ provider, facts: { 'product.type': 'saas', ...facts }, tcv: usd(tcv) })
  if (found.is === 'unknown') throw new Error(found.reason)
  const { fee, net } = feeOn(usd(tcv), found.rate)
  return { rate: Number(found.rate), fee: text(fee), net: text(net), rules: found.rules }
}
const rates = (sales: ReturnType<typeof sale>[], expected: any) => ({
  // "Compare rates by value (0.020 = 0.02)"
  rate: sales.map(({ rate }, i) => (rate === Number(expected.rate[i]) ? expected.rate[i] : rate)),
  fee: sales.map(({ fee }) => fee),
})

const scheduleTraits: Record<string, ScheduleTraits> = {
  aws: { paymentsMax: 60, uniqueDates: true, pricingRefused: [], frequencies: {} },
  azure: { paymentsMax: 70, uniqueDates: true, pricingRefused: ['per_user'], frequencies: {} },
  gcp: {
    paymentsMax: 60,
    uniqueDates: true,
    pricingRefused: [],
    frequencies: { BR: ['monthly'] },
  },
}
const schedule = {
  total: usd('0'),
  charges: [],
  bounds: null,
  pricing: null,
  country: null,
  frequency: null,
}
const dated = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    on: `20${String(30 + Math.floor(i / 12))}-${String((i % 12) + 1).padStart(2, '0')}-01` as const,
    amount: usd('0'),
  })) as any

worked('OE', {
  'OE-01': ({ provider, offer, tcv, renewal, at }, expected) => {
    const facts = {
      'offer.visibility': offer,
      'offer.renewal': renewal,
      'agreement.acceptedAt': at,
    }
    const sales = tcv.map((value: string) => sale(provider, value, facts))
    return { ...rates(sales, expected), net: sales.map((s: any) => s.net) }
  },
  'OE-02': ({ provider, at, cases }, expected) =>
    rates(
      cases.map((c: any) =>
        sale(provider, c.amount, {
          'agreement.acceptedAt': at,
          'offer.visibility': c.offer,
          'offer.renewal': c.renewal ?? false,
          'offer.channel': c.cppo ? 'cppo' : 'direct',
          'product.type': c.type ?? 'saas',
          'product.deployment': c.deployment === 'server' ? 'ami' : c.deployment,
        }),
      ),
      expected,
    ),
  'OE-03': ({ provider, amount, cases }, expected) =>
    rates(
      cases.map((c: any) =>
        sale(provider, amount, {
          'offer.transactable': true,
          'offer.visibility': 'private',
          'offer.renewalAttested': c.renewalAttested,
          'offer.createdAt': c.offerCreated,
          'order.createdAt': c.offerCreated,
        }),
      ),
      expected,
    ),
  'OE-04': ({ provider, tcv, dealType, at }, expected) =>
    rates(
      tcv.map((value: string) =>
        sale(provider, value, {
          'offer.visibility': 'private',
          'offer.dealType': dealType,
          'offer.publishedAt': at,
        }),
      ),
      expected,
    ),
  'OE-05': ({ provider, amount, cases }, expected) => {
    const sales = cases.map((c: any) =>
      sale(provider, amount, {
        'offer.visibility': 'private',
        'offer.dealType': c.autoRenewal ? 'native_renewal' : 'new',
        'term.startedAt': c.autoRenewal ?? c.termStart,
        'offer.publishedAt': c.autoRenewal ?? c.termStart,
        'charge.date': c.autoRenewal ?? c.charge,
      }),
    )
    return { ...rates(sales, expected), ruleIds: sales.flatMap((s: any) => s.rules) }
  },
  'OE-06': ({ wholesale, buyerPrice, listingFeeRate, feeBase, feePayer }) => {
    const deal = { wholesale: usd(wholesale), buyerPrice: usd(buyerPrice), feeRate: listingFeeRate }
    const found = resellerSplit({ ...deal, feeBase, feePayer })
    return {
      resellerMargin: text(found.resellerMargin),
      marginPct4: found.marginShare,
      markupPct4: found.markupShare,
      fee: text(found.fee),
      isvNet: text(found.isvNet),
    }
  },
  'OE-07': ({
    gross,
    feeRate: rate,
    feeTaxRate,
    withholdingRate,
    withholdingBase,
    sellerRemittedTax,
  }) => {
    const taxToRemit = usd(sellerRemittedTax)
    const terms = { feeRate: rate, feeTaxRate, withholdingRate, withholdingBase, taxToRemit }
    const found = netToVendor(usd(gross), terms)
    return {
      fee: text(found.fee),
      feeTax: text(found.feeTax),
      withholding: text(found.withholding),
      netRevenueCash: text(found.net),
      disbursed: text(found.disbursed),
      taxLiability: text(subtract(found.disbursed, found.net)),
    }
  },
  'OE-08': ({ recurring, oneOff, termMonths }) => {
    const { tcv, acv, arr, mrr } = contractValues(usd(recurring), usd(oneOff), {
      months: termMonths,
    })
    return { tcv: text(tcv), acv: text(acv), arr: text(arr), mrr: text(mrr) }
  },
  'OE-09': ({ recurring, start, endExclusive }) => {
    const { acv, mrr } = contractValues(usd(recurring), usd('0'), { start, endExclusive })
    return { termDays: daysBetween(start, endExclusive), acv: text(acv), mrr: text(mrr) }
  },
  'OE-10': ({ asOf, contracts, horizon }) => {
    const rows = contracts.map((c: any) => ({
      mrr: usd(c.mrr),
      start: c.start,
      endExclusive: c.endExclusive,
      signed: c.signed ?? null,
      notice: c.nonRenewalNotice ?? null,
    }))
    const found = committedRevenue('USD', rows, { asOf, horizon })
    return Object.fromEntries(Object.entries(found).map(([name, amount]) => [name, text(amount)]))
  },
  'OE-11': ({ months }) => ({ runRate: text(usageRunRate('USD', months.map(usd))) }),
  'OE-12': ({ total, initial, n, currency }) => {
    const [first, ...rest] = instalments(
      parseMoney(currency, total),
      parseMoney(currency, initial),
      n,
    )
    return { initial: text(first ?? null), rest: rest.map(toDecimal) }
  },
  'OE-13': ({ charges }) => {
    const amounts = charges.map(usd)
    const rows = dated(charges.length).map((c: any, i: number) => ({ ...c, amount: amounts[i] }))
    const total = sum('USD', amounts)
    const faults = scheduleFaults({ ...schedule, total, charges: rows }, scheduleTraits.azure!)
    return { total: text(total), count: faults.length === 0 ? rows.length : faults }
  },
  'OE-14': ({ year1, uplift: rate, years }) => {
    const prices = uplift(usd(year1), rate, { years, from: 'rounded' })
    return { years: prices.map(toDecimal), tcv: text(sum('USD', prices)) }
  },
  'OE-15': ({ year1, uplift: rate }) => {
    const rounded = uplift(usd(year1), rate, { years: 3, from: 'rounded' }).map(toDecimal)
    const exact = uplift(usd(year1), rate, { years: 3, from: 'exact' }).map(toDecimal)
    return { year2: rounded[1], year3FromRounded: rounded[2], year3FromExact: exact[2] }
  },
  'OE-16': ({ provider, tcv, signed, endDate, charges }) => {
    const rows = charges.map((c: any) => ({ on: c.date, amount: usd(c.amount) }))
    const asked = {
      ...schedule,
      total: usd(tcv),
      charges: rows,
      bounds: { first: signed, last: endDate },
    }
    const faults = scheduleFaults(asked, scheduleTraits[provider]!)
    return { errors: faults.map((f) => `${f.code}:${f.about}`) }
  },
  'OE-17': ({ cases }) =>
    cases.map((c: any) => {
      const charges = dated(c.payments ?? 2)
      if (c.duplicateDate) charges[1].on = charges[0].on
      const asked = {
        ...schedule,
        charges,
        pricing: c.pricing ?? null,
        country: c.billingCountry ?? null,
        frequency: c.frequency ?? null,
      }
      const faults = scheduleFaults(asked, scheduleTraits[c.provider]!)
      return faults.map((f) => f.code).join(' ') || 'OK'
    }),
  'OE-18': ({ cases }) => {
    const facts: Record<string, Facts> = {
      contract: { 'charge.part': 'committed' },
      'contract_with_consumption:contract_part': { 'charge.part': 'committed' },
      'contract_with_consumption:usage_part': { 'charge.part': 'usage' },
      payg: { 'charge.part': 'usage' },
      usd_offer_paid_in_other_currency: { 'offer.settledInOtherCurrency': true },
    }
    return cases.map((name: string) =>
      exchangeBasis('aws', { 'offer.settledInOtherCurrency': false, ...facts[name] }),
    )
  },
})
