import { describe, expect, it } from 'vitest'
import { drawnOf } from '../../src/contracts/grants.ts'
import {
  advance,
  amend,
  type Book,
  billable,
  everRated,
  nextAt,
  open,
  post,
  prices,
  rate,
} from '../../src/contracts/model.ts'
import { periodAt } from '../../src/contracts/period.ts'
import { at, drawnIn, flat, hour, leftOf, play, terms } from './sample.ts'

const owed = (book: Book) => billable(book)
const lotOf = ({ lots }: Book, id: string) => lots.find((one) => one.id === id)
const listed = { at: 'list', rates: [{ dimension: 'units', price: { model: 'flat', rate: '3' } }] }

describe('within an hour', () => {
  it('included units come first, then the balance, then overage', () => {
    const book = open(
      terms({
        rates: [flat('units', '2.00', { included: '100' })],
        overage: { at: 'committed', multiplier: '1.5' },
      }),
    )
    const { ratings } = play(book, [['2026-02-01T05', '700']])
    expect(ratings).toEqual([
      {
        dimension: 'units',
        quantity: '700',
        setOff: '0',
        included: '100',
        committed: '1200',
        drawn: [{ lot: 'commit:2026-01-01', amount: '1000' }],
        credited: '0',
        overage: { units: null, amount: '300' },
        charge: '300',
      },
    ])
  })

  it('at list prices the balance covers units cut to 12 decimals, and keeps the rest', () => {
    const rates = [flat('units', '0.03')]
    const book = open(
      terms({ rates, overage: listed, commit: { amount: '1.00', unused: 'forfeit' } }),
    )
    const { book: after, ratings } = play(book, [['2026-02-01', '40']])
    expect(ratings[0]).toMatchObject({
      committed: '0.99999999999999',
      overage: { units: '6.666666666667', amount: '20.000000000001' },
    })
    expect(leftOf(after)).toBe('0.00000000000001')
    expect(play(after, [['2026-02-01', '1']]).ratings[0]?.charge).toBe('3')
  })

  it('a day’s grant is there from its first hour and gone with its last', () => {
    const grants = [
      { id: 'day', amount: '50.00', priority: 0, from: '2026-02-01', until: '2026-02-02' },
    ]
    const uses = ['2026-01-31T23', '2026-02-01', '2026-02-01T23', '2026-02-02'].map(
      (when) => [when, '10'] as const,
    )
    const { ratings, book } = play(open(terms({ commit: null, grants })), uses)
    expect(ratings.map(({ charge }) => charge)).toEqual(['10', '0', '0', '10'])
    expect(lotOf(book, 'day')).toMatchObject({ forfeited: '30', left: '0', hasEnded: true })
  })

  it('an hour that the book has passed counts as of where the book is', () => {
    const monthly = terms({ commit: null, rates: [flat('units', '1', { included: '5' })] })
    const { ratings } = play(open(monthly), [
      ['2026-02-10', '5'],
      ['2026-03-10', '2'],
    ])
    const { book } = play(open(monthly), [['2026-03-10', '2']])
    const late = rate(book, { dimension: 'units', hour: hour('2026-02-28T23'), quantity: '5' })
    expect(late.rating).toMatchObject({ included: '3', charge: '2' })
    expect(late.book.at).toBe(at('2026-03-10'))
    expect(ratings.map(({ charge }) => charge)).toEqual(['0', '0'])
  })

  it('nothing is rated while time has something to do, nor what has no price', () => {
    const book = open(terms())
    const inFebruary = { dimension: 'units', hour: hour('2027-02-01'), quantity: '1' }
    expect(() => rate(book, inFebruary)).toThrow('the book has to come to 2027-01-01T00:00:00.000Z')
    const atTheEnd = { ...inFebruary, hour: hour('2027-01-01') }
    expect(() => rate(book, atTheEnd)).toThrow('has to come to')
    const other = { dimension: 'other', hour: hour('2026-02-01'), quantity: '1' }
    expect(() => rate(book, other)).toThrow('the contract does not price other')
    expect(prices(book, 'other', hour('2026-02-01'))).toBe(false)
  })
})

