import type { Instant } from '../kernel/time.ts'
import type { Offer, OfferState, Sheet } from './model.ts'
import type { Move, Moved } from './steps.ts'
import { expiresAt, lastDayToAccept } from './times.ts'

/** What a sheet is for. */
export type SheetFor = 'publish' | 'withdraw' | 'extend'

/** A person types it in from here: it is at the marketplace once somebody says so, or its agreement comes. */
export function handedOff(
  offer: Moved<'submitting' | 'publishing'>,
  sheet: Sheet,
  now: Instant,
): Move {
  const { key } = offer.state
  return {
    state: { is: 'handed_off', sheet, key, since: now },
    event: 'offer.handed_off',
    data: { title: sheet.title, url: sheet.url, acceptBy: offer.terms.acceptBy },
    dueAt: expiresAt(lastDayToAccept(offer)),
    openSince: now,
  }
}

/** A person makes the change; until somebody says how it went the offer may be accepted. */
export function changeHandedOff(
  offer: Moved<'withdrawing' | 'extending'>,
  sheet: Sheet,
  now: Instant,
): Move {
  const { state } = offer
  return {
    state: { ...state, operation: null, sheet, since: now },
    event:
      state.is === 'withdrawing' ? 'offer.withdrawal_handed_off' : 'offer.extension_handed_off',
    data: { title: sheet.title, url: sheet.url },
    dueAt: endByHand(offer),
  }
}

/** When an offer with a change in somebody's hands can be accepted no more, whatever became of the change. */
export function endByHand(offer: Moved<'withdrawing' | 'extending'>): Instant {
  const { state, terms, timeZone } = offer
  const acceptBy = state.is === 'extending' ? state.acceptBy : terms.acceptBy
  return expiresAt({ acceptBy, timeZone })
}

/** Nothing is at the marketplace as far as we know, so that is all. */
export const takenBackByHand = (): Move => ({
  state: { is: 'withdrawn', offerRef: null },
  event: 'offer.withdrawn',
  data: { offerRef: null, was: 'handed_off' },
  dueAt: null,
})

/** Whether an agreement may still turn out to have come of it. */
export const mayWait = (state: OfferState): boolean =>
  state.is === 'accepted' ? state.agreement === null : waitingStates.has(state.is)

const waitingStates: ReadonlySet<OfferState['is']> = new Set([
  'handed_off',
  'live',
  'withdrawing',
  'extending',
  'expired',
])

/** What a person is to type in now; undefined when nothing. */
export function sheetOf({
  state,
}: Pick<Offer, 'state'>): { readonly for: SheetFor; readonly sheet: Sheet } | undefined {
  if (!('sheet' in state) || state.sheet === undefined) return undefined
  return { for: purposes[state.is], sheet: state.sheet }
}

const purposes = {
  handed_off: 'publish',
  withdrawing: 'withdraw',
  extending: 'extend',
} as const satisfies Partial<Record<OfferState['is'], SheetFor>>
