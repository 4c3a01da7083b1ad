import { addDays, type Day, dayMs, type Instant, later, millis } from '../kernel/time.ts'
import { zoneStart } from '../kernel/zone.ts'
import type { Offer } from './model.ts'

/** The moment of a step, and how often its marketplace has to be looked at; null where it tells us. */
export type Clock = {
  readonly now: Instant
  readonly lookMs: number | null
  /** Least time between two questions about one operation. */
  readonly pollMs?: number
}

const lookMinMs = 5_000
const lookMaxMs = 60_000
const troubleMaxMs = 300_000

/** When to ask how far an operation is: see `nextLook`; not before the marketplace wants to be asked again. */
export const nextPoll = (since: Instant, { now, pollMs = 0 }: Clock): Instant => {
  const [wished, allowed] = [nextLook(since, now), later(now, pollMs)]
  return wished < allowed ? allowed : wished
}

/** When to ask again: as long as it has taken so far, within 5 s and 60 s. */
export const nextLook = (since: Instant, now: Instant, maxMs = lookMaxMs): Instant =>
  later(now, Math.min(Math.max(millis(now) - millis(since), lookMinMs), maxMs))

/** When to try again what the other side could not take now: when it says, or as long as it has lasted. */
export const afterTrouble = (since: Instant, now: Instant, retryAfterMs?: number): Instant =>
  retryAfterMs === undefined ? nextLook(since, now, troubleMaxMs) : later(now, retryAfterMs)

/** When to look again at an offer that could not be looked at: when the other side says, or in five minutes. */
export const afterBlindness = (now: Instant, retryAfterMs = troubleMaxMs): Instant =>
  later(now, retryAfterMs)

/** The last day on which the buyer can accept, and whose day that is. */
export type LastDay = { readonly acceptBy: Day; readonly timeZone: string }

export const lastDayToAccept = ({
  terms: { acceptBy },
  timeZone,
}: Pick<Offer, 'terms' | 'timeZone'>): LastDay => ({ acceptBy, timeZone })

/** The moment after which nobody can accept: the end of the last day where the marketplace is. */
export const expiresAt = ({ acceptBy, timeZone }: LastDay): Instant =>
  zoneStart(addDays(acceptBy, 1), timeZone)

/** When a live offer is due: at its end, or for the next look before that. */
export function dueLive(lastDay: LastDay, { now, lookMs }: Clock): Instant {
  const end = expiresAt(lastDay)
  const next = lookMs === null ? end : later(now, lookMs)
  return next < end ? next : end
}

/** One more look at what is over in our eyes: another day's end, or somebody there, may have let the buyer accept. */
export const lastLook = ({ now, lookMs }: Clock): Instant | null =>
  lookMs === null ? null : later(now, dayMs)