describe('what is taken back', () => {
  it('unwinds overage first, then what was drawn', () => {
    const overage = { at: 'committed', multiplier: '2' }
    const { ratings, book } = play(open(terms({ overage })), [
      ['2026-02-01', '1200'],
      ['2026-02-02', '-300'],
    ])
    expect(ratings[1]).toMatchObject({ charge: '-400', committed: '-300', credited: '0' })
    expect(ratings[1] && drawnIn(ratings[1])).toBe('-100')
    expect([owed(book), leftOf(book)]).toEqual(['0', '100'])
  })

  it('goes back over months at the prices each was rated by', () => {
    const price = {
      model: 'graduated',
      tiers: [
        { upTo: '10', rate: '2' },
        { upTo: null, rate: '1' },
      ],
    }
    const rates = [{ dimension: 'units', price, period: 'month', included: '5' }]
    const { ratings, book } = play(open(terms({ commit: null, rates })), [
      ['2026-01-31T23', '20'],
      ['2026-02-01', '7'],
      ['2026-02-01T01', '-10'],
      ['2026-02-01T02', '-17'],
    ])
    expect(ratings.map(({ included, charge }) => [included, charge])).toEqual([
      ['5', '25'],
      ['5', '4'],
      ['-5', '-7'],
      ['-5', '-22'],
    ])
    expect(owed(book)).toBe('0')
  })

  it('is a credit where it was drawn on what is over', () => {
    const grants = [
      { id: 'g', amount: '60.00', priority: 0, from: '2026-01-01', until: '2026-02-01' },
    ]
    const { ratings, book } = play(open(terms({ grants })), [
      ['2026-01-10', '100'],
      ['2026-02-10', '-70'],
    ])
    expect(ratings[1]).toMatchObject({
      credited: '30',
      charge: '-30',
      drawn: [{ lot: 'commit:2026-01-01', amount: '-40' }],
    })
    expect([owed(book), book.credited]).toEqual(['-30', '30'])
    expect(post(book).quantity).toBe('-3000')
  })

  it('waits for usage of the same dimension when there was none', () => {
    const { ratings, book } = play(open(terms()), [
      ['2026-01-10', '-5'],
      ['2026-03-01', '3'],
      ['2026-04-01', '4'],
    ])
    expect(ratings.map(({ setOff, committed }) => [setOff, committed])).toEqual([
      ['-5', '0'],
      ['3', '0'],
      ['2', '2'],
    ])
    expect(leftOf(book)).toBe('998')
  })

  it('reaches back sixty periods, and is set off beyond them', () => {
    const long = terms({ start: '2020-01-01', end: null, commit: null })
    const uses = Array.from({ length: 62 }, (_, i) => {
      const month = String((i % 12) + 1).padStart(2, '0')
      return [`${2020 + Math.floor(i / 12)}-${month}-01`, '1'] as const
    })
    const { book, ratings } = play(open(long), [...uses, ['2025-03-01', '-62']])
    expect(ratings.at(-1)).toMatchObject({ charge: '-60', setOff: '-2' })
    expect(owed(book)).toBe('2')
  })
})

describe('time', () => {
  const releases = [
    { on: '2026-01-01', amount: '600.00' },
    { on: '2026-07-01', amount: '400.00' },
  ]

  it('rolls over what a release leaves, within its limits, with an end of its own', () => {
    const rollover = { percent: '50', expiresAfterMonths: 1, cap: '250.00' }
    const commit = { amount: '1000.00', releases, unused: 'rollover', rollover }
    const { book } = play(open(terms({ commit })), [['2026-02-01', '100']], '2026-07-01')
    expect(lotOf(book, 'commit:2026-01-01')).toMatchObject({ forfeited: '250', rolled: '250.00' })
    expect(lotOf(book, 'rollover:2026-01-01')).toMatchObject({
      left: '250.00',
      until: at('2026-08-01'),
    })
    const { ratings, book: after } = play(book, [['2026-07-02', '300']], '2026-08-01')
    expect(ratings[0]?.drawn.map(({ lot, amount }) => [lot, amount])).toEqual([
      ['rollover:2026-01-01', '250'],
      ['commit:2026-07-01', '50'],
    ])
    expect(leftOf(after)).toBe('350')
  })

  it('leaves what rolls over without limit until the contract ends', () => {
    const commit = { amount: '1000.00', releases, unused: 'rollover' }
    const { book } = play(open(terms({ commit })), [], '2026-12-31T23')
    expect(leftOf(book)).toBe('1000')
    expect(leftOf(advance(book, at('2027-01-01')).book)).toBe('0')
  })

  it('says when it does something next', () => {
    const minimums = [{ period: 'month', amount: '10.00', prorate: true }]
    expect(nextAt(open(terms()))).toBe(at('2027-01-01'))
    expect(nextAt(open(terms({ minimums })))).toBe(at('2026-02-01'))
    expect(nextAt(open(terms({ end: null, commit: null })))).toBeNull()
    expect(nextAt(amend(open(terms()), terms(), at('2026-05-05T05')))).toBe(at('2026-05-05T05'))
    expect(nextAt(advance(open(terms()), at('2028-01-01')).book)).toBeNull()
  })

  it('after the end only overage and what rolled over are left', () => {
    const rollover = { percent: '100', expiresAfterMonths: 1 }
    const commit = { amount: '10.00', unused: 'rollover', rollover }
    const rates = [flat('units', '1', { included: '5' })]
    const { book, ratings } = play(open(terms({ commit, rates })), [
      ['2027-01-10', '12'],
      ['2027-02-10', '7'],
    ])
    expect(ratings.map(({ included, charge }) => [included, charge])).toEqual([
      ['0', '2'],
      ['0', '7'],
    ])
    expect(book.isOver).toBe(true)
  })

  it('does nothing when it is asked to go back', () => {
    const { book } = play(open(terms()), [['2026-05-01', '1']])
    expect(advance(book, at('2026-01-01')).book).toEqual(book)
  })
})

