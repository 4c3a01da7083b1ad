import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'

/** An answer's JSON as a known shape. Throws `internal` for another shape. */
export function shaped<Shape>(schema: z.ZodType<Shape>, json: unknown, what: string): Shape {
  const read = schema.safeParse(json ?? {})
  if (read.success) return read.data
  const cause = new Error(z.prettifyError(read.error))
  throw new Problem('internal', `Google’s answer to ${what} has an unknown shape`, {}, { cause })
}

/** A value as one segment of a resource name. Throws `not_found` for what would lead to another name. */
export function segment(value: string): string {
  if (!/^\.{0,2}$/.test(value) && /^[^/?#%\\\s]{1,500}$/.test(value)) return value
  throw new Problem('not_found', `Google has nothing named “${value.slice(0, 100)}”`)
}

/** The last segment of a resource name; middle ones are not to be read. */
export const lastOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)
