import type { Deps } from '../deps.ts'
import { isNegative } from '../kernel/decimal.ts'
import { post } from '../kernel/money.ts'
import * as revenue from '../revenue/service.ts'
import { drawdown, type Ledger, type Purchase, reinstated, type TermsFrom } from './drawdown.ts'
import { history, type Terms, type Vantage } from './model.ts'
import { type Position, position } from './position.ts'
import type { Kept } from './store.ts'

/** A commitment as of a day: its terms then, every line judged and counted, and where that leaves it. */
export type Reckoning = {
  readonly at: Vantage
  /** The version of the terms in force. */
  readonly version: number
  readonly terms: Terms
  readonly ledger: Ledger
  readonly position: Position
  /** What the latest amendment let count after all. */
  readonly reinstated: ReturnType<typeof reinstated> | null
}

/**
 * Derives a commitment's drawdown as of a vantage point: the versions of its terms and the reported lines that were
 * valid by that day and known by then. Undefined when no version was.
 */
export async function reckon(deps: Deps, kept: Kept, at: Vantage): Promise<Reckoning | undefined> {
  const versions = history(kept.versions, at)
  const current = versions.at(-1)
  if (!current) return undefined
  const { terms } = current
  const buyer = { id: kept.buyer, provider: kept.provider, accounts: terms.accounts }
  const billed = await revenue.billedTo(deps, buyer, at)
  const purchases = billed.filter((line) => line.invoicedOn <= at.asOf).map(purchaseOf)
  const chain: TermsFrom[] = versions.map((v) => ({ ...v.terms, validFrom: v.validFrom }))
  const ledger = drawdown(chain, purchases)
  const amended = chain.length > 1 ? chain.at(-1)?.validFrom : undefined
  return {
    at,
    version: current.number,
    terms,
    ledger,
    position: position(
      terms,
      ledger,
      at.asOf,
      versions.slice(0, -1).map((v) => v.terms),
    ),
    reinstated: amended === undefined ? null : reinstated(chain, purchases, amended),
  }
}

function purchaseOf(line: revenue.Billed): Purchase {
  const ref = (id: string) => `${line.connection}/${id}`
  const gaveBack = isNegative(line.amount) && line.parentRef !== null
  return {
    id: ref(line.lineRef),
    invoiceDate: line.invoicedOn,
    amount: post(line.currency, line.amount),
    refundOf: gaveBack ? ref(line.parentRef) : null,
    facts: line.facts,
  }
}
