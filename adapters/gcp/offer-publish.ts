import { Problem, type Reason } from '../../src/kernel/problem.ts'
import { type Instant, instant, millis } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { OfferProgress } from '../../src/offers/port.ts'
import type { GcpClient } from './client.ts'
import { amendedBy } from './offer-amendment.ts'
import { documentOf, hasDocument } from './offer-document.ts'
import { findByKey } from './offer-find.ts'
import { note, sentUnder } from './offer-memory.ts'
import { createCall, documentCall, offerBody, publishCall } from './offer-request.ts'
import {
  aboutOffer,
  buyUrlOf,
  getOffer,
  nameOf,
  type PrivateOffer,
  readOffer,
} from './private-offer.ts'
import { lastOf } from './reply.ts'

/** An order under its key; `askedAt`: since when a request under it may be at work unseen. */
export type Submission = {
  readonly order: OfferOrder
  readonly key: string
  readonly askedAt: Instant | null
}

/**
 * Publishes an order: a draft, its document, a trial of publishing, publishing (Google: "Create and manage private offers
 * using the API"). Google takes no key, so ours is in the draft's note: whatever got lost, what is there already is
 * found by it and gone on with. What the trial refuses leaves no draft behind.
 */
export async function submit(client: GcpClient, wanted: Submission): Promise<OfferProgress> {
  const { order, key } = wanted
  const found = await earlier(client, wanted)
  if (found && found.state !== 'DRAFT') return standing(client, found)
  if (!found) settled(client, wanted)
  const isAttached = found !== undefined && (await hasDocument(client, found.name))
  const document = isAttached ? null : await documentOf(client, order)
  const draft = found ?? (await create(client, order, key))
  try {
    if (document) await client.call(documentCall(draft.name, document))
    await client.call(publishCall(draft.name, true))
    await client.call(publishCall(draft.name, false))
    return { is: 'publishing', operation: lastOf(draft.name) }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    return refused(client, draft.name, error)
  }
}

/** What came of a request under this key before; undefined when nothing shows. */
async function earlier(
  client: GcpClient,
  { order, key, askedAt }: Submission,
): Promise<PrivateOffer | undefined> {
  const last = sentUnder(client, key)
  if (last?.is === 'made') {
    const made = await getOffer(client, last.offer).catch(unlessGone)
    if (made) return made
  }
  const since = askedAt ?? (last?.is === 'sent' ? instant(last.atMs) : null)
  return since === null ? undefined : findByKey(client, { key, title: order.terms.name, since })
}

function unlessGone(error: unknown): undefined {
  if (error instanceof Problem && error.code === 'not_found') return undefined
  throw error
}

const waitMaxMs = 60_000

/** Throws `unavailable` while an offer whose reply was lost may still be missing from the list. */
function settled(client: GcpClient, { key, askedAt }: Submission): void {
  const last = sentUnder(client, key)
  if (last?.is === 'turned_away') return
  const asked = askedAt === null ? 0 : millis(askedAt)
  const since = Math.max(asked, last?.is === 'sent' ? last.atMs : 0)
  const { offerListLagSeconds } = client.settings
  const left = since + offerListLagSeconds * 1000 - client.nowMs()
  if (since === 0 || left <= 0) return
  throw new Problem(
    'unavailable',
    `Google’s reply was lost; whether it made the offer shows within ${offerListLagSeconds} seconds`,
    { retryAfterMs: Math.min(left, waitMaxMs) },
  )
}

/** Failures after which the draft may be there all the same. */
const unsure = new Set(['unavailable', 'internal'])

async function create(client: GcpClient, order: OfferOrder, key: string): Promise<PrivateOffer> {
  const amended = await amendedBy(client, order)
  const call = createCall(offerBody(order, key, client.settings, amended), client.settings)
  note(client, key, { is: 'sent', atMs: client.nowMs() })
  try {
    const made = readOffer(await client.call(call), call.operation)
    note(client, key, { is: 'made', offer: made.name })
    return made
  } catch (error) {
    if (error instanceof Problem && !unsure.has(error.code))
      note(client, key, { is: 'turned_away' })
    throw error
  }
}

/**
 * What Google refuses of a draft: the draft is deleted, and every reason thrown. One that is no draft any more was
 * published by a call whose reply was lost, so the refusal means nothing.
 */
async function refused(client: GcpClient, name: string, problem: Problem): Promise<OfferProgress> {
  const now = await getOffer(client, name)
  if (now.state !== 'DRAFT') return standing(client, now)
  if (await removed(client, name)) throw problem
  const { reasons } = problem.details
  const said = Array.isArray(reasons) ? (reasons as readonly Reason[]) : []
  const left = aboutOffer('draft', `its draft ${lastOf(name)} could not be deleted, and is left`)
  throw new Problem('rejected', problem.message, { ...problem.details, reasons: [...said, left] })
}

/** Deletes a draft with its documents; false where Google would not. */
export async function removed(client: GcpClient, name: string): Promise<boolean> {
  try {
    await client.call({
      api: 'producer',
      method: 'DELETE',
      path: `/v1beta/${name}`,
      query: { force: 'true' },
      operation: 'privateOffers.delete',
    })
    return true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.code === 'not_found'
  }
}

/** What an offer that is no draft is to its publishing. */
function standing(client: GcpClient, { name, state }: PrivateOffer): OfferProgress {
  const id = lastOf(name)
  switch (state) {
    case 'PUBLISHING':
      return { is: 'publishing', operation: id }
    case 'PUBLISHED':
    case 'ACCEPTED':
    case 'EXPIRED':
    case 'ENDED':
      return { is: 'live', offerRef: id, buyUrl: buyUrlOf(client, id) }
    case 'CANCELLED':
      return { is: 'refused', reasons: [aboutOffer('cancelled', 'it was cancelled at Google')] }
    default:
      throw new Problem('internal', `Google says of an offer of ours that it is ${state}`)
  }
}

/**
 * Where the publishing of an offer stands; a review by Google may take a day. An offer that is a draft again was not
 * published, through no fault of ours: it is deleted, and the order may be sent anew.
 */
export async function progress(client: GcpClient, operation: string): Promise<OfferProgress> {
  const name = nameOf(client, operation)
  const found = await getOffer(client, name)
  if (found.state !== 'DRAFT') return standing(client, found)
  if (await removed(client, name))
    return { is: 'failed', detail: 'Google did not publish it: it was a draft again' }
  return { is: 'publishing', operation }
}
