import { Problem } from '../kernel/problem.ts'
import { type Day, type Instant, later } from '../kernel/time.ts'
import { zoneDay } from '../kernel/zone.ts'
import { changeHandedOff, handedOff } from './hand.ts'
import {
  keyOf,
  type Looked,
  type Offer,
  type OfferOrder,
  type OfferState,
  type OfferTerms,
  type Quote,
  type Reason,
} from './model.ts'
import type { ChangeProgress, OfferProgress } from './port.ts'
import { type Clock, dueLive, expiresAt, lastDayToAccept, lastLook, nextPoll } from './times.ts'

/** What becomes of an offer in one step, and the event that tells of it. Everything not named stays. */
export type Move = {
  readonly state: OfferState
  readonly event: string
  readonly data: object
  /** When to look again; null when nothing is left to do. */
  readonly dueAt: Instant | null
  /** Frozen under the key of the state. */
  readonly order?: OfferOrder
  readonly quote?: Quote | null
  readonly terms?: OfferTerms
  readonly keysUsed?: number
  /** The look that it rests on. */
  readonly looked?: Looked
  /** Since when a buyer can accept it. */
  readonly openSince?: Instant
}

type Of<Is extends OfferState['is']> = Extract<OfferState, { readonly is: Is }>
/** An offer that is in one of these states. */
export type Moved<Is extends OfferState['is']> = Offer & { readonly state: Of<Is> }

/** How often the marketplace may fail at one operation by its own fault before we give up. */
const triesMax = 5
const failureWaitMs = 30_000

const next = ({ id, keysUsed }: Offer) => ({
  key: keyOf(id, keysUsed + 1),
  keysUsed: keysUsed + 1,
})

/** A draft, or what was refused, is on its way with its order frozen. */
export function submitted(
  offer: Offer,
  { order, quote }: { order: OfferOrder; quote: Quote | null },
  now: Instant,
): Move {
  const { key, keysUsed } = next(offer)
  return {
    state: { is: 'submitting', key, tries: 0, since: now, askedAt: null },
    event: 'offer.submitted',
    data: { key, value: quote?.tcv ?? null },
    dueAt: now,
    order,
    quote,
    keysUsed,
  }
}

/** What the marketplace's word makes of an offer being published; undefined while nothing has changed. */
export function published(
  offer: Moved<'submitting' | 'publishing'>,
  progress: OfferProgress,
  clock: Clock,
): Move | undefined {
  const { state } = offer
  const { now } = clock
  if (progress.is === 'failed') return failed(offer, progress.detail, now)
  if (progress.is === 'refused') return refused(progress.reasons)
  if (progress.is === 'live') return live(offer, progress, clock)
  if (progress.is === 'by_hand') return handedOff(offer, progress.sheet, now)
  const { operation } = progress
  if (state.is === 'publishing' && state.operation === operation) return undefined
  const { key, tries } = state
  return {
    state: { is: 'publishing', operation, key, tries, since: now },
    event: 'offer.publishing',
    data: { operation },
    dueAt: nextPoll(now, clock),
  }
}

/** It is at the marketplace, and the buyer can accept it. */
export function live(
  offer: Moved<'submitting' | 'publishing' | 'handed_off'>,
  { offerRef, buyUrl }: { readonly offerRef: string; readonly buyUrl: string | null },
  clock: Clock,
): Move {
  return {
    state: { is: 'live', offerRef, buyUrl },
    event: 'offer.live',
    data: { offerRef, buyUrl, acceptBy: offer.terms.acceptBy },
    dueAt: dueLive(lastDayToAccept(offer), clock),
    openSince: offer.openSince ?? offer.state.since,
  }
}

const refused = (reasons: readonly Reason[]): Move => ({
  state: { is: 'refused', reasons },
  event: 'offer.refused',
  data: { reasons },
  dueAt: null,
})

const theirFault = (tries: number, detail: string): Reason => ({
  part: 'marketplace',
  code: null,
  message: `failed by its own fault ${tries} times: ${detail}`,
})

/** Their fault: the same order goes out again under a new key and today's date, a few times, while it can be accepted. */
function failed(offer: Moved<'submitting' | 'publishing'>, detail: string, now: Instant): Move {
  const tries = offer.state.tries + 1
  if (offer.order === null) throw new Problem('internal', `offer ${offer.id} has no order`)
  const today = zoneDay(now, offer.timeZone)
  if (tries >= triesMax || offer.terms.acceptBy <= today)
    return refused([theirFault(tries, detail)])
  const { key, keysUsed } = next(offer)
  return {
    state: { is: 'submitting', key, tries, since: now, askedAt: null },
    event: 'offer.submitted_again',
    data: { key, tries, detail },
    dueAt: later(now, failureWaitMs),
    order: { ...offer.order, submittedOn: today },
    keysUsed,
  }
}

