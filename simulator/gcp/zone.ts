import { DateTime } from 'luxon'

/** The zone in which the marketplace prices, schedules and invoices. */
export const PACIFIC = 'America/Los_Angeles'

/** First moment of a Pacific day. */
export function pacificMidnight(day: string): number {
  return DateTime.fromISO(day, { zone: PACIFIC }).startOf('day').toMillis()
}

/** The first Pacific midnight at or after an instant. */
export function nextPacificMidnight(ms: number): number {
  const moment = DateTime.fromMillis(ms, { zone: PACIFIC })
  const midnight = moment.startOf('day')
  return (moment.equals(midnight) ? midnight : midnight.plus({ days: 1 })).toMillis()
}

/**
 * When a term of whole months ends: the first Pacific midnight at or after the same day of a later month. A
 * term that begins at midnight therefore ends at midnight; one that begins within a day keeps the rest of its
 * last one.
 */
export function termEnd(startsAt: number, months: number): number {
  const end = DateTime.fromMillis(startsAt, { zone: PACIFIC }).plus({ months })
  return nextPacificMidnight(end.toMillis())
}

/** ISO 8601 duration of whole months, years first: 18 is `P1Y6M`. */
export function isoMonths(months: number): string {
  const years = Math.floor(months / 12)
  const rest = months % 12
  return `P${years === 0 ? '' : `${years}Y`}${rest === 0 && years > 0 ? '' : `${rest}M`}`
}
