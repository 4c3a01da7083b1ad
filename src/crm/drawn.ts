import type { Deps } from '../deps.ts'
import { type Decimal, plus } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import * as revenue from '../revenue/service.ts'
import type { Keyed } from './collect.ts'
import type { Drawn } from './rows.ts'

/**
 * Charges less refunds as invoiced, of all agreements at once; zero only where the marketplace has reported. An
 * agreement billed in two currencies, and everything when there is more than one answer can hold, is not known rather than half known.
 */
export async function drawnByAgreement(deps: Deps): Promise<(one: Keyed) => Drawn> {
  const at = revenue.vantage(deps, {})
  const asOf = deps.now()
  const rows = await Promise.all([
    revenue.sums(deps, { kind: 'gross' }, at),
    revenue.sums(deps, { kind: 'gross_refund' }, at),
  ]).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'invalid') return []
    throw error
  })
  const reported = new Set<string>()
  const billed = new Map<string, Map<string, Decimal>>()
  for (const { connection, agreement, currency, action, amount } of rows.flatMap(
    ({ own }) => own,
  )) {
    reported.add(connection)
    if (agreement === null || (action !== 'invoiced' && action !== 'forgiven')) continue
    const sums = billed.get(agreement) ?? new Map<string, Decimal>()
    billed.set(agreement, sums.set(currency, plus(sums.get(currency) ?? '0', amount)))
  }
  return ({ agreement: { id, connection } }) => {
    const sums = [...(billed.get(id) ?? [])]
    const [only] = sums
    if (only && sums.length === 1) return { currency: only[0], amount: only[1], asOf }
    return sums.length === 0 && reported.has(connection)
      ? { currency: null, amount: '0', asOf }
      : null
  }
}
