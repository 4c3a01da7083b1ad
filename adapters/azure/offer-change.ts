import { Problem, type Reason } from '../../src/kernel/problem.ts'
import type { Day } from '../../src/kernel/time.ts'
import type { ChangeProgress } from '../../src/offers/port.ts'
import type { AzureClient } from './client.ts'
import { type Job, jobOf, ownFaultOf, start } from './configure.ts'
import {
  begin,
  late,
  type Operation,
  readOperation,
  type Step,
  sentUnder,
  written,
} from './offer-operation.ts'
import { configureRequest } from './offer-request.ts'
import {
  buyUrlOf,
  find,
  lastDayOf,
  type PrivateOffer,
  reopened,
  standingOf,
  takenBack,
} from './private-offer.ts'

/** Takes a live offer back, or deletes what is a draft again. What the buyer has accepted cannot be taken back. */
export async function withdraw(
  azure: AzureClient,
  offer: string,
  key: string,
): Promise<ChangeProgress> {
  const earlier = sentUnder(azure, key)
  if (earlier?.is === 'begun') return { is: 'running', operation: earlier.operation }
  const found = await existing(azure, offer)
  const standing = standingOf(found).is
  if (standing === 'withdrawn' || standing === 'deleted') return { is: 'done' }
  if (standing === 'accepted') return { is: 'refused', reasons: [accepted] }
  const state = standing === 'draft' ? 'deleted' : 'withdrawn'
  return beginChange(azure, key, takenBack(found, state), (job) => ({
    step: 'withdraw',
    job,
    offer,
    atMs: azure.nowMs(),
  }))
}

/**
 * Keeps an offer open for longer. Microsoft locks what is submitted ("Manage existing private offers via API"), so it
 * is withdrawn and the same resource, with the new day, submitted again; each half is a job. For as long as that takes
 * the buyer cannot accept. An offer that is found withdrawn is taken for the first half of a try whose reply was lost.
 */
export async function extend(
  azure: AzureClient,
  wanted: { readonly offer: string; readonly acceptBy: Day; readonly key: string },
): Promise<ChangeProgress> {
  const { offer, acceptBy, key } = wanted
  const earlier = sentUnder(azure, key)
  if (earlier?.is === 'begun') return { is: 'running', operation: earlier.operation }
  const found = await existing(azure, offer)
  const standing = standingOf(found).is
  const end = lastDayOf(found)
  if (standing === 'accepted') return { is: 'refused', reasons: [accepted] }
  if (standing === 'deleted') return { is: 'withdrawn', reasons: [deleted] }
  if (end !== undefined && acceptBy > end) return { is: 'refused', reasons: [tooLate(end)] }
  if (isOpenUntil(found, acceptBy)) return { is: 'done', ...linkOf(azure, found) }
  const atMs = azure.nowMs()
  if (standing === 'withdrawn' || standing === 'draft')
    return reopen(azure, { step: 'close', job: '-', offer, acceptBy, atMs }, found)
  return beginChange(azure, key, takenBack(found, 'withdrawn'), (job) => ({
    step: 'close',
    job,
    offer,
    acceptBy,
    atMs,
  }))
}

/** Where a change stands. Throws `unavailable` for what takes longer than it should; it goes on. */
export async function changeProgress(
  azure: AzureClient,
  operation: string,
): Promise<ChangeProgress> {
  const step = readOperation(operation)
  if (step.step !== 'withdraw' && step.step !== 'close' && step.step !== 'reopen')
    throw new Problem('not_found', 'the operation changes no offer')
  const job = await jobOf(azure, step.job)
  if (job.is === 'running') {
    late(azure, step, `finished configure job ${step.job}`)
    return { is: 'running', operation }
  }
  if (step.step === 'withdraw') return withdrawn(azure, step, job)
  if (step.step === 'close') return closed(azure, step, job)
  return reopenedNow(azure, step, job)
}

async function existing(azure: AzureClient, offer: string): Promise<PrivateOffer> {
  const found = await find(azure, offer)
  if (!found) throw new Problem('not_found', `Microsoft knows no private offer ${offer}`)
  return found
}

async function beginChange(
  azure: AzureClient,
  key: string,
  resource: object,
  operation: (job: string) => Operation,
): Promise<ChangeProgress> {
  const request = configureRequest(azure, [resource])
  const begun = await begin(azure, key, async () => operation(await start(azure, request)))
  return { is: 'running', operation: begun }
}

