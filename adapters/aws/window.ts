import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, instant, millis } from '../../src/kernel/time.ts'

/**
 * Where a walk through things sorted by their last change stands. What changed shortly before `top` is asked for
 * again, since AWS may show a change late, and `seen` (reference and time of change) keeps it from being told twice.
 */
const position = z.strictObject({
  after: z.string().nullable(),
  top: z.string().nullable(),
  token: z.string().optional(),
  seen: z.record(z.string(), z.string()),
})
export type Position = {
  readonly after: Instant | null
  readonly top: Instant | null
  readonly token?: string | undefined
  readonly seen: Readonly<Record<string, string>>
}
export type Changed = { readonly ref: string; readonly at: Instant }

const overlapMs = 5 * 60_000
/** Beyond this many changes in the overlap some are told twice, which is allowed; the cursor stays small. */
const seenMax = 500

/** Reads a cursor that `writePosition` made; null is the beginning. Throws `invalid` for any other text. */
export function readPosition(cursor: string | null): Position {
  if (cursor === null) return { after: null, top: null, seen: {} }
  try {
    return position.parse(JSON.parse(cursor)) as Position
  } catch (cause) {
    throw new Problem('invalid', 'this cursor is not one of ours', {}, { cause })
  }
}
export const writePosition = (at: Position): string => JSON.stringify(at)

/** What of a page has not been told yet. */
export const news = <T extends Changed>(at: Position, page: readonly T[]): T[] =>
  page.filter(({ ref, at: changed }) => at.seen[ref] !== changed)

/** The position after a page. `token` leads to the next page of the same walk; without it the walk is over. */
export function advance(at: Position, page: readonly Changed[], token?: string): Position {
  const top = [at.top, ...page.map((changed) => changed.at)].reduce(latest, null)
  if (top === null) return { ...at, token }
  const since = instant(millis(top) - overlapMs)
  const known = [
    ...Object.entries(at.seen),
    ...page.map(({ ref, at: when }) => [ref, when] as const),
  ]
  const seen = Object.fromEntries(known.filter(([, when]) => when >= since).slice(-seenMax))
  return token === undefined ? { after: since, top, seen } : { after: at.after, top, token, seen }
}

const latest = (a: Instant | null, b: Instant | null): Instant | null =>
  a === null || (b !== null && b > a) ? b : a

/** AWS's date filters take whole seconds: cut, never rounded up. */
export const toSeconds = (at: Instant): string => `${at.slice(0, 19)}Z`
