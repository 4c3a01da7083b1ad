import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { available, drawnOf } from '../../src/contracts/grants.ts'
import {
  advance,
  amend,
  type Book,
  billable,
  close,
  open,
  post,
} from '../../src/contracts/model.ts'
import {
  compare,
  type Decimal,
  isNegative,
  minus,
  negate,
  plus,
  times,
  total,
} from '../../src/kernel/decimal.ts'
import {
  addsUp,
  agree,
  anyPrice,
  balances,
  caseTimeMs,
  check,
  decimal,
  held,
  later,
  quantity,
  steps,
  walk,
  year,
  yearly,
} from '../contracts/arbitrary.ts'
import { drawnIn, play, terms, type Use } from '../contracts/sample.ts'

const drawnFrom = ({ lots }: Book): Decimal => total(lots.map(drawnOf))

vi.setConfig({ testTimeout: caseTimeMs })

describe('a book', () => {
  it('never draws more than was granted, and loses no money to time', () => {
    check(
      fc.property(year, steps, (made, all) => {
        const book = advance(
          walk(open(yearly(made)), all, (_, after) => after.lots.forEach(addsUp)),
          '2029-01-01T00:00:00.000Z',
        ).book
        book.lots.forEach(addsUp)
        expect(total(book.lots.map(({ rolled }) => rolled))).toBe(
          total(book.lots.filter(({ kind }) => kind === 'rollover').map(({ granted }) => granted)),
        )
        expect(book.lots.every(({ hasEnded }) => hasEnded)).toBe(true)
        expect(book.isOver).toBe(true)
      }),
    )
  })

  it('finds the worth of every use in what it draws and charges', () => {
    check(
      fc.property(year, steps, (made, all) => {
        const book = walk(open(yearly({ ...made, list: null })), all, (before, after, one) => {
          agree(plus(drawnIn(one), one.charge), one.committed, 'drawn and charged')
          agree(minus(billable(after), billable(before)), one.charge, 'owed')
          const drawn = minus(drawnFrom(after), drawnFrom(before))
          agree(drawn, drawnIn(one), 'drawn')
        })
        expect(isNegative(book.trueUps)).toBe(false)
      }),
    )
  })

  it('is as it was opened when everything is taken back before anything ends', () => {
    check(
      fc.property(
        fc.array(anyPrice, { minLength: 1, maxLength: 3 }),
        fc.option(anyPrice, { nil: null }),
        fc.array(fc.tuple(fc.nat(2), quantity), { maxLength: 10 }),
        balances,
        fc.boolean(),
        decimal(300, 1),
        (prices, list, uses, has, inParts, included) => {
          const rates = prices.map((price, i) => ({
            dimension: `d${i}`,
            price,
            included,
            period: 'month',
          }))
          const overage = list
            ? { at: 'list', rates: rates.map(({ dimension }) => ({ dimension, price: list })) }
            : { at: 'committed', multiplier: '1.15' }
          const opened = open(terms({ ...held(has), rates, overage }))
          // Into a second month, so that what is taken back reaches over a period's end.
          const used = uses.map(
            ([d, amount], i): Use => [
              `2026-0${i < 5 ? 1 : 2}-0${(i % 5) + 1}`,
              amount,
              `d${d % prices.length}`,
            ],
          )
          const back = inParts
            ? used.toReversed().map(([, amount, d = '']): Use => ['2026-02-08', negate(amount), d])
            : prices.map(
                (_, i): Use => [
                  '2026-02-08',
                  negate(total(used.flatMap(([, amount, d]) => (d === `d${i}` ? [amount] : [])))),
                  `d${i}`,
                ],
              )
          const { book } = play(opened, [...used, ...back])
          expect(book.lots).toEqual(opened.lots)
          expect(billable(book)).toBe('0')
          expect(book.dimensions.every(({ owed }) => owed === '0')).toBe(true)
          expect(
            book.dimensions.flatMap(({ frames }) =>
              frames.flatMap(({ spans, runs }) => [...spans, ...runs]),
            ),
          ).toEqual([])
        },
      ),
    )
  })

  it('sets usage off that was taken back before it came', () => {
    check(
      fc.property(year, quantity, (made, amount) => {
        const opened = open(yearly(made))
        const day = opened.at.slice(0, 13)
        const { book, ratings } = play(opened, [
          [day, negate(amount), 'd0'],
          [day, amount, 'd0'],
        ])
        expect(book.lots).toEqual(opened.lots)
        expect(ratings.map(({ charge }) => charge)).toEqual(['0', '0'])
        expect(ratings[1]?.setOff).toBe(amount)
      }),
    )
  })

  it('is the same whether time goes by in steps or at once, in memory or as JSON', () => {
    check(
      fc.property(
        year,
        steps,
        fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 8 }),
        (made, all, hours) => {
          const used = walk(open(yearly(made)), all, () => {})
          const end = later(
            used,
            total(hours.map(String)) === '0' ? 0 : hours.reduce((a, b) => a + b, 0),
          )
          let stepped = JSON.parse(JSON.stringify(used)) as Book
          const postings = hours.flatMap((more) => {
            const done = advance(stepped, later(stepped, more))
            stepped = JSON.parse(JSON.stringify(done.book)) as Book
            return done.postings
          })
          const once = advance(used, end)
          expect(stepped).toEqual(JSON.parse(JSON.stringify(once.book)))
          expect(postings).toEqual(once.postings)
        },
      ),
    )
  })

  it('posts all that is owed, but for less than a trillionth of a unit', () => {
    check(
      fc.property(year, steps, fc.constantFrom('0.01', '0.03', '1', '7'), (made, all, unit) => {
        const first = { ...yearly(made), bills: { dimension: 'cents', unit } }
        const last = walk(open(first), all, () => {})
        const done = post(last)
        const rest = minus(billable(last), times(done.book.posted, unit))
        expect(
          compare(isNegative(rest) ? negate(rest) : rest, times(unit, '0.000000000001')) < 0,
        ).toBe(true)
        expect(post(done.book).quantity).toBe('0')
      }),
    )
  })

  it('keeps what was rated when terms change, and unwinds it at the prices it was rated by', () => {
    check(
      fc.property(year, year, steps, steps, fc.nat(3000), (one, two, before, after, hours) => {
        const opened = open(yearly(one))
        const used = walk(opened, before, () => {})
        const other = yearly({
          ...two,
          start: one.start,
          prices: one.prices.map((price, i) => two.prices[i] ?? price),
        })
        const planned = amend(used, other, later(used, hours))
        const ended = walk(planned, after, (was, is, rating) => {
          is.lots.forEach(addsUp)
          agree(minus(billable(is), billable(was)), rating.charge, 'owed')
          if (was.terms.overage.at === 'committed' && used.terms.overage.at === 'committed')
            agree(plus(drawnIn(rating), rating.charge), rating.committed, 'drawn and charged')
        })
        const changed = advance(planned, later(used, hours)).book
        expect(drawnFrom(changed)).toBe(drawnFrom(used))
        expect([changed.overage, changed.credited]).toEqual([used.overage, used.credited])
        const over = close(ended, ended.at).book
        over.lots.forEach(addsUp)
        expect(available(over.lots, over.at)).toBe('0')
      }),
    )
  })
})
