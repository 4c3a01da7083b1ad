import { catalogTimers } from './catalog-timers.ts'
import { separated } from './insights-csv.ts'
import { storeFile } from './insights-files.ts'
import type { Execution, Report } from './insights-model.ts'
import { parseQuery } from './insights-query.ts'
import { rowsOf } from './insights-rows.ts'
import { periodOf, select } from './insights-select.ts'
import type { AzureState } from './state.ts'
import { HOUR_MS } from './time.ts'

const CALLBACK_TIMEOUT_MS = 5_000

export function reports(state: AzureState) {
  return state.world.table<Report>('azure.reports')
}

export function executions(state: AzureState) {
  return state.world.table<Execution>('azure.executions')
}

/** Plans the next run of a report; a later plan replaces an earlier one. */
export function planRun(state: AzureState, report: Report, at: number): void {
  catalogTimers(state).set('report.begin', at, { id: report.reportId }, `report:${report.reportId}`)
}

/** Timer: a report's time has come. A paused one skips this run. */
export function beginReport(state: AzureState, { id }: { id: string }, at: number): undefined {
  const report = reports(state).get(id)
  if (!report || report.status === 'Inactive') return
  const runsLeft = report.runsLeft === null ? null : report.runsLeft - 1
  const isOver = report.recurrenceInterval === null || runsLeft === 0
  const next: Report = { ...report, runsLeft, status: isOver ? 'Inactive' : report.status }
  reports(state).put(id, next)
  if (!isOver) planRun(state, next, at + (report.recurrenceInterval ?? 0) * HOUR_MS)
  if (report.status === 'Paused') return
  const executionId = state.ids.guid()
  executions(state).put(executionId, {
    executionId,
    reportId: id,
    startedAt: at,
    status: 'Pending',
    file: null,
    generatedAt: null,
  })
  const { executionStartMs } = state.settings().analytics
  catalogTimers(state).set('report.run', at + executionStartMs, { id: executionId })
}

/** Timer: an execution starts to run. */
export function runReport(state: AzureState, { id }: { id: string }, at: number): undefined {
  const execution = executions(state).get(id)
  if (execution?.status !== 'Pending') return
  executions(state).put(id, { ...execution, status: 'Running' })
  catalogTimers(state).set('report.finish', at + state.settings().analytics.executionMs, { id })
}

/** Timer: the file is made of what holds now, and whoever wanted to be told is told. */
export function finishReport(
  state: AzureState,
  { id }: { id: string },
  at: number,
): Promise<void> | undefined {
  const execution = executions(state).get(id)
  const report = execution && reports(state).get(execution.reportId)
  if (!report || execution.status !== 'Running') return undefined
  const query = parseQuery(report.query)
  const period = report.period ?? periodOf(query.timespan, at)
  const table = select(query, rowsOf(state, report.publisherId, query.dataset), period)
  const content = separated(table, report.format)
  const file = storeFile(state, content, report.format, state.settings().analytics.linkLifeMs)
  executions(state).put(id, { ...execution, status: 'Completed', file: file.id, generatedAt: at })
  return report.callbackUrl === null
    ? undefined
    : tell(report.callbackUrl, report.callbackMethod, report.reportId)
}

/** The documents do not say what a callback carries; it names the report and nothing else. */
async function tell(url: string, method: 'GET' | 'POST', reportId: string): Promise<void> {
  const target = new URL(url)
  if (method === 'GET') target.searchParams.set('reportId', reportId)
  const body =
    method === 'POST'
      ? { body: JSON.stringify({ reportId }), headers: { 'content-type': 'application/json' } }
      : {}
  const signal = AbortSignal.timeout(CALLBACK_TIMEOUT_MS)
  // A callback is a courtesy: whoever misses it polls.
  await fetch(target, { method, signal, ...body }).catch(() => undefined)
}
