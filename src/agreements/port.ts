import type { Reason } from '../kernel/problem.ts'
import type { Registration, ToldAgreement } from './model.ts'
import type { Wanted } from './operation.ts'

export type { Wanted }

/** An agreement as a list shows it in brief. */
export type Glimpse = { readonly agreementRef: string; readonly fingerprint: string }

/** One page of a list. Where it is the last page of everything there is, an agreement that no page showed is gone. */
export type AgreementsPage = {
  readonly agreements: readonly ToldAgreement[]
  /** Others that were seen in brief: whoever holds another `fingerprint` of one, or none, asks `get`. */
  readonly glimpses?: readonly Glimpse[] | undefined
  readonly cursor: string
  readonly more: boolean
}

/** How marketplaces differ, as data. */
export type AgreementsTraits = {
  /** What a seller can ask of an agreement here. */
  readonly operations: readonly Wanted['is'][]
  /** When an agreement that awaits activation is activated: as soon as its buyer registered, or when somebody asks. */
  readonly activation: 'none' | 'on_registration' | 'on_request'
  /** Whom the registration token names: one agreement's buyer, or an account that may hold several. Absent: an agreement's. */
  readonly registers?: 'agreement' | 'account' | undefined
  /** Whether the marketplace forgets what is over: one it does not know any more has then ended. */
  readonly forgets?: boolean | undefined
  /** What becomes of a change that a buyer makes and the seller may refuse. `ask`: a person decides. */
  readonly buyerChanges: {
    readonly plan: 'accept' | 'refuse' | 'ask'
    readonly quantity: 'accept' | 'refuse'
  }
}

/** `running` without an `operationRef`: the marketplace took it and gives it no name; the agreement itself will tell. */
export type OperationProgress =
  | { readonly is: 'running'; readonly operationRef: string | null }
  | { readonly is: 'done' }
  | { readonly is: 'refused'; readonly reasons: readonly Reason[] }

/**
 * Agreements at one marketplace.
 *
 * - `changedSince` returns every agreement changed since the cursor at least once, whole (terms, charges,
 *   entitlements), or a glimpse of it where only the list is cheap. Repeating a cursor repeats its page. A poll that
 *   finds nothing new costs one call a page of the marketplace's list.
 * - `get` throws `not_found` for an agreement that is not the seller's.
 * - `readToken` finds the registration token in what the buyer's browser sent (form fields or query), or undefined.
 * - `operate` asks for one of `traits.operations`. Asking again for what is so already, or under way, starts nothing:
 *   it looks first, and throws `conflict` while the marketplace does not show yet what is under way. A refusal that
 *   comes at once is thrown as `rejected` with `details.reasons`. `progress` follows one
 *   that has a name, and throws `not_found` for one the marketplace does not know.
 * - `heldBy` is there where an agreement does not name the account that offers are made to: the agreements of one such
 *   account, bounded. It answers an empty list for an account that the marketplace does not know.
 * - `answer` tells the marketplace what became of a change that a buyer made; telling it again is harmless.
 * - `resolve` throws `rejected` for a token that is expired (`details.token: 'expired'`) or forged (`'invalid'`).
 */
export interface AgreementsPort {
  readonly traits: AgreementsTraits
  changedSince(cursor: string | null): Promise<AgreementsPage>
  get(agreementRef: string): Promise<ToldAgreement>
  readToken(fields: Readonly<Record<string, string>>): string | undefined
  resolve(token: string): Promise<Registration>
  heldBy?(accountRef: string): Promise<readonly string[]>
  operate?(agreementRef: string, wanted: Wanted, key: string): Promise<OperationProgress>
  progress?(agreementRef: string, operationRef: string): Promise<OperationProgress>
  answer?(
    agreementRef: string,
    operationRef: string,
    verdict: 'accepted' | 'refused',
  ): Promise<void>
}
