import { Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import type { Subscription } from './model.ts'
import { pushWaiting } from './push.ts'

const ACK_DEADLINE_SECONDS = 10
const RETENTION_SECONDS = 604_800
const DURATION = /^(\d+(?:\.\d+)?)s$/

/** Creates a subscription as `projects.subscriptions.create` does (Google: Pub/Sub v1 discovery document). */
export function subscribe(context: GcpContext, name: string, document: any): Subscription {
  const retry = document.retryPolicy
  const deadline = document.ackDeadlineSeconds || ACK_DEADLINE_SECONDS
  if (deadline < 10 || deadline > 600) {
    throw new Refusal(
      'INVALID_ARGUMENT',
      'Invalid ack deadline given: it must be within 10 and 600.',
    )
  }
  const retention = seconds(document.messageRetentionDuration) ?? RETENTION_SECONDS
  const made: Subscription = {
    name,
    topic: document.topic,
    project: name.split('/')[1] ?? '',
    ackDeadlineSeconds: deadline,
    retentionSeconds: retention,
    minimumBackoffSeconds: retry ? (seconds(retry.minimumBackoff) ?? 10) : null,
    maximumBackoffSeconds: retry ? (seconds(retry.maximumBackoff) ?? 600) : null,
    push: pushOf(document.pushConfig),
    document: {
      ...document,
      name,
      ackDeadlineSeconds: deadline,
      messageRetentionDuration: `${retention}s`,
      pushConfig: document.pushConfig ?? {},
      expirationPolicy: document.expirationPolicy ?? { ttl: '2678400s' },
      state: 'ACTIVE',
    },
  }
  return context.subscriptions.put(name, made)
}

/** Changes how a subscription delivers; what waits is pushed to the new endpoint. */
export function configurePush(
  context: GcpContext,
  subscription: Subscription,
  pushConfig: object,
): Subscription {
  const document = { ...subscription.document, pushConfig }
  const changed = { ...subscription, push: pushOf(pushConfig), document }
  context.subscriptions.put(subscription.name, changed)
  if (changed.push) pushWaiting(context, changed)
  return changed
}

/** The push part of a subscription's document; an empty endpoint means pull. */
function pushOf(config: any): Subscription['push'] {
  if (!config?.pushEndpoint) return null
  if (!URL.canParse(config.pushEndpoint)) {
    throw new Refusal(
      'INVALID_ARGUMENT',
      `Invalid push endpoint given (endpoint=${config.pushEndpoint}).`,
    )
  }
  const oidc = config.oidcToken
  return {
    endpoint: config.pushEndpoint,
    oidc: oidc
      ? { serviceAccountEmail: oidc.serviceAccountEmail, audience: oidc.audience || null }
      : null,
  }
}

function seconds(text: unknown): number | null {
  const match = DURATION.exec(String(text ?? ''))
  return match ? Number(match[1]) : null
}
