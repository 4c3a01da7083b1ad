import { Problem, type Reason } from '../../src/kernel/problem.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { OfferProgress } from '../../src/offers/port.ts'
import type { AzureClient } from './client.ts'
import { jobOf, offerOf, ownFaultOf, start } from './configure.ts'
import {
  begin,
  kept,
  late,
  readOperation,
  type Step,
  sentUnder,
  written,
} from './offer-operation.ts'
import { type ConfigureRequest, configureRequest, createRequest, mark } from './offer-request.ts'
import {
  buyUrlOf,
  find,
  type PrivateOffer,
  search,
  standingOf,
  takenBack,
} from './private-offer.ts'

/** An order under its key; `askedAt`: since when a request under it may be at work unseen. */
export type Submission = {
  readonly order: OfferOrder
  readonly key: string
  readonly askedAt: Instant | null
}

/**
 * Sends an order. Microsoft takes no key, so ours is written into the offer (see `keyed`): where a reply may have been
 * lost, all private offers are looked through for it before anything is sent again. What is not there yet may still be
 * at work in a job that nobody can name, so nothing is sent before the settle time of the settings has passed.
 */
export async function submit(azure: AzureClient, wanted: Submission): Promise<OfferProgress> {
  const { order, key, askedAt } = wanted
  const earlier = sentUnder(azure, key)
  if (earlier?.is === 'begun') return { is: 'publishing', operation: earlier.operation }
  let request = createRequest(order, key, azure)
  if (askedAt !== null) {
    const found = await search(azure, { mark: mark(key), name: order.terms.name })
    const isDraft = found !== undefined && standingOf(found.offer).is === 'draft'
    if (found && !isDraft) return foundAgain(azure, found.id, found.offer)
    settled(azure, wanted)
    if (found) request = into(request, found.offer)
  }
  const operation = await begin(azure, key, async () => {
    const job = await start(azure, request)
    return { step: 'create', job, key, atMs: azure.nowMs() }
  })
  return { is: 'publishing', operation }
}

const waitMaxMs = 60_000

/** Throws `unavailable` while a request whose reply was lost may still come to something. */
function settled(azure: AzureClient, { key, askedAt }: Submission): void {
  const last = sentUnder(azure, key)
  if (last?.is === 'turned_away' || askedAt === null) return
  const { settleMinutes } = azure.settings.offers
  const since = Math.max(millis(askedAt), last?.is === 'sent' ? last.atMs : 0)
  const left = since + settleMinutes * 60_000 - azure.nowMs()
  if (left <= 0) return
  throw new Problem(
    'unavailable',
    `Microsoft’s reply was lost; whether it took the offer shows within ${settleMinutes} minutes`,
    { retryAfterMs: Math.min(left, waitMaxMs) },
  )
}

/** A draft that our request left is filled anew: the same request with the draft's id makes no second offer. */
function into(request: ConfigureRequest, { id }: PrivateOffer): ConfigureRequest {
  const resources = request.resources.map((one) =>
    'privateOfferType' in one ? { ...one, id } : one,
  )
  return { ...request, resources }
}

async function foundAgain(
  azure: AzureClient,
  id: string,
  found: PrivateOffer,
): Promise<OfferProgress> {
  const standing = standingOf(found)
  if (standing.is === 'withdrawn')
    return { is: 'refused', reasons: [fromHere('it was published, and withdrawn at Microsoft')] }
  return published(azure, { step: 'offer', offer: id, atMs: azure.nowMs() })
}

const fromHere = (message: string): Reason => ({ part: 'private offer', code: null, message })

/** Where the publishing of an offer stands. Throws `unavailable` for what takes longer than it should; it goes on. */
export async function progress(azure: AzureClient, operation: string): Promise<OfferProgress> {
  const step = readOperation(operation)
  if (step.step === 'create') return created(azure, step, operation)
  if (step.step === 'offer') return published(azure, step)
  if (step.step === 'undo') return undone(azure, step, operation)
  throw new Problem('not_found', 'the operation publishes no offer')
}

