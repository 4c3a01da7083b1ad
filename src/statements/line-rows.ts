import { total } from '../kernel/decimal.ts'
import type { Facts, Line } from './facts.ts'
import type { Figure } from './model.ts'
import { linesPath } from './paths.ts'

/** Lines of one action and kind: those for use of the month, or those invoiced in it. */
export type LineRow = {
  readonly of: 'usage' | 'invoices'
  readonly action: Line['action']
  readonly kind: Line['kind']
  readonly currency: string
  readonly amount: Figure
}

/** Sums of lines by action, kind and currency, exact as reported. */
export function lineRows({ agreement, month, lines, at }: Facts): readonly LineRow[] {
  const vantage = { asOf: at.asOf, known: at.known, recordedBy: at.recordedBy ?? undefined }
  const tables = [
    {
      of: 'usage' as const,
      own: lines.filter(({ basis, usage }) => basis === 'usage' && usage?.from.startsWith(month)),
      query: { agreement: agreement.id, usage: month, basis: 'usage', ...vantage },
    },
    {
      of: 'invoices' as const,
      own: lines.filter((line) => line.month === month),
      query: { agreement: agreement.id, month, ...vantage },
    },
  ]
  return tables.flatMap(({ of, own, query }) =>
    [
      ...Map.groupBy(own, ({ action, kind, currency }) => JSON.stringify([action, kind, currency])),
    ].map(([, group]): LineRow => {
      const [{ action, kind, currency }] = group as [Line, ...Line[]]
      const amount = {
        value: total(group.map((line) => line.amount)),
        count: group.length,
        rows: linesPath({ ...query, action, kind }),
        sums: ['amount.amount'],
      }
      return { of, action, kind, currency, amount }
    }),
  )
}
