import type { Context } from 'hono'
import type { AzureState } from '../state.ts'

export const REAL_LOGIN = 'https://login.microsoftonline.com'

/** A token endpoint: where the login service is, and the tenant's path below it. */
export type Endpoint = { readonly base: string; readonly path: string }

/**
 * Address of the login service as its caller sees it. Standard clients want https and the tenant first in the
 * path: a proxy that gives them both says so by `x-forwarded-host`, and is then named in every address.
 */
export function loginBase(state: AzureState, c: Context): string {
  const host = c.req.header('x-forwarded-host')
  return host === undefined ? `${state.world.origin()}/azure/login` : `https://${host}`
}
