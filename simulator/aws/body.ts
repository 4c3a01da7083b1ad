import type { Context } from 'hono'

/** A body that is not a JSON object. */
export class BadBody extends Error {}

/** The JSON object a control or buyer request carries. */
export async function readBody(c: Context): Promise<Record<string, any>> {
  const body: unknown = await c.req.json().catch(() => null)
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new BadBody('the body must be a JSON object')
  }
  return body
}
