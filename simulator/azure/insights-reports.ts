import { type Context, Hono } from 'hono'
import { catalogTimers } from './catalog-timers.ts'
import { envelope, InsightsFailure, publisherOf } from './insights-answer.ts'
import { executions, planRun, reports } from './insights-executions.ts'
import { fileOf, linkTo } from './insights-files.ts'
import type { Execution, Report } from './insights-model.ts'
import { readReport } from './insights-request.ts'
import { queryText } from './insights-saved.ts'
import type { AzureState } from './state.ts'
import { DAY_MS } from './time.ts'

const BASE = '/azure/partnercenter/insights/v1/cmp'
const HISTORY_DAYS = 90

/** Reports and their executions ("Create report API", "Get report executions API" and their like). */
export function reportRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.post('/ScheduledReport', async (c) => {
    const publisher = publisherOf(state, c)
    const body = await c.req.json().catch(() => null)
    const reportId = state.ids.guid()
    const report = reports(state).put(reportId, {
      ...readReport(state, publisher, body, (id) => queryText(state, publisher.id, id)),
      reportId,
      createdAt: state.now(),
      modifiedAt: null,
    })
    planRun(state, report, report.startAt)
    return one(state, report, 'Report created successfully')
  })
  routes.get('/ScheduledReport', (c) => listReports(state, c))
  routes.get('/ScheduledReport/execution/:id', (c) => listExecutions(state, c))
  changeRoutes(state, routes)
  return routes
}

function changeRoutes(state: AzureState, routes: Hono): void {
  routes.put('/ScheduledReport/:verb{pause|resume}/:id', (c) => {
    const report = owned(state, c)
    const status = c.req.param('verb') === 'pause' ? 'Paused' : 'Active'
    if (report.status === 'Inactive') {
      throw new InsightsFailure(400, 'Invalid report parameters: the report has ended')
    }
    const next = reports(state).put(report.reportId, { ...report, status })
    return one(state, next, `Report ${c.req.param('verb')}d successfully`)
  })
  routes.put('/ScheduledReport/:id', async (c) => {
    const report = owned(state, c)
    const publisher = publisherOf(state, c)
    const sent: any = await c.req.json().catch(() => null)
    const body = { QueryId: report.queryId, ...sent }
    const wanted = readReport(state, publisher, body, (id) => queryText(state, publisher.id, id))
    const next = reports(state).put(report.reportId, {
      ...report,
      ...wanted,
      modifiedAt: state.now(),
    })
    planRun(state, next, next.startAt)
    return one(state, next, 'Report updated successfully')
  })
  routes.delete('/ScheduledReport/:id', (c) => {
    const report = owned(state, c)
    reports(state).delete(report.reportId)
    catalogTimers(state).cancel(`report:${report.reportId}`)
    return one(state, report, 'Report deleted successfully')
  })
}

function listReports(state: AzureState, c: Context): Response {
  const publisher = publisherOf(state, c)
  const { reportId, reportName, queryId } = c.req.query()
  const found = reports(state)
    .values()
    .filter((report) => report.publisherId === publisher.id)
    .filter((report) => reportId === undefined || reportId.split(';').includes(report.reportId))
    .filter((report) => reportName === undefined || report.reportName === reportName)
    .filter((report) => queryId === undefined || report.queryId === queryId)
  return envelope(state, 'report', found.map(reportView), 'Reports fetched successfully')
}

/** Without parameters only the latest completed run; before there is one that is a 404, not an empty list. */
function listExecutions(state: AzureState, c: Context): Response {
  const report = owned(state, c)
  const { executionId, executionStatus = 'Completed', getLatestExecution = 'true' } = c.req.query()
  const statuses = executionStatus.toLowerCase().split(';')
  const since = state.now() - HISTORY_DAYS * DAY_MS
  const found = executions(state)
    .values()
    .filter((run) => run.reportId === report.reportId && run.startedAt >= since)
    .filter((run) => executionId === undefined || executionId.split(';').includes(run.executionId))
    .filter((run) => statuses.includes(run.status.toLowerCase()))
  if (found.length === 0) {
    throw new InsightsFailure(404, 'No items found with the given filters')
  }
  const shown = getLatestExecution.toLowerCase() === 'false' ? found : found.slice(-1)
  const views = shown.map((run) => executionView(state, report, run))
  return envelope(state, 'other', views, null)
}

function owned(state: AzureState, c: Context): Report {
  const publisher = publisherOf(state, c)
  const report = reports(state).get(c.req.param('id') ?? '')
  if (report?.publisherId !== publisher.id) {
    throw new InsightsFailure(404, 'No items found with the given filters')
  }
  return report
}

function one(state: AzureState, report: Report, message: string): Response {
  return envelope(state, 'report', [reportView(report)], message)
}

function reportView(report: Report) {
  return {
    reportId: report.reportId,
    reportName: report.reportName,
    description: report.description,
    queryId: report.queryId,
    query: report.query,
    user: report.user,
    createdTime: stamp(report.createdAt),
    modifiedTime: stamp(report.modifiedAt),
    startTime: stamp(report.startAt),
    reportStatus: report.status,
    recurrenceInterval: report.recurrenceInterval ?? 0,
    recurrenceCount: report.recurrenceCount ?? 0,
    callbackUrl: report.callbackUrl,
    format: report.format,
  }
}

function executionView(state: AzureState, report: Report, run: Execution) {
  const file = fileOf(state, run.file)
  return {
    executionId: run.executionId,
    reportId: run.reportId,
    recurrenceInterval: report.recurrenceInterval ?? 0,
    recurrenceCount: report.recurrenceCount ?? 0,
    callbackUrl: report.callbackUrl,
    format: report.format,
    executionStatus: run.status,
    reportAccessSecureLink: file ? linkTo(state, BASE, file) : null,
    reportExpiryTime: file ? stamp(file.expiresAt) : null,
    reportGeneratedTime: stamp(run.generatedAt),
  }
}

function stamp(at: number | null): string | null {
  return at === null ? null : `${new Date(at).toISOString().slice(0, 19)}Z`
}
