import {
  addDays,
  addMonths,
  type Day,
  dayOf,
  daysBetween,
  type Instant,
  startOf,
} from '../kernel/time.ts'

export type PeriodKind = 'month' | 'quarter' | 'year' | 'term'

/** From the shortest to the longest. */
export const periodKinds = ['month', 'quarter', 'year', 'term'] as const satisfies PeriodKind[]

const monthsOf = { month: 1, quarter: 3, year: 12 } as const

/** What cuts time into periods: the calendar, or months from the start of the term. */
export type Term = {
  readonly start: Day
  readonly periods: 'calendar' | 'anniversary'
  /** When the contract is over; null is never. */
  readonly end: Instant | null
}

export type Stretch = {
  readonly start: Instant
  /** Exclusive; null is never. */
  readonly end: Instant | null
  /** Days of the whole period, also where the term begins or ends inside it; 0 when it never ends. */
  readonly days: number
}

/**
 * The period a moment falls in, cut off where the contract begins and ends. After its end come periods of their own,
 * the first from that moment on.
 */
export function periodAt(term: Term, kind: PeriodKind, at: Instant): Stretch {
  const isOver = term.end !== null && at >= term.end
  const first = startOf(term.start)
  if (kind === 'term') {
    if (isOver) return { start: term.end as Instant, end: null, days: 0 }
    const days = term.end === null ? 0 : daysBetween(term.start, dayAfter(term.end))
    return { start: first, end: term.end, days }
  }
  const whole = wholePeriod(term, monthsOf[kind], dayOf(at))
  const [start, end] = [startOf(whole.start), startOf(whole.end)]
  const days = daysBetween(whole.start, whole.end)
  if (isOver) return { start: latest(start, term.end as Instant), end, days }
  return {
    start: latest(start, first),
    end: term.end !== null && term.end < end ? term.end : end,
    days,
  }
}

function wholePeriod(
  { start, periods }: Term,
  months: number,
  day: Day,
): { readonly start: Day; readonly end: Day } {
  const anchor = periods === 'calendar' ? calendarAnchor(start, months) : start
  let count = Math.floor(monthsBetween(anchor, day) / months)
  // A day of the month after the anchor's own may be reached a month earlier than its number says.
  while (addMonths(anchor, count * months) > day) count -= 1
  while (addMonths(anchor, (count + 1) * months) <= day) count += 1
  return { start: addMonths(anchor, count * months), end: addMonths(anchor, (count + 1) * months) }
}

const monthNumber = (day: Day) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
const monthsBetween = (from: Day, to: Day) => monthNumber(to) - monthNumber(from)

/** The first day of the calendar's month, quarter or year that a day falls in. */
function calendarAnchor(day: Day, months: number): Day {
  const first = `${day.slice(0, 7)}-01` as Day
  return addMonths(first, -(monthNumber(first) % months))
}

const latest = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** The first day that begins at or after a moment: a day that was begun counts as one. */
export const dayAfter = (at: Instant): Day =>
  startOf(dayOf(at)) === at ? dayOf(at) : addDays(dayOf(at), 1)
