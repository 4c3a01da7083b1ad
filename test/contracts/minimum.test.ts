import { describe, expect, it } from 'vitest'
import { advance, amend, billable, close, open } from '../../src/contracts/model.ts'
import { at, play, terms } from './sample.ts'

const monthly = (amount: string, more: object = {}) =>
  terms({ commit: null, minimums: [{ period: 'month', amount, prorate: true }], ...more })

describe('a minimum', () => {
  it('is made up for when its period ends, in its last hour', () => {
    const { postings, book } = play(open(monthly('100.00')), [['2026-01-15', '30']], '2026-02-01')
    expect(postings).toEqual([
      {
        reason: 'minimum',
        period: 'month',
        start: at('2026-01-01'),
        at: at('2026-02-01'),
        hour: '2026-01-31T23:00Z',
        minimum: '100.00',
        spent: '30',
        amount: '70',
        // With the 30 that nobody posted before.
        quantity: '10000',
      },
    ])
    expect([book.trueUps, billable(book), book.posted]).toEqual(['70', '100', '10000'])
  })

  it('asks nothing where enough was used, drawn or billed', () => {
    const minimums = [{ period: 'month', amount: '100.00', prorate: true }]
    const book = open(terms({ commit: { amount: '60.00', unused: 'forfeit' }, minimums }))
    expect(play(book, [['2026-01-15', '100']], '2026-02-01').postings).toEqual([])
  })

  it('of a month counts towards that of the year', () => {
    const minimums = [
      { period: 'year', amount: '1000.00', prorate: false },
      { period: 'month', amount: '80.00', prorate: true },
    ]
    const { postings } = play(
      open(terms({ commit: null, minimums })),
      [['2026-03-15', '30']],
      '2027-01-01',
    )
    expect(postings.map(({ period, amount }) => `${period} ${amount}`)).toEqual([
      'month 80',
      'month 80',
      'month 50',
      ...Array.from({ length: 9 }, () => 'month 80'),
      'year 40',
    ])
  })

  it('goes by days where the contract begins and ends inside a month, or in full', () => {
    const part = { start: '2026-03-15', end: '2026-04-11' }
    const amounts = (prorate: boolean) =>
      advance(
        open(
          terms({
            ...part,
            commit: null,
            minimums: [{ period: 'month', amount: '1000.00', prorate }],
          }),
        ),
        at('2026-05-01'),
      ).postings.map(({ amount, at: when }) => [amount, when])
    expect(amounts(true)).toEqual([
      ['548.39', at('2026-04-01')],
      ['333.33', at('2026-04-11')],
    ])
    expect(amounts(false)).toEqual([
      ['1000', at('2026-04-01')],
      ['1000', at('2026-04-11')],
    ])
  })

  it('may go by months from the first day', () => {
    const book = open(
      monthly('10.00', { start: '2026-01-31', end: '2026-05-31', periods: 'anniversary' }),
    )
    const ends = advance(book, at('2026-06-01')).postings.map(({ at: when, amount }) => [
      when.slice(0, 10),
      amount,
    ])
    expect(ends).toEqual([
      ['2026-02-28', '10'],
      ['2026-03-31', '10'],
      ['2026-04-30', '10'],
      ['2026-05-31', '10'],
    ])
  })

  it('that is amended in its period is the old one by days and the new one by days', () => {
    const year = (amount: string) =>
      terms({ commit: null, minimums: [{ period: 'year', amount, prorate: true }] })
    const book = amend(open(year('36500.00')), year('54750.00'), at('2026-07-02'))
    const { postings } = advance(book, at('2027-01-01'))
    expect(postings.map(({ minimum }) => minimum)).toEqual(['45650'])
  })

  it('that is taken out is owed up to then; one that comes in, from then on', () => {
    const without = amend(open(monthly('31.00')), terms({ commit: null }), at('2026-01-11'))
    expect(advance(without, at('2027-01-01')).postings.map(({ amount }) => amount)).toEqual(['10'])
    const added = amend(open(terms({ commit: null })), monthly('31.00'), at('2026-01-11'))
    expect(advance(added, at('2026-02-01')).postings.map(({ amount }) => amount)).toEqual(['21'])
  })

  it('of a term that gets longer is owed by the days of each', () => {
    const term = (end: string, amount: string) =>
      terms({ end, commit: null, minimums: [{ period: 'term', amount, prorate: true }] })
    const book = amend(
      open(term('2027-01-01', '3650.00')),
      term('2028-01-01', '14600.00'),
      at('2026-07-02'),
    )
    expect(advance(book, at('2028-01-01')).postings.map(({ amount }) => amount)).toEqual(['12780'])
  })

  it('is asked again in each next period', () => {
    const { postings } = advance(open(monthly('10.00', { end: null })), at('2026-12-31'))
    expect(postings).toHaveLength(11)
  })
})

describe('a contract that is ended before its time', () => {
  it('owes minimums up to that day and forfeits what is left', () => {
    const book = open(terms({ minimums: [{ period: 'month', amount: '310.00', prorate: true }] }))
    const { book: used } = play(book, [['2026-03-02', '40']])
    const after = close(used, at('2026-03-10T13'))
    expect(after.postings.map(({ amount, hour, at: when }) => [amount, hour, when])).toEqual([
      ['60', '2026-03-10T12:00Z', at('2026-03-10T13')],
    ])
    expect(after.book.lots[0]).toMatchObject({ left: '0', forfeited: '960', hasEnded: true })
    expect([after.nextAt, after.book.isOver, after.book.end]).toEqual([
      null,
      true,
      at('2026-03-10T13'),
    ])
  })

  it('owes minimums in full where they do not go by days, and no other version begins', () => {
    const minimums = [{ period: 'year', amount: '500.00', prorate: false }]
    const planned = amend(open(terms({ minimums })), terms(), at('2026-06-01'))
    const { book, postings } = close(planned, at('2026-03-01'))
    expect(postings.map(({ amount }) => amount)).toEqual(['500'])
    expect(book.coming).toEqual([])
  })

  it('is ended once', () => {
    const once = close(open(monthly('310.00')), at('2026-01-10')).book
    const again = close(once, at('2026-02-10'))
    expect(again.postings).toEqual([])
    expect(again.book.end).toBe(at('2026-01-10'))
  })

  it('rolls nothing over', () => {
    const rollover = { percent: '100', expiresAfterMonths: 3 }
    const book = open(terms({ commit: { amount: '10.00', unused: 'rollover', rollover } }))
    expect(close(book, at('2026-03-01')).book.lots).toHaveLength(1)
  })
})
