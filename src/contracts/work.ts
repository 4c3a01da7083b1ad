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
} from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Book, type Frame, type Span, termOf } from './book.ts'
import { seen, withoutUnits, withUnits } from './frames.ts'
import {
  available,
  burn,
  type Draw,
  isOpen,
  type Lot,
  negated,
  pushRun,
  type Run,
  restore,
  unwind,
} from './grants.ts'
import { periodAt } from './period.ts'
import { afford, type Price, worth } from './price.ts'
import type { Rating } from './rate.ts'

/** One rating under way: what it finds in a book, and what it makes of it. */
export class Work {
  readonly #book: Book
  readonly #dimension: string
  readonly #at: Instant
  frames: Frame[]
  lots: readonly Lot[]
  owed: Decimal
  #setOff: Decimal = '0'
  #included: Decimal = '0'
  #committed: Decimal = '0'
  #drawn: Draw[] = []
  #credited: Decimal = '0'
  #units: Decimal | null = null
  #overage: Decimal = '0'

  constructor(book: Book, dimension: string, at: Instant, frames: readonly Frame[], owed: Decimal) {
    this.#book = book
    this.#dimension = dimension
    this.#at = at
    this.frames = [...frames]
    this.lots = book.lots
    this.owed = owed
  }

  add(quantity: Decimal): void {
    this.#setOff = least(quantity, this.owed)
    this.owed = minus(this.owed, this.#setOff)
    const units = minus(quantity, this.#setOff)
    if (isZero(units)) return
    this.#openFrame()
    const free = least(units, this.#includedLeft())
    this.#push('included', free)
    this.#included = free
    const rest = minus(units, free)
    const { price, overage } = this.#card(this.#book.cards.length - 1)
    const covered =
      overage.at === 'committed'
        ? rest
        : afford(price, this.#seen('committed'), rest, available(this.lots, this.#at))
    this.#addCommitted(price, covered, overage.at === 'committed' ? overage.multiplier : '1')
    if (overage.at === 'list') this.#addListed(overage.price, minus(rest, covered))
  }

  #addCommitted(price: Price, units: Decimal, multiplier: Decimal): void {
    const seen = this.#seen('committed')
    this.#push('committed', units)
    this.#settle(worth(price, seen, plus(seen, units)), multiplier)
  }

  #addListed(price: Price, units: Decimal): void {
    const seen = this.#seen('list')
    this.#push('list', units)
    this.#bill(units, worth(price, seen, plus(seen, units)))
  }

  /** The last units first, out of one span after the other. */
  takeBack(quantity: Decimal): void {
    let rest = quantity
    while (!isZero(rest)) {
      const frame = this.frames.at(-1)
      const span = frame?.spans.at(-1)
      if (!frame || !span) {
        if (!frame) break
        this.frames.pop()
        continue
      }
      const units = least(rest, span.units)
      rest = minus(rest, units)
      this.#takeUnits(span, units)
    }
    this.owed = plus(this.owed, rest)
    this.#setOff = negate(rest)
  }

  #takeUnits(span: Span, units: Decimal): void {
    const seen = this.#seen(span.kind)
    const before = minus(seen, units)
    const { price, overage } = this.#card(span.card)
    this.#replace(withoutUnits(this.#top(), units))
    if (span.kind === 'included') this.#included = minus(this.#included, units)
    else if (span.kind === 'committed')
      this.#settle(
        worth(price, seen, before),
        overage.at === 'committed' ? overage.multiplier : '1',
      )
    else if (overage.at === 'list') this.#bill(negate(units), worth(overage.price, seen, before))
  }

