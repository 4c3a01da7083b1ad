import { Problem } from '../../src/kernel/problem.ts'
import type { Day } from '../../src/kernel/time.ts'
import type { ChangeProgress } from '../../src/offers/port.ts'
import type { GcpClient } from './client.ts'
import { dayOfMidnight, deadlineOf } from './offer-day.ts'
import { removed } from './offer-publish.ts'
import { mark } from './offer-request.ts'
import { aboutOffer, getOffer, nameOf, type PrivateOffer } from './private-offer.ts'

/**
 * Takes an offer back: `privateOffers.cancel`, which answers at once. The offer is read first, so that a repeat starts
 * nothing; what the buyer has accepted cannot be taken back.
 */
export async function withdraw(
  client: GcpClient,
  offer: string,
  key: string,
): Promise<ChangeProgress> {
  const name = nameOf(client, offer)
  return changed(client, name, withdrawn, async ({ state }) => {
    if (state === 'DRAFT' && (await removed(client, name))) return
    await client.call({
      api: 'producer',
      method: 'POST',
      path: `/v1beta/${name}:cancel`,
      body: { cancellationNote: `Withdrawn (${mark(key)})` },
      operation: 'privateOffers.cancel',
    })
  })
}

/**
 * Keeps an offer open for longer: `privateOffers.patch` of its deadline alone, which is all that can be changed once it
 * is published, up to three months after that. It answers at once.
 */
export async function extend(
  client: GcpClient,
  offer: string,
  acceptBy: Day,
): Promise<ChangeProgress> {
  const name = nameOf(client, offer)
  const acceptDeadlineTime = deadlineOf(acceptBy)
  const isSo = ({ acceptDeadlineTime: now }: PrivateOffer) =>
    dayOfMidnight(now) === dayOfMidnight(acceptDeadlineTime)
  const extended = (found: PrivateOffer): ChangeProgress | undefined => {
    if (found.state === 'CANCELLED')
      return { is: 'withdrawn', reasons: [aboutOffer('cancelled', 'it was cancelled at Google')] }
    if (found.state === 'EXPIRED')
      return { is: 'refused', reasons: [aboutOffer('expired', 'it has expired at Google')] }
    return found.state === 'PUBLISHED' && isSo(found) ? { is: 'done' } : accepted(found)
  }
  return changed(client, name, extended, async () => {
    await client.call({
      api: 'producer',
      method: 'PATCH',
      path: `/v1beta/${name}`,
      query: { updateMask: 'acceptDeadlineTime' },
      body: { name, acceptDeadlineTime },
      operation: 'privateOffers.patch',
    })
  })
}

/** Makes a change unless the offer shows that there is nothing to do, or that somebody was faster. */
async function changed(
  client: GcpClient,
  name: string,
  decided: (found: PrivateOffer) => ChangeProgress | undefined,
  act: (found: PrivateOffer) => Promise<void>,
): Promise<ChangeProgress> {
  const found = await getOffer(client, name)
  const before = decided(found)
  if (before) return before
  try {
    await act(found)
    return { is: 'done' }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    const after = decided(await getOffer(client, name))
    if (after) return after
    throw error
  }
}

function withdrawn(found: PrivateOffer): ChangeProgress | undefined {
  if (found.state === 'CANCELLED' || found.state === 'EXPIRED') return { is: 'done' }
  return accepted(found)
}

const accepted = ({ state }: PrivateOffer): ChangeProgress | undefined =>
  state === 'ACCEPTED' || state === 'ENDED'
    ? {
        is: 'refused',
        reasons: [
          aboutOffer('accepted', 'the buyer has accepted it; nothing of it can be changed'),
        ],
      }
    : undefined
