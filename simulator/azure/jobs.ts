import type { Job } from './catalog-model.ts'
import { catalogTimers } from './catalog-timers.ts'
import { schemaOf } from './catalog-versions.ts'
import { applyResource, subjectOf } from './configure-apply.ts'
import { JobFault, type JobScope } from './configure-refs.ts'
import { beginReport, finishReport, runReport } from './insights-executions.ts'
import { finishExport, runExport } from './payouts-exports.ts'
import type { AzureState } from './state.ts'
import { ticks } from './time.ts'

/** How the next job goes wrong; given by the control endpoint, used up by one job each. */
export type JobScript = {
  readonly id: string
  readonly code: string
  readonly message: string
  /** Resources that are still completed before the failure. */
  readonly after: number
  readonly neverFinish: boolean
  times: number
}

export function jobScripts(state: AzureState) {
  return state.world.table<JobScript>('azure.jobScripts')
}

/** Takes in a checked `configure` request; its work is done when the simulated time for it has passed. */
export function createJob(
  state: AzureState,
  request: { readonly publisherId: string; readonly version: string; readonly resources: any[] },
): Job {
  const now = state.now()
  const settings = state.settings().ingestion
  const script = takeScript(state)
  const isEndless = settings.neverFinish || script?.neverFinish === true
  const subjects = request.resources
    .map((resource) => subjectOf(state, resource))
    .filter((subject) => subject !== undefined)
  const busy = state.jobs
    .values()
    .find((job) => job.status !== 'completed' && job.subjects.some((one) => subjects.includes(one)))
  const job: Job = {
    id: state.ids.guid(),
    publisherId: request.publisherId,
    version: request.version,
    subjects,
    status: 'notStarted',
    result: 'pending',
    startedAt: now,
    endedAt: null,
    endsAt: isEndless ? null : now + workMs(state, request.resources),
    resourceUri: null,
    errors: [],
    script: busy ? busyScript(busy) : script && !script.neverFinish ? script : null,
    asked: request.resources,
    done: [],
    polls: 0,
    hastyPolls: 0,
    lastPollAt: null,
  }
  state.jobs.put(job.id, job)
  const timers = catalogTimers(state)
  timers.set('job.start', now + settings.jobStartMs, { id: job.id }, `start:${job.id}`)
  if (job.endsAt !== null) timers.set('job.finish', job.endsAt, { id: job.id }, `finish:${job.id}`)
  return job
}

/** Does everything of ingestion, analytics and payout exports that has fallen due. */
export async function catalogTick(state: AzureState): Promise<void> {
  const timers = catalogTimers(state)
  const calls: Promise<void>[] = []
  for (let timer = timers.take(state.now()); timer; timer = timers.take(state.now())) {
    // One thing that breaks must not keep all others from happening.
    try {
      const call = HANDLERS[timer.kind]?.(state, timer.data, timer.due)
      if (call) calls.push(call)
    } catch (error) {
      console.error(`simulated Partner Center, ${timer.kind}:`, error)
    }
  }
  await Promise.all(calls)
}

const HANDLERS: Record<
  string,
  (state: AzureState, data: any, at: number) => Promise<void> | undefined
> = {
  'job.start': (state, { id }) => {
    const job = state.jobs.get(id)
    if (job?.status === 'notStarted') state.jobs.put(id, { ...job, status: 'running' })
    return undefined
  },
  'job.finish': (state, { id }, at) => {
    const job = state.jobs.get(id)
    if (job && job.status !== 'completed') finish(state, job, at)
    return undefined
  },
  'report.begin': beginReport,
  'report.run': runReport,
  'report.finish': finishReport,
  'export.run': runExport,
  'export.finish': finishExport,
}

export function catalogNextDue(state: AzureState): number | null {
  return catalogTimers(state).next()
}

/** Tries to stop a job; the reason why not, or null when it is cancelled now. */
export function cancelJob(state: AzureState, job: Job): string | null {
  if (job.status === 'completed') return 'Cannot cancel job, job has already completed.'
  if (state.now() > job.startedAt + state.settings().ingestion.cancelWithinMs) {
    return 'Cannot cancel job, job can no longer be cancelled.'
  }
  state.jobs.put(job.id, {
    ...job,
    status: 'completed',
    result: 'cancelled',
    endedAt: state.now(),
  })
  return null
}

/** `configure-status` of a job, in the schema version asked for. */
export function jobView(state: AzureState, job: Job, version: string): any {
  const isOld = version !== '2022-07-01' && state.settings().ingestion.previewJobIdSpelling
  return {
    $schema: schemaOf(state, 'configure-status', version),
    [isOld ? 'jobID' : 'jobId']: job.id,
    jobStatus: job.status,
    jobResult: job.result,
    jobStart: ticks(job.startedAt),
    jobEnd: job.endedAt === null ? '0001-01-01' : ticks(job.endedAt),
    ...(job.resourceUri === null ? {} : { resourceUri: job.resourceUri }),
    errors: job.errors,
  }
}

function finish(state: AzureState, job: Job, at: number): void {
  const scope: JobScope = { state, publisherId: job.publisherId, at, made: new Map() }
  const done: string[] = []
  const errors: Job['errors'] = []
  try {
    job.asked.forEach((resource, place) => {
      if (job.script?.after === place) throw new JobFault(job.script.code, job.script.message)
      done.push(applyResource(scope, resource))
    })
    if (job.script && job.script.after >= job.asked.length) {
      throw new JobFault(job.script.code, job.script.message)
    }
  } catch (error) {
    errors.push(told(error))
  }
  const hasFailed = errors.length > 0
  const hasDeleted = job.asked.some((resource) => resource.state === 'deleted')
  state.jobs.put(job.id, {
    ...job,
    status: 'completed',
    result: hasFailed ? 'failed' : 'succeeded',
    endedAt: at,
    resourceUri:
      hasFailed || hasDeleted
        ? null
        : `https://product-ingestion.mp.microsoft.com/configure/${job.id}`,
    errors,
    done,
  })
}

/** A rule's reason; anything else is a bug here, which the job tells as Microsoft tells its own. */
function told(error: unknown): Job['errors'][number] {
  if (error instanceof JobFault) {
    const { code, message, resourceId } = error
    return { code, message, ...(resourceId ? { resourceId } : {}) }
  }
  console.error('simulated Partner Center:', error)
  return { code: 'internalError', message: 'An internal error has occurred.' }
}

function workMs(state: AzureState, resources: readonly any[]): number {
  const settings = state.settings().ingestion
  const targets = resources.map((one) => one.target?.targetType)
  if (targets.includes('live')) return settings.liveJobMs
  if (targets.includes('preview')) return settings.previewJobMs
  if (!resources.some((one) => String(one.$schema).includes('private-offer'))) {
    return settings.draftJobMs
  }
  const { offerJobMinMs, offerJobMaxMs } = settings
  return Math.round(offerJobMinMs + state.world.random() * (offerJobMaxMs - offerJobMinMs))
}

function takeScript(state: AzureState): JobScript | undefined {
  const [script] = jobScripts(state).values()
  if (!script) return undefined
  if (script.times > 1) jobScripts(state).put(script.id, { ...script, times: script.times - 1 })
  else jobScripts(state).delete(script.id)
  return script
}

function busyScript(job: Job): Job['script'] {
  return { code: 'Conflict', message: `Job ${job.id} is still changing the resource.`, after: 0 }
}
