import type { GcpContext } from '../state.ts'
import type { Message, Subscription } from './model.ts'

const BACKOFF_DOUBLINGS_MAX = 10

/**
 * Hands out messages that wait, or whose acknowledgement is overdue: each then has the subscription's deadline
 * (Google: Pull subscriptions). It answers at once, even with nothing.
 */
export function pull(context: GcpContext, subscription: Subscription, max: number): object[] {
  return due(context, subscription)
    .slice(0, max)
    .map((message) => {
      const attempts = message.attempts + 1
      const ackId = `${subscription.name}:${context.ids.hex(24)}`
      const deadlineMs = subscription.ackDeadlineSeconds * 1000
      const availableAt = context.now() + deadlineMs + backoffMs(subscription, attempts)
      const taken = { ...message, attempts, ackId, availableAt, state: 'outstanding' as const }
      context.messages.put(keyOf(message), taken)
      return { ackId, message: wireMessage(message), ...attemptOf(subscription, attempts) }
    })
}

/** Acknowledging with an id that is no longer current has no effect and is no error. */
export function acknowledge(
  context: GcpContext,
  subscription: Subscription,
  ackIds: readonly string[],
): void {
  for (const message of outstanding(context, subscription, ackIds)) {
    context.messages.put(keyOf(message), { ...message, state: 'acknowledged' })
  }
}

/** A new deadline from now; 0 gives the message back. */
export function changeDeadlines(
  context: GcpContext,
  subscription: Subscription,
  ackIds: readonly string[],
  seconds: number,
): void {
  for (const message of outstanding(context, subscription, ackIds)) {
    const wait = backoffMs(subscription, message.attempts)
    const availableAt = context.now() + seconds * 1000 + wait
    context.messages.put(keyOf(message), { ...message, availableAt })
  }
}

/** What waits longer after each attempt; a subscription without a retry policy does not wait. */
export function backoffMs(subscription: Subscription, attempts: number): number {
  const { minimumBackoffSeconds, maximumBackoffSeconds } = subscription
  if (minimumBackoffSeconds === null || maximumBackoffSeconds === null) return 0
  const doublings = Math.min(Math.max(attempts - 1, 0), BACKOFF_DOUBLINGS_MAX)
  return Math.min(minimumBackoffSeconds * 2 ** doublings, maximumBackoffSeconds) * 1000
}

export function wireMessage(message: Message) {
  return {
    data: Buffer.from(JSON.stringify(message.event)).toString('base64'),
    messageId: message.id,
    publishTime: new Date(message.publishedAt).toISOString(),
  }
}

/** Delivery attempts are counted only with a dead letter policy (Google: PubsubMessage). */
export function attemptOf(subscription: Subscription, attempts: number): object {
  return subscription.document.deadLetterPolicy ? { deliveryAttempt: attempts } : {}
}

export const keyOf = ({ subscription, id }: Message): string => `${subscription}/${id}`

/** Whether nobody will see the message any more. */
export function isExpired(context: GcpContext, subscription: Subscription, message: Message) {
  return context.now() > message.publishedAt + subscription.retentionSeconds * 1000
}

function due(context: GcpContext, subscription: Subscription): Message[] {
  const found: Message[] = []
  for (const message of context.messages.values()) {
    if (message.subscription !== subscription.name) continue
    if (message.state !== 'waiting' && message.state !== 'outstanding') continue
    if (message.availableAt > context.now()) continue
    if (isExpired(context, subscription, message)) {
      context.messages.put(keyOf(message), { ...message, state: 'expired' })
      continue
    }
    found.push(message)
  }
  return found.sort((one, other) => one.availableAt - other.availableAt)
}

function outstanding(
  context: GcpContext,
  subscription: Subscription,
  ackIds: readonly string[],
): Message[] {
  return context.messages
    .values()
    .filter((one) => one.subscription === subscription.name && one.state === 'outstanding')
    .filter((one) => one.ackId !== null && ackIds.includes(one.ackId))
}
