import { Hono } from 'hono'
import { accept, BuyerRefusal } from './agreements/accept.ts'
import { amend } from './agreements/amend.ts'
import { endAgreement } from './agreements/end.ts'
import type { Agreement } from './agreements/model.ts'
import { invoices, pay } from './billing.ts'
import { BadBody, readBody } from './body.ts'
import { availableUntil, buyersOf, isExpired, isPrivate, isReleased } from './catalog/model.ts'
import { fulfillmentUrlOf } from './catalog/products.ts'
import { type Aws, millis } from './context.ts'
import { issueToken } from './metering/tokens.ts'

const REGISTER_TIMEOUT_MS = 30_000
const BODY_CHARS_MAX = 20_000

/** The other customer of a marketplace: plain JSON under `/aws/buyer`, not part of AWS's own API. */
export function buyerRoutes(aws: Aws): Hono {
  const routes = new Hono()
  routes.get('/offers', (c) => c.json({ offers: offersFor(aws, c.req.query('account') ?? '') }))
  routes.get('/agreements', (c) => {
    const account = c.req.query('account')
    const all = aws.agreements.values()
    return c.json({ agreements: all.filter((one) => !account || one.acceptor === account) })
  })
  routes.get('/invoices', (c) => {
    const account = c.req.query('account')
    const all = invoices(aws).values()
    return c.json({ invoices: all.filter((one) => !account || one.buyer === account) })
  })
  routes.post('/accept', async (c) => {
    const body = await readBody(c)
    if (!/^\d{12}$/.test(String(body.account))) {
      return c.json({ error: 'account must be 12 digits' }, 422)
    }
    const agreement = accept(aws, {
      offerId: String(body.offerId),
      account: String(body.account),
      autoRenew: body.autoRenew === true,
      ...(body.quantities ? { quantities: body.quantities } : {}),
      ...(body.duration ? { duration: String(body.duration) } : {}),
    })
    const { id: agreementId, licenseArn } = agreement
    const registrationToken = issueToken(aws, agreement)
    return c.json({ agreementId, licenseArn, registrationToken }, 201)
  })
  routes.post('/register', async (c) => {
    const { agreementId, token } = await readBody(c)
    const agreement = find(aws, agreementId)
    return c.json(await register(aws, agreement, token ?? issueToken(aws, agreement)))
  })
  routes.post('/pay', async (c) => {
    const { invoiceId } = await readBody(c)
    if (!invoices(aws).has(invoiceId)) return c.json({ error: 'there is no such invoice' }, 404)
    pay(aws, { id: invoiceId }, aws.now())
    return c.json(invoices(aws).get(invoiceId))
  })
  routes.post('/cancel', async (c) => {
    const agreement = find(aws, (await readBody(c)).agreementId)
    if (agreement.status !== 'ACTIVE') throw new BuyerRefusal('the agreement is not active')
    endAgreement(aws, agreement, 'CANCELLED', aws.now())
    return c.json(agreement)
  })
  routes.post('/amend', async (c) => {
    const body = await readBody(c)
    const agreement = find(aws, body.agreementId)
    const refused = amend(aws, agreement, {
      ...(body.quantities ? { quantities: body.quantities } : {}),
      ...(typeof body.autoRenew === 'boolean' ? { autoRenew: body.autoRenew } : {}),
    })
    if (refused !== null) throw new BuyerRefusal(refused)
    return c.json(agreement)
  })
  routes.onError((error, c) => {
    if (error instanceof BuyerRefusal) return c.json({ error: error.message }, 409)
    if (error instanceof BadBody) return c.json({ error: error.message }, 422)
    throw error
  })
  return routes
}

function offersFor(aws: Aws, account: string) {
  return aws.entities
    .values()
    .filter((one) => one.type === 'Offer' && isReleased(one))
    .filter((one) => !isPrivate(one) || buyersOf(one).includes(account))
    .map((offer) => ({
      offerId: offer.id,
      name: offer.details.Name,
      productId: offer.details.ProductId,
      seller: offer.owner,
      isPrivate: isPrivate(offer),
      availableUntil: availableUntil(offer) === null ? null : millis(availableUntil(offer) ?? 0),
      isExpired: isExpired(offer, aws.now()),
      terms: offer.details.Terms,
    }))
}

/** What the buyer's browser does after the purchase: a form post to the seller, redirects not followed. */
async function register(aws: Aws, agreement: Agreement, token: string) {
  const product = aws.entities.get(agreement.productId)
  const url = product && fulfillmentUrlOf(product)
  if (!url) throw new BuyerRefusal('the product has no fulfillment URL')
  const trial = agreement.terms.some((term) => term.freeTrialPricingTerm)
  const form = new URLSearchParams({
    'x-amzn-marketplace-token': token,
    ...(trial ? { 'x-amzn-marketplace-offer-type': 'free-trial' } : {}),
  })
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      redirect: 'manual',
      signal: AbortSignal.timeout(REGISTER_TIMEOUT_MS),
    })
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      body: (await answer.text()).slice(0, BODY_CHARS_MAX),
    }
  } catch (error) {
    throw new BuyerRefusal(`the browser could not reach ${url}: ${String(error)}`)
  }
}

function find(aws: Aws, id: string): Agreement {
  const agreement = aws.agreements.get(id)
  if (!agreement) throw new BuyerRefusal('there is no such agreement')
  return agreement
}
