import type { GcpContext } from '../state.ts'
import { changes } from './change.ts'
import { cancelled, deletesAccount, endAll, purges, termEnds } from './end.ts'
import { stamp } from './stamp.ts'
import { starts } from './start.ts'

/** What orders and accounts do when their time comes. */
export function registerOrders(context: GcpContext): void {
  const { timers } = context
  timers.on('order.start', (data, at) => starts(context, data, at))
  timers.on('order.change', (data, at) => changes(context, data, at))
  timers.on('order.termEnd', (data, at) => termEnds(context, data, at, changes))
  timers.on('order.purge', (data, at) => purges(context, data, at))
  timers.on('order.cancelled', ({ id, reason }, at) => {
    const entitlement = context.entitlements.get(id)
    if (entitlement) cancelled(context, entitlement, reason, at)
  })
  timers.on('account.delete', (data, at) => deletesAccount(context, data, at))
  timers.on('account.reset', ({ id }, at) => {
    const account = context.accounts.get(id)
    if (!account) return
    const updatedMicros = stamp(at, account.updatedMicros)
    const signup = { state: 'PENDING' as const, reason: '', updatedMicros, since: at }
    context.accounts.put(id, { ...account, updatedMicros, signup })
  })
  timers.on('billing.disabled', ({ billingAccount }, at) => {
    for (const account of context.accounts.values()) {
      if (account.billingAccount === billingAccount)
        endAll(context, account, 'billing-disabled', at)
    }
  })
}
