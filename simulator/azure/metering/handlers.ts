import Big from 'big.js'
import { rawNumber, withNumbers } from '../exact-json.ts'
import { planOf } from '../lifecycle/offers.ts'
import { isOwn } from '../marketplace/own.ts'
import {
  badRequest,
  type Call,
  type Handlers,
  type Reply,
  ServiceRefusal,
} from '../marketplace/service.ts'
import { offerIdOf } from '../marketplace/views.ts'
import type { Subscription, UsageEvent } from '../purchases.ts'
import type { AzureState } from '../state.ts'
import { dayOf, startOf, ticks } from '../time.ts'
import { eventView, type Outcome, take } from './events.ts'

const ALREADY = 'This usage event already exist.'
const WORST_FIRST = ['Rejected', 'Mismatch', 'Submitted', 'Accepted'] as const

/** The metering service: one event, a batch, and what became of all of them. */
export const meteringHandlers: Handlers = {
  MeteringOperations_PostUsageEvent: postOne,
  MeteringOperations_PostBatchUsageEvent: postBatch,
  MeteringOperations_GetUsageEvent: readBack,
}

function postOne(call: Call): Reply {
  const outcome = take(call.state, call.caller, call.body ?? {})
  if (outcome.is === 'Accepted') return { status: 200, body: eventView(outcome.event, 'Accepted') }
  if (outcome.is === 'Duplicate') {
    throw new ServiceRefusal(409, 'Conflict', ALREADY, {
      additionalInfo: { acceptedMessage: eventView(outcome.event, 'Duplicate') },
    })
  }
  if (outcome.is === 'ResourceNotAuthorized') {
    throw new ServiceRefusal(403, 'Forbidden', outcome.message)
  }
  throw new ServiceRefusal(400, 'BadArgument', 'One or more errors have occurred.', {
    target: 'usageEventRequest',
    details: [{ message: outcome.message, target: outcome.target ?? '', code: outcome.is }],
  })
}

function postBatch(call: Call): Reply {
  const { state } = call
  const items: any[] | undefined = call.body.request
  if (items === undefined) throw badRequest(['The request is required.'], 'batchUsageEventRequest')
  const result = items.map((item) => {
    const isLost = state.world.random() < state.settings().metering.errorRate
    const outcome: Outcome = isLost
      ? { is: 'Error', message: 'An internal error occurred.' }
      : take(state, call.caller, item)
    return itemView(state, item, outcome)
  })
  return { status: 200, body: { count: result.length, result } }
}

/** One line of a batch's answer: the event when it was accepted, else what was asked and the error. */
function itemView(state: AzureState, asked: any, outcome: Outcome): Record<string, unknown> {
  if (outcome.is === 'Accepted') return eventView(outcome.event, 'Accepted')
  const error =
    outcome.is === 'Duplicate'
      ? {
          additionalInfo: { acceptedMessage: eventView(outcome.event, 'Duplicate') },
          message: ALREADY,
          code: 'Conflict',
        }
      : {
          message: outcome.message,
          ...(outcome.target === undefined ? {} : { target: outcome.target }),
          code: outcome.is === 'InvalidQuantity' ? 'BadArgument' : outcome.is,
        }
  const { quantity, ...rest } = asked
  const echoed = withNumbers(rest) as Record<string, unknown>
  return {
    status: outcome.is,
    messageTime: ticks(state.now()),
    error,
    ...echoed,
    ...(quantity?.text === undefined ? {} : { quantity: rawNumber(quantity.text) }),
  }
}

/** Sums by day, resource, dimension and plan, the newest day first; names are empty until something matched. */
function readBack(call: Call): Reply {
  const { state, query } = call
  const from = startOf(dayOf(Date.parse(query.usageStartDate ?? '')))
  const until = query.UsageEndDate === undefined ? state.now() : Date.parse(query.UsageEndDate)
  const groups = new Map<string, UsageEvent[]>()
  for (const event of state.usage.values()) {
    const subscription = state.subscriptions.get(event.subscription)
    if (!subscription || !isOwn(state, call.caller, subscription)) continue
    const day = dayOf(event.hour)
    if (startOf(day) < from || startOf(day) > until) continue
    const key = [day, event.subscription, event.dimension, event.planId].join('/')
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  const rows = [...groups.values()].map((events) => rowOf(state, events))
  rows.sort((a, b) => String(b.usageDate).localeCompare(String(a.usageDate)))
  return { status: 200, body: rows.filter((row) => isAsked(row, query)) }
}

function rowOf(state: AzureState, events: UsageEvent[]): Record<string, unknown> {
  const first = events[0] as UsageEvent
  const subscription = state.subscriptions.get(first.subscription) as Subscription
  const product = state.products.get(subscription.product)
  const plan = planOf(state, subscription.product, first.planId)
  const statuses = events.map((one) => one.reconStatus)
  const reconStatus = WORST_FIRST.find((one) => statuses.includes(one)) ?? 'Submitted'
  const isNamed = reconStatus === 'Accepted' || reconStatus === 'Mismatch'
  const sum = (texts: string[]) =>
    rawNumber(texts.reduce((total, text) => total.plus(text), Big(0)).toFixed())
  return {
    usageDate: `${dayOf(first.hour)}T00:00:00Z`,
    usageResourceId: first.subscription,
    dimension: first.dimension,
    planId: first.planId,
    planName: isNamed ? (plan?.name ?? '') : '',
    offerId: offerIdOf(subscription),
    offerName: isNamed ? (product?.alias ?? '') : '',
    offerType: 'SaaS',
    azureSubscriptionId: subscription.azureSubscriptionId,
    reconStatus,
    submittedQuantity: sum(events.map((one) => one.quantity)),
    processedQuantity: sum(events.map((one) => one.processedQuantity)),
    submittedCount: events.length,
  }
}

const FILTERS = ['offerId', 'planId', 'dimension', 'azureSubscriptionId', 'reconStatus']

function isAsked(row: Record<string, unknown>, query: Record<string, string>): boolean {
  return FILTERS.every((name) => query[name] === undefined || row[name] === query[name])
}
