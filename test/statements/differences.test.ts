import { describe, expect, it } from 'vitest'
import type { Rate } from '../../src/kernel/money.ts'
import { comparisons } from '../../src/statements/differences.ts'
import type { Facts, Line } from '../../src/statements/facts.ts'
import type { Taken } from '../../src/statements/model.ts'
import type { RecordSum } from '../../src/statements/sums.ts'

const window = { from: '2027-03-01T00:00:00.000Z', to: '2027-04-01T00:00:00.000Z' } as const
const rate = (price: string, currency = 'USD'): Rate => ({ currency, price })
const facts = (
  more: Partial<Facts>,
  rates: Record<string, Rate> = { calls: rate('0.01') },
): Facts =>
  ({
    agreement: { id: 'agr_1', agreementRef: 'one', connection: 'conn_1' },
    month: '2027-03',
    window,
    now: '2027-04-20T00:00:00.000Z',
    rates: {
      bounds: [],
      spans: [{ from: window.from, byDimension: new Map(Object.entries(rates)) }],
    },
    parts: [],
    records: [],
    ratings: [],
    postings: [],
    taken: [],
    lines: [],
    invoices: [],
    ...more,
  }) as unknown as Facts
const accepted = (counts: string, more: Partial<RecordSum> = {}): RecordSum =>
  ({
    dimension: 'calls',
    isLate: false,
    state: 'accepted',
    kind: 'usage',
    span: 0,
    counts,
    ...more,
  }) as RecordSum
const line = (amount: string, more: Partial<Line> = {}): Line => ({
  lineRef: 'l',
  action: 'invoiced',
  kind: 'gross',
  basis: 'usage',
  amount,
  currency: 'USD',
  invoiceRef: 'i-1',
  month: '2027-04',
  usage: window,
  others: [],
  ...more,
})
const taken = (more: Partial<Taken>): Taken => ({
  dimension: 'calls',
  source: 'report',
  from: window.from,
  to: window.to,
  accepted: '1000',
  taken: '1000',
  difference: '0',
  amount: null,
  currency: null,
  isBilled: false,
  verdict: 'agreed',
  ...more,
})
const billed = (given: Facts) => {
  const rows = comparisons(given).filter(({ level }) => level === 'billed')
  return rows.map(({ verdict, value }) => [verdict, value?.amount ?? null])
}

describe('what is billed for use', () => {
  const used = [accepted('1000')]
  it.each<[string, Partial<Facts>, [string, string | null][]]>([
    ['agrees', { records: used, lines: [line('10')] }, [['agreed', '0.00']]],
    [
      'is a cent off by rounding',
      { records: used, lines: [line('10.01')] },
      [['rounding', '0.01']],
    ],
    ['differs', { records: used, lines: [line('9.5')] }, [['differs', '-0.50']]],
    ['comes later', { records: used }, [['not_billed_yet', null]]],
    ['never came', { records: used, now: '2027-05-31T00:00:00.001Z' }, [['never_billed', null]]],
    ['is nobody’s', { lines: [line('3')] }, [['billed_without_usage', '3.00']]],
    [
      'is in a currency nobody can compare',
      { records: used, lines: [line('9', { currency: 'EUR' })] },
      [['unknown', null]],
    ],
    [
      'is told in ours too',
      {
        records: used,
        lines: [line('9', { currency: 'EUR', others: [{ amount: '10', currency: 'USD' }] })],
      },
      [['agreed', '0.00']],
    ],
    [
      'was given back in part',
      { records: used, lines: [line('10'), line('-4', { kind: 'gross_refund' })] },
      [
        ['agreed', '0.00'],
        ['refunded', '-4.00'],
      ],
    ],
    [
      'is of another month',
      { lines: [line('10', { usage: { ...window, from: '2027-02-01T00:00:00.000Z' } })] },
      [],
    ],
    ['is a term’s', { lines: [line('10', { basis: 'term' })] }, []],
    [
      'is told by dimension',
      { records: used, taken: [taken({ amount: '10.00', currency: 'USD', isBilled: true })] },
      [['agreed', '0.00']],
    ],
    [
      'is only estimated by dimension',
      { records: used, taken: [taken({ amount: '10.00', currency: 'USD' })] },
      [['not_billed_yet', null]],
    ],
  ])('%s', (_, more, expected) => expect(billed(facts(more))).toEqual(expected))

  it('is unknown where a rate is not known, and never guessed', () => {
    const given = { records: [accepted('5', { dimension: 'other' })], lines: [line('10')] }
    expect(billed(facts(given))).toEqual([['unknown', null]])
  })
})

describe('what is taken', () => {
  it('is not told for what no period tells', () => {
    const rows = comparisons(
      facts({ records: [accepted('1500')], taken: [taken({ source: 'api' }), taken({})] }),
    ).filter(({ level }) => level === 'taken')
    expect(rows.map(({ source, verdict, ours }) => [source, verdict, ours])).toEqual([
      ['api', 'agreed', '1000'],
      ['report', 'agreed', '1000'],
      [null, 'not_told', '500'],
    ])
  })

  it('is worth what its difference is at the rate', () => {
    const [row] = comparisons(
      facts({ taken: [taken({ taken: '900', difference: '-100', verdict: 'differs' })] }),
    ).filter(({ level }) => level === 'taken')
    expect(row).toMatchObject({ verdict: 'differs', value: { currency: 'USD', amount: '-1.00' } })
  })
})

it('owes a buyer what was lost below zero', () => {
  const lost = accepted('-5', { state: 'lost', value: '-0.05', currency: 'USD', unvalued: 0 })
  expect(comparisons(facts({ records: [lost] }))[0]).toMatchObject({
    verdict: 'owed',
    quantity: '5',
    value: { amount: '0.05' },
  })
})

it('compares each invoice with the lines that name it', () => {
  const invoice = {
    invoiceRef: 'i-1',
    isCredit: false,
    month: '2027-03',
    issuedAt: window.to,
    amount: '10',
    currency: 'USD',
  } as const
  const of = (lines: Line[]) =>
    comparisons(
      facts({ lines, invoices: [invoice, { ...invoice, invoiceRef: 'i-2', isCredit: true }] }),
    )
      .filter(({ level }) => level === 'invoice')
      .map(({ ref, verdict, theirsValue }) => [ref, verdict, theirsValue?.amount])
  expect(of([line('6', { basis: null }), line('4', { basis: 'term' })])).toEqual([
    ['i-1', 'agreed', '10.00'],
    ['i-2', 'unknown_here', '-10.00'],
  ])
  expect(of([line('6')])[0]).toEqual(['i-1', 'differs', '10.00'])
})
