/** One record of a CSV file: its cells, or why it has none. */
export type CsvRecord =
  | { readonly cells: readonly string[]; readonly raw: string }
  | { readonly fault: string; readonly raw: string }

/** A quoted cell may span lines; beyond this its quote was never closed. */
const recordLinesMax = 50
const lineCharactersMax = 1_000_000
const rawMax = 2_000

/**
 * Records of an RFC 4180 text as it arrives; nothing is kept whole, and empty lines are no records. Where a quote is
 * never closed only its line is broken, and the lines below are read.
 */
export async function* csvRecords(text: AsyncIterable<string>): AsyncIterable<CsvRecord> {
  let open: string[] = []
  for await (const line of lines(text)) {
    open.push(line)
    while (open.length > 0) {
      const size = sizeOf(open)
      if (size === null && open.length < recordLinesMax) break
      yield* readRecord(open.slice(0, size ?? 1), size === null)
      open = open.slice(size ?? 1)
    }
  }
  while (open.length > 0) {
    const size = sizeOf(open)
    yield* readRecord(open.slice(0, size ?? 1), size === null)
    open = open.slice(size ?? 1)
  }
}

/** How many lines the first record takes: quotes come in pairs, escaped ones too. Null while one is open. */
function sizeOf(lines: readonly string[]): number | null {
  let quotes = 0
  for (const [n, line] of lines.entries()) {
    quotes += line.split('"').length - 1
    if (quotes % 2 === 0) return n + 1
  }
  return null
}

function* readRecord(lines: readonly string[], isOpen: boolean): Iterable<CsvRecord> {
  const raw = lines.join('\n')
  if (raw === '') return
  if (isOpen) {
    yield { fault: 'a quote is never closed', raw: short(raw) }
    return
  }
  const cells = cellsOf(raw)
  if (Array.isArray(cells)) yield { cells, raw: short(raw) }
  else if (lines.length === 1) yield { fault: cells, raw: short(raw) }
  // A record of several lines that cannot be read is taken line by line, so that only the broken one is lost.
  else for (const line of lines) yield* readRecord([line], sizeOf([line]) === null)
}

/** The cells of one record, or what is wrong with it. */
function cellsOf(raw: string): string[] | string {
  if (!raw.includes('"')) return raw.split(',')
  const cells: string[] = []
  for (let at = 0; ; ) {
    const isQuoted = raw[at] === '"'
    const end = isQuoted ? closing(raw, at + 1) + 1 : raw.indexOf(',', at)
    if (!isQuoted) {
      const cell = raw.slice(at, end < 0 ? undefined : end)
      if (cell.includes('"')) return 'a quote stands inside a cell'
      cells.push(cell)
    } else if (end === 0 || (end < raw.length && raw[end] !== ','))
      return 'a quote ends inside a cell'
    else cells.push(raw.slice(at + 1, end - 1).replaceAll('""', '"'))
    if (end < 0 || end === raw.length) return cells
    at = end + 1
  }
}

/** Where a quoted cell ends: a quote that is not doubled; -1 where none does. */
function closing(raw: string, from: number): number {
  let at = raw.indexOf('"', from)
  while (at >= 0 && raw[at + 1] === '"') at = raw.indexOf('"', at + 2)
  return at
}

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
