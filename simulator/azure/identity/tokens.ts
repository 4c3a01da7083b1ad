import { Hono } from 'hono'
import type { App } from '../parties.ts'
import type { AzureState } from '../state.ts'
import { type Endpoint, loginBase } from './base.ts'
import { authenticatedApp, missing } from './credentials.ts'
import { discoveryRoutes } from './discovery.ts'
import { issue } from './issue.ts'
import { refreshed } from './refresh.ts'
import { LoginRefusal, refusalResponse } from './refusal.ts'
import { isKnownResource, normal } from './resources.ts'

/** Microsoft's login service: token endpoints v1 and v2 of every tenant, discovery documents and keys. */
export function loginRoutes(state: AzureState): Hono {
  const routes = new Hono()
  const serve = (version: 1 | 2) => async (c: any) => {
    const form = new URLSearchParams(await c.req.text())
    try {
      const tenant = c.req.param('tenant')
      const path = `${tenant}/${version === 1 ? 'oauth2/token' : 'oauth2/v2.0/token'}`
      const at = { base: loginBase(state, c), path }
      return c.json(token(state, tenant, version, form, at), 200, {
        'cache-control': 'no-store',
        pragma: 'no-cache',
      })
    } catch (error) {
      if (error instanceof LoginRefusal) return refusalResponse(state, error)
      throw error
    }
  }
  routes.post('/:tenant/oauth2/token', serve(1))
  routes.post('/:tenant/oauth2/v2.0/token', serve(2))
  routes.route('/', discoveryRoutes(state))
  return routes
}

function token(
  state: AzureState,
  tenant: string,
  version: 1 | 2,
  form: URLSearchParams,
  at: Endpoint,
): Record<string, unknown> {
  const grant = form.get('grant_type')
  if (!grant) throw missing('grant_type')
  if (grant === 'refresh_token') {
    const app = authenticatedApp(state, tenantOfRefresh(state, tenant, form), form, at)
    return refreshed(state, app, version, resourceOf(state, version, form, false), form)
  }
  if (grant !== 'client_credentials') {
    throw new LoginRefusal(
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    )
  }
  const app = authenticatedApp(state, knownTenant(state, tenant), form, at)
  return issue(state, {
    app,
    version,
    resource: resourceOf(state, version, form, true),
    user: null,
  })
}

function knownTenant(state: AzureState, tenant: string): string {
  if (['common', 'organizations', 'consumers'].includes(tenant)) {
    throw new LoginRefusal(
      'invalid_request',
      50059,
      'No tenant-identifying information found in either the request or implied by any provided credentials.',
    )
  }
  const known = [...state.publishers.values(), ...state.buyers.values()]
  if (!known.some((one) => one.tenantId === tenant)) {
    throw new LoginRefusal(
      'invalid_request',
      90002,
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    )
  }
  return tenant
}

function tenantOfRefresh(state: AzureState, tenant: string, form: URLSearchParams): string {
  const app: App | undefined = state.apps.get(form.get('client_id') ?? '')
  return tenant === 'common' && app ? app.tenantId : knownTenant(state, tenant)
}

/** The API a token is asked for: `resource` of v1, the `/.default` scope of v2. */
function resourceOf(
  state: AzureState,
  version: 1 | 2,
  form: URLSearchParams,
  isAppOnly: boolean,
): string {
  const asked = version === 1 ? form.get('resource') : form.get('scope')
  if (!asked) throw missing(version === 1 ? 'resource' : 'scope')
  const scopes = asked
    .split(' ')
    .filter((one) => !['openid', 'profile', 'offline_access'].includes(one))
  const scope = scopes[0] ?? asked
  if (version === 2 && isAppOnly && (scopes.length !== 1 || !scope.endsWith('/.default'))) {
    throw new LoginRefusal(
      'invalid_scope',
      1002012,
      `The provided value for scope ${asked} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    )
  }
  const resource = version === 1 ? asked : scope.replace(/\/(\.default|user_impersonation)$/, '')
  const { missingPrincipals } = state.settings().tokens
  if (!isKnownResource(resource) || missingPrincipals.includes(normal(resource))) {
    throw new LoginRefusal(
      'invalid_resource',
      500011,
      `The resource principal named ${resource} was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    )
  }
  return resource
}