  #bill(units: Decimal, amount: Decimal): void {
    this.#units = plus(this.#units ?? '0', units)
    this.#overage = plus(this.#overage, amount)
  }

  /** Finds the money for a change of what the frame's units are worth at committed prices, or gives it back. */
  #settle(amount: Decimal, multiplier: Decimal): void {
    this.#committed = plus(this.#committed, amount)
    if (isNegative(amount)) this.#giveBack(negate(amount))
    else this.#find(amount, multiplier)
  }

  #find(amount: Decimal, multiplier: Decimal): void {
    const debt = this.#top().runs.at(-1)
    const back = debt && isNegative(debt.amount) ? least(amount, negate(debt.amount)) : '0'
    if (!isZero(back)) this.#run({ multiplier: '1', amount: back })
    const { lots, draws, rest } = burn(this.lots, minus(amount, back), this.#at)
    this.lots = lots
    this.#drawn.push(...draws)
    for (const draw of draws) this.#run(draw)
    if (!isZero(rest)) this.#run({ multiplier, amount: rest })
  }

  #giveBack(amount: Decimal): void {
    const frame = this.#top()
    const isRefilled = (id: string) =>
      this.lots.some((lot) => lot.id === id && isOpen(lot, this.#at))
    const { runs, restored, credited, unbilled, rest } = unwind(frame.runs, amount, isRefilled)
    this.#replace({ ...frame, runs })
    this.lots = restore(this.lots, restored)
    this.#drawn.push(...negated(restored))
    this.#credited = plus(this.#credited, credited)
    this.#overage = minus(this.#overage, unbilled)
    // New prices can make the units of a period cheaper than they were: that is owed.
    if (!isZero(rest)) this.#run({ multiplier: '1', amount: negate(rest) })
  }

  #run(run: Run): void {
    const frame = this.#top()
    this.#replace({ ...frame, runs: pushRun(frame.runs, run) })
    if ('multiplier' in run) this.#overage = plus(this.#overage, times(run.amount, run.multiplier))
  }

  rating(quantity: Decimal): Rating {
    return {
      dimension: this.#dimension,
      quantity,
      setOff: this.#setOff,
      included: this.#included,
      committed: this.#committed,
      drawn: joined(this.#drawn),
      credited: this.#credited,
      overage: { units: this.#units, amount: this.#overage },
      charge: minus(this.#overage, this.#credited),
    }
  }

  #card(index: number): Priced {
    const card = this.#book.cards[index]
    const own = card?.rates.find((one) => one.dimension === this.#dimension)
    if (!card || !own)
      throw new Problem('internal', `the contract does not price ${this.#dimension}`)
    if (card.overage.at === 'committed') return { ...own, overage: card.overage }
    const listed = card.overage.rates.find((one) => one.dimension === this.#dimension)
    if (!listed)
      throw new Problem('internal', `the contract has no list price for ${this.#dimension}`)
    return { ...own, overage: { at: 'list', price: listed.price } }
  }

  /** Makes the last frame that of the period in progress. */
  #openFrame(): void {
    const { period } = this.#card(this.#book.cards.length - 1)
    const { start, end } = periodAt(termOf(this.#book), period, this.#at)
    const top = this.frames.at(-1)
    if (top?.period === period && top.start === start) return
    this.frames.push({ period, start, end, spans: [], runs: [] })
  }

  /** Units that cost nothing are part of the term: none are left when it is over. */
  #includedLeft(): Decimal {
    const { included } = this.#card(this.#book.cards.length - 1)
    if (included === undefined || this.#book.isOver) return '0'
    const used = this.#seen('included')
    return compare(used, included) >= 0 ? '0' : minus(included, used)
  }

  #seen(kind: Span['kind']): Decimal {
    return seen(this.#top(), kind)
  }

  #push(kind: Span['kind'], units: Decimal): void {
    this.#replace(withUnits(this.#top(), { kind, card: this.#book.cards.length - 1, units }))
  }

  #top(): Frame {
    const top = this.frames.at(-1)
    if (!top) throw new Problem('internal', 'a rating without a period')
    return top
  }

  #replace(frame: Frame): void {
    this.frames[this.frames.length - 1] = frame
  }
}

type Priced = {
  readonly price: Price
  readonly period: Frame['period']
  readonly included?: Decimal | undefined
  readonly overage:
    | { readonly at: 'committed'; readonly multiplier: Decimal }
    | { readonly at: 'list'; readonly price: Price }
}

/** Each lot once; what was drawn and put back again is not told. */
function joined(draws: readonly Draw[]): Draw[] {
  const byLot = new Map<string, Decimal>()
  for (const { lot, amount } of draws) byLot.set(lot, plus(byLot.get(lot) ?? '0', amount))
  return [...byLot].flatMap(([lot, amount]) => (isZero(amount) ? [] : [{ lot, amount }]))
}
