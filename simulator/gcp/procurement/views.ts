import { instantText, microsText } from '../orders/stamp.ts'
import type { Account, Entitlement } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { isoMonths } from '../zone.ts'

/** `providers/{p}/accounts/{a}` as `view` shows it: BASIC, or FULL with the reseller's billing account. */
export function accountView(context: GcpContext, account: Account, isFull: boolean): object {
  const { provider, signup, createdMicros, updatedMicros } = account
  const parent = context.billingAccounts.get(account.billingAccount)?.resellerParent
  return {
    name: accountName(account),
    updateTime: microsText(updatedMicros),
    createTime: microsText(createdMicros),
    provider,
    state: 'ACCOUNT_ACTIVE',
    approvals: [
      {
        name: 'signup',
        state: signup.state,
        ...(signup.reason === '' ? {} : { reason: signup.reason }),
        updateTime: microsText(signup.updatedMicros),
      },
    ],
    ...(isFull && parent ? { resellerParentBillingAccount: `billingAccounts/${parent}` } : {}),
  }
}

export const accountName = ({ provider, id }: Account): string =>
  `providers/${provider}/accounts/${id}`

export const entitlementName = ({ provider, id }: Entitlement): string =>
  `providers/${provider}/entitlements/${id}`

/** The entitlement with exactly the fields its state has (discovery document, schema Entitlement). */
export function entitlementView(context: GcpContext, one: Entitlement): any {
  const { terms, provider, state } = one
  return {
    name: entitlementName(one),
    account: `providers/${provider}/accounts/${one.account}`,
    provider,
    productExternalName: one.service,
    product: terms.privateOffer === null ? one.service : terms.offer,
    plan: terms.planWord,
    orderId: one.id,
    createTime: microsText(one.createdMicros),
    updateTime: microsText(one.updatedMicros),
    state,
    ...offerFields(one),
    ...upcoming(one),
    ...usageFields(context, one),
    ...(one.subscriptionEndsAt === null
      ? {}
      : { subscriptionEndTime: instantText(one.subscriptionEndsAt) }),
    ...(one.benefitIds.length === 0 ? {} : { entitlementBenefitIds: one.benefitIds }),
    ...(one.messageToUser === '' ? {} : { messageToUser: one.messageToUser }),
    ...(one.cancellationReason === '' ? {} : { cancellationReason: one.cancellationReason }),
  }
}

function offerFields({ terms, offerEndsAt }: Entitlement): object {
  if (terms.offer === null) return {}
  return {
    offer: terms.offer,
    ...(terms.months === null ? {} : { offerDuration: isoMonths(terms.months) }),
    ...(offerEndsAt === null ? {} : { offerEndTime: instantText(offerEndsAt) }),
  }
}

function upcoming(one: Entitlement): object {
  const { state, pending, startsAt } = one
  if (state === 'ENTITLEMENT_ACTIVATION_REQUESTED') {
    const starts = one.isApproved ? (startsAt ?? one.terms.startsAt) : null
    return starts === null ? {} : { newOfferStartTime: instantText(starts) }
  }
  if (!pending) return {}
  const { terms } = pending
  const isPlanned = state === 'ENTITLEMENT_PENDING_PLAN_CHANGE' && pending.startsAt !== null
  return {
    newPendingPlan: terms.planWord,
    ...(terms.offer === null ? {} : { newPendingOffer: terms.offer }),
    ...(terms.offer === null || terms.months === null
      ? {}
      : { newPendingOfferDuration: isoMonths(terms.months) }),
    ...(terms.endsAt === null ? {} : { newOfferEndTime: instantText(terms.endsAt) }),
    ...(isPlanned ? { newOfferStartTime: instantText(pending.startsAt ?? 0) } : {}),
  }
}

/** The consumer shows once the order was active, and only where usage is billed. */
function usageFields(context: GcpContext, one: Entitlement): object {
  if (!one.hasUsage || one.consumerShowsAt === null) return {}
  if (one.consumerShowsAt > context.now()) return {}
  const number = one.consumer.split(':')[1]
  return { usageReportingId: one.consumer, consumers: [{ project: `projects/${number}` }] }
}
