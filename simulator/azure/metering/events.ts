import { NumberToken, plain, rawNumber } from '../exact-json.ts'
import type { Caller } from '../identity/caller.ts'
import { planOf } from '../lifecycle/offers.ts'
import { isOwn } from '../marketplace/own.ts'
import type { Subscription, UsageEvent } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { HOUR_MS, ticks } from '../time.ts'
import { reconcileLater } from './reconcile.ts'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/

/** What becomes of one usage event. Only `Accepted` and `Duplicate` have an event to show. */
export type Outcome =
  | { readonly is: 'Accepted'; readonly event: UsageEvent }
  | { readonly is: 'Duplicate'; readonly event: UsageEvent }
  | {
      readonly is:
        | 'Expired'
        | 'Error'
        | 'ResourceNotFound'
        | 'ResourceNotAuthorized'
        | 'ResourceNotActive'
        | 'InvalidDimension'
        | 'InvalidQuantity'
        | 'BadArgument'
      readonly message: string
      readonly target?: string
    }

/**
 * Takes one usage event, or says why not ("Marketplace metered billing APIs"). `asked` is the body as
 * parsed with its numbers' digits kept.
 */
export function take(state: AzureState, caller: Caller, asked: any): Outcome {
  const malformed = whyMalformed(asked)
  if (malformed) return malformed
  const subscription = resourceOf(state, asked)
  if (!subscription) return no('ResourceNotFound', 'The resource could not be found.')
  if (!isOwn(state, caller, subscription)) {
    return no('ResourceNotAuthorized', 'Client is not authorized for this usage resource.')
  }
  const at = instantOf(asked.effectiveStartTime)
  const wrong = whyNotThen(state, subscription, at) ?? whyNotThat(state, subscription, asked, at)
  if (wrong) return wrong
  const hour = Math.floor(at / HOUR_MS) * HOUR_MS
  const { planInKey } = state.settings().metering
  const key = [subscription.id, asked.dimension, hour, ...(planInKey ? [asked.planId] : [])]
  const first = state.usage.get(key.join('/'))
  if (first) return { is: 'Duplicate', event: first }
  const event: UsageEvent = {
    id: state.ids.guid(),
    subscription: subscription.id,
    dimension: asked.dimension,
    planId: asked.planId,
    hour,
    effectiveStartTime: asked.effectiveStartTime,
    quantity: plain(asked.quantity.text),
    acceptedAt: state.now(),
    resourceUri: subscription.resourceUri,
    reconStatus: 'Submitted',
    processedQuantity: '0',
  }
  state.usage.put(key.join('/'), event)
  reconcileLater(state)
  return { is: 'Accepted', event }
}

/** An event as answers carry it; the quantity keeps its digits. */
export function eventView(event: UsageEvent, status: 'Accepted' | 'Duplicate') {
  return {
    usageEventId: event.id,
    status,
    messageTime: ticks(event.acceptedAt),
    resourceId: event.subscription,
    resourceUri: event.resourceUri,
    quantity: rawNumber(event.quantity),
    dimension: event.dimension,
    effectiveStartTime: event.effectiveStartTime,
    planId: event.planId,
  }
}

type Refused = Exclude<Outcome, { event: UsageEvent }>

function no(is: Refused['is'], message: string, target?: string): Refused {
  return target === undefined ? { is, message } : { is, message, target }
}

function whyMalformed(asked: any): Refused | null {
  if (!asked.resourceId && !asked.resourceUri) {
    return no('BadArgument', 'The resourceId is required.', 'ResourceId')
  }
  if (asked.resourceId && asked.resourceUri) {
    return no('BadArgument', 'Only one of resourceId and resourceUri may be given.', 'ResourceId')
  }
  for (const name of ['dimension', 'effectiveStartTime', 'planId']) {
    const target = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
    if (!asked[name]) return no('BadArgument', `The ${name} is required.`, target)
  }
  if (!(asked.quantity instanceof NumberToken)) {
    return no('BadArgument', 'The quantity is required.', 'Quantity')
  }
  if (Number(asked.quantity.text) <= 0) {
    return no('InvalidQuantity', 'The quantity must be greater than zero.', 'Quantity')
  }
  if (
    !INSTANT.test(asked.effectiveStartTime) ||
    Number.isNaN(instantOf(asked.effectiveStartTime))
  ) {
    return no('BadArgument', 'The effectiveStartTime is not a date and time.', 'EffectiveStartTime')
  }
  return null
}

/** Milliseconds; without an offset the time is UTC. */
function instantOf(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`)
}

function resourceOf(state: AzureState, asked: any): Subscription | undefined {
  if (asked.resourceId) return state.subscriptions.get(String(asked.resourceId).toLowerCase())
  const wanted = String(asked.resourceUri).toLowerCase()
  return state.subscriptions.values().find((one) => one.resourceUri.toLowerCase() === wanted)
}

/** Usage is for the last day, and for hours in which the subscription ran. */
function whyNotThen(state: AzureState, one: Subscription, at: number): Refused | null {
  const { lateWindowHours, futureToleranceMs } = state.settings().metering
  const target = 'EffectiveStartTime'
  if (at < state.now() - lateWindowHours * HOUR_MS) {
    return no('Expired', `The usage is older than ${lateWindowHours} hours.`, target)
  }
  if (at > state.now() + futureToleranceMs) {
    return no('BadArgument', 'The effectiveStartTime is in the future.', target)
  }
  const inactive = no('ResourceNotActive', `The resource is not active: ${one.status}.`)
  if (one.status === 'Suspended' || one.activatedAt === null) return inactive
  const firstHour = Math.floor(one.activatedAt / HOUR_MS) * HOUR_MS
  if (at < firstHour || (one.endedAt !== null && at >= one.endedAt)) return inactive
  return null
}

function whyNotThat(state: AzureState, one: Subscription, asked: any, at: number): Refused | null {
  const { wrongPlan } = state.settings().metering
  const held = one.holdings.filter((each) => each.at <= at).at(-1)?.planId
  const isHeld = asked.planId === one.planId || asked.planId === held
  if (!isHeld && wrongPlan !== 'accept') {
    return no(wrongPlan, 'The planId is not the purchased plan.', 'PlanId')
  }
  const plan = planOf(state, one.product, isHeld ? asked.planId : one.planId)
  const isMetered = plan?.pricing.mode === 'flatRate' && !plan.pricing.hasFreeTrial
  if (!isMetered || !Object.hasOwn(plan.pricing.meters, asked.dimension)) {
    return no('InvalidDimension', 'The dimension is not enabled in the plan.', 'Dimension')
  }
  return null
}