/** A live offer is to be taken back. */
export function withdrawing(offer: Moved<'live'>, now: Instant): Move {
  const { offerRef, buyUrl } = offer.state
  const { key, keysUsed } = next(offer)
  const underway = { key, tries: 0, since: now, operation: null }
  return {
    state: { is: 'withdrawing', offerRef, buyUrl, on: zoneDay(now, offer.timeZone), ...underway },
    event: 'offer.withdrawing',
    data: { key },
    dueAt: now,
    keysUsed,
  }
}

/** A live offer is to be open for longer. */
export function extending(offer: Moved<'live'>, acceptBy: Day, now: Instant): Move {
  const { offerRef, buyUrl } = offer.state
  const { key, keysUsed } = next(offer)
  const underway = { key, tries: 0, since: now, operation: null }
  return {
    state: { is: 'extending', offerRef, buyUrl, acceptBy, ...underway },
    event: 'offer.extending',
    data: { key, acceptBy },
    dueAt: now,
    keysUsed,
  }
}

/** What the marketplace's word makes of a change to a live offer; undefined while nothing has changed. */
export function changed(
  offer: Moved<'withdrawing' | 'extending'>,
  progress: ChangeProgress,
  clock: Clock,
): Move | undefined {
  const { state } = offer
  if (progress.is === 'done') return done(offer, progress.buyUrl, clock)
  if (progress.is === 'refused') return kept(offer, progress.reasons, clock)
  if (progress.is === 'failed') return changeFailed(offer, progress.detail, clock)
  if (progress.is === 'withdrawn') return lost(offer, progress.reasons, clock)
  if (progress.is === 'by_hand') return changeHandedOff(offer, progress.sheet, clock.now)
  const { operation } = progress
  if (state.operation === operation) return undefined
  const { now } = clock
  return {
    state: { ...state, operation, since: now },
    event: `offer.${state.is}_begun`,
    data: { operation },
    dueAt: nextPoll(now, clock),
  }
}

/** The change was made at the marketplace. */
export function done(
  { state, terms, timeZone }: Moved<'withdrawing' | 'extending'>,
  newUrl: string | undefined,
  clock: Clock,
): Move {
  const { offerRef, buyUrl } = state
  if (state.is === 'withdrawing')
    return {
      state: { is: 'withdrawn', offerRef },
      event: 'offer.withdrawn',
      data: { offerRef },
      dueAt: lastLook(clock),
    }
  const { acceptBy } = state
  return {
    state: { is: 'live', offerRef, buyUrl: newUrl ?? buyUrl },
    event: 'offer.extended',
    data: { before: terms.acceptBy, acceptBy },
    dueAt: dueLive({ acceptBy, timeZone }, clock),
    terms: { ...terms, acceptBy },
  }
}

/** The offer was taken down for the change, and could not be put back. */
function lost(
  { state: { offerRef } }: Moved<'withdrawing' | 'extending'>,
  reasons: readonly Reason[],
  clock: Clock,
): Move {
  return {
    state: { is: 'withdrawn', offerRef, reasons },
    event: 'offer.withdrawn',
    data: { offerRef, reasons },
    dueAt: lastLook(clock),
  }
}

/** The change was refused, so the offer is live as it was; or the buyer was faster, which a look tells at once. */
export function kept(
  offer: Moved<'withdrawing' | 'extending'>,
  reasons: readonly Reason[],
  { now, lookMs }: Clock,
): Move {
  const { state } = offer
  const { offerRef, buyUrl } = state
  const change = state.is === 'withdrawing' ? 'withdraw' : 'extend'
  return {
    state: { is: 'live', offerRef, buyUrl, changeRefused: { change, at: now, reasons } },
    event: change === 'withdraw' ? 'offer.withdrawal_refused' : 'offer.extension_refused',
    data: { reasons },
    dueAt: lookMs === null ? expiresAt(lastDayToAccept(offer)) : now,
  }
}

function changeFailed(
  offer: Moved<'withdrawing' | 'extending'>,
  detail: string,
  clock: Clock,
): Move {
  const { now } = clock
  const tries = offer.state.tries + 1
  if (tries >= triesMax) return kept(offer, [theirFault(tries, detail)], clock)
  const { key, keysUsed } = next(offer)
  const underway = { key, tries, since: now, operation: null }
  return {
    state:
      offer.state.is === 'withdrawing'
        ? { ...offer.state, ...underway, on: zoneDay(now, offer.timeZone) }
        : { ...offer.state, ...underway },
    event: `offer.${offer.state.is}_again`,
    data: { key, tries, detail },
    dueAt: later(now, failureWaitMs),
    keysUsed,
  }
}
