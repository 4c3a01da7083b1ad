import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from '../body.ts'
import { type Accept, acceptOffer, buyPlan } from '../orders/buy.ts'
import { changePlan, dropChange } from '../orders/change.ts'
import { cancel, endAll, revertCancellation } from '../orders/end.ts'
import type { BillingAccount, Service } from '../parties.ts'
import { entitlementView } from '../procurement/views.ts'
import type { Account, Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { signUpToken, visit } from './sign-up.ts'

const DAY_MS = 86_400_000

/** The customer in the Cloud console: plain JSON under `/gcp/buyer`, not part of Google's own API. */
export function buyerRoutes(context: GcpContext, accept: Accept): Hono {
  const routes = new Hono()
  routes.get('/accounts', (c) => c.json({ accounts: context.billingAccounts.values() }))
  routes.get('/entitlements', (c) => {
    const of = c.req.query('billingAccount')
    const mine = context.entitlements.values().filter((one) => !of || one.billingAccount === of)
    return c.json({ entitlements: mine.map((one) => shown(context, one)) })
  })
  routes.get('/offers', (c) => {
    const of = c.req.query('billingAccount')
    const shownTo = context.privateOffers
      .values()
      .filter((one) => one.state !== 'DRAFT' && (!of || one.targetBillingAccount === of))
    return c.json({ offers: shownTo })
  })
  routes.post('/buy', async (c) => {
    const { service, plan, billingAccount } = await readBody(c)
    const asked = {
      service: serviceOf(context, service).name,
      plan: String(plan),
      billingAccount: String(billingAccount),
    }
    return c.json(shown(context, buyPlan(context, asked)), 201)
  })
  routes.post('/accept', async (c) => {
    const { offer, billingAccount } = await readBody(c)
    const asked = { offer: String(offer), billingAccount: String(billingAccount) }
    return c.json(shown(context, acceptOffer(context, accept, asked)), 201)
  })
  changeRoutes(context, routes)
  billingRoutes(context, routes)
  browserRoutes(context, routes)
  return plainErrors(routes)
}

function changeRoutes(context: GcpContext, routes: Hono): void {
  routes.post('/change-plan', async (c) => {
    const body = await readBody(c)
    const when = body.when === 'term_end' ? 'term_end' : 'now'
    const changed = changePlan(context, find(context, body), String(body.plan), when)
    return c.json(shown(context, changed))
  })
  routes.post('/withdraw-change', async (c) => {
    const entitlement = find(context, await readBody(c))
    if (!entitlement.pending) throw new Impossible(409, 'no change is pending')
    return c.json(shown(context, dropChange(context, entitlement, context.now())))
  })
  routes.post('/cancel', async (c) => {
    const body = await readBody(c)
    const entitlement = find(context, body)
    const usual = entitlement.terms.months === null ? 'now' : 'term_end'
    const when = body.when === 'now' || body.when === 'term_end' ? body.when : usual
    return c.json(shown(context, cancel(context, entitlement, when)))
  })
  routes.post('/revert', async (c) => {
    const entitlement = find(context, await readBody(c))
    return c.json(shown(context, revertCancellation(context, entitlement)))
  })
}

/** What a buyer does to the whole billing account. */
function billingRoutes(context: GcpContext, routes: Hono): void {
  routes.post('/disable-billing', async (c) => {
    const buyer = billingOf(context, (await readBody(c)).billingAccount)
    const due = context.now() + context.settings().procurement.billingDisabledMs
    context.timers.set('billing.disabled', due, { billingAccount: buyer.id }, `billing:${buyer.id}`)
    return c.json(context.billingAccounts.put(buyer.id, { ...buyer, isDisabled: true }))
  })
  routes.post('/enable-billing', async (c) => {
    const buyer = billingOf(context, (await readBody(c)).billingAccount)
    context.timers.cancel(`billing:${buyer.id}`)
    return c.json(context.billingAccounts.put(buyer.id, { ...buyer, isDisabled: false }))
  })
  routes.post('/close', async (c) => {
    const buyer = billingOf(context, (await readBody(c)).billingAccount)
    const at = context.now()
    const due = at + context.settings().procurement.purgeDays * DAY_MS
    for (const account of context.accounts.values()) {
      if (account.billingAccount !== buyer.id) continue
      endAll(context, account, 'account-closed', at)
      context.timers.set('account.delete', due, { id: account.id }, `delete:${account.id}`)
    }
    return c.json(context.billingAccounts.put(buyer.id, { ...buyer, isClosed: true }))
  })
}

/** The buyer's browser: sign up, log in, or only the token it would carry. */
function browserRoutes(context: GcpContext, routes: Hono): void {
  for (const [path, page] of [
    ['/sign-up', 'signUp'],
    ['/log-in', 'login'],
  ] as const) {
    routes.post(path, async (c) => {
      const { service, account, body } = visitor(context, await readBody(c))
      const token = typeof body.token === 'string' ? body.token : undefined
      return c.json(await visit(context, service, account, page, token))
    })
  }
  routes.post('/token', async (c) => {
    const { service, account, body } = visitor(context, await readBody(c))
    return c.json({ token: await signUpToken(context, service, account, body) }, 201)
  })
}

/** Who visits whose page: `{entitlement}`, or `{service, billingAccount}`. */
function visitor(context: GcpContext, body: Record<string, any>) {
  if (body.entitlement !== undefined) {
    const { service, account } = find(context, body)
    const known = context.accounts.get(account)
    if (!known) throw new Impossible(404, 'the account is gone')
    return { service: serviceOf(context, service), account: known, body }
  }
  const service = serviceOf(context, body.service)
  const account: Account | undefined = context.accounts
    .values()
    .filter((one) => one.provider === service.provider)
    .find((one) => one.billingAccount === body.billingAccount)
  if (!account) throw new Impossible(404, 'the buyer has bought nothing of this provider')
  return { service, account, body }
}

function shown(context: GcpContext, entitlement: Entitlement) {
  const { id, billingAccount, account } = entitlement
  return { id, billingAccount, account, entitlement: entitlementView(context, entitlement) }
}

function find(context: GcpContext, body: Record<string, any>): Entitlement {
  const id = String(body.entitlement).split('/').at(-1) ?? ''
  const entitlement = context.entitlements.get(id)
  if (!entitlement) throw new Impossible(404, 'there is no such entitlement')
  return entitlement
}

function serviceOf(context: GcpContext, name: unknown): Service {
  const service = context.services.get(String(name))
  if (!service) throw new Impossible(404, `there is no service ${String(name)}`)
  return service
}

function billingOf(context: GcpContext, id: unknown): BillingAccount {
  const buyer = context.billingAccounts.get(String(id))
  if (!buyer) throw new Impossible(404, `there is no billing account ${String(id)}`)
  return buyer
}
