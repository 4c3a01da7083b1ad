import { Hono } from 'hono'
import { endAgreement } from './agreements/end.ts'
import { failDisbursement, refund } from './billing.ts'
import { BadBody, readBody } from './body.ts'
import { keep } from './catalog/apply.ts'
import type { Aws } from './context.ts'
import { deliveries, destinations } from './events.ts'
import { writeFeeds } from './feeds.ts'
import { accountOf } from './identity.ts'
import { usageTable } from './metering/store.ts'
import { SELLER } from './seed.ts'
import { changeSettings } from './settings.ts'

/** The strings behind the stage: switches, ledgers and scripted mishaps under `/aws/control`. */
export function controlRoutes(aws: Aws): Hono {
  const routes = new Hono()
  settingRoutes(aws, routes)
  peopleRoutes(aws, routes)
  eventRoutes(aws, routes)
  stateRoutes(aws, routes)
  mishapRoutes(aws, routes)
  routes.onError((error, c) => {
    if (error instanceof BadBody) return c.json({ error: error.message }, 422)
    throw error
  })
  return routes
}

function settingRoutes(aws: Aws, routes: Hono): void {
  routes.get('/settings', (c) => c.json(aws.settings()))
  routes.post('/settings', async (c) => {
    const wrong = changeSettings(aws.world, await readBody(c))
    return wrong === undefined ? c.json(aws.settings()) : c.json({ error: wrong }, 422)
  })
}

/** Who may do what: `{ "accessKeyId" or "roleArn", "actions": [...] }` replaces what is refused. */
function peopleRoutes(aws: Aws, routes: Hono): void {
  routes.get('/denied', (c) =>
    c.json({
      denied: [
        ...aws.keys.values().map((key) => ({ principal: key.accessKeyId, actions: key.denied })),
        ...aws.roles.values().map((role) => ({ principal: role.arn, actions: role.denied })),
      ],
    }),
  )
  routes.post('/denied', async (c) => {
    const { accessKeyId, roleArn, actions } = await readBody(c)
    if (!Array.isArray(actions)) return c.json({ error: 'actions must be a list' }, 422)
    const key = aws.keys.get(accessKeyId)
    const role = aws.roles.get(roleArn)
    if (key) aws.keys.put(key.accessKeyId, { ...key, denied: actions })
    if (role) aws.roles.put(role.arn, { ...role, denied: actions })
    return key || role ? c.json({ actions }) : c.json({ error: 'no such key or role' }, 404)
  })
  routes.get('/accounts', (c) => c.json({ accounts: aws.accounts.values() }))
  routes.post('/accounts', async (c) => {
    const { id, ...rest } = await readBody(c)
    if (!/^\d{12}$/.test(String(id))) return c.json({ error: 'id must be 12 digits' }, 422)
    return c.json(aws.accounts.put(id, { ...accountOf(aws, id), ...rest, id }))
  })
  routes.post('/sessions/expire', (c) => {
    for (const [id, one] of aws.sessions.entries()) aws.sessions.put(id, { ...one, expiresAt: 0 })
    return c.json({ expired: aws.sessions.size })
  })
}

function eventRoutes(aws: Aws, routes: Hono): void {
  routes.get('/destinations', (c) => c.json({ destinations: destinations(aws).values() }))
  routes.post('/destinations', async (c) => {
    const { url, header, secret, account = SELLER } = await readBody(c)
    if (!URL.canParse(url) || typeof header !== 'string' || typeof secret !== 'string') {
      return c.json({ error: 'url, header and secret are needed' }, 422)
    }
    const id = aws.ids.word('dest-', 13)
    return c.json(destinations(aws).put(id, { id, url, header, secret, account }), 201)
  })
  routes.delete('/destinations/:id', (c) => {
    destinations(aws).delete(c.req.param('id'))
    return c.body(null, 204)
  })
  routes.get('/events', (c) => c.json({ events: aws.world.table('aws.events').values() }))
  routes.get('/deliveries', (c) => c.json({ deliveries: deliveries(aws).values() }))
}

function stateRoutes(aws: Aws, routes: Hono): void {
  routes.get('/ledger', (c) => {
    const records = usageTable(aws).values()
    const totals = new Map<string, number>()
    for (const one of records) {
      const key = `${one.licenseArn}/${one.dimension}`
      totals.set(key, (totals.get(key) ?? 0) + one.quantity)
    }
    return c.json({
      records: records.map((one) => ({ ...one, hour: new Date(one.hour).toISOString() })),
      totals: [...totals].map(([key, quantity]) => {
        const [dimension = ''] = key.split('/').slice(-1)
        return { licenseArn: key.slice(0, -dimension.length - 1), dimension, quantity }
      }),
    })
  })
  routes.get('/calls', (c) => {
    const calls = aws.world.table<{ calls: number }>('aws.calls').entries()
    return c.json(Object.fromEntries(calls.map(([name, { calls: n }]) => [name, n])))
  })
  routes.get('/entities', (c) => c.json({ entities: aws.entities.values() }))
  routes.get('/billing', (c) => c.json({ rows: aws.world.table('aws.billing').values() }))
  routes.post('/feeds/write', (c) => c.json({ written: writeFeeds(aws, aws.now()) }))
  routes.get('/timers', (c) => c.json({ timers: aws.world.table('aws.timers').values() }))
  routes.post('/products/:id', async (c) => {
    const product = aws.entities.get(c.req.param('id'))
    if (product?.type !== 'SaaSProduct') return c.json({ error: 'no such product' }, 404)
    const { fulfillmentUrl, mode, visibility } = await readBody(c)
    const next = structuredClone(product)
    if (fulfillmentUrl !== undefined) {
      for (const version of next.details.Versions) {
        for (const option of version.DeliveryOptions) option.FulfillmentUrl = fulfillmentUrl
      }
    }
    if (mode !== undefined) next.facts.mode = mode
    if (visibility !== undefined) next.details.Description.Visibility = visibility
    keep(aws, next, aws.now())
    return c.json(next)
  })
}

/** Things that go wrong on purpose: failing change sets, refunds, failed payouts, terminated agreements. */
function mishapRoutes(aws: Aws, routes: Hono): void {
  routes.post('/change-sets/fail', async (c) => {
    const { code = 'SERVER_FAULT', message = 'Internal failure', times = 1 } = await readBody(c)
    const id = aws.ids.word('script-', 13)
    aws.world.table('aws.changeSetScripts').put(id, { code, message, times })
    return c.json({ code, message, times }, 201)
  })
  routes.post('/refunds', async (c) => {
    const { invoiceId, amount } = await readBody(c)
    const wrong = refund(aws, String(invoiceId), String(amount))
    return wrong === null ? c.json({ refunded: amount }, 201) : c.json({ error: wrong }, 409)
  })
  routes.post('/disbursements/:id/fail', (c) => {
    const wrong = failDisbursement(aws, c.req.param('id'))
    return wrong === null ? c.json({ failed: c.req.param('id') }) : c.json({ error: wrong }, 409)
  })
  routes.post('/agreements/:id/terminate', (c) => {
    const agreement = aws.agreements.get(c.req.param('id'))
    if (agreement?.status !== 'ACTIVE') return c.json({ error: 'no such active agreement' }, 404)
    endAgreement(aws, agreement, 'TERMINATED', aws.now())
    return c.json(agreement)
  })
}
