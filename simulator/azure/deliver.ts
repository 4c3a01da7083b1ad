import type { TechnicalConfiguration } from './catalog-model.ts'
import { configurationOf } from './configuration.ts'
import { signToken } from './identity/jwt.ts'
import { signingKey } from './identity/keys.ts'
import { MARKETPLACE_RESOURCE } from './identity/resources.ts'
import { settle } from './lifecycle/change.ts'
import type { Delivery, Operation } from './purchases.ts'
import type { AzureState } from './state.ts'

const ATTEMPT_TIMEOUT_MS = 10_000
const TOKEN_LIFE_SECONDS = 3_600
const NOT_BEFORE_SECONDS = 300

/** Timer: posts one event, and plans the next attempt when that fails. */
export async function deliver(
  state: AzureState,
  { id }: { id: string },
  at: number,
): Promise<void> {
  const delivery = state.deliveries.get(id)
  if (delivery?.state !== 'waiting') return
  const { attemptsMax, retryForMs } = state.settings().webhooks
  delivery.attempts += 1
  const next = at + Math.ceil(retryForMs / attemptsMax)
  const isLast = delivery.attempts >= attemptsMax || next > delivery.firstDue + retryForMs
  // Planned before the attempt: a simulator that dies half-way delivers again rather than never.
  if (!isLast) state.timers.set('webhook.deliver', next, { id }, `deliver:${id}`)
  state.deliveries.put(id, delivery)
  const subscription = state.subscriptions.get(delivery.subscription)
  const target = subscription && configurationOf(state, subscription)
  delivery.url = target?.connectionWebhook ?? ''
  const status = target ? await post(state, target, delivery) : 'no such subscription'
  delivery.lastAnswer = String(status)
  take(state, delivery, status, isLast, at)
  if (delivery.state !== 'waiting') state.timers.cancel(`deliver:${id}`)
  state.deliveries.put(id, delivery)
}

/** What an answer of the publisher means for the delivery and the operation behind it. */
function take(
  state: AzureState,
  delivery: Delivery,
  status: number | string,
  isLast: boolean,
  at: number,
): void {
  const operation = state.operations.get(delivery.operation)
  const isOpen = operation?.status === 'InProgress'
  if (typeof status === 'number' && status >= 200 && status < 300) {
    delivery.state = 'delivered'
    delivery.deliveredAt = at
    if (isOpen) awaitAnswer(state, operation, at)
    return
  }
  const mayRefuse = delivery.action === 'ChangePlan' || delivery.action === 'ChangeQuantity'
  if (mayRefuse && typeof status === 'number' && status >= 400 && status < 500) {
    delivery.state = 'refused'
    refuse(state, operation, at, `The publisher answered ${status}.`, String(status))
    return
  }
  if (!isLast) return
  delivery.state = 'given up'
  refuse(state, operation, at, 'The webhook could not be delivered.', '500')
}

function refuse(
  state: AzureState,
  operation: Operation | undefined,
  at: number,
  message: string,
  statusCode: string,
): void {
  if (operation) settle(state, operation.id, at, { is: 'failure', message, statusCode })
}

/** From the first 200 the publisher has a few seconds for a PATCH; a second copy does not prolong them. */
function awaitAnswer(state: AzureState, operation: Operation, at: number): void {
  const id = `auto:${operation.id}`
  if (state.timers.values().some((timer) => timer.id === id)) return
  const due = at + state.settings().fulfilment.answerWithinMs
  state.timers.set('operation.auto', due, { id: operation.id }, id)
}

async function post(
  state: AzureState,
  target: TechnicalConfiguration,
  delivery: Delivery,
): Promise<number | string> {
  if (!URL.canParse(target.connectionWebhook)) return 'no webhook is configured'
  try {
    const answer = await fetch(target.connectionWebhook, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        authorization: `Bearer ${webhookToken(state, target)}`,
        'x-ms-requestid': delivery.operation,
        'x-ms-correlationid': delivery.operation,
      },
      body: JSON.stringify(delivery.body),
      redirect: 'manual',
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch (error) {
    return error instanceof Error ? error.name : 'failed'
  }
}

/** The token a webhook carries; its claims differ by the token version the publisher's app asks for. */
function webhookToken(state: AzureState, target: TechnicalConfiguration): string {
  const { claims, clock } = state.settings().webhooks
  const now = Math.floor((clock === 'real' ? Date.now() : state.now()) / 1000)
  const oid = '1f3a9b60-9d8e-4c0f-8a2b-6e7d5c4b3a21'
  const common = {
    aud: target.appId,
    iat: now,
    nbf: now - NOT_BEFORE_SECONDS,
    exp: now + TOKEN_LIFE_SECONDS,
    aio: state.ids.hex(24),
    oid,
    rh: state.ids.hex(24),
    sub: oid,
    tid: target.tenantId,
    uti: state.ids.hex(20),
  }
  const v1 = `https://sts.windows.net/${target.tenantId}/`
  const v2 = `https://login.microsoftonline.com/${target.tenantId}/v2.0`
  return signToken(signingKey(state.world), {
    ...common,
    ...(claims === 'v1'
      ? { iss: v1, idp: v1, appid: MARKETPLACE_RESOURCE, appidacr: '2', ver: '1.0' }
      : { iss: v2, azp: MARKETPLACE_RESOURCE, azpacr: '2', ver: '2.0' }),
  })
}
