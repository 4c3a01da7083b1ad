import {
  compare,
  type Decimal,
  isNegative,
  isZero,
  least,
  minus,
  negate,
  plus,
  times,
  total,
} from '../kernel/decimal.ts'
import type { Instant } from '../kernel/time.ts'

/**
 * Money that usage draws on: a grant, a release of the commit, or what rolled over from one.
 * `granted = drawn + left + forfeited + rolled`, always.
 */
export type Lot = {
  readonly id: string
  readonly kind: 'grant' | 'commit' | 'rollover'
  readonly priority: number
  readonly from: Instant
  /** Exclusive; null is for ever. */
  readonly until: Instant | null
  readonly granted: Decimal
  readonly left: Decimal
  readonly forfeited: Decimal
  /** What of it went on as another lot. */
  readonly rolled: Decimal
  readonly hasEnded: boolean
}

export type Draw = { readonly lot: string; readonly amount: Decimal }

/** Money of usage as it was found, oldest first: drawn on a lot, or billed at a multiple. */
export type Run = Draw | { readonly multiplier: Decimal; readonly amount: Decimal }

export const newLot = (
  lot: Pick<Lot, 'id' | 'kind' | 'priority' | 'from' | 'until' | 'granted'>,
): Lot => ({ ...lot, left: lot.granted, forfeited: '0', rolled: '0', hasEnded: false })

export const drawnOf = ({ granted, left, forfeited, rolled }: Lot): Decimal =>
  minus(granted, total([left, forfeited, rolled]))

export const isOpen = (lot: Lot, at: Instant): boolean =>
  !lot.hasEnded && lot.from <= at && (lot.until === null || lot.until > at)

/** Grants before the commit; of either by priority, earliest end, id. */
export const inBurnOrder = (lots: readonly Lot[]): Lot[] => lots.toSorted(before)

function before(a: Lot, b: Lot): number {
  const rank = Number(a.kind !== 'grant') - Number(b.kind !== 'grant')
  if (rank !== 0) return rank
  if (a.priority !== b.priority) return a.priority - b.priority
  const [endA, endB] = [a.until ?? '~', b.until ?? '~']
  if (endA !== endB) return endA < endB ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** What may be drawn on at a moment. */
export const available = (lots: readonly Lot[], at: Instant): Decimal =>
  total(lots.filter((lot) => isOpen(lot, at)).map(({ left }) => left))

/** Draws an amount on the lots that are open, in burn order; `rest` is what none of them had. */
export function burn(
  lots: readonly Lot[],
  amount: Decimal,
  at: Instant,
): { readonly lots: readonly Lot[]; readonly draws: readonly Draw[]; readonly rest: Decimal } {
  let rest = amount
  const draws: Draw[] = []
  for (const lot of inBurnOrder(lots.filter((one) => isOpen(one, at)))) {
    const drawn = least(rest, lot.left)
    if (isZero(drawn)) continue
    draws.push({ lot: lot.id, amount: drawn })
    rest = minus(rest, drawn)
  }
  return { lots: change(lots, draws, minus), draws, rest }
}

/** Puts drawn amounts back. */
export const restore = (lots: readonly Lot[], draws: readonly Draw[]): readonly Lot[] =>
  change(lots, draws, plus)

function change(
  lots: readonly Lot[],
  draws: readonly Draw[],
  by: (left: Decimal, amount: Decimal) => Decimal,
): readonly Lot[] {
  const amounts = new Map<string, Decimal>()
  for (const { lot, amount } of draws) amounts.set(lot, plus(amounts.get(lot) ?? '0', amount))
  return lots.map((lot) => {
    const amount = amounts.get(lot.id)
    return amount === undefined ? lot : { ...lot, left: by(lot.left, amount) }
  })
}

export type Unwound = {
  /** What is left of the runs. */
  readonly runs: readonly Run[]
  readonly restored: readonly Draw[]
  /** What had been drawn on lots that are over: owed to the buyer. */
  readonly credited: Decimal
  /** What had been billed, with its multiples. */
  readonly unbilled: Decimal
  /** What no run was left for. */
  readonly rest: Decimal
}

/** Takes an amount back out of runs, the last first. A lot that is not open is not refilled. */
export function unwind(
  runs: readonly Run[],
  amount: Decimal,
  isRefilled: (lot: string) => boolean,
): Unwound {
  const left = [...runs]
  const restored: Draw[] = []
  let [rest, credited, unbilled]: Decimal[] = [amount, '0', '0'] as [Decimal, Decimal, Decimal]
  while (compare(rest, '0') > 0) {
    const run = left.pop()
    if (run === undefined) break
    if (isNegative(run.amount)) {
      left.push(run)
      break
    }
    const part = least(rest, run.amount)
    rest = minus(rest, part)
    if (compare(part, run.amount) < 0) left.push({ ...run, amount: minus(run.amount, part) })
    if ('multiplier' in run) unbilled = plus(unbilled, times(part, run.multiplier))
    else if (isRefilled(run.lot)) restored.push({ lot: run.lot, amount: part })
    else credited = plus(credited, part)
  }
  return { runs: left, restored, credited, unbilled, rest }
}

/** Adds a run, joined with the one before where both are of one kind. */
export function pushRun(runs: readonly Run[], run: Run): readonly Run[] {
  const last = runs.at(-1)
  const isSame =
    last !== undefined &&
    ('lot' in last
      ? 'lot' in run && last.lot === run.lot
      : 'multiplier' in run && last.multiplier === run.multiplier)
  if (!isSame) return [...runs, run]
  const amount = plus(last.amount, run.amount)
  return isZero(amount) ? runs.slice(0, -1) : [...runs.slice(0, -1), { ...last, amount }]
}

export const negated = (draws: readonly Draw[]): Draw[] =>
  draws.map(({ lot, amount }) => ({ lot, amount: negate(amount) }))
