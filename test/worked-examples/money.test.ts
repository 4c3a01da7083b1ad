import { divide, type Rounding, round, times, total } from '../../src/kernel/decimal.ts'
import {
  charge,
  convert,
  fromJson,
  minorDigits,
  parseMoney,
  post,
  split,
  subtract,
  sum,
  toDecimal,
  toJson,
} from '../../src/kernel/money.ts'
import { addMonths, daysBetween, endAfter } from '../../src/kernel/time.ts'
import { effectiveRate, tolerance } from '../../src/revenue/compare.ts'
import { text, usd, worked } from './cases.ts'

const modes: Record<string, Rounding> = {
  HALF_UP: 'half_away_from_zero',
  HALF_EVEN: 'half_even',
  HALF_CEIL: 'half_up',
  DOWN: 'down',
  FLOOR: 'floor',
}
const each = (expected: any, answer: (mode: Rounding) => unknown) =>
  Object.fromEntries(Object.keys(expected).map((name) => [name, answer(modes[name]!)]))

const rated = ({ quantity, unitPrice, currency }: any, expected: any) => ({
  // Zeros at the end are the printer's, not the number's.
  exact: round(times(unitPrice, quantity), expected.exact.split('.')[1].length),
  amount: text(charge({ currency, price: unitPrice }, quantity)),
})

worked('MR', {
  'MR-01': ({ scale, values }, expected) =>
    each(expected, (mode) => values.map((v: string) => round(v, scale, mode))),
  'MR-02': rated,
  'MR-03': rated,
  'MR-04': ({ values }, expected) =>
    each(expected, (mode) =>
      values.map(([currency, v]: [string, string]) => round(v, minorDigits(currency), mode)),
    ),
  'MR-05': ({ cases, currency }) =>
    cases.map(([amount, weights]: [string, number[]]) =>
      split(parseMoney(currency, amount), weights.map(BigInt)).map(toDecimal),
    ),
  'MR-06': ({ lines, lineExact, currency }) => {
    const parts = Array.from({ length: lines }, () => lineExact)
    const summed = post(currency, total(parts))
    const rounded = sum(
      currency,
      parts.map((p) => post(currency, p)),
    )
    return {
      sumThenRound: text(summed),
      roundThenSum: text(rounded),
      difference: text(subtract(rounded, summed)),
      tolerance: text(tolerance(currency, lines)),
    }
  },
  'MR-07': ({ grossRevenue, listingFee }) => ({
    exact: effectiveRate(listingFee, grossRevenue, 10),
    truncated4: effectiveRate(listingFee, grossRevenue, 4, 'down'),
    halfUp4: effectiveRate(listingFee, grossRevenue, 4),
  }),
  'MR-08': ({ amount, from, to, rate }) => ({
    amount: text(convert(parseMoney(from, amount), { currency: to, price: rate })),
    inverseRate10: divide('1', rate, 10),
  }),
  'MR-09': ({ amount, from, to, rate }) => ({
    exact: times(amount, rate),
    amount: text(convert(parseMoney(from, amount), { currency: to, price: rate })),
  }),
  'MR-10': ({ amounts, from, to, rate }) => {
    const there = amounts.map((a: string) =>
      convert(parseMoney(from, a), { currency: to, price: rate }),
    )
    const inverse = { currency: from, price: divide('1', rate, 12) }
    return { there: there.map(toDecimal), back: there.map((m: any) => text(convert(m, inverse))) }
  },
  'MR-11': ({ events, currency }) => ({
    perEvent: text(
      sum(
        currency,
        events.map((e: string) => post(currency, e)),
      ),
    ),
    perLine: text(post(currency, total(events))),
  }),
  'MR-12': ({ decimal }) => ({
    string: text(fromJson(JSON.parse(JSON.stringify(toJson(usd(decimal)))))),
    afterJsNumber: BigInt(Number(decimal)).toString(),
  }),
})

worked('DT', {
  'DT-01': ({ anchor, n }) => n.map((months: number) => addMonths(anchor, months)),
  'DT-02': ({ terms }) => terms.map(([start, end]: any) => daysBetween(start, end)),
  'DT-03': ({ awsAgreementEndDate, maccEndAt }) => ({
    awsEndExclusive: endAfter(awsAgreementEndDate),
    maccEndExclusive: endAfter(maccEndAt),
  }),
})
