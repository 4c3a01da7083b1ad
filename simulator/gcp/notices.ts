import type { GcpContext } from './state.ts'

/** What a message is about. The account-created message has no type (Google: Manage user accounts). */
export type Notice = {
  readonly provider: string
  readonly type: string | null
  readonly subject: 'account' | 'entitlement'
  readonly id: string
  readonly updateTime: string
  /** What the message says beyond id and updateTime. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** The eventId of one operation; several messages share it, as was observed. */
export function operationId(context: GcpContext, word: string): string {
  return `${word}-${context.ids.guid()}`
}

/**
 * Puts a message into every subscription of the provider's topic. Delivery is at least once and in no order;
 * the settings add copies, delays and losses.
 */
export function publish(context: GcpContext, notice: Notice, operation: string, at: number): void {
  const provider = context.providers.get(notice.provider)
  const settings = context.settings().notices
  const { type } = notice
  const isTyped = type !== null && !settings.withoutEventType.includes(type)
  const event = {
    eventId: settings.sharedEventId ? operation : operationId(context, type ?? 'CREATE_ACCOUNT'),
    ...(isTyped ? { eventType: type } : {}),
    [notice.subject]: { id: notice.id, updateTime: notice.updateTime, ...notice.fields },
    providerId: notice.provider,
  }
  for (const subscription of context.subscriptions.values()) {
    if (subscription.topic === provider?.topic) place(context, subscription.name, type, event, at)
  }
}

function place(
  context: GcpContext,
  subscription: string,
  type: string | null,
  event: object,
  at: number,
): void {
  const settings = context.settings().notices
  const mishap = settings.types[type ?? '-'] ?? {}
  const random = () => context.world.random()
  const isDropped = mishap.drop === true || random() < settings.dropRate
  const copies = mishap.duplicate === true || random() < settings.duplicateRate ? 2 : 1
  for (let copy = 0; copy < copies; copy += 1) {
    const disorder =
      random() < settings.disorderRate ? Math.round(random() * settings.disorderMs) : 0
    const availableAt = at + settings.delayMs + (mishap.delayMs ?? 0) + disorder
    const id = context.ids.digits(16)
    const key = `${subscription}/${id}`
    context.messages.put(key, {
      id,
      subscription,
      event,
      publishedAt: at,
      availableAt,
      attempts: 0,
      ackId: null,
      state: isDropped ? 'dropped' : 'waiting',
      lastAnswer: '',
    })
    const isPushed = context.subscriptions.get(subscription)?.push !== null
    if (isPushed && !isDropped)
      context.timers.set('pubsub.push', availableAt, { key }, `push:${key}`)
  }
}
