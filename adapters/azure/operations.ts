import { z } from 'zod'
import type { AgreementsPort, OperationProgress, Wanted } from '../../src/agreements/port.ts'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { AzureClient } from './client.ts'
import { jsonNumber } from './exact-json.ts'
import { segment, shaped } from './reply.ts'
import { fetchSubscription, isPending, pathOf, type Subscription } from './subscription.ts'

type Operate = NonNullable<AgreementsPort['operate']>
type Change = Extract<Wanted, { readonly is: keyof typeof actionOf }>

const text = z.string().nullish()
/** "SaaS fulfillment operations APIs v2", numbers as text. */
const operation = z.looseObject({
  id: text,
  action: text,
  status: text,
  planId: text,
  quantity: text,
  operationRequestSource: text,
  errorStatusCode: text,
  errorMessage: text,
})
type Operation = z.infer<typeof operation>
const pending = z.looseObject({ operations: z.array(operation).nullish() })

const actionOf = {
  change_plan: 'ChangePlan',
  change_quantity: 'ChangeQuantity',
  cancel: 'Unsubscribe',
} as const satisfies Partial<Record<Wanted['is'], string>>

/**
 * Asks for a change. The subscription is looked at first: what is so already is done, and of what is under way the
 * operation is told and nothing is begun. The API takes no key of ours, so that is what makes a repeat safe.
 */
export const operate =
  (azure: AzureClient): Operate =>
  async (agreementRef, wanted) => {
    const { read } = await fetchSubscription(azure, agreementRef)
    if (isSo(read, wanted)) return { is: 'done' }
    if (wanted.is === 'activate') return activate(azure, read)
    if (!isChange(wanted)) throw new Problem('unsupported', `Microsoft takes no ${wanted.is}`)
    forbidWhatCannotBe(read, wanted)
    const known = await underWay(azure, agreementRef, wanted)
    if (known) return known
    const call = { ...requestOf(wanted), path: pathOf(agreementRef) }
    try {
      const { headers } = await azure.call('fulfilment', call)
      return { is: 'running', operationRef: operationIn(headers) }
    } catch (error) {
      if (!(error instanceof Problem) || !isBusy(error)) throw error
      // The list of operations fills with a delay; what it does not show yet is asked for again.
      const late = await underWay(azure, agreementRef, wanted)
      if (late) return late
      throw new Problem('conflict', error.message, error.details, { cause: error })
    }
  }

const isChange = (wanted: Wanted): wanted is Change => wanted.is in actionOf

/**
 * Whether another operation is in progress. "SaaS fulfillment APIs, version 2" says so by 409; the OpenAPI file knows
 * no status but 400 for it, where only the words can tell.
 */