describe('a contract that is priced from later on', () => {
  it('has lost what ended before, and owes no minimum for it', () => {
    const minimums = [
      { period: 'month', amount: '31.00', prorate: true },
      { period: 'year', amount: '365.00', prorate: true },
    ]
    const commit = {
      amount: '300.00',
      releases: [
        { on: '2026-01-01', amount: '100.00' },
        { on: '2026-04-01', amount: '200.00' },
      ],
      unused: 'forfeit',
    }
    const book = open(terms({ commit, minimums }), at('2026-05-11'))
    expect([leftOf(book), owed(book), book.posted]).toEqual(['200', '0', '0'])
    expect(book.minimums.map(({ minimum }) => minimum)).toEqual(['21.00', '235.00'])
    expect(prices(book, 'units', hour('2026-05-10T23'))).toBe(false)
    expect(prices(book, 'units', hour('2026-05-11'))).toBe(true)
  })
})

describe('periods', () => {
  it('of months from the first day begin on it, or on the last day of a shorter month', () => {
    const term = { start: '2026-01-31', periods: 'anniversary', end: null } as const
    const starts = ['2026-02-15', '2026-02-28', '2026-03-30', '2026-03-31', '2026-04-29'].map(
      (day) => periodAt(term, 'month', at(day)).start.slice(0, 10),
    )
    expect(starts).toEqual(['2026-01-31', '2026-02-28', '2026-02-28', '2026-03-31', '2026-03-31'])
    const calendar = { ...term, start: '2026-02-10', periods: 'calendar' } as const
    expect(periodAt(calendar, 'quarter', at('2026-03-01'))).toEqual({
      start: at('2026-02-10'),
      end: at('2026-04-01'),
      days: 90,
    })
  })
})

describe('posting', () => {
  it('is what is owed in units, cut, less what was posted', () => {
    const bills = { dimension: 'thirds', unit: '0.03' }
    const one = play(open(terms({ commit: null, bills })), [['2026-01-01', '1']]).book
    const first = post(one)
    expect(first.quantity).toBe('33.333333333333')
    expect(post(first.book).quantity).toBe('0')
    const two = play(first.book, [['2026-01-02', '2']]).book
    expect(post(two).quantity).toBe('66.666666666667')
  })
})

