import { type Context, Hono } from 'hono'
import type { AzureState } from '../state.ts'
import { loginBase, REAL_LOGIN as REAL } from './base.ts'
import { keySet } from './keys.ts'

/**
 * What a standard client may ask for before a token: OpenID configuration of v1 and v2, instance discovery
 * and key sets. Issuers are Microsoft's own, as they stand in tokens; every other address is this world's.
 */
export function discoveryRoutes(state: AzureState): Hono {
  const routes = new Hono()
  const base = (c: Context) => loginBase(state, c)
  routes.get('/:tenant/.well-known/openid-configuration', (c) => {
    const tenant = c.req.param('tenant')
    const issuer = `https://sts.windows.net/${tenant}/`
    return c.json(configuration(`${base(c)}/${tenant}`, issuer, 'oauth2', 'discovery/keys'))
  })
  routes.get('/:tenant/v2.0/.well-known/openid-configuration', (c) => {
    const tenant = c.req.param('tenant')
    const issuer = `${REAL}/${tenant}/v2.0`
    return c.json(
      configuration(`${base(c)}/${tenant}`, issuer, 'oauth2/v2.0', 'discovery/v2.0/keys'),
    )
  })
  const keys = (c: Context) => c.json(keySet(state.world))
  routes.get('/:tenant/discovery/v2.0/keys', keys)
  routes.get('/:tenant/discovery/keys', keys)
  routes.get('/common/discovery/instance', (c) => {
    const [tenant = 'common'] = new URL(
      c.req.query('authorization_endpoint') ?? `${REAL}/common/oauth2/v2.0/authorize`,
    ).pathname
      .split('/')
      .filter((part) => !['', 'azure', 'login'].includes(part))
    const host = new URL(base(c)).host
    return c.json({
      tenant_discovery_endpoint: `${base(c)}/${tenant}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    })
  })
  return routes
}

function configuration(base: string, issuer: string, oauth: string, keys: string) {
  return {
    issuer,
    token_endpoint: `${base}/${oauth}/token`,
    authorization_endpoint: `${base}/${oauth}/authorize`,
    jwks_uri: `${base}/${keys}`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  }
}
