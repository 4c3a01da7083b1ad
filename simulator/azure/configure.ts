import { Hono } from 'hono'
import { catalogRoutes } from './catalog.ts'
import type { Job } from './catalog-model.ts'
import { schemaOf, versionWithin } from './catalog-versions.ts'
import {
  type Asked,
  answer,
  asked,
  failureAnswer,
  IngestionFailure,
  notFound,
  page,
} from './configure-answer.ts'
import { readRequest } from './configure-request.ts'
import { durableView } from './configure-view.ts'
import { cancelJob, createJob, jobView } from './jobs.ts'
import type { AzureState } from './state.ts'

/**
 * Product ingestion, relative to `https://graph.microsoft.com/rp/product-ingestion` ("Product ingestion
 * API for the commercial marketplace", "Private offers API": Partner Center documentation).
 */
export function ingestionRoutes(state: AzureState): Hono {
  const routes = new Hono()
  configureRoutes(state, routes)
  offerRoutes(state, routes)
  routes.route('/', catalogRoutes(state))
  routes.notFound(() => failureAnswer(notFound()) ?? new Response(null, { status: 404 }))
  routes.onError((error) => {
    const refused = failureAnswer(error)
    if (refused) return refused
    throw error
  })
  return routes
}

function configureRoutes(state: AzureState, routes: Hono): void {
  routes.post('/configure', async (c) => {
    const who = asked(state, c)
    const resources = readRequest(state, await c.req.text())
    const job = createJob(state, { ...who, resources })
    return answer(shown(state, job, who), Number(state.settings().ingestion.configureStatus))
  })
  routes.get('/configure/:id/status', (c) => {
    const who = asked(state, c)
    return answer(shown(state, polled(state, ownJob(state, who, c.req.param('id'))), who))
  })
  routes.post('/configure/:id/cancel', (c) => {
    const who = asked(state, c)
    const job = ownJob(state, who, c.req.param('id'))
    const why = cancelJob(state, job)
    if (why !== null) throw new IngestionFailure(400, 'badRequest', why)
    return answer(shown(state, ownJob(state, who, job.id), who))
  })
  routes.get('/configure/:id', (c) => {
    const who = asked(state, c)
    const job = ownJob(state, who, c.req.param('id'))
    if (job.status !== 'completed') {
      throw new IngestionFailure(400, 'badRequest', 'The job has not completed yet.')
    }
    const version = versionWithin('configure-detail', who.version) ?? who.version
    return answer({
      $schema: schemaOf(state, 'configure-detail', version),
      resources: job.done
        .map((id) => durableView(state, who, id))
        .filter((one) => one !== undefined),
    })
  })
}

function offerRoutes(state: AzureState, routes: Hono): void {
  routes.get('/private-offer/query', (c) => {
    const who = asked(state, c)
    const views = state.privateOffers
      .values()
      .map((offer) => durableView(state, who, `private-offer/${offer.id}`))
      .filter((view) => view !== undefined)
    const { items, nextLink } = page(state, c, views)
    if (state.settings().ingestion.queryEnvelope === 'bare') return answer(items)
    return answer({ value: items, '@nextLink': nextLink })
  })
  routes.get('/private-offer/:id', (c) => {
    const who = asked(state, c)
    const view = durableView(state, who, `private-offer/${c.req.param('id')}`)
    if (view === undefined) throw notFound()
    return answer(view)
  })
}

function ownJob(state: AzureState, who: Asked, id: string): Job {
  const job = state.jobs.get(id)
  if (job?.publisherId !== who.publisherId) throw notFound()
  return job
}

function shown(state: AzureState, job: Job, who: Asked) {
  return jobView(state, job, versionWithin('configure-status', who.version) ?? who.version)
}

/** Counts the poll; more than one a minute is refused when the setting says so ("Job status"). */
function polled(state: AzureState, job: Job): Job {
  const { pollEveryMs, pollTooOften } = state.settings().ingestion
  const wait = job.lastPollAt === null ? 0 : job.lastPollAt + pollEveryMs - state.now()
  const isHasty = wait > 0
  const counted: Job = {
    ...job,
    polls: job.polls + 1,
    hastyPolls: job.hastyPolls + (isHasty ? 1 : 0),
    lastPollAt: isHasty && pollTooOften === 'refuse' ? job.lastPollAt : state.now(),
  }
  state.jobs.put(job.id, counted)
  if (isHasty && pollTooOften === 'refuse') {
    throw new IngestionFailure(429, 'tooManyRequests', 'The job is polled too often.', {
      retryAfterSeconds: Math.ceil(wait / 1000),
    })
  }
  return counted
}
