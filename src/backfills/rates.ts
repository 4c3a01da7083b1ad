import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import type { Rate } from '../kernel/money.ts'

/** What one unit of each dimension is sold for by an agreement, as far as it says. */
export async function ratesOf(deps: Deps, agreement: string): Promise<Map<string, Rate>> {
  const found = (await agreements.find(deps, [agreement])).get(agreement)
  return new Map(
    (found?.usageRates ?? []).map(({ dimension, rate, currency }) => [
      dimension,
      { currency, price: rate },
    ]),
  )
}