type Ended = Exclude<Job, { is: 'running' }>
const reasonsOf = (job: Ended): readonly Reason[] => (job.is === 'succeeded' ? [] : job.reasons)

/** The offer stays as it was. */
const no = (reasons: readonly Reason[]): ChangeProgress =>
  ownFaultOf(reasons) ?? { is: 'refused', reasons }

/** A job may fail because somebody else was faster: what counts is how the offer stands. */
async function withdrawn(
  azure: AzureClient,
  step: Step<'withdraw'>,
  job: Ended,
): Promise<ChangeProgress> {
  if (job.is === 'succeeded') return { is: 'done' }
  const found = await find(azure, step.offer)
  const standing = found && standingOf(found).is
  if (!found || standing === 'withdrawn' || standing === 'deleted') return { is: 'done' }
  return standing === 'accepted'
    ? { is: 'refused', reasons: [accepted, ...job.reasons] }
    : no(job.reasons)
}

async function closed(
  azure: AzureClient,
  step: Step<'close'>,
  job: Ended,
): Promise<ChangeProgress> {
  const found = await find(azure, step.offer)
  if (!found) return { is: 'withdrawn', reasons: [...reasonsOf(job), deleted] }
  const standing = standingOf(found).is
  if (standing === 'accepted') return { is: 'refused', reasons: [accepted, ...reasonsOf(job)] }
  if (standing === 'deleted') return { is: 'withdrawn', reasons: [deleted] }
  if (standing === 'withdrawn' || standing === 'draft') return reopen(azure, step, found)
  // The second half was sent before, and its reply lost.
  if (isOpenUntil(found, step.acceptBy)) return { is: 'done', ...linkOf(azure, found) }
  if (job.is !== 'succeeded') return no(job.reasons)
  // The job is done and the offer still reads as live: reads lag behind writes.
  late(azure, step, `shown private offer ${step.offer} as withdrawn`)
  return { is: 'running', operation: written(step) }
}

/** The second half. What Microsoft refuses of it leaves the offer withdrawn; what it cannot take now is tried again. */
async function reopen(
  azure: AzureClient,
  { offer, acceptBy }: Step<'close'>,
  found: PrivateOffer,
): Promise<ChangeProgress> {
  try {
    const job = await start(azure, configureRequest(azure, [reopened(found, acceptBy)]))
    const step = { step: 'reopen', job, offer, acceptBy, atMs: azure.nowMs() } as const
    return { is: 'running', operation: written(step) }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    const { reasons } = error.details
    const said = Array.isArray(reasons) ? (reasons as readonly Reason[]) : []
    return { is: 'withdrawn', reasons: [notReopened(error.message), ...said] }
  }
}

async function reopenedNow(
  azure: AzureClient,
  step: Step<'reopen'>,
  job: Ended,
): Promise<ChangeProgress> {
  const found = await find(azure, step.offer)
  const standing = found && standingOf(found).is
  if (found && (standing === 'accepted' || isOpenUntil(found, step.acceptBy))) {
    // An offer that was opened again may have a new link.
    const link = linkOf(azure, found)
    if (link) return { is: 'done', ...link }
  } else if (job.is !== 'succeeded') {
    const message = job.reasons[0]?.message ?? 'Microsoft gives no reason'
    return standing === 'open'
      ? no(job.reasons)
      : { is: 'withdrawn', reasons: [notReopened(message), ...job.reasons] }
  }
  late(azure, step, `opened private offer ${step.offer} again`)
  return { is: 'running', operation: written(step) }
}

const isOpenUntil = (found: PrivateOffer, acceptBy: Day): boolean =>
  standingOf(found).is === 'open' && found.acceptBy?.slice(0, 10) === acceptBy

function linkOf(azure: AzureClient, found: PrivateOffer): { readonly buyUrl: string } | undefined {
  const buyUrl = buyUrlOf(found, azure)
  return buyUrl === null ? undefined : { buyUrl }
}

const reason = (code: string, message: string): Reason => ({ part: 'private offer', code, message })
const accepted = reason('accepted', 'the buyer has accepted it; nothing of it can be changed')
const deleted = reason('deleted', 'it was deleted at Microsoft')
const tooLate = (end: string): Reason =>
  reason('end', `its price ends on ${end}: nobody could accept it after that`)
const notReopened = (why: string): Reason =>
  reason('not_reopened', `it was withdrawn to be opened again, which Microsoft refused: ${why}`)
