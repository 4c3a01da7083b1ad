import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from './body.ts'
import { rotate } from './identity/keys.ts'
import { operationId, publish } from './notices.ts'
import { instantText, microsText } from './orders/stamp.ts'
import { APIS } from './parties.ts'
import { configurePush } from './pubsub/subscriptions.ts'
import { NEW_BUYER } from './seed.ts'
import { changeSettings } from './settings.ts'
import type { GcpContext } from './state.ts'

const PRODUCT_TEXTS = ['signUpUrl', 'loginUrl', 'title'] as const
const PRODUCT_SWITCHES = [
  'singleSignOn',
  'automaticApproval',
  'multipleOrders',
  'accountNotifications',
  'isResellable',
] as const

/** The strings behind the stage: Producer Portal's switches, scripted mishaps and ledgers under `/gcp/control`. */
export function controlRoutes(context: GcpContext): Hono {
  const routes = new Hono()
  routes.get('/settings', (c) => c.json(context.settings()))
  routes.post('/settings', async (c) => {
    const wrong = changeSettings(context.world, await readBody(c))
    return wrong === undefined ? c.json(context.settings()) : c.json({ error: wrong }, 422)
  })
  productRoutes(context, routes)
  identityRoutes(context, routes)
  noticeRoutes(context, routes)
  stateRoutes(context, routes)
  return plainErrors(routes)
}

/**
 * Technical integration of a product, `{signUpUrl, audience, automaticApproval, …}`; what is not named stays. `plans` are
 * those of its page. One that is not there yet is made for a `provider`, with the plans of its first and no metrics.
 */
function productRoutes(context: GcpContext, routes: Hono): void {
  routes.get('/products', (c) => c.json({ products: context.services.values() }))
  routes.post('/products/:service', async (c) => {
    const wanted = await readBody(c)
    const name = c.req.param('service')
    const first = context.services.values().find(({ provider }) => provider === wanted.provider)
    const service =
      context.services.get(name) ?? (first && { ...first, name, title: name, metrics: [] })
    if (!service) throw new Impossible(404, 'there is no such service')
    const plans = Array.isArray(wanted.plans) ? wanted.plans : service.plans
    const texts = PRODUCT_TEXTS.filter((name) => typeof wanted[name] === 'string')
    const switches = PRODUCT_SWITCHES.filter((name) => typeof wanted[name] === 'boolean')
    const picked = Object.fromEntries([...texts, ...switches].map((name) => [name, wanted[name]]))
    const audience = wanted.audience === undefined ? service.audience : wanted.audience
    return c.json(context.services.put(service.name, { ...service, ...picked, audience, plans }))
  })
}

function identityRoutes(context: GcpContext, routes: Hono): void {
  routes.get('/service-accounts', (c) =>
    c.json({ serviceAccounts: context.serviceAccounts.values() }),
  )
  routes.post('/service-accounts', async (c) => {
    const { email, linked, isDisabled, keys } = await readBody(c)
    const account = context.serviceAccounts.get(String(email))
    if (!account) throw new Impossible(404, 'there is no such service account')
    const odd = Object.keys(linked ?? {}).find((api) => !APIS.some((one) => one === api))
    if (odd !== undefined) throw new Impossible(422, `there is no API ${odd}`)
    return c.json(
      context.serviceAccounts.put(account.email, {
        ...account,
        linked: { ...account.linked, ...linked },
        isDisabled: typeof isDisabled === 'boolean' ? isDisabled : account.isDisabled,
        keys: Array.isArray(keys) ? [...account.keys, ...keys] : account.keys,
      }),
    )
  })
  routes.post('/keys/rotate', async (c) => {
    const { signer = 'signUp', forget = false } = await c.req.json().catch(() => ({}))
    if (signer !== 'signUp' && signer !== 'push') {
      throw new Impossible(422, 'signer must be signUp or push')
    }
    return c.json({ kid: rotate(context, signer, forget === true).kid })
  })
  routes.post('/tokens/forget', (c) => {
    const tokens = context.world.table<unknown>('gcp.accessTokens')
    for (const [token] of tokens.entries()) tokens.delete(token)
    return c.json({})
  })
  routes.post('/billing-accounts', async (c) => {
    const { id, ...wanted } = await readBody(c)
    if (typeof id !== 'string' || !/^[0-9A-F]{6}(-[0-9A-F]{6}){2}$/.test(id)) {
      throw new Impossible(422, 'id must be like 012345-6789AB-CDEF01')
    }
    const unnamed = { ...NEW_BUYER, id, name: id, domain: 'buyer.example', country: 'US' }
    const known = context.billingAccounts.get(id) ?? unnamed
    return c.json(context.billingAccounts.put(id, { ...known, ...wanted, id }))
  })
}

function noticeRoutes(context: GcpContext, routes: Hono): void {
  routes.get('/subscriptions', (c) => c.json({ subscriptions: context.subscriptions.values() }))
  routes.post('/push', async (c) => {
    const { subscription, endpoint, audience, serviceAccountEmail } = await readBody(c)
    const found = context.subscriptions.get(String(subscription))
    if (!found) throw new Impossible(404, 'there is no such subscription')
    const oidcToken = serviceAccountEmail
      ? { serviceAccountEmail, ...(audience ? { audience } : {}) }
      : undefined
    const config = endpoint ? { pushEndpoint: endpoint, ...(oidcToken ? { oidcToken } : {}) } : {}
    return c.json(configurePush(context, found, config))
  })
  routes.post('/notices', async (c) => {
    const {
      provider,
      type = null,
      subject = 'entitlement',
      id,
      fields,
      eventId,
    } = await readBody(c)
    const updateTime = instantText(context.now())
    const operation = eventId ?? operationId(context, type ?? 'CREATE_ACCOUNT')
    publish(context, { provider, type, subject, id, updateTime, fields }, operation, context.now())
    return c.json({ eventId: operation }, 201)
  })
}

function stateRoutes(context: GcpContext, routes: Hono): void {
  routes.get('/accounts', (c) =>
    c.json({
      accounts: context.accounts
        .values()
        .map((one) => ({ ...one, updateTime: microsText(one.updatedMicros) })),
    }),
  )
  routes.get('/entitlements', (c) => c.json({ entitlements: context.entitlements.values() }))
  routes.get('/offers', (c) => c.json({ offers: context.privateOffers.values() }))
  routes.get('/messages', (c) => c.json({ messages: context.messages.values() }))
  routes.get('/timers', (c) => c.json({ timers: context.timers.values() }))
  routes.get('/calls', (c) => {
    const calls = context.world.table<{ calls: number }>('gcp.calls').entries()
    return c.json(Object.fromEntries(calls.map(([name, { calls: n }]) => [name, n])))
  })
}
