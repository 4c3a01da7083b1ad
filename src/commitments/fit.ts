import { type Decimal, divide, isZero } from '../kernel/decimal.ts'
import { add, type Money, money, portion, ratio, subtract, sum, zero } from '../kernel/money.ts'
import { type Day, within } from '../kernel/time.ts'
import { above } from './forecast.ts'

/** A charge of an offer to come, in the commitment's currency, judged as of its own date. */
export type FitCharge = {
  readonly on: Day
  readonly amount: Money
  readonly status: 'counts' | 'excluded' | 'unknown'
  readonly reason: string
  readonly rule: string | null
  readonly missing: readonly string[]
  /** The share that would count; what an amount moved here would be worth. */
  readonly share: Decimal
  /** The ceiling it shares with others, a key into the headrooms. */
  readonly pool: string
}

export type FitTranche = {
  readonly start: Day
  readonly endExclusive: Day
  readonly amount: Money
  /** What has counted in it so far, ours and what others are known to have. */
  readonly counted: Money
  readonly forecastNative: Money | null
}

/** What is left under each ceiling; null where none is known. */
export type Headrooms = ReadonlyMap<string, Money | null>

export type TrancheFit = {
  readonly start: Day
  readonly eligible: Money
  /** Before this offer; null when no ceiling is known. */
  readonly headroom: Money | null
  /** At most this much can count: other vendors may have used the room. */
  readonly countable: Money
  readonly overCap: Money
  /** What would be missing at the end without the offer; null when the buyer's own use is not known. */
  readonly shortfallWithoutOffer: Money | null
  /** The part that closes that gap. */
  readonly useful: Money | null
}

/** An amount that would count if it were charged on another of the offer's days. */
export type Move = { readonly from: Day; readonly to: Day; readonly amount: Money }

export type Fit = {
  readonly tcv: Money
  readonly tranches: readonly TrancheFit[]
  readonly countable: Money
  /** Null as soon as one tranche's is not known. */
  readonly useful: Money | null
  readonly overCap: Money
  readonly beforeCommitment: Money
  readonly afterCommitmentEnd: Money
  readonly notEligible: Money
  readonly unknown: Money
  /** Countable over total, to 4 decimals; null for a total of nothing. */
  readonly fitRatio: Decimal | null
  readonly moves: readonly Move[]
  readonly countableIfMoved: Money
}

type Placed = FitCharge & { readonly tranche: FitTranche; eligible: Money; countable: Money }

/**
 * How much of an offer could burn a commitment down within its term, charge by charge on its own date, and which
 * moves between its dates would let more of it count.
 */
export function offerFit(
  charges: readonly FitCharge[],
  tranches: readonly FitTranche[],
  headrooms: Headrooms,
  currency: string,
): Fit {
  const left = new Map(headrooms)
  const inside = place(charges, tranches)
  const rows = tranches.map((tranche) => {
    const ours = inside.filter((charge) => charge.tranche === tranche)
    const before = ours[0] ? (left.get(ours[0].pool) ?? null) : null
    for (const charge of ours) take(charge, left)
    return row(tranche, ours, before, currency)
  })
  const outside = (wanted: (charge: FitCharge) => boolean) =>
    sum(
      currency,
      charges.filter(wanted).map((charge) => charge.amount),
    )
  const tcv = outside(() => true)
  const countable = sum(
    currency,
    rows.map((r) => r.countable),
  )
  const useful = rows.flatMap((r) => r.useful ?? [])
  const moves = retime(charges, inside, left)
  return {
    tcv,
    tranches: rows,
    countable,
    useful: useful.length === rows.length ? sum(currency, useful) : null,
    overCap: sum(
      currency,
      rows.map((r) => r.overCap),
    ),
    beforeCommitment: outside((c) => c.reason === 'BEFORE_COMMITMENT'),
    afterCommitmentEnd: outside((c) => c.reason === 'AFTER_COMMITMENT'),
    notEligible: outside((c) => c.status === 'excluded' && !outsideTerm.has(c.reason)),
    unknown: outside((c) => c.status === 'unknown'),
    fitRatio: tcv.minor === 0n ? null : ratio(countable, tcv, 4),
    moves: moves.map(({ from, to, amount }) => ({ from, to, amount })),
    countableIfMoved: add(
      countable,
      sum(
        currency,
        moves.map((move) => move.gain),
      ),
    ),
  }
}

const outsideTerm = new Set(['BEFORE_COMMITMENT', 'AFTER_COMMITMENT'])

const place = (charges: readonly FitCharge[], tranches: readonly FitTranche[]): Placed[] =>
  charges
    .toSorted((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0))
    .flatMap((charge) => {
      const tranche = tranches.find((t) => within(charge.on, t))
      if (!tranche || charge.status !== 'counts') return []
      const eligible = portion(charge.amount, charge.share)
      return [{ ...charge, tranche, eligible, countable: zero(eligible.currency) }]
    })

function take(charge: Placed, left: Map<string, Money | null>): void {
  const room = left.get(charge.pool) ?? null
  charge.countable = room && room.minor < charge.eligible.minor ? room : charge.eligible
  if (room) left.set(charge.pool, subtract(room, charge.countable))
}

function row(
  tranche: FitTranche,
  ours: readonly Placed[],
  headroom: Money | null,
  currency: string,
): TrancheFit {
  const eligible = sum(
    currency,
    ours.map((charge) => charge.eligible),
  )
  const countable = sum(
    currency,
    ours.map((charge) => charge.countable),
  )
  const gap =
    tranche.forecastNative && above(above(tranche.amount, tranche.forecastNative), tranche.counted)
  return {
    start: tranche.start,
    eligible,
    headroom,
    countable,
    overCap: subtract(eligible, countable),
    shortfallWithoutOffer: gap,
    useful: gap && (countable.minor < gap.minor ? countable : gap),
  }
}

type Source = { readonly on: Day; readonly pool: string | null; rest: Money }

/** Moves what does not count, the latest charge first, to the earliest of the other dates that has room. */
function retime(
  charges: readonly FitCharge[],
  inside: readonly Placed[],
  left: ReadonlyMap<string, Money | null>,
): (Move & { readonly gain: Money })[] {
  const room = new Map(left)
  const late = charges
    .filter((c) => outsideTerm.has(c.reason))
    .map((c): Source => ({ on: c.on, pool: null, rest: c.amount }))
  const over = inside
    .filter((c) => c.countable.minor < c.eligible.minor)
    .map(
      (c): Source => ({
        on: c.on,
        pool: c.pool,
        rest: unshared(subtract(c.eligible, c.countable), c.share),
      }),
    )
  return [...over, ...late].toReversed().flatMap((source) => spread(source, inside, room))
}

function spread(source: Source, targets: readonly Placed[], room: Map<string, Money | null>) {
  const moves: (Move & { gain: Money })[] = []
  for (const target of targets) {
    const free = room.get(target.pool)
    if (target.pool === source.pool || source.rest.minor === 0n) continue
    const most = free ? unshared(free, target.share) : source.rest
    const amount = most.minor < source.rest.minor ? most : source.rest
    if (amount.minor <= 0n) continue
    const gain = portion(amount, target.share)
    source.rest = subtract(source.rest, amount)
    if (free) room.set(target.pool, above(free, gain))
    moves.push({ from: source.on, to: target.on, amount, gain })
  }
  return moves
}

/** The amount of which a share is worth this much, rounded down. */
function unshared(worth: Money, share: Decimal): Money {
  if (isZero(share)) return zero(worth.currency)
  const minor = divide(worth.minor.toString(), share, 0, 'down')
  return money(worth.currency, BigInt(minor))
}
