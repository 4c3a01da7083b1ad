import { z } from 'zod'
import type { Reason } from '../../src/kernel/problem.ts'
import { readInstant } from '../../src/kernel/time.ts'
import type { OfferStanding } from '../../src/offers/port.ts'
import type { GcpClient } from './client.ts'
import { googleTime } from './offer-day.ts'
import { parentOf } from './offer-request.ts'
import { segment, shaped } from './reply.ts'

const text = z.string().nullish()
const offer = z.looseObject({
  name: z.string().min(1),
  state: text,
  title: text,
  internalNote: text,
  createTime: text,
  updateTime: text,
  acceptTime: text,
  acceptDeadlineTime: googleTime.nullish(),
})
/** A PrivateOffer of the Commerce Producer API, as far as it is read here. */
export type PrivateOffer = z.infer<typeof offer>

/** `projects/…/privateOffers/{id}`. Throws `not_found` for what can be no id. */
export const nameOf = ({ settings }: GcpClient, id: string): string =>
  `${parentOf(settings)}/privateOffers/${segment(id)}`

/** An answer that is a private offer. Throws `internal` for any other. */
export const readOffer = (json: unknown, operation: string): PrivateOffer =>
  shaped(offer, json, operation)

/** One offer, with everything: `PRIVATE_OFFER_VIEW_FULL`. Throws `not_found`. */
export async function getOffer(client: GcpClient, name: string): Promise<PrivateOffer> {
  const operation = 'privateOffers.get'
  const json = await client.call({
    api: 'producer',
    method: 'GET',
    path: `/v1beta/${name}`,
    query: { view: 'PRIVATE_OFFER_VIEW_FULL' },
    operation,
  })
  return readOffer(json, operation)
}

/** "The maximum value is 500": ListPrivateOffersRequest. */
const pageSize = 500
const page = z.looseObject({
  privateOffers: z.array(offer).nullish(),
  nextPageToken: text,
})

/**
 * A page of all offers that changed after a moment, oldest change first; the list shows them in brief, and can be
 * filtered and ordered by `update_time` alone (ListPrivateOffersRequest). `token` is that of the page before.
 */
export async function listOffers(
  client: GcpClient,
  { since, token }: { readonly since: string | null; readonly token?: string | undefined },
): Promise<{ readonly offers: readonly PrivateOffer[]; readonly next: string | undefined }> {
  const json = await client.call({
    api: 'producer',
    method: 'GET',
    path: `/v1beta/${parentOf(client.settings)}/privateOffers`,
    query: {
      pageSize: String(pageSize),
      pageToken: token,
      filter: since === null ? undefined : `update_time > "${since}"`,
      orderBy: 'update_time',
    },
    operation: 'privateOffers.list',
  })
  const { privateOffers, nextPageToken } = shaped(page, json, 'privateOffers.list')
  return { offers: privateOffers ?? [], next: nextPageToken || undefined }
}

/** What an offer is to us. An accepted one may have ended since: it was accepted all the same. */
export function standingOf({ state, acceptTime }: PrivateOffer): OfferStanding {
  switch (state) {
    case 'PUBLISHED':
      return { is: 'open' }
    case 'ACCEPTED':
    case 'ENDED':
      return { is: 'accepted', at: readInstant(acceptTime ?? '') ?? null }
    case 'CANCELLED':
      return { is: 'withdrawn' }
    case 'EXPIRED':
      return { is: 'expired' }
    default:
      return { is: 'unknown', word: state ?? '' }
  }
}

/**
 * Where the buyer accepts: a template of the settings, since no document tells the form of the address ("Send a private
 * offer to a customer" says only that Producer Portal shows it). Null where nobody told.
 */
export const buyUrlOf = ({ settings }: GcpClient, id: string): string | null =>
  (settings.offerUrl ?? '')
    .replaceAll('{console}', settings.consoleUrl.replace(/\/+$/, ''))
    .replaceAll('{project}', settings.projectId)
    .replaceAll('{offer}', id) || null

/** A reason that is about the offer itself, in our words. */
export const aboutOffer = (code: string, message: string): Reason => ({
  part: 'private offer',
  code,
  message,
})
