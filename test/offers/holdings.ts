import type { ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPort } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { remote } from '../agreements/market.ts'

/** The agreements of a marketplace, and which of them an account holds that offers are made to. */
export type Holdings = {
  readonly known: Map<string, ToldAgreement>
  readonly log: ToldAgreement[]
  readonly held: Map<string, string[]>
  /** Thrown by the next question about an account. */
  readonly trouble: Problem[]
}

/** An agreement comes to be, or changes: held by an account, and known to us by another. */
export function put(
  { known, log, held }: Holdings,
  agreementRef: string,
  more: Partial<ToldAgreement>,
  account = '111122223333',
): void {
  const at = more.acceptedAt ?? '2026-11-22T10:00:00.000Z'
  const agreement = {
    ...remote(agreementRef),
    buyerRef: `procurement-${account}`,
    acceptedAt: at,
    startsAt: at,
    changedAt: at,
    ...more,
  }
  known.set(agreementRef, agreement)
  log.push(agreement)
  held.set(account, [...new Set([...(held.get(account) ?? []), agreementRef])])
}

/** Tells every agreement whole, one after the other, and who holds which. */
export const agreementsPort = (holdings: Holdings, calls: string[]): AgreementsPort => ({
  traits: {
    operations: [],
    activation: 'none',
    buyerChanges: { plan: 'accept', quantity: 'accept' },
  },
  async changedSince(cursor) {
    const from = Number(cursor ?? 0)
    return {
      agreements: holdings.log.slice(from),
      cursor: String(holdings.log.length),
      more: false,
    }
  },
  async get(agreementRef) {
    const found = holdings.known.get(agreementRef)
    if (found) return found
    throw new Problem('not_found', `no agreement ${agreementRef}`)
  },
  readToken: () => undefined,
  async resolve() {
    throw new Problem('rejected', 'no token here', { token: 'invalid' })
  },
  async heldBy(account) {
    calls.push(`heldBy ${account}`)
    const problem = holdings.trouble.shift()
    if (problem) throw problem
    return holdings.held.get(account) ?? []
  },
})
