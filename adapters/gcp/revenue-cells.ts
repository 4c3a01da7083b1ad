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

/** A row's cells by column; of several columns the first that says something. Throws `CellFault` for a bad cell. */
export type Cells = {
  readonly text: (...columns: readonly string[]) => string | null
  readonly needed: (...columns: readonly string[]) => string
  /** Exact, at most 12 decimals: what a report writes with more is rounded there, and stays whole in the row itself. */
  readonly decimal: (...columns: readonly string[]) => Decimal | null
  readonly amount: (...columns: readonly string[]) => Decimal
  readonly currency: (...columns: readonly string[]) => string
  readonly day: (...columns: readonly string[]) => Day | null
  /** The row as it is. */
  readonly native: Readonly<Record<string, string>>
}

const placesMax = 12

/** Columns are the same whatever their capitals, blanks and underscores: Google's reports spell them in several ways. */
export const plainName = (column: string): string => column.toLowerCase().replace(/[^a-z0-9]/g, '')

/** How Google writes that it does not tell: personal accounts show `n/a` ("Customer insights reports"). */
const untold = /^(n\/a|null)?$/i

/** Reads rows below a header. */
export function cellsBelow(header: readonly string[]): (values: readonly string[]) => Cells {
  const places = new Map(header.map((name, i) => [plainName(name), i]))
  const known = new Map<string, number>()
  /** A row asks for few columns, and a file has many rows. */
  const place = (column: string): number => {
    const found = known.get(column) ?? places.get(plainName(column)) ?? -1
    known.set(column, found)
    return found
  }
  return (values) => cellsOf(header, place, values)
}

function cellsOf(
  header: readonly string[],
  place: (column: string) => number,
  values: readonly string[],
): Cells {
  const one = (column: string) => {
    const value = values[place(column)]?.trim() ?? ''
    return untold.test(value) ? null : value
  }
  const told = (columns: readonly string[]) => columns.find((column) => one(column) !== null)
  const spelled = (column: string) => header[place(column)] ?? column
  /** The column as the file has it, where it has any of them. */
  const named = (columns: readonly string[]) =>
    spelled(columns.find((column) => place(column) >= 0) ?? columns[0] ?? '')
  const reading =
    <T>(read: (value: string) => T | undefined, what: string) =>
    (...columns: readonly string[]): T | null => {
      const column = told(columns)
      if (column === undefined) return null
      const value = read(one(column) ?? '')
      if (value === undefined) throw new CellFault(spelled(column), `is no ${what}: ${one(column)}`)
      return value
    }
  const must =
    <T>(read: (...columns: readonly string[]) => T | null) =>
    (...columns: readonly string[]): T => {
      const value = read(...columns)
      if (value === null) throw new CellFault(named(columns), 'is empty')
      return value
    }
  const text = (...columns: readonly string[]) => {
    const column = told(columns)
    return column === undefined ? null : one(column)
  }
  const decimal = reading(readDecimal, 'number')
  return {
    text,
    needed: must(text),
    decimal,
    amount: must(decimal),
    currency: must(reading((value) => (isCurrency(value) ? value : undefined), 'currency')),
    day: reading(
      (value) => (isDay(value.slice(0, 10)) ? (value.slice(0, 10) as Day) : undefined),
      'date',
    ),
    native: Object.fromEntries(header.map((name, i) => [name, values[i] ?? ''])),
  }
}

/** `10000.00`, `9.75E+1`, `97.50000000000001`, `1,200.00`. */
function readDecimal(value: string): Decimal | undefined {
  const plain = /^-?\d{1,3}(,\d{3})+(\.\d*)?$/.test(value) ? value.replaceAll(',', '') : value
  if (!/^-?(\d{1,26}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?$/.test(plain)) return undefined
  const exact = trim(plain.replace(/\.(?=$|[eE])/, '').replace(/^(-?)\./, '$10.'))
  const kept = isDecimal(exact) ? exact : trim(round(exact, placesMax))
  return isDecimal(kept) ? kept : undefined
}
