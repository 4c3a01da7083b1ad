import { mustOwn } from '../caller.ts'
import { endAll } from '../orders/end.ts'
import { stamp } from '../orders/stamp.ts'
import { startWaiting } from '../orders/start.ts'
import type { Account } from '../purchases.ts'
import { badRequest, Refusal } from '../refusal.ts'
import type { Call, Handler } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { page } from './pages.ts'
import { cut } from './reason.ts'
import { accountView } from './views.ts'

const PAGE = { usual: 25, max: 200 }
const APPROVAL = 'signup'

/** Accounts of a provider (Google: Manage user accounts; discovery document). */
export function accountHandlers(context: GcpContext): Record<string, Handler> {
  return {
    'providers.accounts.list': ({ caller, path, query }) => {
      mustOwn(caller, String(path.providersId))
      const mine = context.accounts.values().filter((one) => one.provider === path.providersId)
      const { rows, nextPageToken } = page(mine, query, PAGE, `accounts ${path.providersId}`)
      return {
        ...(rows.length === 0
          ? {}
          : { accounts: rows.map((one) => accountView(context, one, false)) }),
        ...(nextPageToken ? { nextPageToken } : {}),
      }
    },
    'providers.accounts.get': (call) => {
      const isFull = ['ACCOUNT_VIEW_FULL', '2'].includes(call.query.view ?? '')
      return accountView(context, find(context, call), isFull)
    },
    'providers.accounts.approve': (call) => approve(context, call),
    'providers.accounts.reject': (call) => {
      const account = find(context, call)
      mustName(call)
      if (account.signup.state !== 'PENDING') throw new Refusal('FAILED_PRECONDITION')
      settle(context, account, 'REJECTED', call.body.reason)
      return {}
    },
    'providers.accounts.reset': (call) => {
      const account = find(context, call)
      const owner = context.billingAccounts.get(account.billingAccount)?.testOf
      // Google: "Partner can only reset accounts they own rather than customer accounts."
      if (owner !== account.provider) throw new Refusal('PERMISSION_DENIED')
      endAll(context, account, 'unknown', context.now())
      const due = context.now() + context.settings().procurement.resetMs
      context.timers.set('account.reset', due, { id: account.id }, `reset:${account.id}`)
      return {}
    },
  }
}

function approve(context: GcpContext, call: Call): object {
  const account = find(context, call)
  mustName(call)
  if (account.signup.state === 'APPROVED') {
    if (context.settings().procurement.approveAgain === 'accepted') return {}
    throw new Refusal('FAILED_PRECONDITION')
  }
  const approved = settle(context, account, 'APPROVED', call.body.reason)
  startWaiting(context, approved, context.now())
  return {}
}

function mustName({ body }: Call): void {
  if (body.approvalName === undefined || body.approvalName === APPROVAL) return
  throw badRequest([{ field: 'approval_name', description: 'there is no such approval' }])
}

function settle(
  context: GcpContext,
  account: Account,
  state: Account['signup']['state'],
  reason: unknown,
): Account {
  const updatedMicros = stamp(context.now(), account.updatedMicros)
  return context.accounts.put(account.id, {
    ...account,
    updatedMicros,
    signup: { state, reason: cut(reason), updatedMicros, since: context.now() },
  })
}

function find(context: GcpContext, { caller, path }: Call): Account {
  mustOwn(caller, String(path.providersId))
  const account = context.accounts.get(String(path.accountsId))
  if (account?.provider !== path.providersId) throw new Refusal('NOT_FOUND')
  return account as Account
}
