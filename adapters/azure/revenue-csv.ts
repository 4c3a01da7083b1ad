/** One record of a delimited file: its cells, or why it has none. */
export type ReportRecord =
  | { readonly cells: readonly string[]; readonly raw: string }
  | { readonly fault: string; readonly raw: string }

/** A quoted cell may span lines; beyond this its quote was never closed. */
const recordLinesMax = 50
const lineCharactersMax = 1_000_000
const rawMax = 2_000

/**
 * Records of a text with comma or tab as it arrives, quoted as RFC 4180 has it; nothing is kept whole, and empty lines
 * are no records. Where a quote is never closed only its line is broken, and the lines below are read.
 */
export async function* reportRecords(
  text: AsyncIterable<string>,
  delimiter: ',' | '\t',
): AsyncIterable<ReportRecord> {
  let open: string[] = []
  for await (const line of lines(text)) {
    open.push(line)
    for (;;) {
      const read = firstOf(open, delimiter, open.length >= recordLinesMax)
      if (!read) break
      if (read.record) yield read.record
      open = read.left
    }
  }
  while (open.length > 0) {
    const read = firstOf(open, delimiter, true)
    if (!read) return
    if (read.record) yield read.record
    open = read.left
  }
}

type First = { readonly record: ReportRecord | null; readonly left: string[] }

/** The first record of some lines; undefined while a quote is open and more may come. */
function firstOf(open: readonly string[], delimiter: string, isEnd: boolean): First | undefined {
  const [line] = open
  if (line === undefined) return undefined
  if (line === '') return { record: null, left: open.slice(1) }
  for (let count = 1; count <= open.length; count += 1) {
    const raw = open.slice(0, count).join('\n')
    const cells = cellsOf(raw, delimiter)
    if (cells === 'open') continue
    const left = open.slice(count)
    return {
      record: 'fault' in cells ? { ...cells, raw: short(raw) } : { cells, raw: short(raw) },
      left,
    }
  }
  if (!isEnd) return undefined
  const record = { fault: 'a quote is never closed', raw: short(line) }
  return { record, left: open.slice(1) }
}

function cellsOf(raw: string, delimiter: string): string[] | { fault: string } | 'open' {
  const cells: string[] = []
  for (let at = 0; ; ) {
    if (raw[at] !== '"') {
      const end = raw.indexOf(delimiter, at)
      cells.push(raw.slice(at, end < 0 ? undefined : end))
      if (end < 0) return cells
      at = end + 1
      continue
    }
    const end = closing(raw, at + 1)
    if (end < 0) return 'open'
    cells.push(raw.slice(at + 1, end).replaceAll('""', '"'))
    if (end + 1 === raw.length) return cells
    if (raw[end + 1] !== delimiter) return { fault: 'a quote ends inside a cell' }
    at = end + 2
  }
}

/** Where a quoted cell ends: a quote that is not doubled. */
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
