import { parse } from 'csv-parse/sync'
import { expect } from 'vitest'
import { compare, type Decimal, plus } from '../../src/kernel/decimal.ts'

type Get = (path: string) => Promise<{ readonly status: number; readonly body: any }>
export type Figure = {
  readonly value: Decimal
  readonly count: number | null
  readonly rows: string
  readonly sums: readonly string[]
}

/** Every figure of an answer, wherever it stands. */
export function figuresOf(value: unknown): readonly Figure[] {
  if (Array.isArray(value)) return value.flatMap(figuresOf)
  if (value === null || typeof value !== 'object') return []
  if ('sums' in value) return [value as Figure]
  return Object.values(value).flatMap(figuresOf)
}

/** Opens every figure and adds up its rows: they are as many, and come to as much, as it says. */
export async function opens(get: Get, answer: unknown): Promise<number> {
  const figures = figuresOf(answer)
  expect(figures.length).toBeGreaterThan(0)
  for (const { value, count, rows, sums } of figures) {
    const found = await everything(get, rows)
    if (count !== null) expect([rows, found.length]).toEqual([rows, count])
    const sum = found.map((row) => fieldOf(row, sums)).reduce(plus, '0')
    expect([rows, sum, compare(sum, value)]).toEqual([rows, sum, 0])
  }
  return figures.length
}

const pagesMax = 1_000

export async function everything(get: Get, path: string): Promise<readonly any[]> {
  const rows: any[] = []
  for (let cursor = '', page = 0; page < pagesMax; page++) {
    const { status, body } = await get(`${path}&limit=200${cursor}`)
    expect([path, status]).toEqual([path, 200])
    rows.push(...body.data)
    if (body.next === null) return rows
    cursor = `&cursor=${body.next}`
  }
  return expect.fail(`${path} does not end`)
}

/** The first of some fields, by their dotted names, that is not null. */
function fieldOf(row: any, names: readonly string[]): Decimal {
  for (const name of names) {
    const found = name.split('.').reduce((value, part) => value?.[part], row)
    if (found !== null && found !== undefined) return found
  }
  return '0'
}

export const tableOf = (text: string): readonly Record<string, string>[] =>
  parse(text, { columns: true })
