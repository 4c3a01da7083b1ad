import {
  addDays,
  addMonths,
  type Day,
  firstDay,
  isDay,
  type Month,
  monthOf,
} from '../../src/kernel/time.ts'
import { zoneStart } from '../../src/kernel/zone.ts'
import type { RevenueLine } from '../../src/revenue/model.ts'
import { pacific } from './offer-day.ts'

/** The reports we read; of one month in this order: what rows are joined with before the money. */
export const kinds = ['insights', 'detailed', 'charges', 'disbursements'] as const
export type Kind = (typeof kinds)[number]

/**
 * What a file's name says. `series`: the kind, and of insights whether they are incremental or monthly, which tell of the
 * same days otherwise. `on`: its day or the first of its month; null where the name has none.
 */
export type Named = { readonly kind: Kind; readonly series: string; readonly on: Day | null }

/**
 * `20260101 Charges and Usage`, `20260101 Disbursements`, `2026-01-01 Detailed Disbursements Report`: the first day of
 * the month that was used ("Charges and usage reports", "Disbursements reports", "Detailed disbursements reports"). How
 * files of customer insights are called is not documented beyond that. Undefined for a file that is none of these.
 */
export function nameOf(path: string): Named | undefined {
  const file = path.split('/').at(-1) ?? ''
  if (!/\.csv$/i.test(file) && /\.[a-z]{2,5}$/i.test(file)) return undefined
  const words = file.toLowerCase().replace(/[^a-z0-9]+/g, ' ')
  const kind = kindOf(words)
  if (kind === undefined) return undefined
  const variants = kind === 'insights' ? (words.match(/\b(incremental|monthly)\b/g) ?? []) : []
  return { kind, series: [kind, ...variants.toSorted()].join(' '), on: dayIn(file) }
}

function kindOf(words: string): Kind | undefined {
  if (/\binsights?\b/.test(words)) return 'insights'
  if (/\bdetailed disbursements?\b/.test(words)) return 'detailed'
  if (/\bcharges and usage\b/.test(words)) return 'charges'
  return /\bdisbursements?\b/.test(words) ? 'disbursements' : undefined
}

function dayIn(file: string): Day | null {
  const [, year = '', month = '', day = '01'] =
    /(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])(?:[-_]?([0-3]\d))?(?!\d)/.exec(file) ?? []
  const found = `${year}-${month}-${day}`
  return isDay(found) ? found : null
}

/**
 * The month a line is of: the usage it may hold, by Pacific clocks ("Receiving payments from Google"), and its last day,
 * the closest to an invoice's that reports tell.
 */
export type Period = {
  readonly month: Month
  readonly usage: NonNullable<RevenueLine['usage']>
  readonly invoicedOn: Day
}

export function periodOf(day: Day): Period {
  const month = monthOf(day)
  const next = addMonths(firstDay(month), 1)
  return {
    month,
    usage: { from: zoneStart(firstDay(month), pacific), to: zoneStart(next, pacific) },
    invoicedOn: addDays(next, -1),
  }
}
