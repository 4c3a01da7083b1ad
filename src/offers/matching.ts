import type { Id } from '../kernel/id.ts'
import type { Offer } from './model.ts'
import { offerRefOf } from './model.ts'
import type { Move } from './steps.ts'
import { expiresAt, lastDayToAccept } from './times.ts'
import type { Candidate } from './waiting.ts'

/** What the agreements that a buyer's accounts hold say of an offer: which it became, or which it may have become. */
export type Match =
  | { readonly offer: Offer; readonly is: 'sure'; readonly agreement: Candidate }
  | { readonly offer: Offer; readonly is: 'open'; readonly mayBe: readonly Id<'agr'>[] }

/**
 * Compares the waiting offers of one buyer and listing with the agreements that can have come of them. Only one
 * agreement for one offer is sure; anything else is a person's to say. What expired waits for nothing else.
 */
export function matches(offers: readonly Offer[], found: readonly Candidate[]): Match[] {
  const all = offers.map((offer) => ({ offer, able: found.filter((one) => canBe(offer, one)) }))
  const waiting = all.filter(({ offer, able }) => offer.state.is !== 'expired' || able.length > 0)
  return all.map(({ offer, able }) => {
    const [only] = able
    return only && able.length === 1 && waiting.length === 1
      ? { offer, is: 'sure', agreement: only }
      : { offer, is: 'open', mayBe: able.map(({ id }) => id) }
  })
}

/** Accepted while the offer was open, as far as we know. */
function canBe(offer: Offer, { since }: Candidate): boolean {
  if (since < (offer.openSince ?? offer.createdAt)) return false
  return offer.state.is !== 'expired' || since < expiresAt(lastDayToAccept(offer))
}

/** The agreement came of it, whatever the offer was called so far: from here on it has the name the agreement knows. */
export function matched(
  { state }: Offer,
  { id, offerRef, since }: Candidate,
  by: 'account' | 'person',
): Move {
  const before = offerRefOf(state)
  return {
    state: {
      is: 'accepted',
      offerRef,
      acceptedAt: state.is === 'accepted' ? state.acceptedAt : since,
      agreement: id,
      reminders: 0,
    },
    event: state.is === 'accepted' ? 'offer.subscribed' : 'offer.accepted',
    data: { offerRef, agreement: id, was: state.is, matchedBy: by, offerRefBefore: before },
    dueAt: null,
  }
}
