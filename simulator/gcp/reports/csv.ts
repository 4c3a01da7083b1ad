import type { Settings } from '../settings.ts'

/** A table as its columns in order and its rows by column. */
export type ReportTable = {
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** CSV as Google writes it, with the mishap to its columns that the settings ask for. */
export function csvOf(table: ReportTable, settings: Settings['reports']): string {
  const { columns, column } = settings
  const named = (name: string) => (columns === 'renamed' && isSame(name, column) ? odd(name) : name)
  const kept = table.columns.filter((name) => columns !== 'dropped' || !isSame(name, column))
  const order = columns === 'reordered' ? [...kept].reverse() : kept
  const extra = columns === 'extra' ? ['Column Nobody Knows'] : []
  const header = [...order.map(named), ...extra]
  const rows = table.rows.map((row) => [
    ...order.map((name) => row[name] ?? ''),
    ...extra.map(() => 'x'),
  ])
  return `${[header, ...rows].map((cells) => cells.map(quoted).join(',')).join('\n')}\n`
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** The same name in other letters: `due_vendor` for `Due Vendor`, `Sku Id` for `sku_id`. */
const odd = (name: string): string =>
  name.includes(' ')
    ? name.toLowerCase().replaceAll(' ', '_')
    : name.replace(/(^|_)([a-z])/g, (_, gap, letter) => `${gap && ' '}${letter.toUpperCase()}`)

const quoted = (cell: string): string =>
  /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
