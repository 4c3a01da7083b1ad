import { sign } from '../identity/keys.ts'
import type { GcpContext } from '../state.ts'
import type { Message, Subscription } from './model.ts'
import { attemptOf, backoffMs, isExpired, keyOf, wireMessage } from './pull.ts'

/** Answers that acknowledge (Google: Push subscriptions); 102 never reaches a client as a final answer. */
const ACKNOWLEDGED = [102, 200, 201, 202, 204]
const ATTEMPT_TIMEOUT_MS = 10_000
const TOKEN_LIFE_SECONDS = 3_600
const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 60_000
const ISSUER = 'https://accounts.google.com'

/** Timer: posts one message to the subscription's endpoint, and plans the next attempt when that fails. */
export async function push(
  context: GcpContext,
  { key }: { key: string },
  at: number,
): Promise<void> {
  const message = context.messages.get(key)
  const subscription = message && context.subscriptions.get(message.subscription)
  if (!subscription?.push || !message) return
  if (message.state !== 'waiting' && message.state !== 'outstanding') return
  if (isExpired(context, subscription, message)) {
    context.messages.put(key, { ...message, state: 'expired' })
    return
  }
  const attempts = message.attempts + 1
  const next = at + Math.max(backoffMs(subscription, attempts), growing(attempts))
  // Planned before the attempt: a simulator that dies half-way delivers again rather than never.
  context.timers.set('pubsub.push', next, { key }, `push:${key}`)
  context.messages.put(key, { ...message, attempts, state: 'outstanding', availableAt: next })
  const answer = await post(context, subscription, message, attempts)
  const isTaken = typeof answer === 'number' && ACKNOWLEDGED.includes(answer)
  if (isTaken) context.timers.cancel(`push:${key}`)
  context.messages.put(key, {
    ...message,
    attempts,
    state: isTaken ? 'acknowledged' : 'outstanding',
    availableAt: next,
    lastAnswer: String(answer),
  })
}

/** Plans a push of everything that waits, after an endpoint was set. */
export function pushWaiting(context: GcpContext, subscription: Subscription): void {
  for (const message of context.messages.values()) {
    if (message.subscription !== subscription.name) continue
    if (message.state !== 'waiting' && message.state !== 'outstanding') continue
    const due = Math.max(context.now(), message.availableAt)
    const key = keyOf(message)
    context.timers.set('pubsub.push', due, { key }, `push:${key}`)
  }
}

async function post(
  context: GcpContext,
  subscription: Subscription,
  message: Message,
  attempts: number,
): Promise<number | string> {
  const { name, push: target } = subscription
  if (!target) return 'no endpoint'
  const wire = wireMessage(message)
  const body = {
    message: {
      ...wire,
      attributes: {},
      message_id: wire.messageId,
      publish_time: wire.publishTime,
    },
    subscription: name,
    ...attemptOf(subscription, attempts),
  }
  try {
    const headers = {
      'content-type': 'application/json',
      ...(await authorization(context, target)),
    }
    const answer = await fetch(target.endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch (error) {
    return error instanceof Error ? error.name : 'failed'
  }
}

/** The OpenID token of a push request (Google: Authenticate push subscriptions). */
async function authorization(
  context: GcpContext,
  { endpoint, oidc }: NonNullable<Subscription['push']>,
): Promise<{ authorization?: string }> {
  if (!oidc) return {}
  const clock = context.settings().tokens.issueClock
  const iat = Math.floor((clock === 'real' ? Date.now() : context.now()) / 1000)
  const token = await sign(context, 'push', {
    iss: ISSUER,
    aud: oidc.audience ?? endpoint,
    azp: '113774264463038321964',
    sub: '113774264463038321964',
    email: oidc.serviceAccountEmail,
    email_verified: true,
    iat,
    exp: iat + TOKEN_LIFE_SECONDS,
  })
  return { authorization: `Bearer ${token}` }
}

function growing(attempts: number): number {
  return Math.min(BACKOFF_MS_MIN * 2 ** Math.min(attempts - 1, 10), BACKOFF_MS_MAX)
}
