import { z } from 'zod'
import { isDay } from '../../src/kernel/time.ts'
import type { AzureClient } from './client.ts'
import { segment, shaped } from './reply.ts'

const text = z.string().nullish()
const offer = z.looseObject({
  id: text,
  name: text,
  state: text,
  subState: text,
  privateOfferType: text,
  acceptBy: text,
  end: text,
  beneficiaries: z.array(z.looseObject({ description: text })).nullish(),
  acceptanceLinks: z.array(z.looseObject({ link: text })).nullish(),
})
/** A `private-offer` as Microsoft keeps it; fields we do not know and numbers stay as they are written. */
export type PrivateOffer = z.infer<typeof offer>

const idOf = ({ id }: PrivateOffer): string => (id ?? '').replace(/^private-offer\//, '')

/** What an offer is to us. Expiry and end are dates, and no state of Microsoft's. */
export type Standing =
  | { readonly is: 'draft' | 'open' | 'accepted' | 'withdrawn' | 'deleted' }
  | { readonly is: 'unknown'; readonly word: string }

export function standingOf({ state, subState }: PrivateOffer): Standing {
  const word = state?.toLowerCase() ?? ''
  const within = subState?.toLowerCase() ?? ''
  if (word === 'draft' || word === 'withdrawn' || word === 'deleted') return { is: word }
  if (word !== 'live') return { is: 'unknown', word: state ?? '' }
  if (within === 'accepted') return { is: 'accepted' }
  // A multiparty offer waits for its partner; without a sub-state the offer is on its way to the buyer.
  const isWaiting = ['', 'pendingacceptance', 'pendingpartneraction'].includes(within)
  return isWaiting ? { is: 'open' } : { is: 'unknown', word: `live, ${subState}` }
}

/** A multiparty offer that waits for its partner, who alone can send it to the buyer. */
const isMultiparty = ({ privateOfferType }: PrivateOffer): boolean =>
  privateOfferType?.toLowerCase() === 'multipartypromotionoriginator'

/**
 * Where the buyer accepts: the acceptance link, which Microsoft mails to nobody. A multiparty offer is live for its
 * partner alone, who adds a price and publishes: until a link shows, what is next is the partner's work in Partner
 * Center. Null while Microsoft has made no link.
 */
export function buyUrlOf(found: PrivateOffer, { settings }: AzureClient): string | null {
  const link = found.acceptanceLinks?.find((one) => one.link)?.link
  return link ?? (isMultiparty(found) ? settings.offers.partnerUrl : null)
}

/** A private offer by its guid; undefined when there is none, or not yet. */
export async function find(azure: AzureClient, id: string): Promise<PrivateOffer | undefined> {
  const { json, status } = await azure.call('ingestion', {
    method: 'GET',
    path: `/private-offer/${segment(id)}`,
    query: { $version: azure.settings.versions.privateOffers },
    numbers: 'raw',
    expects: [404],
  })
  return status === 404 ? undefined : shaped(offer, json, 'GET private-offer')
}

const page = z.union([
  z.array(offer).transform((value) => ({ value, next: undefined })),
  z
    .looseObject({
      value: z.array(offer).nullish(),
      Value: z.array(offer).nullish(),
      '@nextLink': text,
      nextLink: text,
    })
    .transform((body) => ({
      value: body.value ?? body.Value ?? [],
      next: body['@nextLink'] ?? body.nextLink ?? undefined,
    })),
])
const pagesMax = 200
const detailsMax = 50

/**
 * The private offer that carries a mark, among all of the account's: `private-offer/query`, whose envelope no document
 * shows, so that a bare list is taken as well. An entry without beneficiaries is looked up by itself if its name fits.
 * One that a buyer can accept, or has accepted, goes before one that was withdrawn; deleted ones do not count.
 */
export async function search(
  azure: AzureClient,
  { mark, name }: { readonly mark: string; readonly name: string },
): Promise<Found | undefined> {
  let spare: Found | undefined
  let link: string | undefined
  let details = 0
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const { value, next } = await queryPage(azure, link)
    for (const listed of value) {
      if (standingOf(listed).is === 'deleted') continue
      const isShort = !listed.beneficiaries && listed.name === name && details < detailsMax
      if (isShort) details += 1
      const whole = isShort ? await find(azure, idOf(listed)) : listed
      if (!whole || !carries(whole, mark)) continue
      const found = { id: idOf(listed), offer: whole }
      if (whole.state?.toLowerCase() === 'live') return found
      spare ??= found
    }
    if (next === undefined) return spare
    link = next
  }
  return spare
}

type Found = { readonly id: string; readonly offer: PrivateOffer }

const carries = ({ name, beneficiaries }: PrivateOffer, mark: string): boolean =>
  [name, ...(beneficiaries ?? []).map(({ description }) => description)].some((kept) =>
    kept?.endsWith(mark),
  )

async function queryPage(azure: AzureClient, link: string | undefined) {
  const place =
    link === undefined
      ? { path: '/private-offer/query', query: { $version: azure.settings.versions.privateOffers } }
      : { url: link }
  const answer = await azure.call('ingestion', { method: 'GET', ...place, numbers: 'raw' })
  return shaped(page, answer.json, 'GET private-offer/query')
}

/** Told by Microsoft alone and no part of what is sent back: "Manage existing private offers via API". */
const readOnly = new Set(['subState', 'acceptanceLinks', 'validations', 'resourceName'])

/** The same offer to be open again until another day: every field as it was, the eTag with it. */
export const reopened = (found: PrivateOffer, acceptBy: string): object => ({
  ...Object.fromEntries(Object.entries(found).filter(([field]) => !readOnly.has(field))),
  state: 'live',
  acceptBy,
})

/** What takes an offer back: withdrawn while the buyer could accept it, deleted while it is a draft. */
export const takenBack = (found: PrivateOffer, state: 'withdrawn' | 'deleted'): object => {
  const fields = ['$schema', 'id', 'name', 'privateOfferType']
  if (state === 'deleted') fields.push('offerPricingType')
  return { ...Object.fromEntries(fields.map((field) => [field, found[field]])), state }
}

/** The offer's last day, where it is told. */
export const lastDayOf = ({ end }: PrivateOffer): string | undefined =>
  end && isDay(end.slice(0, 10)) ? end.slice(0, 10) : undefined
