import { add, type Money, subtract } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'

/** An entry of the buyer's own statement about the commitment: a settled charge, negative as they print it. */
export type Settlement = {
  readonly day: Day
  readonly charge: Money
  /** Paid with credit or prepayment, which took its share of the commitment when it was bought. */
  readonly coveredByCredit: boolean
  /** The balance the statement prints after it; null when it prints none. */
  readonly stated: Money | null
}

export type Settled = Settlement & { readonly balance: Money; readonly agrees: boolean }

/**
 * Folds a statement from the amount committed. A printed balance that does not follow is marked, not refused:
 * the documentation's own sample contradicts itself.
 */
export function settle(committed: Money, entries: readonly Settlement[]): Settled[] {
  let balance = committed
  return entries.map((entry) => {
    if (!entry.coveredByCredit) balance = add(balance, entry.charge)
    const agrees = entry.stated === null || subtract(entry.stated, balance).minor === 0n
    return { ...entry, balance, agrees }
  })
}
