/** Nested values as XML elements; lists repeat their element. */
export function xml(value: any): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return escaped(String(value))
  return Object.entries(value)
    .map(([name, inner]) =>
      [inner]
        .flat()
        .map((one) => (one === undefined ? '' : `<${name}>${xml(one)}</${name}>`))
        .join(''),
    )
    .join('')
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
