import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import { zoneStart } from '../kernel/zone.ts'
import { type Looked, type Offer, type OfferStanding, offerRefOf } from './model.ts'
import type { Move, Moved } from './steps.ts'
import { type Clock, expiresAt, lastDayToAccept, lastLook } from './times.ts'

/** What came of an offer, as far as it matters here. */
export type Acceptance = {
  readonly id: Id<'agr'>
  readonly acceptedAt: Instant
  /** When it last changed at the marketplace. */
  readonly changedAt?: Instant | undefined
}

/** Days after an acceptance on which we remind people that nobody has subscribed. */
const reminderDays = [7, 21] as const

/**
 * What becomes of a live offer that was looked at, or of one that is told of (`looked` null) when it is due;
 * undefined while it stays as it is. At its end the last look decides whether it was accepted or has expired.
 */
export function judged(
  offer: Moved<'live'>,
  looked: Looked | null,
  clock: Clock,
): Move | undefined {
  const standing = looked?.standing
  if (standing?.is === 'accepted') return seenAccepted(offer, looked, clock)
  const move = ended(offer, standing, clock)
  return move && { ...move, ...(looked && { looked }) }
}

function ended(
  offer: Moved<'live'>,
  standing: OfferStanding | undefined,
  clock: Clock,
): Move | undefined {
  if (standing?.is === 'withdrawn') return takenBack(offer, clock)
  return standing?.is === 'expired' || clock.now >= expiresAt(lastDayToAccept(offer))
    ? expired(offer, clock)
    : undefined
}

/** The acceptance that a look saw, whatever we thought of the offer; undefined when it saw none. */
export function seenAccepted(
  { state, terms }: Moved<'live' | 'withdrawing' | 'extending' | 'expired' | 'withdrawn'>,
  looked: Looked | null,
  { now }: Pick<Clock, 'now'>,
): Move | undefined {
  const { offerRef } = state
  if (looked?.standing.is !== 'accepted' || offerRef === null) return undefined
  const acceptedAt = looked.standing.at ?? now
  return {
    state: { is: 'accepted', offerRef, acceptedAt, agreement: null, reminders: 0 },
    event: 'offer.accepted',
    data: { offerRef, agreement: null, acceptedAt, acceptBy: terms.acceptBy, was: state.is },
    dueAt: reminderAt(acceptedAt, 0),
    looked,
  }
}

/** Somebody took it back at the marketplace. */
const takenBack = ({ state: { is, offerRef } }: Moved<'live'>, clock: Clock): Move => ({
  state: { is: 'withdrawn', offerRef },
  event: 'offer.withdrawn',
  data: { offerRef, was: is },
  dueAt: lastLook(clock),
})

/** Nobody accepted in time. An acceptance that is seen later still wins. */
export function expired(
  { state, terms }: Moved<'live' | 'handed_off' | 'withdrawing' | 'extending'>,
  clock: Clock,
): Move {
  const { acceptBy } = terms
  const offerRef = offerRefOf(state)
  return {
    state: { is: 'expired', offerRef },
    event: 'offer.expired',
    data: { offerRef, acceptBy },
    dueAt: offerRef === null ? null : lastLook(clock),
  }
}

/** The buyer's agreement came of it, whatever we thought; undefined when that is known already. */
export function subscribed(offer: Offer, agreement: Acceptance): Move | undefined {
  const { id, state } = offer
  const offerRef = offerRefOf(state)
  if (offerRef === null)
    throw new Problem('internal', `offer ${id} is ${state.is}; nobody can have accepted it`)
  const data = { offerRef, agreement: agreement.id }
  if (state.is !== 'accepted')
    return {
      state: { is: 'accepted', ...data, acceptedAt: acceptedAt(offer, agreement), reminders: 0 },
      event: 'offer.accepted',
      data: { ...data, was: state.is },
      dueAt: null,
    }
  if (state.agreement !== null) return undefined
  return {
    state: { ...state, agreement: agreement.id },
    event: 'offer.subscribed',
    data,
    dueAt: null,
  }
}

/** An agreement that is older than the offer took it on when it changed. */
function acceptedAt({ order, timeZone }: Offer, { acceptedAt, changedAt }: Acceptance): Instant {
  const isOlder = order !== null && acceptedAt < zoneStart(order.submittedOn, timeZone)
  return isOlder && changedAt !== undefined ? changedAt : acceptedAt
}

/** Nobody has subscribed to what was accepted days ago; undefined before the day of the next reminder. */
export function reminded({ state }: Moved<'accepted'>, now: Instant): Move | undefined {
  const { offerRef, acceptedAt, agreement } = state
  const reminders = reminderDays.filter((days) => later(acceptedAt, days * dayMs) <= now).length
  const days = reminderDays[reminders - 1]
  if (agreement !== null || days === undefined || reminders <= state.reminders) return undefined
  return {
    state: { ...state, reminders },
    event: 'offer.not_subscribed',
    data: { offerRef, acceptedAt, days },
    dueAt: reminderAt(acceptedAt, reminders),
  }
}

/** When the next reminder is due after so many; null when there is none. */
export function reminderAt(acceptedAt: Instant, reminders: number): Instant | null {
  const days = reminderDays[reminders]
  return days === undefined ? null : later(acceptedAt, days * dayMs)
}
