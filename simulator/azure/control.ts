import { createHash, X509Certificate } from 'node:crypto'
import Big from 'big.js'
import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from './body.ts'
import { stopSelling } from './catalog-write.ts'
import { issuedSoFar } from './identity/issue.ts'
import { rotateKeys } from './identity/keys.ts'
import { consent, refreshTokens } from './identity/refresh.ts'
import { failActivations } from './lifecycle/start.ts'
import { issueToken } from './marketplace/landing.ts'
import { reconcileAs } from './metering/reconcile.ts'
import type { App } from './parties.ts'
import { changeSettings } from './settings.ts'
import type { AzureState } from './state.ts'

const RECON = ['Submitted', 'Accepted', 'Mismatch', 'Rejected'] as const

/** The strings behind the stage: switches, ledgers and scripted mishaps under `/azure/control`. */
export function controlRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/settings', (c) => c.json(state.settings()))
  routes.post('/settings', async (c) => {
    const wrong = changeSettings(state.world, await readBody(c))
    return wrong === undefined ? c.json(state.settings()) : c.json({ error: wrong }, 422)
  })
  appRoutes(state, routes)
  loginRoutes(state, routes)
  offerRoutes(state, routes)
  stateRoutes(state, routes)
  return plainErrors(routes)
}

/** `{ clientId, … }` changes an application registration; what is not named stays. */
function appRoutes(state: AzureState, routes: Hono): void {
  routes.get('/apps', (c) => c.json({ apps: state.apps.values() }))
  routes.post('/apps', async (c) => {
    const { clientId, isManager, isDisabled, denied, certificate } = await readBody(c)
    const app = appOf(state, clientId)
    if (denied !== undefined && !Array.isArray(denied)) {
      throw new Impossible(422, 'denied must be a list of APIs')
    }
    const certificates =
      certificate === undefined
        ? app.certificates
        : [...app.certificates, certificateOf(String(certificate))]
    return c.json(
      state.apps.put(app.clientId, {
        ...app,
        isManager: typeof isManager === 'boolean' ? isManager : app.isManager,
        isDisabled: typeof isDisabled === 'boolean' ? isDisabled : app.isDisabled,
        denied: denied ?? app.denied,
        certificates,
      }),
    )
  })
  routes.post('/secrets', async (c) => {
    const { clientId, value, expiresAt, revoke } = await readBody(c)
    const app = appOf(state, clientId)
    const known = app.secrets.find((one) => one.value === value)
    const ends = expiresAt === undefined ? null : Date.parse(String(expiresAt))
    if (Number.isNaN(ends)) throw new Impossible(422, 'expiresAt must be a date')
    const secret = { value: String(value), expiresAt: ends, isRevoked: revoke === true }
    const others = app.secrets.filter((one) => one !== known)
    return c.json(state.apps.put(app.clientId, { ...app, secrets: [...others, secret] }))
  })
}

function loginRoutes(state: AzureState, routes: Hono): void {
  routes.post('/keys/rotate', async (c) => {
    const body: any = await c.req.json().catch(() => ({}))
    return c.json({ kid: rotateKeys(state.world, body.forget === true) })
  })
  routes.post('/sessions/expire', (c) => {
    const revokedBefore = issuedSoFar(state)
    for (const app of state.apps.values()) state.apps.put(app.clientId, { ...app, revokedBefore })
    return c.json({ expired: revokedBefore })
  })
  routes.post('/refresh-tokens', async (c) => {
    const { clientId, user } = await readBody(c)
    const app = appOf(state, clientId)
    return c.json({ refreshToken: consent(state, app.clientId, String(user)) }, 201)
  })
  routes.post('/refresh-tokens/revoke', (c) => {
    for (const [token, known] of refreshTokens(state).entries()) {
      refreshTokens(state).put(token, { ...known, isRevoked: true })
    }
    return c.json({ revoked: refreshTokens(state).size })
  })
}

