import { Hono } from 'hono'
import { Impossible, plainErrors, readBody } from '../body.ts'
import { monthOf } from '../producer/pacific.ts'
import type { GcpContext } from '../state.ts'
import { objects } from '../storage/objects.ts'
import { refunds } from './lines.ts'
import { makeReports } from './make.ts'
import { orderTerms } from './terms.ts'

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/
const AMOUNT = /^\d{1,12}(\.\d{1,2})?$/

/**
 * `POST /gcp/control/reports {month, provider?}` makes the reports of a month at once, `GET` lists the files;
 * `POST /gcp/control/refunds {entitlement, amount, reason?, month?}` refunds a buyer.
 */
export function reportControl(gcp: GcpContext): Hono {
  const routes = new Hono()
  routes.post('/reports', async (c) => {
    const { month, provider } = await readBody(c)
    if (typeof month !== 'string' || !MONTH.test(month)) {
      throw new Impossible(422, 'month must be like 2027-01')
    }
    const all = gcp.providers.values().map((one) => one.id)
    const wanted = provider === undefined ? all : all.filter((one) => one === provider)
    if (wanted.length === 0) throw new Impossible(404, 'there is no such provider')
    const files = wanted.map((one) => [one, makeReports(gcp, one, month)] as const)
    return c.json({ files: Object.fromEntries(files) }, 201)
  })
  routes.get('/reports', (c) => c.json({ objects: objects(gcp).values() }))
  routes.get('/order-terms', (c) => c.json({ terms: orderTerms(gcp).values() }))
  routes.post('/refunds', async (c) => {
    const { entitlement, amount, reason = '', month = monthOf(gcp.now()) } = await readBody(c)
    const isKnown = orderTerms(gcp)
      .values()
      .some((one) => one.entitlement === entitlement)
    if (!isKnown) throw new Impossible(404, 'there is no such order, or it never was active')
    if (typeof amount !== 'string' || !AMOUNT.test(amount) || !MONTH.test(String(month))) {
      throw new Impossible(422, 'amount must be like 12.50, month like 2027-01')
    }
    const id = gcp.ids.guid()
    const refund = { id, entitlement, amount, reason: String(reason), month: String(month) }
    return c.json(refunds(gcp).put(id, refund), 201)
  })
  return plainErrors(routes)
}
