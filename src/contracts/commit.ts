import { type Decimal, least, minus, times } from '../kernel/decimal.ts'
import { type Currency, post, toDecimal } from '../kernel/money.ts'
import { addMonths, type Day, startOf } from '../kernel/time.ts'
import { type Lot, newLot } from './grants.ts'
import type { ContractTerms } from './terms.ts'

/**
 * The commit as lots, the first release first. What is left of one stays until the contract's end where it rolls over
 * without limit; otherwise it ends with the next release.
 */
export function releasesOf({ commit, start, end }: ContractTerms): Lot[] {
  if (commit === null) return []
  const releases = commit.releases ?? [{ on: start, amount: commit.amount }]
  const staysOn = commit.unused === 'rollover' && commit.rollover === undefined
  return releases.map(({ on, amount }, i) => {
    const until = (staysOn ? undefined : releases[i + 1]?.on) ?? end
    return newLot({
      id: `commit:${on}`,
      kind: 'commit',
      priority: 0,
      from: startOf(on),
      until: until && startOf(until),
      granted: amount,
    })
  })
}

export type Rollover = {
  readonly rolledOver: Decimal
  readonly forfeited: Decimal
  /** The first day it can no longer be used. */
  readonly expires: Day
}

/**
 * What is left of a release when it ends: at most a share of what was released goes on (rounded to the currency's
 * decimals), at most the cap, with an end of its own; the rest is forfeited.
 */
export function rollOver(
  currency: Currency,
  left: { readonly amount: Decimal; readonly unused: Decimal; readonly on: Day },
  rule: { readonly percent: Decimal; readonly expiresAfterMonths: number; readonly cap?: Decimal },
): Rollover {
  const share = times(rule.percent, '0.01')
  const limit = toDecimal(post(currency, times(left.amount, share)))
  const most = rule.cap === undefined ? limit : least(limit, rule.cap)
  const rolledOver = least(left.unused, most)
  return {
    rolledOver,
    forfeited: minus(left.unused, rolledOver),
    expires: addMonths(left.on, rule.expiresAfterMonths),
  }
}
