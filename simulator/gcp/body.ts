import type { Context, Hono } from 'hono'
import { Refusal } from './refusal.ts'

/** What a person in the console or behind the stage may not do; answered as 409, or 422 when the request is odd. */
export class Impossible extends Error {
  readonly status: 404 | 409 | 422
  constructor(status: 404 | 409 | 422, message: string) {
    super(message)
    this.status = status
  }
}

/** The JSON object a control or buyer request carries. */
export async function readBody(c: Context): Promise<Record<string, any>> {
  const body: unknown = await c.req.json().catch(() => null)
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new Impossible(422, 'the body must be a JSON object')
  }
  return body
}

/** Makes these routes answer what is impossible in plain words; a marketplace's refusal is a 409. */
export function plainErrors(routes: Hono): Hono {
  routes.onError((error, c) => {
    if (error instanceof Impossible) return c.json({ error: error.message }, error.status)
    if (error instanceof Refusal) {
      return c.json({ error: error.message, details: error.details }, 409)
    }
    throw error
  })
  return routes
}
