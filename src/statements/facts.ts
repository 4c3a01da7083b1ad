import type { Agreement } from '../agreements/model.ts'
import type { Deps } from '../deps.ts'
import type { Decimal } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import { addMonths, dayOf, firstDay, type Instant, type Month, startOf } from '../kernel/time.ts'
import * as metering from '../metering/service.ts'
import type { Basis, LineAction, LineKind, Vantage } from '../revenue/model.ts'
import * as revenue from '../revenue/service.ts'
import * as invoices from './invoices.ts'
import type { Invoice, Taken } from './model.ts'
import { type Rates, ratesWithin } from './rates.ts'
import {
  contractSums,
  type PartSum,
  type PostingSum,
  type RatingSum,
  type RecordSum,
  usageSums,
  type Window,
} from './sums.ts'

/** Lines, and rows of what was read back, of one agreement and month. */
const rowsMax = 10_000

/** An invoice line as far as a statement asks. */
export type Line = {
  readonly lineRef: string
  readonly action: LineAction
  readonly kind: LineKind
  readonly basis: Basis | null
  readonly amount: Decimal
  readonly currency: string
  readonly invoiceRef: string | null
  readonly month: Month
  readonly usage: Window | null
  /** The same in other currencies it is told in. */
  readonly others: readonly { readonly amount: Decimal; readonly currency: string }[]
}

/** All that is known of one agreement and month. */
export type Facts = {
  readonly agreement: Agreement
  readonly month: Month
  readonly window: Window
  readonly at: Vantage
  readonly now: Instant
  readonly rates: Rates
  readonly parts: readonly PartSum[]
  readonly records: readonly RecordSum[]
  readonly ratings: readonly RatingSum[]
  readonly postings: readonly PostingSum[]
  readonly taken: readonly Taken[]
  /** Invoiced in the month, or charging use of it. */
  readonly lines: readonly Line[]
  readonly invoices: readonly Invoice[]
}

/** UTC hours. */
export const windowOf = (month: Month): Window => ({
  from: startOf(firstDay(month)),
  to: startOf(addMonths(firstDay(month), 1)),
})

export async function load(
  deps: Deps,
  agreement: Agreement,
  month: Month,
  at: Vantage,
): Promise<Facts> {
  const window = windowOf(month)
  const { id, agreementRef, connection } = agreement
  const rates = await ratesWithin(deps, agreement, window)
  const [sums, contract, taken, lines, invoiced] = await Promise.all([
    usageSums(deps.db, id, window, rates.bounds),
    contractSums(deps.db, id, window),
    takenWithin(deps, { connection, agreementRef }, window),
    linesAbout(deps, id, month, at),
    invoices.about(deps.db, id, month),
  ])
  const facts = { agreement, month, window, at, now: deps.now(), rates, taken, lines }
  return { ...facts, ...sums, ...contract, invoices: invoiced }
}

async function takenWithin(
  deps: Deps,
  { connection, agreementRef }: { readonly connection: string; readonly agreementRef: string },
  { from, to }: Window,
): Promise<readonly Taken[]> {
  const rows = await metering.listReadBacks(deps, rowsMax + 1, undefined, {
    agreement: agreementRef,
    connection,
    from: dayOf(from),
    to: dayOf(to),
  })
  if (rows.length > rowsMax) throw tooMany('days of usage')
  return rows.map((row) => ({ ...row, taken: row.processed ?? row.submitted ?? '0' }))
}

async function linesAbout(
  deps: Deps,
  agreement: string,
  month: Month,
  at: Vantage,
): Promise<readonly Line[]> {
  const filter = { agreement, about: month }
  const lines = await revenue.listLines(deps, filter, at, { limit: rowsMax + 1 })
  if (lines.length > rowsMax) throw tooMany('lines')
  return lines.map((line) => ({
    ...line,
    basis: line.basis ?? null,
    month: line.invoicedOn.slice(0, 7) as Month,
  }))
}

const tooMany = (what: string) =>
  new Problem('too_large', `a month of this agreement has more than ${rowsMax} ${what}`)
