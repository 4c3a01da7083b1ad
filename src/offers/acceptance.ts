import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import type { Looked, Offer } from './model.ts'
import type { Move, Moved } from './steps.ts'
import { type Clock, expiresAt, lastLook } from './times.ts'

/** What came of an offer, as far as it matters here. */
export type Acceptance = { readonly id: Id<'agr'>; readonly acceptedAt: Instant }

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
  const move = standing?.is === 'withdrawn' ? takenBack(offer, clock) : expired(offer, clock)
  return move && { ...move, ...(looked && { looked }) }
}

/** The acceptance that a look saw, whatever we thought of the offer; undefined when it saw none. */
export function seenAccepted(
  { state, terms }: Moved<'live' | 'withdrawing' | 'extending' | 'expired' | 'withdrawn'>,
  looked: Looked | null,
  { now }: Pick<Clock, 'now'>,
): Move | undefined {
  if (looked?.standing.is !== 'accepted') return undefined
  const { offerRef } = state
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
function expired({ state: { offerRef }, terms }: Moved<'live'>, clock: Clock): Move | undefined {
  const { acceptBy } = terms
  if (clock.now < expiresAt(acceptBy)) return undefined
  return {
    state: { is: 'expired', offerRef },
    event: 'offer.expired',
    data: { offerRef, acceptBy },
    dueAt: lastLook(clock),
  }
}

/** The buyer's agreement came of it, whatever we thought; undefined when that is known already. */
export function subscribed({ id, state }: Offer, agreement: Acceptance): Move | undefined {
  if (!('offerRef' in state))
    throw new Problem('internal', `offer ${id} is ${state.is}; nobody can have accepted it`)
  const { offerRef } = state
  const data = { offerRef, agreement: agreement.id }
  if (state.is !== 'accepted')
    return {
      state: { is: 'accepted', ...data, acceptedAt: agreement.acceptedAt, reminders: 0 },
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
