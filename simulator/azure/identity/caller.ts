import type { App, Publisher } from '../parties.ts'
import type { AzureState } from '../state.ts'
import { isSignedBy, parseToken } from './jwt.ts'
import { publicKeyOf } from './keys.ts'
import { type Api, audiencesOf, normal } from './resources.ts'
import { tokenNow } from './time.ts'

/** Who calls: an application of a publisher, for itself or (payouts) for a signed-in user. */
export type Caller = {
  readonly app: App
  readonly publisher: Publisher
  /** Name of the signed-in user, or null when the application calls for itself. */
  readonly user: string | null
}

/** Why a caller is refused: each API says it in its own words. The first five are about the token. */
export class Refused extends Error {
  readonly reason: 'missing' | 'malformed' | 'expired' | 'revoked' | 'audience' | 'role' | 'user'
  constructor(reason: Refused['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/**
 * The caller behind an `Authorization` header, for one API. Checks signature, expiry, audience, the role in
 * Partner Center where the API wants one (ingestion and analytics: Manager), and that payouts have a user.
 */
export function callerOf(state: AzureState, authorization: string | undefined, api: Api): Caller {
  const [scheme = '', token = ''] = (authorization ?? '').split(' ')
  if (scheme.toLowerCase() !== 'bearer' || token === '') {
    throw new Refused('missing', 'Access token is missing.')
  }
  const parsed = parseToken(token)
  const key = parsed && publicKeyOf(state.world, String(parsed.header.kid))
  if (!parsed || !key || !isSignedBy(parsed, key)) {
    throw new Refused('malformed', 'Access token is invalid.')
  }
  const { claims } = parsed
  if (claims.exp <= tokenNow(state) / 1000)
    throw new Refused('expired', 'Access token has expired.')
  if (!audiencesOf(api, state.settings().tokens).includes(normal(claims.aud))) {
    throw new Refused('audience', 'Access token has the wrong audience.')
  }
  const app = state.apps.get(claims.appid)
  const publisher = app && state.publishers.get(app.publisherId)
  if (!app || !publisher || Number(claims.uti) <= app.revokedBefore) {
    throw new Refused('revoked', 'Access token has been revoked.')
  }
  return permitted({ app, publisher, user: claims.unique_name ?? null }, api)
}

function permitted(caller: Caller, api: Api): Caller {
  const { app, user } = caller
  const needsManager = api === 'ingestion' || api === 'analytics'
  if (app.denied.includes(api) || (needsManager && !app.isManager)) {
    throw new Refused('role', 'The application is not authorized to call this API.')
  }
  if (api === 'payouts' && user === null) {
    throw new Refused('user', 'This API needs a token of an application and a user.')
  }
  return caller
}
