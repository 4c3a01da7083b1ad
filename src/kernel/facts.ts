import { z } from 'zod'
import type { Day } from './time.ts'

/** What is known about a thing, by dotted path (`product.type`). A path that is absent or null is not known. */
export type Facts = Readonly<Record<string, string | boolean | null | undefined>>

const fact = z.union([z.string(), z.boolean()])

/** What one fact must be for a rule to match: equal, on or after and before (dates), among, other than, the same as another. */
export const condition = z.union([
  fact,
  z
    .strictObject({
      gte: z.string(),
      lt: z.string(),
      in: z.array(fact),
      not: fact,
      ref: z.string(),
      notRef: z.string(),
    })
    .partial(),
])
export const conditions = z.record(z.string(), condition)
export type Condition = z.infer<typeof condition>
export type Conditions = z.infer<typeof conditions>

const day = z.custom<Day>((value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value))

/** When a rule holds: half-open, and by which dated fact that is decided. */
export const effective = z.strictObject({
  from: day.nullable(),
  to: day.nullable(),
  basis: z.string(),
})
export type Effective = z.infer<typeof effective>

/** Whether every condition holds. A fact that is not known satisfies nothing, not even `not`. */
export const matches = (when: Conditions, facts: Facts): boolean =>
  Object.entries(when).every(([path, wanted]) => holds(wanted, facts[path], facts))

/** Whether the basis date lies in the window. A basis that is not known lies in none. */
export function inEffect({ from, to, basis }: Effective, facts: Facts): boolean {
  const at = facts[basis]
  if (typeof at !== 'string') return false
  return (from === null || at >= from) && (to === null || at < to)
}

/** Whether every condition about a known fact holds: what is still unknown could make it match. */
export const couldMatch = (when: Conditions, facts: Facts): boolean =>
  Object.entries(when).every(
    ([path, wanted]) =>
      unknownPaths({ [path]: wanted }, facts).length > 0 || holds(wanted, facts[path], facts),
  )

/** The paths a rule asks about that nobody has told us. */
export const unknownPaths = (when: Conditions, facts: Facts): string[] =>
  Object.entries(when)
    .flatMap(([path, wanted]) => [path, ...referred(wanted)])
    .filter((path) => facts[path] === undefined || facts[path] === null)

function holds(wanted: Condition, known: Facts[string], facts: Facts): boolean {
  if (known === undefined || known === null) return false
  if (typeof wanted !== 'object') return known === wanted
  const other = facts[wanted.ref ?? wanted.notRef ?? ''] ?? undefined
  if ((wanted.ref !== undefined || wanted.notRef !== undefined) && other === undefined) return false
  return (
    (wanted.gte === undefined || String(known) >= wanted.gte) &&
    (wanted.lt === undefined || String(known) < wanted.lt) &&
    (wanted.in === undefined || wanted.in.includes(known)) &&
    (wanted.not === undefined || known !== wanted.not) &&
    (wanted.ref === undefined || known === other) &&
    (wanted.notRef === undefined || known !== other)
  )
}

const referred = (wanted: Condition): string[] =>
  typeof wanted === 'object' ? [wanted.ref, wanted.notRef].filter((path) => path !== undefined) : []