const isBusy = ({ code, details }: Problem): boolean =>
  code === 'conflict' ||
  (code === 'rejected' &&
    /operation[^"]* (in progress|pending)/i.test(JSON.stringify(details.reasons)))

async function underWay(
  azure: AzureClient,
  id: string,
  wanted: Change,
): Promise<OperationProgress | undefined> {
  const found = (await pendingOf(azure, id)).find((one) => isSame(one, wanted))
  return found?.id ? { is: 'running', operationRef: found.id } : undefined
}

/** 200 is no more than accepted: the subscription shows minutes later what became of it, and has no operation. */
async function activate(azure: AzureClient, read: Subscription): Promise<OperationProgress> {
  if (!isPending(read))
    throw refusal(
      'activate',
      `the subscription is ${read.saasSubscriptionStatus}, not awaiting activation`,
    )
  await azure.call('fulfilment', {
    method: 'POST',
    path: `${pathOf(read.id)}/activate`,
    body: {
      planId: read.planId,
      ...(read.quantity ? { quantity: jsonNumber(read.quantity) } : {}),
    },
    idempotent: true,
  })
  return { is: 'running', operationRef: null }
}

const isSo = (read: Subscription, wanted: Wanted): boolean => {
  const status = read.saasSubscriptionStatus
  if (wanted.is === 'activate') return status === 'Subscribed'
  if (wanted.is === 'cancel') return status === 'Unsubscribed'
  if (status === 'Unsubscribed') return false
  if (wanted.is === 'change_plan') return read.planId === wanted.planRef
  return wanted.is === 'change_quantity' && read.quantity === wanted.quantity
}

const isSame = (one: Operation, wanted: Change): boolean =>
  one.action === actionOf[wanted.is] &&
  (one.status === 'NotStarted' || one.status === 'InProgress') &&
  (wanted.is !== 'change_plan' || one.planId === wanted.planRef) &&
  (wanted.is !== 'change_quantity' || one.quantity === wanted.quantity)

/** What Microsoft would refuse anyway, in words that say what to do instead. */
function forbidWhatCannotBe(read: Subscription, wanted: Change): void {
  const needed = wanted.is === 'cancel' ? 'Delete' : 'Update'
  const allowed = read.allowedCustomerOperations ?? [needed]
  if (!allowed.includes(needed))
    throw refusal(
      wanted.is,
      'it was bought through a Cloud Solution Provider, who alone can change it',
    )
  if (wanted.is !== 'cancel' && read.saasSubscriptionStatus !== 'Subscribed')
    throw refusal(wanted.is, `the subscription is ${read.saasSubscriptionStatus}, not Subscribed`)
  if (wanted.is === 'change_quantity' && !isDecimal(wanted.quantity, 9, 0))
    throw refusal(wanted.is, 'seats are whole numbers')
}

const refusal = (part: string, message: string): Problem =>
  new Problem('rejected', message, { reasons: [{ part, code: null, message }] })

function requestOf(wanted: Change): { method: 'PATCH' | 'DELETE'; body?: unknown } {
  if (wanted.is === 'cancel') return { method: 'DELETE' }
  const body =
    wanted.is === 'change_plan'
      ? { planId: wanted.planRef }
      : { quantity: jsonNumber(wanted.quantity) }
  return { method: 'PATCH', body }
}

/** `Operation-Id`, or the end of `Operation-Location`; null where neither came. */
const operationIn = (headers: Headers): string | null =>
  headers.get('operation-id') ??
  /\/operations\/([^/?]+)/.exec(headers.get('operation-location') ?? '')?.[1] ??
  null

/** Operations that await an answer; an empty body stands for none. */
async function pendingOf(azure: AzureClient, id: string): Promise<readonly Operation[]> {
  const path = `${pathOf(id)}/operations`
  const { json } = await azure.call('fulfilment', { method: 'GET', path, numbers: 'text' })
  return shaped(pending, json, 'GET operations').operations ?? []
}

const operationPath = (id: string, operationRef: string): string =>
  `${pathOf(id)}/operations/${segment(operationRef)}`

/** Undefined where the API does not tell: an empty answer, 404, or 400 for what it does not know. */
async function fetchOperation(
  azure: AzureClient,
  id: string,
  operationRef: string,
): Promise<Operation | undefined> {
  const { status, json } = await azure.call('fulfilment', {
    method: 'GET',
    path: operationPath(id, operationRef),
    numbers: 'text',
    expects: [400, 404],
  })
  if (status >= 400 || json === undefined || json === null) return undefined
  const read = shaped(operation, json, 'GET operation')
  return read.status ? read : undefined
}

/**
 * How far it is. Of a cancellation the API often tells nothing, so the subscription is asked instead. An operation of
 * ours that is in progress waits for our own consent, which is given here; whether it is taken decides nothing.
 */
export const progress =
  (azure: AzureClient): NonNullable<AgreementsPort['progress']> =>
  async (agreementRef, operationRef) => {
    const found = await fetchOperation(azure, agreementRef, operationRef)
    if (!found) return withoutOperation(azure, agreementRef, operationRef)
    switch (found.status) {
      case 'Succeeded':
        return { is: 'done' }
      case 'NotStarted':
        return { is: 'running', operationRef }
      case 'InProgress':
        if (found.operationRequestSource === 'Partner' && found.action !== 'Unsubscribe')
          await consent(azure, agreementRef, operationRef)
        return { is: 'running', operationRef }
      case 'Failed':
        return refusedBy(found)
      case 'Conflict':
        return (await shows(azure, agreementRef, found)) ? { is: 'done' } : refusedBy(found)
      default:
        throw new Problem('internal', `Microsoft’s operation ${operationRef} is ${found.status}`)
    }
  }

async function withoutOperation(
  azure: AzureClient,
  agreementRef: string,
  operationRef: string,
): Promise<OperationProgress> {
  const { read } = await fetchSubscription(azure, agreementRef)
  if (read.saasSubscriptionStatus === 'Unsubscribed') return { is: 'done' }
  throw unknownOperation(agreementRef, operationRef)
}

const consent = (azure: AzureClient, id: string, operationRef: string): Promise<unknown> =>
  tell(azure, id, operationRef, 'Success').catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error
  })

const refusedBy = ({ action, status, errorStatusCode, errorMessage }: Operation) => {
  const message = errorMessage || `Microsoft ended the operation as ${status} and does not say why`
  return {
    is: 'refused',
    reasons: [{ part: action ?? 'operation', code: errorStatusCode || (status ?? null), message }],
  } as const
}

/** `Conflict` is how the API calls a change to what is so already. */
async function shows(azure: AzureClient, id: string, wanted: Operation): Promise<boolean> {
  const { read } = await fetchSubscription(azure, id)
  if (wanted.action === 'ChangePlan') return read.planId === wanted.planId
  if (wanted.action === 'ChangeQuantity') return read.quantity === wanted.quantity
  return wanted.action === 'Unsubscribe' && read.saasSubscriptionStatus === 'Unsubscribed'
}

/**
 * Tells what became of a buyer's change: "Update the status of an operation". Silence counts as yes after 10 seconds.
 * The operation is read first, as Microsoft demands of whoever acts on a webhook; one that is decided stays so.
 */
export const answer =
  (azure: AzureClient): NonNullable<AgreementsPort['answer']> =>
  async (agreementRef, operationRef, verdict) => {
    const found = await fetchOperation(azure, agreementRef, operationRef)
    if (!found) throw unknownOperation(agreementRef, operationRef)
    if (found.status === 'NotStarted' || found.status === 'InProgress')
      await tell(azure, agreementRef, operationRef, verdict === 'accepted' ? 'Success' : 'Failure')
  }

const tell = (
  azure: AzureClient,
  id: string,
  operationRef: string,
  status: 'Success' | 'Failure',
): Promise<unknown> =>
  azure.call('fulfilment', {
    method: 'PATCH',
    path: operationPath(id, operationRef),
    body: { status },
  })

const unknownOperation = (id: string, operationRef: string): Problem =>
  new Problem('not_found', `Microsoft knows no operation ${operationRef} of ${id}`)
