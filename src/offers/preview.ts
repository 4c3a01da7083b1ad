import type { Deps } from '../deps.ts'
import { type MoneyJson, toDecimal, toJson } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Day } from '../kernel/time.ts'
import { factsOf } from '../listings/model.ts'
import { keyOf, type Offer, type Quote } from './model.ts'
import { prepare, saleOf } from './prepare.ts'
import { type PaymentSchedule, scheduleOf } from './price.ts'
import { quote } from './quote.ts'
import * as store from './store.ts'

export type PreviewSchedule = {
  readonly rows: readonly {
    readonly when: 'acceptance' | Day
    readonly on: Day
    readonly amount: MoneyJson
  }[]
  readonly total: MoneyJson
  readonly matches: boolean
}

export type Preview = {
  readonly key: string
  /** Exactly what the marketplace would be sent; empty while the order breaks rules that hold everywhere. */
  readonly requests: readonly unknown[]
  readonly violations: readonly Violation[]
  /** Null for use alone, and while amounts cannot be read. */
  readonly schedule: PreviewSchedule | null
  readonly quote: Quote | null
  /** What of it would burn the buyer's commitments down; null when nothing is known of any. */
  readonly fit: unknown
}

/** What submitting would do, or did. Changes nothing here or at the marketplace, and calls nobody. */
export async function preview(deps: Deps, id: string): Promise<Preview> {
  const offer = await store.get(deps.db, id)
  const prepared = await prepare(deps, offer)
  const { order, violations, isSound, port } = prepared
  const key = keyFor(offer)
  const schedule = scheduleOf(order.terms, order.submittedOn)
  const frozen = order === offer.order ? offer.quote : null
  const fit = schedule
    ? await deps.estimateFit(deps)({
        buyer: offer.buyer,
        provider: prepared.connection.provider,
        currency: order.terms.currency,
        charges: schedule.rows.map(({ on, amount }) => ({ on, amount: toDecimal(amount) })),
        facts: factsOf(prepared.listing),
      })
    : null
  return {
    key,
    requests: isSound ? port.requests(order, key) : [],
    violations,
    schedule: schedule ? shown(schedule) : null,
    quote: frozen ?? quote(order.terms, saleOf(deps, prepared)),
    fit,
  }
}

/** The key a submission would use, or the one the last one used. */
const keyFor = ({ id, keysUsed, state, sentKey }: Offer): string =>
  state.is === 'draft' || state.is === 'refused' || sentKey === null
    ? keyOf(id, keysUsed + 1)
    : sentKey

const shown = ({ rows, total, matches }: PaymentSchedule): PreviewSchedule => ({
  rows: rows.map(({ when, on, amount }) => ({ when, on, amount: toJson(amount) })),
  total: toJson(total),
  matches,
})
