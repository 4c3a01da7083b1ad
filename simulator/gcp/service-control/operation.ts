/** google.rpc codes a part of a request is refused with. */
export const CODE = { INVALID_ARGUMENT: 3, NOT_FOUND: 5, PERMISSION_DENIED: 7 } as const

/** `google.rpc.Status` of one operation. */
export type OperationFault = { readonly code: number; readonly message: string }

/** One value of one metric. `quantity` is in billionths. */
export type MetricValue = {
  /** Name below the service, `pro_api_calls`. */
  readonly metric: string
  readonly type: 'INT64' | 'DOUBLE' | 'other'
  readonly quantity: bigint
  readonly labels: Readonly<Record<string, string>>
  readonly startMs: number
  readonly endMs: number
}

/** An operation of a report as read; instants are milliseconds. */
export type Operation = {
  readonly operationId: string
  readonly consumerId: string
  readonly startMs: number
  readonly endMs: number
  readonly values: readonly MetricValue[]
  readonly userLabels: Readonly<Record<string, string>>
  /** Everything that makes it what it is, to tell a repeat from another operation under its id. */
  readonly content: string
}

const LABELS = [
  'cloud.googleapis.com/location',
  'servicecontrol.googleapis.com/user_agent',
  'servicecontrol.googleapis.com/service_agent',
  'servicecontrol.googleapis.com/platform',
]
const NANOS = 1_000_000_000n

/** Metric values that have one name and the same labels; they spoil the whole request (Operation.metric_value_sets). */
export function hasDuplicates(operation: any): boolean {
  const seen = new Set<string>()
  for (const set of operation?.metricValueSets ?? []) {
    for (const value of set.metricValues ?? []) {
      const labels = Object.entries({ ...operation.labels, ...value.labels }).sort()
      const key = JSON.stringify([set.metricName, labels])
      if (seen.has(key)) return true
      seen.add(key)
    }
  }
  return false
}

/** Reads one operation of a report or says what is wrong with its form. `prefix` is the service name with `/`. */
export function readOperation(raw: any, prefix: string): Operation | OperationFault {
  const invalid = (message: string) => ({ code: CODE.INVALID_ARGUMENT, message })
  const { operationId, operationName, consumerId, startTime, endTime } = raw
  if (!operationId) return invalid('Operation id is missing.')
  if (!operationName) return invalid('Operation name is missing.')
  if (!consumerId) return invalid('Consumer id is missing.')
  if (!startTime || !endTime) return invalid('Start time and end time are required.')
  const startMs = Date.parse(startTime)
  const endMs = Date.parse(endTime)
  if (endMs < startMs) return invalid('End time must not be before start time.')
  const label = Object.keys(raw.labels ?? {}).find((key) => !LABELS.includes(key))
  if (label !== undefined) return invalid(`Label '${label}' is not allowed.`)
  const values: MetricValue[] = []
  for (const set of raw.metricValueSets ?? []) {
    for (const value of set.metricValues ?? []) {
      values.push(readValue(set.metricName ?? '', value, { prefix, startMs, endMs }))
    }
  }
  const { userLabels = {}, labels = {}, metricValueSets } = raw
  const content = JSON.stringify([consumerId, startMs, endMs, metricValueSets, userLabels, labels])
  return { operationId, consumerId, startMs, endMs, values, userLabels, content }
}

/** Exact decimal text of billionths: `150`, `0.5`. */
export function quantityText(nanos: bigint): string {
  const digits = String(nanos < 0n ? -nanos : nanos).padStart(10, '0')
  const part = digits.slice(-9).replace(/0+$/, '')
  const whole = digits.slice(0, -9)
  return `${nanos < 0n ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`
}

function readValue(
  name: string,
  value: any,
  around: { readonly prefix: string; readonly startMs: number; readonly endMs: number },
): MetricValue {
  const { prefix, startMs, endMs } = around
  const { int64Value, doubleValue, labels = {} } = value
  const isWhole = int64Value !== undefined && /^-?\d{1,19}$/.test(String(int64Value))
  const isDouble = typeof doubleValue === 'number' && Number.isFinite(doubleValue)
  return {
    metric: name.startsWith(prefix) ? name.slice(prefix.length) : name,
    type: isWhole ? 'INT64' : isDouble ? 'DOUBLE' : 'other',
    quantity: isWhole ? BigInt(int64Value) * NANOS : isDouble ? billionths(doubleValue) : 0n,
    labels,
    startMs: value.startTime ? Date.parse(value.startTime) : startMs,
    endMs: value.endTime ? Date.parse(value.endTime) : endMs,
  }
}

/** A double to nine places. */
function billionths(value: number): bigint {
  const [whole = '0', part = ''] = Math.abs(value).toFixed(9).split('.')
  const nanos = BigInt(whole) * NANOS + BigInt(part.padEnd(9, '0'))
  return value < 0 ? -nanos : nanos
}
