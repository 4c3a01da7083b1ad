import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, later, readInstant } from '../../src/kernel/time.ts'
import type { GcpClient } from './client.ts'
import { mark } from './offer-request.ts'
import { getOffer, listOffers, type PrivateOffer } from './private-offer.ts'

/** How far Google's clock may be behind ours. */
const clocksApartMs = 5 * 60_000
const pagesMax = 20
const detailsMax = 500

/** What to look for: our key, in an offer of this title, that was made since. */
export type Wanted = { readonly key: string; readonly title: string; readonly since: Instant }

/**
 * The offer that carries our key, among all that changed since. Whether a list shows the note is not documented, so one
 * without is looked up by itself. Of several that carry it the one that is furthest goes first. Throws `internal` where
 * there are too many to tell: then nothing may be sent.
 */
export async function findByKey(
  client: GcpClient,
  { key, title, since }: Wanted,
): Promise<PrivateOffer | undefined> {
  const from = later(since, -clocksApartMs)
  const found: PrivateOffer[] = []
  let token: string | undefined
  let details = 0
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const { offers, next } = await listOffers(client, { since: from, token })
    for (const listed of offers.filter((one) => mayBe(one, { title, from }))) {
      const isShort = typeof listed.internalNote !== 'string'
      if (isShort) details += 1
      if (details > detailsMax) throw tooMany()
      const whole = isShort ? await wholeOf(client, listed) : listed
      if (whole && carries(whole, key)) found.push(whole)
    }
    if (next === undefined) return found.toSorted((a, b) => rank(b) - rank(a))[0]
    token = next
  }
  throw tooMany()
}

/** Made before, or titled otherwise: it is none of ours. */
function mayBe(
  listed: PrivateOffer,
  { title, from }: { readonly title: string; readonly from: Instant },
): boolean {
  const made = readInstant(listed.createTime ?? '')
  if (made !== undefined && made < from) return false
  return listed.title === undefined || listed.title === null || listed.title === title
}

/** A draft may be deleted by somebody between the list and this. */
async function wholeOf(
  client: GcpClient,
  { name }: PrivateOffer,
): Promise<PrivateOffer | undefined> {
  try {
    return await getOffer(client, name)
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return undefined
    throw error
  }
}

const carries = ({ internalNote }: PrivateOffer, key: string): boolean =>
  (internalNote ?? '').split('\n').some((line) => line.trim() === mark(key))

const ranks = ['CANCELLED', 'DRAFT', 'EXPIRED', 'PUBLISHING', 'PUBLISHED', 'ENDED', 'ACCEPTED']
const rank = ({ state }: PrivateOffer): number => ranks.indexOf(state ?? '')

const tooMany = () =>
  new Problem('internal', 'too many private offers changed to find ours among them')
