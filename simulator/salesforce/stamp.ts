/** A datetime as Salesforce writes it, in whole seconds: `2026-05-01T07:25:37.000+0000`. */
export function stamp(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}.000+0000`
}

/** Milliseconds since the epoch of a datetime with an offset (`Z`, `+0000`, `+00:00`), or null. */
export function parseDateTime(text: string): number | null {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.exec(text)
  if (!parts) return null
  const offset = parts[3] === 'Z' ? 'Z' : `${parts[3]!.slice(0, 3)}:${parts[3]!.slice(-2)}`
  const ms = Date.parse(`${parts[1]}${(parts[2] ?? '').slice(0, 4)}${offset}`)
  return Number.isNaN(ms) ? null : ms
}

/** Whether the text is a day that exists, as `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}
