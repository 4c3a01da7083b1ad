import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from './body.ts'
import { configurationOf } from './configuration.ts'
import { buy } from './lifecycle/buy.ts'
import { customerChange } from './lifecycle/change.ts'
import { endSubscription } from './lifecycle/end.ts'
import { pendingOperation } from './lifecycle/operations.ts'
import { reinstate, suspend } from './lifecycle/suspend.ts'
import { whyNot } from './marketplace/changes.ts'
import { issueToken } from './marketplace/landing.ts'
import { offerBuyerRoutes } from './private-offer-buyer.ts'
import type { Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'

const LANDING_TIMEOUT_MS = 30_000
const BODY_CHARS_MAX = 20_000

/** The customer in the Azure portal: plain JSON under `/azure/buyer`, not part of Microsoft's own API. */
export function buyerRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/subscriptions', (c) => {
    const account = c.req.query('billingAccountId')
    const all = state.subscriptions.values()
    const mine = all.filter((one) => !account || one.billingAccountId === account)
    return c.json({ subscriptions: mine })
  })
  routes.get('/accounts', (c) => c.json({ accounts: state.buyers.values() }))
  routes.post('/buy', async (c) => {
    const subscription = buy(state, await readBody(c))
    return c.json({ subscriptionId: subscription.id, subscription }, 201)
  })
  routes.post('/configure', async (c) => {
    const body = await readBody(c)
    return c.json(await openLandingPage(state, find(state, body), body.token))
  })
  changes(state, routes)
  payments(state, routes)
  routes.route('/', offerBuyerRoutes(state))
  return plainErrors(routes)
}

function changes(state: AzureState, routes: Hono): void {
  routes.post('/change-plan', async (c) => {
    const body = await readBody(c)
    const subscription = find(state, body)
    possible(whyNot(state, subscription, String(body.planId), undefined))
    return c.json(customerChange(state, subscription, { planId: String(body.planId) }))
  })
  routes.post('/change-seats', async (c) => {
    const body = await readBody(c)
    const subscription = find(state, body)
    possible(whyNot(state, subscription, undefined, body.quantity))
    return c.json(customerChange(state, subscription, { quantity: body.quantity }))
  })
  routes.post('/cancel', async (c) => {
    const subscription = find(state, await readBody(c))
    possible(subscription.status === 'Unsubscribed' ? 'the subscription is unsubscribed' : null)
    endSubscription(state, subscription, state.now(), 'Azure')
    return c.json(subscription)
  })
  for (const [path, autoRenew] of [
    ['/turn-off-renewal', false],
    ['/turn-on-renewal', true],
  ] as const) {
    routes.post(path, async (c) => {
      const subscription = find(state, await readBody(c))
      return c.json(state.subscriptions.put(subscription.id, { ...subscription, autoRenew }))
    })
  }
}

function payments(state: AzureState, routes: Hono): void {
  routes.post('/pay-fails', async (c) => {
    const subscription = find(state, await readBody(c))
    possible(subscription.status === 'Subscribed' ? null : 'the subscription is not subscribed')
    suspend(state, subscription)
    return c.json(subscription)
  })
  routes.post('/pay', async (c) => {
    const subscription = find(state, await readBody(c))
    possible(subscription.status === 'Suspended' ? null : 'the subscription is not suspended')
    possible(pendingOperation(state, subscription) ? 'an operation is in progress' : null)
    return c.json(reinstate(state, subscription))
  })
}

function find(state: AzureState, body: Record<string, any>): Subscription {
  const subscription = state.subscriptions.get(String(body.subscriptionId))
  if (!subscription) throw new Impossible(404, 'there is no such subscription')
  return subscription
}

function possible(why: string | null): void {
  if (why !== null) throw new Impossible(409, why)
}

/** Configure account: the browser opens the publisher's landing page with a token; redirects are not followed. */
async function openLandingPage(state: AzureState, subscription: Subscription, given: unknown) {
  const url = configurationOf(state, subscription)?.landingPageUrl ?? ''
  if (!URL.canParse(url)) throw new Impossible(409, 'the offer has no landing page URL')
  const token = typeof given === 'string' ? given : issueToken(state, subscription)
  const joint = url.includes('?') ? '&' : '?'
  const address = `${url}${joint}token=${encodeURIComponent(token)}`
  try {
    const answer = await fetch(address, {
      redirect: 'manual',
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(LANDING_TIMEOUT_MS),
    })
    const body = (await answer.text()).slice(0, BODY_CHARS_MAX)
    return { status: answer.status, location: answer.headers.get('location'), token, body }
  } catch (error) {
    throw new Impossible(409, `the browser could not reach ${url}: ${String(error)}`)
  }
}