describe('an amendment', () => {
  const more = terms({ commit: { amount: '1500.00', unused: 'forfeit' } })

  it('adds what a raised commit has more', () => {
    const { book } = play(open(terms()), [['2026-02-01', '900']])
    const after = amend(book, more, book.at)
    expect([leftOf(after), drawnOf(after.lots[0]!)]).toEqual(['600', '900'])
  })

  it('takes away what a lowered commit has less, as far as it is there', () => {
    const less = terms({ commit: { amount: '200.00', unused: 'forfeit' } })
    const { book } = play(open(terms()), [['2026-02-01', '900']])
    expect(leftOf(amend(book, less, book.at))).toBe('0')
    expect(drawnOf(amend(book, less, book.at).lots[0]!)).toBe('900')
    expect(leftOf(amend(open(terms()), less, at('2026-01-01')))).toBe('200')
    expect(leftOf(amend(open(terms()), terms({ commit: null }), at('2026-01-01')))).toBe('0')
  })

  it('gives a commit where there was none', () => {
    const { book } = play(open(terms({ commit: null })), [['2026-02-01', '10']])
    expect(leftOf(amend(book, more, book.at))).toBe('1500')
  })

  it('changes grants that go on, ends those it leaves out, and adds new ones', () => {
    const grant = (id: string, amount: string) => ({
      id,
      amount,
      priority: 1,
      from: '2026-01-01',
      until: null,
    })
    const before = open(terms({ commit: null, grants: [grant('a', '10.00'), grant('b', '20.00')] }))
    const { book } = play(before, [['2026-02-01', '4']])
    const next = terms({ commit: null, grants: [grant('a', '15.00'), grant('c', '7.00')] })
    const after = advance(amend(book, next, book.at), book.at).book
    expect(after.lots.map(({ id, left, hasEnded }) => [id, left, hasEnded])).toEqual([
      ['a', '11', false],
      ['b', '0', true],
      ['c', '7.00', false],
    ])
  })

  it('waits for its hour, and a newer word for an earlier one replaces it', () => {
    const dearer = terms({ commit: null, rates: [flat('units', '5')] })
    const cheaper = terms({ commit: null, rates: [flat('units', '0.5')] })
    const book = amend(open(terms({ commit: null })), dearer, at('2026-03-01'))
    const uses = [
      ['2026-02-28T23', '1'],
      ['2026-03-01', '1'],
      ['2026-04-01', '1'],
    ] as const
    const charged = (from: Book) => play(from, uses).ratings.map(({ charge }) => charge)
    expect(charged(book)).toEqual(['1', '5', '5'])
    expect(charged(amend(book, cheaper, at('2026-02-01')))).toEqual(['0.5', '0.5', '0.5'])
    expect(charged(amend(book, cheaper, at('2026-04-01')))).toEqual(['1', '5', '0.5'])
    expect(everRated(amend(book, terms({ rates: [flat('new', '1')] }), at('2026-04-01')))).toEqual([
      'units',
      'new',
    ])
  })

  it('keeps the units of the period in progress, and what they cost', () => {
    const tiers = (rate: string) => ({
      model: 'graduated',
      tiers: [
        { upTo: '10', rate },
        { upTo: null, rate: '1' },
      ],
    })
    const at10 = (rate: string) =>
      terms({ commit: null, rates: [{ dimension: 'units', price: tiers(rate), period: 'month' }] })
    const { book } = play(open(at10('2')), [['2026-02-01', '8']])
    const { ratings, book: after } = play(amend(book, at10('3'), at('2026-02-15')), [
      ['2026-02-20', '4'],
      ['2026-02-21', '-12'],
    ])
    expect(ratings.map(({ charge }) => charge)).toEqual(['8', '-24'])
    expect(owed(after)).toBe('0')
  })

  it('still takes back what only earlier terms priced, at their prices', () => {
    const { book } = play(open(terms({ commit: null })), [['2026-02-01', '8']])
    const after = amend(book, terms({ commit: null, rates: [flat('other', '1')] }), book.at)
    const when = hour('2026-02-02')
    expect(prices(after, 'units', when, '1')).toBe(false)
    expect(prices(after, 'units', when, '-1')).toBe(true)
    expect(play(after, [['2026-02-02', '-8']]).ratings[0]?.charge).toBe('-8')
    expect(prices(play(after, [['2026-02-02', '-8']]).book, 'units', when, '-1')).toBe(false)
  })

  it('renews: the next term has its own commit beside what rolled over', () => {
    const commit = {
      amount: '1000.00',
      unused: 'rollover',
      rollover: { percent: '20', expiresAfterMonths: 3 },
    }
    const next = terms({ start: '2027-01-01', end: '2028-01-01', commit })
    const book = amend(open(terms({ commit })), next, at('2027-01-01'))
    const { book: after, ratings } = play(book, [
      ['2026-06-01', '300'],
      ['2027-01-01', '50'],
    ])
    expect(ratings[1]?.drawn).toEqual([{ lot: 'rollover:2026-01-01', amount: '50' }])
    expect(leftOf(after, 'rollover:2026-01-01')).toBe('150')
    expect(leftOf(after, 'commit:2027-01-01')).toBe('1000')
    expect([after.isOver, after.end]).toEqual([false, at('2028-01-01')])
    expect(leftOf(advance(after, at('2027-04-01')).book)).toBe('1000')
  })
})
