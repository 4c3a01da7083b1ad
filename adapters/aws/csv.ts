import { parse } from 'csv-parse/sync'

/** One record of a CSV file: its cells, or why it has none. */
export type CsvRecord =
  | { readonly cells: readonly string[]; readonly raw: string }
  | { readonly fault: string; readonly raw: string }

/** A cell may span lines, an address does; beyond this a quote was never closed. */
const recordLinesMax = 50
const lineCharactersMax = 1_000_000
const batchRecordsMax = 500
const rawMax = 2_000

/**
 * Records of an RFC 4180 text as they arrive; nothing is kept whole. csv-parse reads the cells. Where a record ends is
 * decided here, because after a misplaced quote csv-parse takes the good rows below for part of the broken one.
 */
export async function* csvRecords(text: AsyncIterable<string>): AsyncIterable<CsvRecord> {
  let batch: string[] = []
  for await (const record of records(text)) {
    if (typeof record === 'string') batch.push(record)
    if (typeof record === 'string' && batch.length < batchRecordsMax) continue
    yield* readBatch(batch)
    batch = []
    if (typeof record !== 'string') yield record
  }
  yield* readBatch(batch)
}

/** All at once, which is six times as fast; one by one only when something in it is broken. */
function readBatch(batch: readonly string[]): CsvRecord[] {
  const rows = cellsOf(batch.join('\n'))
  if (Array.isArray(rows) && rows.length === batch.length)
    return batch.map((raw, i) => ({ cells: rows[i] ?? [], raw: short(raw) }))
  return batch.flatMap((raw) => readOne(raw))
}

/** A record of several lines that cannot be read is taken line by line, so that only the broken one is lost. */
function readOne(raw: string): CsvRecord[] {
  const rows = cellsOf(raw)
  if (Array.isArray(rows)) return [{ cells: rows[0] ?? [], raw: short(raw) }]
  const lines = raw.split('\n')
  return lines.length > 1
    ? lines.filter((line) => line !== '').flatMap(readOne)
    : [{ fault: rows, raw: short(raw) }]
}

/** The cells of each record, or what csv-parse says is wrong. */
function cellsOf(text: string): string[][] | string {
  try {
    return parse(text, { relax_column_count: true, record_delimiter: '\n' })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type Broken = Extract<CsvRecord, { fault: string }>

/** Texts of single records: lines joined while a quote is open. Where none closes it, its line alone is broken. */
async function* records(text: AsyncIterable<string>): AsyncIterable<string | Broken> {
  let open: string[] = []
  for await (const line of lines(text)) {
    const queue = [line]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next === '' && open.length === 0) continue
      open.push(next)
      if (!isOpen(open)) {
        yield open.join('\n')
        open = []
      } else if (open.length >= recordLinesMax) {
        yield neverClosed(open[0])
        queue.unshift(...open.slice(1))
        open = []
      }
    }
  }
  if (open.length === 0) return
  yield neverClosed(open[0])
  yield* records(again(open.slice(1)))
}

const neverClosed = (line: string | undefined): Broken => ({
  fault: 'a quote is never closed',
  raw: short(line ?? ''),
})

async function* again(left: readonly string[]): AsyncIterable<string> {
  yield left.join('\n')
}

/** A record is whole when its quotes come in pairs; escaped ones are pairs too. */
const isOpen = (parts: readonly string[]): boolean =>
  parts.reduce((count, part) => count + part.split('"').length - 1, 0) % 2 === 1

async function* lines(text: AsyncIterable<string>): AsyncIterable<string> {
  let rest = ''
  let isFirst = true
  for await (const part of text) {
    const pieces = (rest + (isFirst ? part.replace(/^\ufeff/, '') : part)).split('\n')
    isFirst = isFirst && part === ''
    rest = pieces.pop() ?? ''
    for (const piece of pieces) yield withoutReturn(piece)
    if (rest.length <= lineCharactersMax) continue
    yield rest
    rest = ''
  }
  if (rest !== '') yield withoutReturn(rest)
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
const short = (raw: string): string => raw.slice(0, rawMax)
