import type { Day, Instant } from '../kernel/time.ts'
import type {
  OfferOrder,
  OfferStanding,
  OfferTerms,
  OfferTraits,
  Reason,
  Sheet,
  Violation,
} from './model.ts'

export type { OfferStanding }

/**
 * Where an operation stands. `by_hand`: a person types it in, from this sheet, and says so. `buyUrl` null: where the
 * buyer accepts is not told. `failed` is the marketplace's own fault: the same order may be
 * sent again under a new key.
 */
export type OfferProgress =
  | { readonly is: 'publishing'; readonly operation: string }
  | { readonly is: 'live'; readonly offerRef: string; readonly buyUrl: string | null }
  | { readonly is: 'by_hand'; readonly sheet: Sheet }
  | { readonly is: 'refused'; readonly reasons: readonly Reason[] }
  | { readonly is: 'failed'; readonly detail: string }

/** The same for a change to a live offer. `withdrawn`: the offer was taken down for it and could not be put back. */
export type ChangeProgress =
  | { readonly is: 'running'; readonly operation: string }
  | { readonly is: 'by_hand'; readonly sheet: Sheet }
  | { readonly is: 'done'; readonly buyUrl?: string | undefined }
  | { readonly is: 'withdrawn'; readonly reasons: readonly Reason[] }
  | { readonly is: 'refused'; readonly reasons: readonly Reason[] }
  | { readonly is: 'failed'; readonly detail: string }

/**
 * Private offers at one marketplace. Publishing is never instant: `submit` starts it, `progress` asks.
 *
 * - `violations`, `requests` and `dealTypeOf` are pure: they call nobody, whatever the order holds. `violations` names
 *   every rule of this marketplace that the order breaks, with paths into the offer's request body.
 * - `readRef` (pure) is the `offerRef` in what a person copied from the marketplace, undefined where there is none;
 *   without it whatever was written is the reference.
 * - `submit` with a key it has seen returns the first operation and starts nothing, also after a restart
 *   and after a reply that never came. `requests` shows exactly what `submit` would send. `askedAt` tells since when
 *   a request under this key may be at work unseen (null: none was ever sent); a marketplace that takes no key
 *   looks for what came of it, and throws `unavailable` (with `retryAfterMs`) while it cannot tell yet.
 * - A refusal that comes at once is thrown as `rejected` with `details.reasons`; one that comes later is a state.
 * - A lock held by somebody else is thrown as `conflict`, too many calls as `throttled`.
 * - `progress` of an operation the marketplace does not know throws `not_found`.
 * - Each operation is asked after every `traits.pollSeconds` at most, whichever worker asks.
 * - `withdraw` and `extend` are changes to a live offer, with the same promises about keys.
 * - `look` is there where nobody tells us of an acceptance; it is asked every `traits.lookEveryMinutes`, one call. It
 *   throws `not_found` for an offer that the marketplace does not show.
 * - `changedSince` is there where one list tells of every offer that changed, ours or not, in any state: each at least
 *   once; repeating a cursor repeats its page, and a poll that finds nothing new costs one call. `look` then is
 *   asked only at an offer's end, and once when a change was refused.
 */
export interface OffersPort {
  readonly traits: OfferTraits
  violations(order: OfferOrder): readonly Violation[]
  requests(order: OfferOrder, key: string): readonly unknown[]
  /** What the marketplace calls such a deal in its fee rules, of terms that may still be broken; absent: a renewal or new. */
  dealTypeOf?(terms: OfferTerms): string | undefined
  readRef?(written: string): string | undefined
  submit(order: OfferOrder, key: string, askedAt: Instant | null): Promise<OfferProgress>
  progress(operation: string): Promise<OfferProgress>
  withdraw(offerRef: string, today: Day, key: string): Promise<ChangeProgress>
  extend(offerRef: string, acceptBy: Day, key: string): Promise<ChangeProgress>
  changeProgress(operation: string): Promise<ChangeProgress>
  look?(offerRef: string): Promise<OfferStanding>
  changedSince?(cursor: string | null): Promise<StandingsPage>
}

export type StandingsPage = {
  readonly standings: readonly { readonly offerRef: string; readonly standing: OfferStanding }[]
  readonly cursor: string
  readonly more: boolean
}

/** What an offer would burn of its buyer's commitments. Amounts in the offer's currency. */
export type FitRequest = {
  readonly buyer: string
  readonly provider: string
  readonly currency: string
  readonly charges: readonly { readonly on: Day; readonly amount: string }[]
  /** What decides eligibility: the listing's facts; an absent one is unknown. */
  readonly facts: Readonly<Record<string, string | boolean>>
}
/** JSON as the preview shows it; made by the commitments capability, which lies later in a deal's life. */
export type EstimateFit = (request: FitRequest) => Promise<unknown>
