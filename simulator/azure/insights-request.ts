import { fieldsOf, InsightsFailure } from './insights-answer.ts'
import { reports } from './insights-executions.ts'
import type { Report } from './insights-model.ts'
import type { Publisher } from './parties.ts'
import type { AzureState } from './state.ts'
import { HOUR_MS } from './time.ts'

const TEXT_MAX = 256
const INTERVAL = { min: 4, max: 2160 }
const AHEAD_HOURS = 4
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

/** A report as asked for; throws what "Programmatic access FAQ" lists as error messages. */
export function readReport(
  state: AzureState,
  publisher: Publisher,
  body: unknown,
  queryOf: (id: string) => string | undefined,
): Omit<Report, 'reportId' | 'createdAt' | 'modifiedAt'> {
  const fields = fieldsOf(body)
  const query = queryOf(required(fields.queryId))
  if (query === undefined) throw new InsightsFailure(400, 'Invalid QueryId')
  const executeNow = fields.executeNow === true
  if (executeNow) checkExecuteNow(state, publisher)
  const schedule = executeNow ? null : scheduleOf(state, fields)
  checkCount(state, publisher)
  return {
    publisherId: publisher.id,
    reportName: named(required(fields.reportName)),
    description: text(fields.description),
    queryId: String(fields.queryId),
    query,
    user: publisher.sellerId,
    startAt: schedule?.startAt ?? state.now(),
    status: 'Active',
    executeNow,
    recurrenceInterval: schedule?.interval ?? null,
    recurrenceCount: schedule?.count ?? null,
    runsLeft: schedule ? schedule.count : 1,
    callbackUrl: callback(fields.callbackUrl),
    callbackMethod: String(fields.callbackMethod).toUpperCase() === 'POST' ? 'POST' : 'GET',
    format: format(fields.format),
    period: executeNow ? period(fields) : null,
  }
}

/** A name: at most 256 characters, no semicolon, which separates ids in queries. */
export function named(name: string): string {
  if (name.length > TEXT_MAX || name.includes(';')) {
    throw new InsightsFailure(400, 'Invalid report parameters: the name is not valid')
  }
  return name
}

export function text(given: unknown): string {
  const found = given === undefined || given === null ? '' : String(given)
  if (found.length > TEXT_MAX) {
    throw new InsightsFailure(400, 'Invalid report parameters: the description is too long')
  }
  return found
}

export function required(given: unknown): string {
  if (given === undefined || given === null || given === '') {
    throw new InsightsFailure(400, 'Null or missing value')
  }
  return String(given)
}

function scheduleOf(state: AzureState, fields: Readonly<Record<string, any>>) {
  const start = required(fields.startTime)
  if (!INSTANT.test(start) || Number.isNaN(Date.parse(start))) {
    throw new InsightsFailure(
      400,
      'Invalid report creation parameters - StartTime should follow the format: yyyy-MM-ddTHH:mm:ssZ',
    )
  }
  if (Date.parse(start) < state.now() + AHEAD_HOURS * HOUR_MS) {
    throw new InsightsFailure(
      400,
      'Invalid report creation parameters - StartTime of the report should be at least 4 hours from the current UTC time',
    )
  }
  const interval = Number(required(fields.recurrenceInterval))
  if (!Number.isInteger(interval) || interval < INTERVAL.min || interval > INTERVAL.max) {
    throw new InsightsFailure(
      400,
      `RecurrenceInterval must be between ${INTERVAL.min} and ${INTERVAL.max}`,
    )
  }
  const count = fields.recurrenceCount ?? null
  if (count !== null && !(Number.isInteger(count) && count > 0)) {
    throw new InsightsFailure(400, 'Invalid report parameters: RecurrenceCount')
  }
  return { startAt: Date.parse(start), interval, count }
}

function checkExecuteNow(state: AzureState, publisher: Publisher): void {
  const since = state.now() - HOUR_MS
  const recent = reports(state)
    .values()
    .filter((one) => one.publisherId === publisher.id && one.executeNow && one.createdAt > since)
  const { executeNowMax } = state.settings().analytics
  if (recent.length >= executeNowMax) {
    throw new InsightsFailure(
      400,
      `The quota of ${executeNowMax} ExecuteNow reports in 60 minutes is used up`,
    )
  }
}

function checkCount(state: AzureState, publisher: Publisher): void {
  const active = reports(state)
    .values()
    .filter((one) => one.publisherId === publisher.id && one.status === 'Active')
  const { reportsMax } = state.settings().analytics
  if (active.length >= reportsMax) {
    throw new InsightsFailure(400, `The quota of ${reportsMax} active reports is used up`)
  }
}

function format(given: unknown): 'csv' | 'tsv' {
  const wanted = String(given ?? 'csv').toLowerCase()
  if (wanted !== 'csv' && wanted !== 'tsv') {
    throw new InsightsFailure(400, `Requested value '${wanted}' was not found`)
  }
  return wanted
}

function callback(given: unknown): string | null {
  if (given === undefined || given === null || given === '') return null
  if (!URL.canParse(String(given))) {
    throw new InsightsFailure(400, `Requested value '${given}' was not found`)
  }
  return String(given)
}

function period(fields: Readonly<Record<string, any>>): Report['period'] {
  const { queryStartTime, queryEndTime } = fields
  if (queryStartTime === undefined && queryEndTime === undefined) return null
  const [from, until] = [Date.parse(queryStartTime), Date.parse(queryEndTime)]
  if (Number.isNaN(from) || Number.isNaN(until) || until < from) {
    throw new InsightsFailure(400, 'Invalid report parameters: QueryStartTime and QueryEndTime')
  }
  return { from, until }
}
