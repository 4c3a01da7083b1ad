import { IN_SERVICE } from '../orders/end.ts'
import type { Service } from '../parties.ts'
import type { Entitlement } from '../purchases.ts'
import { badRequest, Refusal } from '../refusal.ts'
import type { Call } from '../service.ts'
import type { GcpContext } from '../state.ts'
import { orderOf, troubleOf } from './consumer.ts'
import { counted, invoiceMonth, note, takenOperations } from './ledger.ts'
import {
  CODE,
  hasDuplicates,
  type MetricValue,
  type Operation,
  type OperationFault,
  quantityText,
  readOperation,
} from './operation.ts'
import { ownedService } from './owned.ts'

const REQUEST_BYTES_MAX = 1_000_000
const HOUR_MS = 3_600_000

/**
 * Usage of operations (Service Control v1: services.report). An operation that fails is named in `reportErrors`
 * with HTTP 200 and was not billed; the others count. A repeated operation id of a consumer counts once.
 */
export function report(gcp: GcpContext, call: Call): object {
  const service = ownedService(gcp, call)
  if (JSON.stringify(call.body).length > REQUEST_BYTES_MAX) {
    throw new Refusal('INVALID_ARGUMENT', 'Request size must not exceed 1 MB.')
  }
  const operations: any[] = call.body.operations ?? []
  const spoiled = operations.findIndex(hasDuplicates)
  if (spoiled >= 0) {
    const field = `operations[${spoiled}].metric_value_sets`
    throw badRequest([{ field, description: 'Duplicate metric values in one operation.' }])
  }
  const reportErrors = operations.flatMap((raw) => {
    const fault = take(gcp, service, raw)
    if (!fault) return []
    const { code, message } = fault
    const { operationId = '', consumerId = '' } = raw
    note(gcp, { kind: 'refused', operationId, consumerId, detail: message })
    return [{ operationId, status: { code, message } }]
  })
  const { serviceConfigId } = service
  const ids = { serviceConfigId, serviceRolloutId: serviceConfigId }
  return reportErrors.length === 0 ? ids : { reportErrors, ...ids }
}

function take(gcp: GcpContext, service: Service, raw: any): OperationFault | undefined {
  const operation = readOperation(raw, `${service.name}/`)
  if ('code' in operation) return operation
  const { operationId, consumerId, content } = operation
  const key = `${service.name}/${consumerId}/${operationId}`
  const earlier = takenOperations(gcp).get(key)
  if (earlier && gcp.settings().serviceControl.dedupe === 'operationId') {
    takenOperations(gcp).put(key, { ...earlier, repeats: earlier.repeats + 1 })
    if (earlier.content !== content) {
      const detail = 'The id was taken with other content; only the first counts.'
      note(gcp, { kind: 'different_content', operationId, consumerId, detail })
    }
    return undefined
  }
  const fault = scripted(gcp, consumerId) ?? metricFault(gcp, service, operation)
  if (fault) return fault
  const order = orderOf(gcp, consumerId)
  if (!order) return { code: CODE.NOT_FOUND, message: `Consumer '${consumerId}' was not found.` }
  const denied = consumerFault(gcp, service, order, operation)
  if (denied) return denied
  const late = lateFault(gcp, operation)
  if (late) return late
  takenOperations(gcp).put(key, { content, repeats: 0 })
  for (const value of operation.values) count(gcp, order, operation, value)
  return undefined
}

function scripted(gcp: GcpContext, consumerId: string): OperationFault | undefined {
  const code = gcp.settings().serviceControl.reportErrors[consumerId]
  return code === undefined ? undefined : { code, message: 'The report of this consumer failed.' }
}

