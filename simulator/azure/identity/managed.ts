import { type Context, Hono } from 'hono'
import type { AzureState } from '../state.ts'
import { issue } from './issue.ts'
import { isKnownResource } from './resources.ts'

/**
 * Tokens for code that runs in Azure without a secret ("How to use managed identities for Azure resources on
 * an Azure VM to acquire an access token", "…for App Service and Azure Functions"): the instance metadata
 * form at `/metadata/identity/oauth2/token`, the App Service form at `/msi/token`. The identity is the
 * application named by `client_id`.
 */
export function managedIdentityRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/metadata/identity/oauth2/token', (c) =>
    c.req.header('metadata')?.toLowerCase() === 'true'
      ? token(state, c)
      : refuse(c, 'Required metadata header not specified'),
  )
  routes.get('/msi/token', (c) =>
    c.req.header('x-identity-header') === undefined
      ? c.json({ statusCode: 401, message: 'No X-IDENTITY-HEADER header' }, 401)
      : token(state, c),
  )
  return routes
}

function token(state: AzureState, c: Context): Response {
  const resource = c.req.query('resource')
  const app = state.apps.get(c.req.query('client_id') ?? '')
  if (!resource || !isKnownResource(resource)) return refuse(c, 'resource is missing or unknown')
  if (!app || app.isDisabled) return refuse(c, 'Identity not found')
  const answer = issue(state, { app, version: 1, resource, user: null })
  return c.json({ ...answer, client_id: app.clientId })
}

const refuse = (c: Context, message: string) =>
  c.json({ error: 'invalid_request', error_description: message }, 400)
