import type { Agreement } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import type { Rate } from '../kernel/money.ts'
import type { Instant } from '../kernel/time.ts'
import type { Window } from './sums.ts'

/** What units cost within a window: `bounds` are where prices change, and span 0 lies before the first. */
export type Rates = {
  readonly bounds: readonly Instant[]
  /** By span, the moment it begins and prices by dimension. */
  readonly spans: readonly {
    readonly from: Instant
    readonly byDimension: ReadonlyMap<string, Rate>
  }[]
}

const versionsMax = 500

/**
 * The prices of an agreement within a window, by its readings. The first one known holds for all time before it; one
 * that changes no price is none.
 */
export async function ratesWithin(
  deps: Deps,
  agreement: Agreement,
  { from, to }: Window,
): Promise<Rates> {
  // Most agreements do not change, and are told of by what is held.
  if (agreement.changedAt <= from) return ratesOf([{ from, told: agreement.usageRates }], from)
  const versions = await agreements.history(deps, agreement.id, undefined, { limit: versionsMax })
  const told = versions
    .map(({ validFrom, content }) => ({ from: validFrom, told: content.usageRates }))
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))
  return ratesOf(
    told.filter((one) => one.from < to),
    from,
    told[0],
  )
}

type Told = { readonly from: Instant; readonly told: Agreement['usageRates'] }

function ratesOf(before: readonly Told[], start: Instant, first?: Told): Rates {
  const opening = before.findLast((one) => one.from <= start) ?? first ?? before[0]
  const later = before.filter((one) => one.from > start && one !== opening)
  const spans: { from: Instant; byDimension: Map<string, Rate>; key: string }[] = []
  for (const { from, told } of [{ from: start, told: opening?.told ?? [] }, ...later]) {
    const byDimension = new Map<string, Rate>(
      told.map(({ dimension, rate, currency }) => [dimension, { currency, price: rate }]),
    )
    const key = JSON.stringify([...byDimension].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    if (spans.at(-1)?.key !== key) spans.push({ from, byDimension, key })
  }
  return { bounds: spans.slice(1).map(({ from }) => from), spans }
}
