import { type Decimal, isDecimal, round, trim } from '../../src/kernel/decimal.ts'
import { isCurrency } from '../../src/kernel/money.ts'
import { type Day, isDay } from '../../src/kernel/time.ts'

/** A cell that is not what it must be; the column as the file spells it. */
export class CellFault extends Error {
  readonly column: string
  constructor(column: string, message: string) {
    super(message)
    this.column = column
  }
}

/** A row's cells by column. Throws `CellFault` for a cell that is not what it must be. */
export type Cells = {
  readonly text: (column: string) => string | null
  /** The first of several columns that is there and not empty. */
  readonly any: (...columns: readonly string[]) => string | null
  readonly needed: (...columns: readonly string[]) => string
  /** Exact, at most 12 decimals: what a report writes with more is rounded there, and stays whole in the row itself. */
  readonly decimal: (column: string) => Decimal | null
  readonly currency: (...columns: readonly string[]) => string | null
  readonly day: (...columns: readonly string[]) => Day | null
  /** The row as it is. */
  readonly native: Readonly<Record<string, string>>
}

const placesMax = 12

/** Columns are the same whatever their capitals, blanks and marks: newer reports spell some in another way. */
export const plainName = (column: string): string => column.toLowerCase().replace(/[^a-z0-9]/g, '')

export function cellsOf(header: readonly string[], values: readonly string[]): Cells {
  const at = new Map(header.map((name, i) => [plainName(name), i]))
  const text = (column: string) => values[at.get(plainName(column)) ?? -1]?.trim() || null
  const any = (...columns: readonly string[]) =>
    columns.map(text).find((value) => value !== null) ?? null
  const fault = (column: string, message: string) =>
    new CellFault(header[at.get(plainName(column)) ?? -1] ?? column, message)
  /** Reads the first column that says something. */
  const reading =
    <T>(read: (value: string) => T | undefined, what: string) =>
    (...columns: readonly string[]): T | null => {
      const column = columns.find((name) => text(name) !== null)
      if (column === undefined) return null
      const value = read(text(column) ?? '')
      if (value === undefined) throw fault(column, `is no ${what}: ${text(column)}`)
      return value
    }
  return {
    text,
    any,
    needed: (...columns) => {
      const value = any(...columns)
      if (value === null) throw fault(columns[0] ?? '', 'is empty')
      return value
    },
    decimal: reading(readDecimal, 'number'),
    currency: reading((value) => (isCurrency(value) ? value : undefined), 'currency'),
    day: reading(readDay, 'date'),
    native: Object.fromEntries(header.map((name, i) => [name, values[i] ?? ''])),
  }
}

/** `97.5`, `9.75E+1`, `97.50000000000001`. */
function readDecimal(value: string): Decimal | undefined {
  if (!/^-?(\d{1,26}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?$/.test(value)) return undefined
  const exact = trim(value.replace(/\.(?=$|[eE])/, '').replace(/^(-?)\./, '$10.'))
  const kept = isDecimal(exact) ? exact : trim(round(exact, placesMax))
  return isDecimal(kept) ? kept : undefined
}

/** `2026-09-01`, the same with a time, or `9/1/2026` as American exports have it. */
function readDay(value: string): Day | undefined {
  const [, month = '', day = '', year = ''] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})\b/.exec(value) ?? []
  const text =
    year === '' ? value.slice(0, 10) : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const isWhole = year !== '' || /^.{10}($|[T ]\d)/.test(value)
  return isWhole && isDay(text) ? text : undefined
}
