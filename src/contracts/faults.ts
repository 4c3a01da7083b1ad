import { compare, isNegative, isZero, total } from '../kernel/decimal.ts'
import { amountFault, isCurrency } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Price, Tier } from './price.ts'
import type { ContractTerms } from './terms.ts'

/** Everything about terms that no schema of one field can see, each with its path. */
export function faultsOf(terms: ContractTerms): Violation[] {
  return [
    ...amountFaults(terms),
    ...termFaults(terms),
    ...commitFaults(terms),
    ...grantFaults(terms),
    ...rateFaults(terms),
    ...overageFaults(terms),
    ...minimumFaults(terms),
  ]
}

function amountFaults({ currency, commit, grants, minimums }: ContractTerms): Violation[] {
  const amounts: [path: string, amount: string | undefined, mayBeZero?: true][] = [
    ['commit.amount', commit?.amount],
    ['commit.rollover.cap', commit?.rollover?.cap, true],
    ...(commit?.releases ?? []).map(({ amount }, i): [string, string] => [
      `commit.releases.${i}.amount`,
      amount,
    ]),
    ...grants.map(({ amount }, i): [string, string] => [`grants.${i}.amount`, amount]),
    ...minimums.map(({ amount }, i): [string, string] => [`minimums.${i}.amount`, amount]),
  ]
  return amounts.flatMap(([path, amount, mayBeZero]) => {
    if (amount === undefined || !isCurrency(currency)) return []
    const fault = amountFault(currency, amount)
    if (fault) return [{ path, message: fault }]
    if (mayBeZero ? !isNegative(amount) : !isNegative(amount) && !isZero(amount)) return []
    return [{ path, message: mayBeZero ? 'must not be negative' : 'must be above zero' }]
  })
}

const termFaults = ({ start, end }: ContractTerms): Violation[] =>
  end !== null && end <= start ? [{ path: 'end', message: 'must lie after the start' }] : []

function commitFaults({ commit, start, end }: ContractTerms): Violation[] {
  if (commit === null) return []
  const found: Violation[] = []
  const { releases, rollover, unused } = commit
  releases?.forEach(({ on }, i) => {
    const path = `commit.releases.${i}.on`
    if (on < start || (end !== null && on >= end))
      found.push({ path, message: 'must lie in the contract’s term' })
    const before = releases[i - 1]
    if (before && on <= before.on) found.push({ path, message: 'must lie after the one above' })
  })
  const sum = releases && total(releases.map(({ amount }) => amount))
  if (sum !== undefined && compare(sum, commit.amount) !== 0)
    found.push({
      path: 'commit.releases',
      message: `must come to the commit: ${sum} is not ${commit.amount}`,
    })
  if (rollover && unused === 'forfeit')
    found.push({ path: 'commit.rollover', message: 'only goes with unused: rollover' })
  if (rollover && compare(rollover.percent, '100') > 0)
    found.push({ path: 'commit.rollover.percent', message: 'must be at most 100' })
  return found
}

function grantFaults({ grants, end }: ContractTerms): Violation[] {
  return grants.flatMap(({ id, from, until }, i) => {
    const found: Violation[] = []
    if (until !== null && until <= from)
      found.push({ path: `grants.${i}.until`, message: 'must lie after the day it begins' })
    if (end !== null && from >= end)
      found.push({ path: `grants.${i}.from`, message: 'must lie before the contract’s end' })
    if (grants.findIndex((other) => other.id === id) !== i)
      found.push({ path: `grants.${i}.id`, message: `${id} stands there already` })
    return found
  })
}

function rateFaults({ rates, bills }: ContractTerms): Violation[] {
  return rates.flatMap((one, i) => {
    const path = `rates.${i}`
    const found = priceFaults(one.price, `${path}.price`)
    if (one.dimension === bills.dimension)
      found.push({ path: `${path}.dimension`, message: 'is the dimension that is billed to' })
    if (rates.findIndex((other) => other.dimension === one.dimension) !== i)
      found.push({ path: `${path}.dimension`, message: `${one.dimension} is rated already` })
    return found
  })
}

function overageFaults({ rates, overage }: ContractTerms): Violation[] {
  if (overage.at !== 'list') return []
  const listed = overage.rates.map((one) => one.dimension)
  const missing = rates.filter((one) => !listed.includes(one.dimension))
  const found = overage.rates.flatMap((one, i) => {
    const path = `overage.rates.${i}`
    const own = priceFaults(one.price, `${path}.price`)
    if (listed.indexOf(one.dimension) !== i)
      own.push({ path: `${path}.dimension`, message: `${one.dimension} is listed already` })
    if (!rates.some((rated) => rated.dimension === one.dimension))
      own.push({ path: `${path}.dimension`, message: `${one.dimension} is not rated` })
    return own
  })
  return [
    ...found,
    ...missing.map((one) => ({
      path: 'overage.rates',
      message: `has no price for ${one.dimension}`,
    })),
  ]
}

function priceFaults(one: Price, path: string): Violation[] {
  return 'tiers' in one ? tierFaults(one.tiers, `${path}.tiers`) : []
}

function tierFaults(all: readonly Tier[], path: string): Violation[] {
  return all.flatMap(({ upTo }, i) => {
    const at = `${path}.${i}.upTo`
    const before = all[i - 1]?.upTo
    const isLast = i === all.length - 1
    if (upTo === null && !isLast) return [{ path: at, message: 'only the last tier may be open' }]
    if (upTo !== null && isLast)
      return [{ path: at, message: 'must be null: the last tier is open' }]
    if (upTo !== null && before && compare(upTo, before) <= 0)
      return [{ path: at, message: 'must be above the tier before' }]
    return []
  })
}

function minimumFaults({ minimums, end }: ContractTerms): Violation[] {
  return minimums.flatMap((one, i) => {
    const path = `minimums.${i}.period`
    const found: Violation[] = []
    if (minimums.findIndex((other) => other.period === one.period) !== i)
      found.push({ path, message: `a ${one.period} has a minimum already` })
    if (one.period === 'term' && end === null)
      found.push({ path, message: 'needs a contract that ends' })
    return found
  })
}
