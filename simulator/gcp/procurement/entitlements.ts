import { mustOwn } from '../caller.ts'
import { approveChange, dropChange } from '../orders/change.ts'
import { cancelled, orderEnded } from '../orders/end.ts'
import { keep, tell } from '../orders/stamp.ts'
import { scheduleStart } from '../orders/start.ts'
import type { Entitlement } from '../purchases.ts'
import { badRequest, Refusal } from '../refusal.ts'
import type { Call, Handler } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { type Predicate, readFilter } from './filter.ts'
import { page } from './pages.ts'
import { entitlementView } from './views.ts'

const PAGE_USUAL = 200
const MASKS = ['messageToUser', 'message_to_user']

/** Entitlements of a provider (Google: Manage customer entitlements; discovery document). */
export function entitlementHandlers(context: GcpContext): Record<string, Handler> {
  return {
    'providers.entitlements.list': (call) => list(context, call),
    'providers.entitlements.get': (call) => entitlementView(context, find(context, call)),
    'providers.entitlements.patch': (call) => patch(context, call),
    'providers.entitlements.approve': (call) => approve(context, call),
    'providers.entitlements.reject': (call) => reject(context, call),
    'providers.entitlements.approvePlanChange': (call) => {
      const entitlement = withChange(context, call)
      approveChange(context, entitlement, context.now())
      return {}
    },
    'providers.entitlements.rejectPlanChange': (call) => {
      const entitlement = withChange(context, call)
      dropChange(context, entitlement, context.now())
      return {}
    },
    'providers.entitlements.suspend': (call) => {
      find(context, call)
      throw new Refusal('UNIMPLEMENTED')
    },
  }
}

function list(context: GcpContext, { caller, path, query }: Call): object {
  const provider = String(path.providersId)
  mustOwn(caller, provider)
  const filter = readFilter(query.filter ?? '')
  const mine = context.entitlements
    .values()
    .filter((one) => one.provider === provider)
    .filter((one) => filter((predicate) => matches(context, one, predicate)))
  const { entitlementPageMax: max, emptyFirstPage: isEmptyFirst } = context.settings().procurement
  const sizes = { usual: PAGE_USUAL, max, isEmptyFirst }
  const what = `entitlements ${provider} ${query.filter ?? ''}`
  const { rows, nextPageToken } = page(mine, query, sizes, what)
  return {
    ...(rows.length === 0
      ? {}
      : { entitlements: rows.map((one) => entitlementView(context, one)) }),
    ...(nextPageToken ? { nextPageToken } : {}),
  }
}

function matches(context: GcpContext, one: Entitlement, { attribute, operator, value }: Predicate) {
  const view = entitlementView(context, one)
  const values: Record<string, readonly (string | undefined)[]> = {
    account: [one.account, view.account],
    customer_billing_account: [`billingAccounts/${one.billingAccount}`],
    product: [view.product],
    product_external_name: [view.productExternalName],
    quote_external_name: [view.quoteExternalName],
    offer: [view.offer],
    new_pending_offer: [view.newPendingOffer],
    plan: [view.plan],
    new_pending_plan: [view.newPendingPlan],
    services: [one.service],
    'consumers.project': (view.consumers ?? []).map(({ project }: any) => project),
    'change_history.new_offer': one.offerHistory,
  }
  if (attribute === 'state') {
    const state = value.toUpperCase()
    const isSame = view.state === state || view.state === `ENTITLEMENT_${state}`
    return operator === '!=' ? !isSame : isSame
  }
  const isSame = (values[attribute] ?? []).includes(value)
  return operator === '!=' ? !isSame : isSame
}

function patch(context: GcpContext, call: Call): object {
  const entitlement = find(context, call)
  const mask = (call.query.updateMask ?? '').split(',').filter((one) => one !== '')
  const odd = mask.find((one) => !MASKS.includes(one))
  if (odd !== undefined || mask.length === 0) {
    const description = odd === undefined ? 'is required' : `${odd} cannot be updated`
    throw badRequest([{ field: 'update_mask', description }])
  }
  const isWaiting =
    entitlement.state === 'ENTITLEMENT_ACTIVATION_REQUESTED' ||
    entitlement.state === 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL'
  if (!isWaiting) throw new Refusal('FAILED_PRECONDITION')
  const messageToUser = String(call.body.messageToUser ?? '')
  return entitlementView(context, keep(context, entitlement, context.now(), { messageToUser }))
}

function approve(context: GcpContext, call: Call): object {
  const entitlement = find(context, call)
  const old = call.body.entitlementMigrated
  const { approveAgain, approvalSettlesMs } = context.settings().procurement
  if (
    old !== undefined &&
    !String(old).startsWith(`providers/${entitlement.provider}/entitlements/`)
  ) {
    throw badRequest([{ field: 'entitlement_migrated', description: 'is not an entitlement' }])
  }
  const isOpen = entitlement.state === 'ENTITLEMENT_ACTIVATION_REQUESTED'
  if (!isOpen || entitlement.isApproved) {
    const wasApproved = entitlement.isApproved || entitlement.state === 'ENTITLEMENT_ACTIVE'
    if (approveAgain === 'accepted' && wasApproved) return {}
    throw new Refusal('FAILED_PRECONDITION')
  }
  const signup = context.accounts.get(entitlement.account)?.signup
  const isSettled = context.now() >= (signup?.since ?? 0) + approvalSettlesMs
  if (signup?.state !== 'APPROVED' || !isSettled) throw new Refusal('FAILED_PRECONDITION')
  const at = context.now()
  scheduleStart(context, keep(context, entitlement, at, { isApproved: true }), at, 'seller')
  if (old !== undefined) migrate(context, String(old), at)
  return {}
}

/** The order that was migrated from ends, as the cancellation reason `migrated` says. */
function migrate(context: GcpContext, name: string, at: number): void {
  const old = context.entitlements.get(name.split('/').at(-1) ?? '')
  if (old && old.state !== 'ENTITLEMENT_CANCELLED') cancelled(context, old, 'migrated', at)
}

/** Also possible after automatic approval, until the order starts. */
function reject(context: GcpContext, call: Call): object {
  const entitlement = find(context, call)
  if (entitlement.state !== 'ENTITLEMENT_ACTIVATION_REQUESTED') {
    throw new Refusal('FAILED_PRECONDITION')
  }
  const at = context.now()
  if (context.settings().procurement.rejected === 'cancelled') {
    cancelled(context, entitlement, 'unknown', at)
    return {}
  }
  context.timers.cancel(`start:${entitlement.id}`)
  orderEnded(context, entitlement.terms, at)
  context.entitlements.delete(entitlement.id)
  tell(context, entitlement, 'ENTITLEMENT_CANCELLED', at)
  return {}
}

function withChange(context: GcpContext, call: Call): Entitlement {
  const entitlement = find(context, call)
  const { pendingPlanName } = call.body
  if (!pendingPlanName) {
    throw badRequest([{ field: 'pending_plan_name', description: 'is required' }])
  }
  if (entitlement.state !== 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL') {
    throw new Refusal('FAILED_PRECONDITION')
  }
  if (entitlement.pending?.terms.planWord !== pendingPlanName) {
    throw badRequest([{ field: 'pending_plan_name', description: 'is not the pending plan' }])
  }
  return entitlement
}

function find(context: GcpContext, { caller, path }: Call): Entitlement {
  mustOwn(caller, String(path.providersId))
  const entitlement = context.entitlements.get(String(path.entitlementsId))
  if (entitlement?.provider !== path.providersId) throw new Refusal('NOT_FOUND')
  return entitlement as Entitlement
}
