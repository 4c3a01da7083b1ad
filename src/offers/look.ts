import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { asProblem, codes } from '../kernel/problem.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import type { Looked, Offer, OfferProblem, OfferStanding } from './model.ts'
import type { OffersPort } from './port.ts'
import type { Moved } from './steps.ts'
import * as store from './store.ts'
import { afterBlindness, type Clock } from './times.ts'

/** An offer that the marketplace knows and that nobody has accepted as far as we know. */
export type Watched = Moved<'live' | 'withdrawing' | 'extending' | 'expired' | 'withdrawn'>

/** What looking came to. `needless`: this marketplace tells us by itself, it is not time yet, or the connection is gone. */
export type Look =
  | { readonly is: 'needless'; readonly lookMs: number | null }
  | { readonly is: 'seen'; readonly looked: Looked; readonly lookMs: number }
  | { readonly is: 'trouble'; readonly problem: OfferProblem; readonly again: Instant }

/** Longer than any offer is open: where a list tells what becomes of offers, each is looked at only at its end. */
const atTheEndMs = 100 * 366 * dayMs

/** How often a marketplace's live offers have to be looked at; null where it tells us what becomes of them. */
function lookMsOf({ look, changedSince, traits }: OffersPort): number | null {
  if (look === undefined) return null
  if (changedSince !== undefined) return atTheEndMs
  return traits.lookEveryMinutes === undefined ? null : traits.lookEveryMinutes * 60_000
}

/** The moment, and how often that marketplace has to be asked. */
export const clockOf = (port: OffersPort, now: Instant): Clock => ({
  now,
  lookMs: lookMsOf(port),
  pollMs: (port.traits.pollSeconds ?? 0) * 1000,
})

/**
 * Asks what an offer is at the marketplace now, one call; not before `notBefore` (by how often it is to be looked at).
 * Trouble is an answer: it is shown, and stops nothing. What the marketplace does not find is a standing we do not know.
 */
export async function look(
  deps: Deps,
  offer: Watched,
  notBefore: (lookMs: number) => Instant | null = () => null,
): Promise<Look> {
  const seen = (standing: OfferStanding, lookMs: number): Look => {
    return { is: 'seen', looked: { at: deps.now(), standing }, lookMs }
  }
  let lookMs: number | null = null
  try {
    const port = await connections.port(deps, offer.connection, 'offers')
    lookMs = lookMsOf(port)
    const { offerRef } = offer.state
    if (lookMs === null || !port.look || offerRef === null) return { is: 'needless', lookMs: null }
    if ((notBefore(lookMs) ?? deps.now()) > deps.now()) return { is: 'needless', lookMs }
    return seen(await port.look(offerRef), lookMs)
  } catch (error) {
    const { code, message, details, cause } = asProblem(error)
    if (code === 'not_found')
      return lookMs === null
        ? { is: 'needless', lookMs }
        : seen({ is: 'unknown', word: 'not found' }, lookMs)
    if (!codes[code].retry)
      deps.log.error({ offer: offer.id, code, problem: message, cause: traceOf(cause) }, 'look')
    return {
      is: 'trouble',
      problem: { at: deps.now(), code, message },
      again: afterBlindness(deps.now(), details.retryAfterMs),
    }
  }
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

/** The same where a change is under way: as often as if it were live. */
export const lookMeanwhile = (
  deps: Deps,
  offer: Moved<'withdrawing' | 'extending'>,
): Promise<Look> =>
  look(deps, offer, (lookMs) => later(offer.looked?.at ?? offer.state.since, lookMs))

/** Keeps what a look saw of an offer that stays as it is; a word we do not know is told of once. */
export async function note(deps: Deps, offer: Offer, waiting: store.Waiting): Promise<void> {
  const word = wordOf(waiting.looked)
  await transact(deps, async (tx) => {
    await store.wait(tx.db, offer, waiting)
    if (word !== undefined && word !== wordOf(offer.looked))
      await record(tx, 'offer.standing_unknown', offer.id, { word })
  })
}

const wordOf = (looked: Looked | null | undefined): string | undefined =>
  looked?.standing.is === 'unknown' ? looked.standing.word : undefined
