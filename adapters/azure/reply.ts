import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'

/** An answer's JSON as a known shape; an empty body is an empty object. Throws `internal` for another shape. */
export function shaped<Shape>(schema: z.ZodType<Shape>, json: unknown, what: string): Shape {
  const read = schema.safeParse(json ?? {})
  if (read.success) return read.data
  const cause = new Error(z.prettifyError(read.error))
  throw new Problem('internal', `Microsoft’s answer to ${what} has an unknown shape`, {}, { cause })
}

/** A value as one segment of a path. Throws `not_found` for dots, which would lead to another path. */
export function segment(value: string): string {
  if (/^\.{0,2}$/.test(value))
    throw new Problem('not_found', `Microsoft has nothing named “${value}”`)
  return encodeURIComponent(value)
}
