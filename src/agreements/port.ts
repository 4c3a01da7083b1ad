import type { Registration, RemoteAgreement } from './model.ts'

export type AgreementsPage = {
  readonly agreements: readonly RemoteAgreement[]
  readonly cursor: string
  readonly more: boolean
}

/**
 * Agreements at one marketplace.
 *
 * - `changedSince` returns every agreement changed since the cursor at least once, whole (terms, charges,
 *   entitlements). Repeating a cursor repeats its page. A poll that finds nothing new costs one call.
 * - `get` throws `not_found` for an agreement that is not the seller's.
 * - `readToken` finds the registration token in what the buyer's browser sent (form fields or query), or undefined.
 * - `resolve` throws `rejected` for a token that is expired (`details.token: 'expired'`) or forged (`'invalid'`).
 */
export interface AgreementsPort {
  changedSince(cursor: string | null): Promise<AgreementsPage>
  get(agreementRef: string): Promise<RemoteAgreement>
  readToken(fields: Readonly<Record<string, string>>): string | undefined
  resolve(token: string): Promise<Registration>
}