async function created(
  azure: AzureClient,
  step: Step<'create'>,
  operation: string,
): Promise<OfferProgress> {
  const job = await jobOf(azure, step.job)
  if (job.is === 'running') {
    late(azure, step, `finished configure job ${step.job}`)
    return { is: 'publishing', operation }
  }
  if (job.is !== 'succeeded') return leftOver(azure, step, job.reasons)
  const offer = await offerOf(azure, step.job)
  if (offer !== undefined)
    return published(azure, { step: 'offer', offer, atMs: step.atMs }, operation)
  late(azure, step, `told what configure job ${step.job} made`)
  return { is: 'publishing', operation }
}

/** Live once there is a link to accept it by; `waiting` is the operation to go on with until then. */
async function published(
  azure: AzureClient,
  step: Step<'offer'>,
  waiting = written(step),
): Promise<OfferProgress> {
  const found = await find(azure, step.offer)
  const standing = found && standingOf(found).is
  const buyUrl = found && buyUrlOf(found, azure)
  if (buyUrl && (standing === 'open' || standing === 'accepted'))
    return { is: 'live', offerRef: step.offer, buyUrl }
  if (standing === 'withdrawn' || standing === 'deleted')
    return { is: 'refused', reasons: [fromHere(`it was ${standing} at Microsoft`)] }
  late(azure, step, `made an acceptance link for private offer ${step.offer}`)
  return { is: 'publishing', operation: waiting }
}

/**
 * A job that failed may have made part of what it was asked for ("Job status and retrieve private offer detail"), be it
 * an offer that the buyer can accept. What we would call refused must not be for sale, so it is taken back first. One
 * that is accepted already, or cannot be taken back, is told as live: seen, and a person can act on it.
 */
async function leftOver(
  azure: AzureClient,
  { job, key }: Step<'create'>,
  reasons: readonly Reason[],
): Promise<OfferProgress> {
  const made = await offerOf(azure, job)
  const id = made ?? (await search(azure, { mark: mark(key), name: '' }))?.id
  const found = id === undefined ? undefined : await find(azure, id)
  const standing = found && standingOf(found).is
  if (id === undefined || !found) return no(reasons)
  if (standing === 'withdrawn' || standing === 'deleted') return no(reasons)
  const atMs = azure.nowMs()
  if (standing === 'accepted') return published(azure, { step: 'offer', offer: id, atMs })
  const state = standing === 'draft' ? 'deleted' : 'withdrawn'
  const undo = configureRequest(azure, [takenBack(found, state)])
  const undoing = await start(azure, undo).catch(unlessRefused)
  if (undoing === undefined) return remains(azure, id, reasons)
  const step = { step: 'undo', job: undoing, offer: id, reasons: kept(reasons), atMs } as const
  return { is: 'publishing', operation: written(step) }
}

function unlessRefused(error: unknown): undefined {
  if (error instanceof Problem && error.code === 'rejected') return undefined
  throw error
}

async function undone(
  azure: AzureClient,
  step: Step<'undo'>,
  operation: string,
): Promise<OfferProgress> {
  const job = await jobOf(azure, step.job)
  if (job.is === 'running') {
    late(azure, step, `finished configure job ${step.job}`)
    return { is: 'publishing', operation }
  }
  return remains(azure, step.offer, step.reasons)
}

/** What is there after all: nothing that a buyer could accept, or an offer that is live. */
async function remains(
  azure: AzureClient,
  id: string,
  reasons: readonly Reason[],
): Promise<OfferProgress> {
  const found = await find(azure, id)
  const standing = found && standingOf(found).is
  if (standing === 'open' || standing === 'accepted')
    return published(azure, { step: 'offer', offer: id, atMs: azure.nowMs() })
  const what = standing === 'draft' ? 'left a draft' : 'was taken back'
  return no(reasons, fromHere(`private offer ${id}, which the failed job made, ${what}`))
}

const no = (reasons: readonly Reason[], note?: Reason): OfferProgress =>
  ownFaultOf(reasons) ?? { is: 'refused', reasons: note ? [...reasons, note] : reasons }