/** Technical configuration of an offer, what the publisher enters in Partner Center and publishes. */
function offerRoutes(state: AzureState, routes: Hono): void {
  routes.get('/offers', (c) => c.json({ products: state.products.values() }))
  routes.post('/offers/:offerId', async (c) => {
    const product = state.products
      .values()
      .find((one) => one.offerId === c.req.param('offerId') || one.guid === c.req.param('offerId'))
    if (!product) throw new Impossible(404, 'there is no such offer')
    const { target = 'both', ...wanted } = await readBody(c)
    for (const name of ['live', 'preview'] as const) {
      if (target !== 'both' && target !== name) continue
      for (const field of ['landingPageUrl', 'connectionWebhook', 'tenantId', 'appId'] as const) {
        if (typeof wanted[field] === 'string') product[name][field] = wanted[field]
      }
    }
    return c.json(state.products.put(product.guid, product))
  })
  routes.get('/plans', (c) => c.json({ plans: state.plans.values() }))
  routes.post('/plans/:guid', async (c) => {
    const plan = state.plans.get(c.req.param('guid'))
    if (!plan) throw new Impossible(404, 'there is no such plan')
    const { isStopSell } = await readBody(c)
    return c.json(stopSelling(state, plan, isStopSell === true))
  })
}

function stateRoutes(state: AzureState, routes: Hono): void {
  routes.get('/subscriptions', (c) => c.json({ subscriptions: state.subscriptions.values() }))
  routes.get('/operations', (c) => c.json({ operations: state.operations.values() }))
  routes.get('/deliveries', (c) => c.json({ deliveries: state.deliveries.values() }))
  routes.get('/timers', (c) => c.json({ timers: state.timers.values() }))
  routes.get('/ledger', (c) => c.json(ledger(state)))
  routes.get('/calls', (c) => {
    const calls = state.world.table<{ calls: number }>('azure.calls').entries()
    return c.json(Object.fromEntries(calls.map(([name, { calls: n }]) => [name, n])))
  })
  routes.post('/tokens', async (c) => {
    const { subscriptionId } = await readBody(c)
    const subscription = state.subscriptions.get(String(subscriptionId))
    if (!subscription) throw new Impossible(404, 'there is no such subscription')
    return c.json({ token: issueToken(state, subscription) }, 201)
  })
  routes.post('/activations/fail', async (c) => {
    const { times = 1 } = await readBody(c)
    failActivations(state, Number(times))
    return c.json({ times })
  })
  routes.post('/usage/reconcile', async (c) => {
    const { subscription, dimension, day, reconStatus, processedQuantity = '0' } = await readBody(c)
    if (!RECON.includes(reconStatus)) {
      throw new Impossible(422, `reconStatus must be one of ${RECON.join(', ')}`)
    }
    const outcome = { reconStatus, processedQuantity: Big(String(processedQuantity)).toFixed() }
    return c.json({ changed: reconcileAs(state, { subscription, dimension, day }, outcome) })
  })
}

/** Usage held as accepted, and its sums, as exact text. */
function ledger(state: AzureState) {
  const totals = new Map<string, Big>()
  for (const one of state.usage.values()) {
    const key = `${one.subscription}/${one.dimension}`
    totals.set(key, (totals.get(key) ?? Big(0)).plus(one.quantity))
  }
  return {
    records: state.usage
      .values()
      .map((one) => ({ ...one, hour: new Date(one.hour).toISOString() })),
    totals: [...totals].map(([key, quantity]) => ({
      subscription: key.slice(0, key.indexOf('/')),
      dimension: key.slice(key.indexOf('/') + 1),
      quantity: quantity.toFixed(),
    })),
  }
}

function appOf(state: AzureState, clientId: unknown): App {
  const app = state.apps.get(String(clientId))
  if (!app) throw new Impossible(404, 'there is no such application')
  return app
}

function certificateOf(pem: string) {
  try {
    const { raw } = new X509Certificate(pem)
    const digest = (algorithm: string) => createHash(algorithm).update(raw).digest('base64url')
    return { pem, x5t: digest('sha1'), x5tS256: digest('sha256') }
  } catch {
    throw new Impossible(422, 'certificate must be an X.509 certificate in PEM')
  }
}
