import { type Context, Hono } from 'hono'
import {
  envelope,
  fieldsOf,
  InsightsFailure,
  insightsFailure,
  publisherOf,
} from './insights-answer.ts'
import { download } from './insights-files.ts'
import type { SavedQuery } from './insights-model.ts'
import { datasets, parseQuery, systemQueries } from './insights-query.ts'
import { reportRoutes } from './insights-reports.ts'
import { named, required, text } from './insights-request.ts'
import { rowsOf } from './insights-rows.ts'
import { saved } from './insights-saved.ts'
import { periodOf, select } from './insights-select.ts'
import type { AzureState } from './state.ts'

const TEST_ROWS = 10

/**
 * Programmatic analytics of the commercial marketplace, relative to
 * `https://api.partnercenter.microsoft.com/insights/v1/cmp` ("Programmatic access paradigm").
 */
export function insightsRoutes(state: AzureState): Hono {
  const routes = new Hono()
  routes.get('/files/:name', (c) => download(state, c.req.param('name'), c.req.query('sig')))
  routes.get('/ScheduledDataset', (c) => {
    publisherOf(state, c)
    return datasetList(state, c.req.query('datasetName'))
  })
  queryRoutes(state, routes)
  routes.route('/', reportRoutes(state))
  routes.onError((error) => {
    const refused = insightsFailure(state, error)
    if (refused) return refused
    throw error
  })
  return routes
}

function datasetList(state: AzureState, name: string | undefined): Response {
  const found = Object.entries(datasets)
    .filter(([one]) => name === undefined || one.toLowerCase() === name.toLowerCase())
    .map(([datasetName, dataset]) => ({
      datasetName,
      selectableColumns: dataset.columns,
      availableMetrics: dataset.metrics,
      availableDateRanges: dataset.dateRanges,
    }))
  if (found.length === 0) throw new InsightsFailure(400, `Invalid table name: ${name}`)
  return envelope(state, 'other', found, 'Dataset fetched successfully')
}

function queryRoutes(state: AzureState, routes: Hono): void {
  routes.get('/ScheduledQueries/testQueryResult', (c) => {
    const publisher = publisherOf(state, c)
    const query = parseQuery(required(c.req.query('exportQuery')))
    const all = rowsOf(state, publisher.id, query.dataset)
    const [header = [], ...rows] = select(query, all, periodOf(query.timespan, state.now()))
    const shown = rows
      .slice(0, TEST_ROWS)
      .map((row) => Object.fromEntries(header.map((name, place) => [name, row[place] ?? ''])))
    return envelope(state, 'other', shown, 'Query executed successfully')
  })
  routes.get('/ScheduledQueries', (c) => listQueries(state, c))
  routes.post('/ScheduledQueries', async (c) => {
    const publisher = publisherOf(state, c)
    const fields = fieldsOf(await c.req.json().catch(() => null))
    const query = required(fields.query)
    parseQuery(query)
    const mine = saved(state)
      .values()
      .filter((one) => one.publisherId === publisher.id)
    const { queriesMax } = state.settings().analytics
    if (mine.length >= queriesMax) {
      throw new InsightsFailure(400, `The quota of ${queriesMax} queries is used up`)
    }
    const queryId = state.ids.guid()
    const one = saved(state).put(queryId, {
      queryId,
      publisherId: publisher.id,
      name: named(required(fields.name)),
      description: text(fields.description),
      query,
      user: publisher.sellerId,
      createdAt: state.now(),
    })
    return envelope(state, 'other', [queryView(one)], 'Query created successfully')
  })
  routes.delete('/ScheduledQueries/:id', (c) => {
    const publisher = publisherOf(state, c)
    const one = saved(state).get(c.req.param('id'))
    if (one?.publisherId !== publisher.id) throw new InsightsFailure(404, 'Query was not found')
    saved(state).delete(one.queryId)
    return envelope(state, 'other', [queryView(one)], 'Query deleted successfully')
  })
}

function listQueries(state: AzureState, c: Context): Response {
  const publisher = publisherOf(state, c)
  const { queryId, queryName, includeSystemQueries, includeOnlySystemQueries } = c.req.query()
  const onlySystem = includeOnlySystemQueries === 'true'
  const own = saved(state)
    .values()
    .filter((one) => one.publisherId === publisher.id && !onlySystem)
    .map(queryView)
  const system = systemQueries
    .filter(() => onlySystem || includeSystemQueries === 'true')
    .map((one) => ({
      ...one,
      description: one.name,
      type: 'system',
      user: 'System',
      createdTime: null,
      modifiedTime: null,
    }))
  const found = [...own, ...system]
    .filter((one) => queryId === undefined || queryId.split(';').includes(one.queryId))
    .filter((one) => queryName === undefined || one.name === queryName)
  return envelope(state, 'other', found, 'Queries fetched successfully')
}

function queryView(one: SavedQuery) {
  const { publisherId: _, createdAt, ...rest } = one
  const createdTime = `${new Date(createdAt).toISOString().slice(0, 19)}Z`
  return { ...rest, type: 'userDefined', createdTime, modifiedTime: null }
}
