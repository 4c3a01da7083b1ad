import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { Reason } from '../../src/offers/model.ts'
import type { AzureClient } from './client.ts'
import type { ConfigureRequest } from './offer-request.ts'
import { segment, shaped } from './reply.ts'

/** Where a configure job stands. */
export type Job =
  | { readonly is: 'running' }
  | { readonly is: 'succeeded' }
  | { readonly is: 'failed' | 'cancelled'; readonly reasons: readonly Reason[] }

const text = z.string().nullish()
/** `configure-status`; newer answers spell `jobId`, those of the preview `jobID`. */
const status = z.looseObject({
  jobId: text,
  jobID: text,
  jobStatus: text,
  jobResult: text,
  errors: z.array(z.looseObject({ code: text, message: text, resourceId: text })).nullish(),
})
const detail = z.looseObject({ resources: z.array(z.looseObject({ id: text })).nullish() })

/** Sends a configure request; its answer names a job. Resources that Microsoft does not know are a refusal. */
export async function start(azure: AzureClient, body: ConfigureRequest): Promise<string> {
  const { json } = await azure
    .call('ingestion', {
      method: 'POST',
      path: '/configure',
      query: { $version: azure.settings.versions.configure },
      body,
    })
    .catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'not_found') throw error
      const reason = { part: 'configure', code: null, message: error.message }
      throw new Problem('rejected', error.message, { ...error.details, reasons: [reason] })
    })
  const answer = shaped(status, json, 'POST configure')
  const job = answer.jobId ?? answer.jobID
  if (!job) throw new Problem('internal', 'Microsoft’s answer to POST configure names no job')
  return job
}

type Asked = { readonly atMs: number; readonly job: Job }
const asked = new WeakMap<AzureClient, Map<string, Asked>>()
const askedMax = 1_000

/**
 * Where a job stands. Microsoft wants to be asked at most once a minute ("Job status and retrieve private offer
 * detail"), and whoever waits here asks more often: in between the last answer stands. It is kept in memory only,
 * since one more question after a restart does no harm, and written down it would look like progress each time.
 * Throws `not_found` for a job that Microsoft does not know.
 */
export async function jobOf(azure: AzureClient, id: string): Promise<Job> {
  const known = asked.get(azure) ?? new Map<string, Asked>()
  asked.set(azure, known)
  const last = known.get(id)
  const pauseMs = azure.settings.offers.pollSeconds * 1000
  if (last && (last.job.is !== 'running' || azure.nowMs() < last.atMs + pauseMs)) return last.job
  const { json } = await azure.call('ingestion', {
    method: 'GET',
    path: `/configure/${segment(id)}/status`,
    query: { $version: azure.settings.versions.configure },
  })
  const job = readJob(shaped(status, json, 'GET configure status'), id)
  known.delete(id)
  known.set(id, { atMs: azure.nowMs(), job })
  const [oldest] = known.keys()
  if (known.size > askedMax && oldest !== undefined) known.delete(oldest)
  return job
}

/** The documents write the words with and without capitals. */
function readJob({ jobStatus, jobResult, errors }: z.infer<typeof status>, id: string): Job {
  if (jobStatus?.toLowerCase() !== 'completed') return { is: 'running' }
  const reasons = (errors ?? []).map(({ code, message, resourceId }) => ({
    part: resourceId || 'configure job',
    code: code || null,
    message: message || code || 'Microsoft gives no reason',
  }))
  const result = jobResult?.toLowerCase() ?? ''
  if (result === 'succeeded') return { is: 'succeeded' }
  if (result === 'failed') return { is: 'failed', reasons: reasons.length > 0 ? reasons : [none] }
  if (result === 'cancelled') return { is: 'cancelled', reasons: [...reasons, cancelled] }
  throw new Problem('internal', `Microsoft’s configure job ${id} ended as ${jobResult}`)
}

const none: Reason = { part: 'configure job', code: null, message: 'Microsoft gives no reason' }
const cancelled: Reason = {
  part: 'configure job',
  code: 'cancelled',
  message: 'the job was cancelled at Microsoft before it was done',
}

/** Codes by which Microsoft says that the fault is its own. No document lists them. */
const ownFault = /^(internal|server|serviceunavailable|timeout|unexpected)/i

/** What a job ended as when all its reasons are Microsoft's own fault; undefined when they are not. */
export const ownFaultOf = (
  reasons: readonly Reason[],
): { readonly is: 'failed'; readonly detail: string } | undefined =>
  reasons.every(({ code }) => code !== null && ownFault.test(code))
    ? { is: 'failed', detail: reasons.map(({ message }) => message).join('; ') }
    : undefined

/**
 * The private offer among what a job has made or changed, as its guid. Undefined where it made none, or where Microsoft
 * does not tell yet: a job's detail cannot be had before it is complete, and may lag behind.
 */
export async function offerOf(azure: AzureClient, id: string): Promise<string | undefined> {
  const { json, status: code } = await azure.call('ingestion', {
    method: 'GET',
    path: `/configure/${segment(id)}`,
    query: { $version: azure.settings.versions.configure },
    numbers: 'raw',
    expects: [400, 404],
  })
  if (code >= 400) return undefined
  const { resources } = shaped(detail, json, 'GET configure detail')
  return resources?.map((one) => guidOf(one.id ?? '')).find((guid) => guid !== undefined)
}

const guidOf = (id: string): string | undefined => /^private-offer\/([^/]+)$/.exec(id)?.[1]
