import type { Id } from '../kernel/id.ts'
import { type Instant, later } from '../kernel/time.ts'
import type { Agreement, Registration } from './model.ts'

/** Where one arrival with a token stands. `waiting`: we know who it is, and not yet which agreement they bought. */
export type ArrivalState =
  | { readonly is: 'arrived' }
  | { readonly is: 'waiting'; readonly who: Registration; readonly resolvedAt: Instant }
  | {
      readonly is: 'bound'
      readonly who: Registration
      readonly resolvedAt: Instant
      readonly agreement: Id<'agr'>
      readonly boundAt: Instant
    }
  | { readonly is: 'expired' | 'forged' }

/** A buyer's user who came with a registration token, of which only the hash is kept. */
export type Arrival = {
  readonly id: Id<'reg'>
  readonly connection: Id<'conn'>
  readonly tokenHash: string
  readonly state: ArrivalState
  /** How often the same token came. */
  readonly times: number
  readonly arrivedAt: Instant
}

/** Where hand-offs of one connection go, and how they are signed. */
export type HandOffTarget = {
  readonly issuer: string
  readonly signUpUrl: string
  readonly secret: string
}

const reuseMs = 30 * 60_000

/**
 * Who a token belongs to, when we were told a short while ago: a marketplace may resolve a token only once, and
 * a reloaded page must not fail for that. Half an hour is the shortest documented life of a token.
 */
export function knownHolder({ state }: Arrival, now: Instant): Registration | undefined {
  if (state.is !== 'waiting' && state.is !== 'bound') return undefined
  return later(state.resolvedAt, reuseMs) > now ? state.who : undefined
}

/**
 * The agreement somebody registers for: the one their token names, or with their licence; without either the only
 * running one of their account for that product. Undefined when it is not known yet, or when several could be meant.
 */
export function agreementOf(
  who: Registration,
  listing: Id<'lst'> | null,
  candidates: readonly Agreement[],
): Agreement | undefined {
  const { agreementRef, licenseRef, buyerRef } = who
  if (agreementRef !== null) return candidates.find((a) => a.agreementRef === agreementRef)
  if (licenseRef !== null)
    return newest(candidates.filter((a) => a.licenseRefs.includes(licenseRef)))
  const running = candidates.filter(
    (a) => a.buyerRef === buyerRef && a.listing === listing && a.state.is !== 'ended',
  )
  return listing !== null && running.length === 1 ? running[0] : undefined
}

/** Whether a token named nothing but an account: it then speaks for all that the account holds. */
export const isOfAccount = ({ agreementRef, licenseRef }: Registration): boolean =>
  agreementRef === null && licenseRef === null

const newest = (agreements: readonly Agreement[]) =>
  [...agreements].sort((a, b) => (a.acceptedAt < b.acceptedAt ? 1 : -1))[0]
