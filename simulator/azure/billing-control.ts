import Big from 'big.js'
import { Hono } from 'hono'
import { reverse } from './billing-earnings.ts'
import { collect, payments, remaining } from './billing-payouts.ts'
import type { AzureState } from './state.ts'

const DECIMAL = /^\d+(\.\d+)?$/

/** Bills, earnings and payments as they stand, and what goes wrong with them on purpose. */
export function billingControlRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/billing', (c) =>
    c.json({
      orderLines: state.orderLines.values(),
      invoices: state.invoices.values(),
      earnings: state.earnings.values(),
      payments: payments(state).values(),
    }),
  )
  refundRoutes(state, routes)
  invoiceRoutes(state, routes)
  return routes
}

/** `{ orderLine, amount }`: gives money of an invoiced line back; all that is left when no amount is said. */
function refundRoutes(state: AzureState, routes: Hono): void {
  routes.post('/refunds', async (c) => {
    const { orderLine, amount }: any = await c.req.json().catch(() => ({}))
    const earned = state.earnings
      .values()
      .filter((one) => one.orderLine === orderLine && one.transactionType === 'purchase')
    const [first] = earned
    if (!first) return c.json({ error: 'no such invoiced line' }, 404)
    const left = remaining(state, first)
    if (amount !== undefined && !DECIMAL.test(String(amount))) {
      return c.json({ error: 'amount must be a decimal in the customer currency' }, 422)
    }
    const wanted = Big(amount ?? left)
    if (wanted.lte(0) || wanted.gt(left)) return c.json({ error: `only ${left} is left` }, 409)
    return c.json(reverse(state, first, 'refund', wanted.toFixed()), 201)
  })
}

/** `{ invoiceId }`: the buyer does not pay by himself, or pays now. */
function invoiceRoutes(state: AzureState, routes: Hono): void {
  routes.post('/nonpayment', async (c) => {
    const { invoiceId }: any = await c.req.json().catch(() => ({}))
    const invoice = state.invoices.get(String(invoiceId))
    if (invoice?.status !== 'issued') return c.json({ error: 'no such open invoice' }, 404)
    return c.json(state.invoices.put(invoice.id, { ...invoice, status: 'unpaid' }))
  })
  routes.post('/invoices/pay', async (c) => {
    const { invoiceId }: any = await c.req.json().catch(() => ({}))
    const invoice = state.invoices.get(String(invoiceId))
    if (!invoice || !['issued', 'unpaid'].includes(invoice.status)) {
      return c.json({ error: 'no such open invoice' }, 404)
    }
    collect(state, invoice)
    return c.json(state.invoices.get(invoice.id))
  })
}
