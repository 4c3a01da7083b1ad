import { addDays, type Day } from '../../src/kernel/time.ts'
import type { OfferOrder, Reason } from '../../src/offers/model.ts'
import type { World } from './world.ts'

/** What became of a request that was sent past the adapter. */
export type Sent =
  | { readonly is: 'taken' }
  | { readonly is: 'refused'; readonly why: readonly string[] }

/**
 * What the suite needs of a marketplace besides the port. What not every marketplace has may be left out; the promises
 * that hang on it are then skipped, and say why.
 */
export type OffersWorld = World<'offers'> & {
  /** The marketplace knows no keys: a repeat is told by `askedAt`, and finds what came of the first request. */
  readonly keyless?: boolean
  /** Orders that the marketplace takes, by what is special about them; `plain` is the simplest. */
  readonly good: { readonly plain: OfferOrder } & Readonly<Record<string, OfferOrder>>
  /** Orders that break one rule each, and the path at which that is told. */
  readonly bad: Readonly<Record<string, { readonly order: OfferOrder; readonly path: string }>>
  /** Orders we refuse by ourselves: no request can say what they say, or the documents leave a doubt. */
  readonly cautious: OffersWorld['bad']
  /** Breaks several rules that only the marketplace can know; everything it says about them, in its own codes. */
  readonly refusedLater?: {
    readonly order: OfferOrder
    readonly reasons: readonly Partial<Reason>[]
  }
  /** What the marketplace refuses in its first answer. */
  readonly refusedAtOnce: Readonly<Record<string, OfferOrder>>
  /** Orders put together at random by a seed: good ones, and ones with some rule broken. */
  readonly drawn: readonly OfferOrder[]
  /** Sends exactly these requests, past the adapter, and waits how they end. */
  readonly send: (requests: readonly unknown[]) => Promise<Sent>
  /** How many operations it was asked for, and how many offers it holds. */
  readonly operations: () => Promise<number>
  readonly offers: () => Promise<number>
  /** What `requests` shows and what the marketplace holds of the operation, brought to one form. */
  readonly compared: (
    requests: readonly unknown[],
    operation: string,
  ) => Promise<readonly [unknown, unknown]>
  /** Time passes until nothing that was begun is under way any more. */
  readonly settle: () => Promise<void>
  /** An operation of each kind, in this marketplace's form, that nobody ever began. */
  readonly nobodys?: { readonly publishing: string; readonly change: string }
  /** How many operations a change takes; one where it is left out. */
  readonly changeOperations?: Readonly<Record<'withdraw' | 'extend', number>>
  /** The buyer accepts a live offer, and does nothing else. Needed where the port can look. */
  readonly accept?: (offerRef: string) => Promise<void>
  /** Somebody else has a change under way, and no other is taken meanwhile. */
  readonly occupy?: (offerRef: string) => Promise<void>
  /** The next operation fails, and it is the marketplace's own fault. */
  readonly failNext?: () => Promise<void>
  /** Somebody stops the operation at the marketplace. */
  readonly cancel: (operation: string) => Promise<void>
  /** What the buyer sees of an offer: until when it can be accepted; null when there is nothing to accept. */
  readonly seenByBuyer: (offerRef: string) => Promise<{ readonly until: Day } | null>
  /** The marketplace forgets from now on, within a day, which keys it has seen; or remembers them. */
  readonly forgetKeys?: (forgets: boolean) => Promise<void>
  /** Only so many calls are taken at once from now on; undone by `relax`. */
  readonly ration: () => Promise<void>
  readonly relax: () => Promise<void>
  /** So many operations are under way that no other is taken; undone by `relax` and `settle`. */
  readonly crowd?: () => Promise<void>
}

/** The same order written today, under a name that no other has, so that what came of it can be told apart. */
export function anew(world: OffersWorld, order: OfferOrder = world.good.plain): OfferOrder {
  const written = laterOn(world, order)
  named += 1
  return { ...written, terms: { ...written.terms, name: `${written.terms.name} ${named}` } }
}
let named = 0

/** The same order written today: the suite's clock has moved since the world was made. */
export function laterOn(
  { now, good }: Pick<OffersWorld, 'now' | 'good'>,
  order: OfferOrder,
): OfferOrder {
  const today = now().slice(0, 10) as Day
  const passedDays = (Date.parse(today) - Date.parse(good.plain.submittedOn)) / 86_400_000
  const moved = (text: string) =>
    /^\d{4}-\d\d-\d\d$/.test(text) ? addDays(text as Day, passedDays) : text
  return JSON.parse(JSON.stringify(order), (_, value) =>
    typeof value === 'string' ? moved(value) : value,
  )
}
