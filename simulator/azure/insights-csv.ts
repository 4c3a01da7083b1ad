/** Rows as comma or tab separated text with CRLF ends; fields are quoted only where they must be. */
export function separated(rows: readonly (readonly string[])[], format: 'csv' | 'tsv'): string {
  const comma = format === 'csv' ? ',' : '\t'
  const mustQuote = format === 'csv' ? /[",\r\n]/ : /["\t\r\n]/
  const field = (text: string) => (mustQuote.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return rows.map((row) => `${row.map(field).join(comma)}\r\n`).join('')
}
