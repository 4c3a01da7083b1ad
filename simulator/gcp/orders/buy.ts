import { Impossible } from '../body.ts'
import { operationId } from '../notices.ts'
import type { Service } from '../parties.ts'
import { orderToAmend } from '../producer/offer-amend.ts'
import type { AcceptedOffer, Account, Entitlement, Terms } from '../purchases.ts'
import type { GcpContext } from '../state.ts'
import { isoMonths } from '../zone.ts'
import { automaticChange, requestChange } from './change.ts'
import { IN_SERVICE } from './end.ts'
import { instantText, stamp, tell, tellAccount } from './stamp.ts'
import { scheduleStart } from './start.ts'
import { standardTerms } from './terms.ts'

/** Accepts a private offer for a billing account or throws why not (the part of the producer API). */
export type Accept = (context: GcpContext, offerName: string, account: string) => AcceptedOffer

/** The buyer orders a standard offer of a service, `{service, plan: 'pro-P1Y', billingAccount}`. */
export function buyPlan(
  context: GcpContext,
  asked: { readonly service: string; readonly plan: string; readonly billingAccount: string },
): Entitlement {
  const service = context.services.get(asked.service)
  if (!service) throw new Impossible(404, `there is no service ${asked.service}`)
  mayBuy(context, asked.billingAccount)
  const terms = standardTerms(context, service, asked.plan)
  const [other] = service.multipleOrders ? [] : liveOrders(context, service, asked.billingAccount)
  if (other) throw new Impossible(409, `order ${other.id} of ${service.name} is still open`)
  return order(context, service, asked.billingAccount, terms, false)
}

/** The buyer accepts a private offer: a new order, or a change of the one it amends. */
export function acceptOffer(
  context: GcpContext,
  accept: Accept,
  asked: { readonly offer: string; readonly billingAccount: string },
): Entitlement {
  const offer = context.privateOffers.get(asked.offer.split('/').at(-1) ?? '')
  const service = offer && context.services.get(offer.service)
  if (!offer || !service) throw new Impossible(404, 'there is no such offer')
  mayBuy(context, asked.billingAccount)
  const [open] = service.multipleOrders ? [] : liveOrders(context, service, asked.billingAccount)
  const amended = orderToAmend(context, offer)
  if (open && !amended) throw new Impossible(409, `the offer does not amend order ${open.id}`)
  if (amended && amended.state !== 'ENTITLEMENT_ACTIVE') {
    throw new Impossible(409, `order ${amended.id} cannot be changed: it is ${amended.state}`)
  }
  const terms = accept(context, offer.name, asked.billingAccount)
  const isAutomatic = service.automaticApproval
  if (!amended) return order(context, service, asked.billingAccount, termsOf(terms), isAutomatic)
  const change = { terms: termsOf(terms), startsAt: terms.startsAt }
  return isAutomatic
    ? automaticChange(context, amended, change, context.now())
    : requestChange(context, amended, change, context.now())
}

function termsOf({ amends, service, provider, instalments, ...terms }: AcceptedOffer): Terms {
  return terms
}

/** What an event says of an order that was placed; offers have more (Google: Manage entitlements for private offers). */
export function orderFields(entitlement: Entitlement): Record<string, unknown> {
  const { terms, service, id, benefitIds } = entitlement
  const isPrivate = terms.privateOffer !== null
  return {
    newPlan: terms.planWord,
    newProduct: isPrivate ? terms.offer : service,
    ...(isPrivate ? { newOffer: terms.offer } : {}),
    orderId: id,
    ...(benefitIds.length > 0 ? { entitlementBenefitIds: benefitIds } : {}),
  }
}

function mayBuy(context: GcpContext, billingAccount: string): void {
  const buyer = context.billingAccounts.get(billingAccount)
  if (!buyer) throw new Impossible(404, `there is no billing account ${billingAccount}`)
  if (buyer.isClosed) throw new Impossible(409, 'the billing account is closed')
  if (buyer.isDisabled) throw new Impossible(409, 'billing is disabled')
}

function liveOrders(context: GcpContext, service: Service, billingAccount: string): Entitlement[] {
  const live = [...IN_SERVICE, 'ENTITLEMENT_ACTIVATION_REQUESTED']
  return context.entitlements
    .values()
    .filter((one) => one.service === service.name && one.billingAccount === billingAccount)
    .filter((one) => live.includes(one.state))
}

function order(
  context: GcpContext,
  service: Service,
  billingAccount: string,
  terms: Terms,
  isApproved: boolean,
): Entitlement {
  const at = context.now()
  const operation = operationId(context, 'CREATE_ENTITLEMENT')
  const account = accountFor(context, service, billingAccount, operation)
  const id = context.ids.guid()
  const made: Entitlement = {
    id,
    provider: service.provider,
    account: account.id,
    billingAccount,
    service: service.name,
    state: 'ENTITLEMENT_ACTIVATION_REQUESTED',
    terms,
    isApproved,
    startsAt: null,
    termStartedAt: null,
    offerEndsAt: terms.endsAt,
    renewals: 0,
    isAtListPrice: false,
    subscriptionEndsAt: null,
    pending: null,
    consumer: `project_number:${context.ids.digits(12)}`,
    hasUsage: terms.priceModel !== 'flat',
    consumerShowsAt: null,
    benefitIds: terms.privateOffer === null ? [] : [context.ids.guid()],
    messageToUser: '',
    cancellationReason: '',
    activatedAt: null,
    endedAt: null,
    offerHistory: terms.offer === null ? [] : [terms.offer],
    createdMicros: stamp(at),
    updatedMicros: stamp(at),
  }
  context.entitlements.put(id, made)
  tellOrdered(context, made, operation, at)
  return isApproved ? scheduleStart(context, made, at, 'automatic') : made
}

function tellOrdered(context: GcpContext, made: Entitlement, operation: string, at: number): void {
  const { terms } = made
  const duration = terms.months === null ? '' : isoMonths(terms.months)
  const ends = terms.endsAt === null ? '' : instantText(terms.endsAt)
  const isPrivate = terms.privateOffer !== null
  if (!made.isApproved || context.settings().notices.creationBesideAccepted) {
    const offer = isPrivate ? { newOfferDuration: duration, newOfferEndTime: ends } : {}
    const fields = { ...orderFields(made), ...offer }
    tell(context, made, 'ENTITLEMENT_CREATION_REQUESTED', at, { fields, operation })
  }
  if (!made.isApproved) return
  const fields = {
    ...orderFields(made),
    newPendingOfferDuration: duration,
    ...(terms.startsAt === null ? {} : { newOfferStartTime: instantText(terms.startsAt) }),
    newOfferEndTime: ends,
  }
  tell(context, made, 'ENTITLEMENT_OFFER_ACCEPTED', at, { fields, operation })
}

/** The buyer's account with this provider, made at the first purchase and kept for later ones. */
function accountFor(
  context: GcpContext,
  service: Service,
  billingAccount: string,
  operation: string,
): Account {
  const { provider } = service
  const known = context.accounts
    .values()
    .find((one) => one.provider === provider && one.billingAccount === billingAccount)
  if (known) return known
  const at = context.now()
  const micros = stamp(at)
  const id = context.ids.guid()
  const made = context.accounts.put(id, {
    id,
    provider,
    billingAccount,
    createdMicros: micros,
    updatedMicros: micros,
    signup: { state: 'PENDING', reason: '', updatedMicros: micros, since: at },
  })
  if (service.accountNotifications) tellAccount(context, made, null, at, operation)
  tellAccount(context, made, 'ACCOUNT_ACTIVE', at, operation)
  return made
}
