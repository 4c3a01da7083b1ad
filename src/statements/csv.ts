import type { Comparison, Figure } from './model.ts'
import type { Reconciled } from './service.ts'
import type { Statement } from './statement.ts'

export const statementColumns = [
  'section',
  'dimension',
  'name',
  'value',
  'currency',
  'count',
  'rows',
] as const

/** One number of a statement as a row of a table. */
export type StatementRow = Readonly<Record<(typeof statementColumns)[number], string>>

/** Every number of a statement, in its order. */
export function statementRows(statement: Statement): readonly StatementRow[] {
  return [
    ...statement.dimensions.flatMap((row) => {
      const of = (section: string, figures: object, currency = '') =>
        Object.entries(figures as Record<string, Figure>).map(([name, one]) =>
          rowOf(section, row.dimension, name, one, currency),
        )
      const { records, included, rated, carriedIn, carriedOut, late } = row
      return [
        ...of('parts', row.parts),
        ...of('records', { records, ...row.states, included, rated, carriedIn, carriedOut }),
        ...of('late_parts', late.parts),
        ...of('late', { records: late.records, lost: late.lost, included: late.included }),
        ...row.taken.map(({ source, held }) => rowOf('taken', row.dimension, source, held)),
        ...row.rates.map(({ from, rate }) =>
          plain('rate', row.dimension, from, rate.price, rate.currency),
        ),
        ...(row.acceptedValue
          ? [
              plain(
                'value',
                row.dimension,
                'accepted',
                row.acceptedValue.amount,
                row.acceptedValue.currency,
              ),
            ]
          : []),
        ...(row.lostValue ? [rowOf('value', row.dimension, 'lost', row.lostValue)] : []),
        ...(late.lostValue ? [rowOf('value', row.dimension, 'late_lost', late.lostValue)] : []),
      ]
    }),
    ...statement.contract.ratings.flatMap(({ dimension, figures }) =>
      Object.entries(figures).map(([name, one]) => rowOf('contract', dimension, name, one)),
    ),
    ...statement.contract.postings.map(({ dimension, reason, posted }) =>
      rowOf('posted', dimension, reason, posted),
    ),
    ...statement.lines.map(({ of, action, kind, currency, amount }) =>
      rowOf(`lines_${of}`, '', `${action} ${kind}`, amount, currency),
    ),
    ...statement.comparisons.filter(({ verdict }) => verdict !== 'agreed').map(differenceRow),
    ...statement.addsUp.flatMap(({ dimension, what, left, right, holds }) => [
      plain('adds_up', dimension, `${what} left`, left),
      plain('adds_up', dimension, `${what} right`, right),
      plain('adds_up', dimension, `${what} holds`, String(holds)),
    ]),
  ]
}

const rowOf = (
  section: string,
  dimension: string,
  name: string,
  { value, count, rows, currency }: Figure,
  told = '',
): StatementRow => ({
  section,
  dimension,
  name,
  value,
  currency: currency ?? told,
  count: count === null ? '' : String(count),
  rows,
})

const plain = (
  section: string,
  dimension: string,
  name: string,
  value: string,
  currency = '',
): StatementRow => ({ section, dimension, name, value, currency, count: '', rows: '' })

const differenceRow = (row: Comparison): StatementRow => ({
  section: 'differences',
  dimension: row.dimension ?? '',
  name: `${row.level} ${row.verdict}`,
  value: row.quantity ?? row.value?.amount ?? row.ours ?? '',
  currency: row.quantity === null ? (row.value?.currency ?? '') : '',
  count: '',
  rows: row.rows,
})

export const reconciledColumns = [
  'agreement',
  'agreementRef',
  'connection',
  'level',
  'dimension',
  'from',
  'to',
  'source',
  'ref',
  'ours',
  'theirs',
  'quantity',
  'oursValue',
  'theirsValue',
  'value',
  'currency',
  'verdict',
  'rows',
] as const

export const reconciledRow = (row: Reconciled) => ({
  ...row,
  oursValue: row.oursValue?.amount ?? '',
  theirsValue: row.theirsValue?.amount ?? '',
  value: row.value?.amount ?? '',
  currency: (row.value ?? row.theirsValue ?? row.oursValue)?.currency ?? '',
})