function metricFault(
  gcp: GcpContext,
  service: Service,
  operation: Operation,
): OperationFault | undefined {
  const invalid = (message: string) => ({ code: CODE.INVALID_ARGUMENT, message })
  for (const { metric: name, type, quantity } of operation.values) {
    const metric = service.metrics.find((one) => one.id === name)
    if (!metric) return invalid(`Metric '${name}' is not defined in the service configuration.`)
    const isLenient = gcp.settings().serviceControl.wrongType === 'accept' && type !== 'other'
    if (metric.type !== type && !isLenient) {
      return invalid(`Metric '${name}' has value type ${metric.type}, not that of the request.`)
    }
    if (quantity < 0n) return invalid(`Metric '${name}' is a delta and cannot be negative.`)
  }
  return undefined
}

/**
 * Whether the consumer may be billed for it. After the end of an order usage from before it is taken for one
 * hour (Google: "Configure usage reporting to Google").
 */
function consumerFault(
  gcp: GcpContext,
  service: Service,
  order: Entitlement,
  operation: Operation,
): OperationFault | undefined {
  const { inactiveCode } = gcp.settings().serviceControl
  const now = gcp.now()
  const { endedAt } = order
  const isOwn = order.service === service.name
  if (
    isOwn &&
    endedAt !== null &&
    order.activatedAt !== null &&
    !IN_SERVICE.includes(order.state)
  ) {
    const isFlush = operation.endMs <= endedAt && now <= endedAt + HOUR_MS
    const message = 'The order was cancelled; its usage can no longer be reported.'
    return isFlush ? undefined : { code: inactiveCode, message }
  }
  const trouble = troubleOf(gcp, service, operation.consumerId)
  return trouble ? { code: inactiveCode, message: trouble.detail } : undefined
}

function lateFault(gcp: GcpContext, operation: Operation): OperationFault | undefined {
  const { late, lateHours, futureToleranceMs } = gcp.settings().serviceControl
  const { operationId, consumerId, endMs } = operation
  const age = gcp.now() - endMs
  if (age < -futureToleranceMs) {
    return { code: CODE.INVALID_ARGUMENT, message: 'End time lies in the future.' }
  }
  if (late === 'ignore' || age <= lateHours * HOUR_MS) return undefined
  const detail = `Usage must be reported within ${lateHours} h; this is ${Math.floor(age / 60_000)} min old.`
  if (late === 'reject') return { code: CODE.INVALID_ARGUMENT, message: detail }
  note(gcp, { kind: 'late', operationId, consumerId, detail })
  return undefined
}

function count(
  gcp: GcpContext,
  order: Entitlement,
  operation: Operation,
  value: MetricValue,
): void {
  const { operationId, consumerId } = operation
  const table = counted(gcp)
  const warn = (kind: 'overlap' | 'other_plan' | 'before_activation', detail: string) =>
    note(gcp, { kind, operationId, consumerId, detail })
  const rival = table
    .values()
    .find(
      (one) =>
        one.entitlement === order.id &&
        one.metric === value.metric &&
        one.startMs < value.endMs &&
        value.startMs < one.endMs &&
        JSON.stringify([one.labels, one.userLabels]) ===
          JSON.stringify([value.labels, operation.userLabels]),
    )
  if (rival) warn('overlap', `The window overlaps with operation ${rival.operationId}.`)
  const plan = gcp.services.get(order.service)?.metrics.find((one) => one.id === value.metric)?.plan
  if (plan !== order.terms.plan)
    warn('other_plan', `${value.metric} is not of ${order.terms.plan}.`)
  if (value.endMs <= (order.activatedAt ?? 0)) {
    warn('before_activation', `${quantityText(value.quantity)} from before the order was active.`)
  }
  const id = `${table.size + 1}`
  table.put(id, {
    id,
    entitlement: order.id,
    provider: order.provider,
    service: order.service,
    metric: value.metric,
    operationId,
    nanos: String(value.quantity),
    startMs: value.startMs,
    endMs: value.endMs,
    receivedMs: gcp.now(),
    month: invoiceMonth(value.endMs, gcp.now()),
    labels: value.labels,
    userLabels: operation.userLabels,
  })
}
