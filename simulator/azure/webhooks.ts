import { configurationOf } from './configuration.ts'
import { webhookBody } from './marketplace/views.ts'
import type { Delivery, Operation, Subscription } from './purchases.ts'
import type { AzureState } from './state.ts'
import { DAY_MS } from './time.ts'

/**
 * Puts an event on its way to the publisher's webhook. Delivery is at least once and in no order
 * ("Implementing a webhook on the SaaS service"); the settings add copies, delays and losses.
 */
export function send(
  state: AzureState,
  operation: Operation,
  subscription: Subscription,
  at: number,
): void {
  const { duplicateRate, disorderRate, disorderMs, dropRate, dayLateRate, retryForMs } =
    state.settings().webhooks
  const random = () => state.world.random()
  const body = webhookBody(state, operation, subscription)
  const dropped = random() < dropRate
  const copies = random() < duplicateRate ? 2 : 1
  const dayLate = random() < dayLateRate ? DAY_MS : 0
  for (let copy = 0; copy < copies; copy += 1) {
    const due = at + dayLate + (random() < disorderRate ? Math.round(random() * disorderMs) : 0)
    const delivery: Delivery = {
      id: state.ids.guid(),
      operation: operation.id,
      subscription: subscription.id,
      action: operation.action,
      url: configurationOf(state, subscription)?.connectionWebhook ?? '',
      body,
      firstDue: due,
      attempts: 0,
      state: dropped ? 'dropped' : 'waiting',
      lastAnswer: '',
      deliveredAt: null,
    }
    state.deliveries.put(delivery.id, delivery)
    if (!dropped) {
      state.timers.set('webhook.deliver', due, { id: delivery.id }, `deliver:${delivery.id}`)
    }
  }
  if (dropped && operation.status === 'InProgress') {
    const { id } = operation
    state.timers.set('operation.exhausted', at + retryForMs, { id }, `exhausted:${id}`)
  }
}
