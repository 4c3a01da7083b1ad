import { DateTime } from 'luxon'
import { Problem } from './problem.ts'
import { type Day, dayOf, type Instant, instant, startOf } from './time.ts'

/** The zone of days that name none. */
export const utc = 'UTC'

/** The first moment of a calendar day in an IANA time zone. Where the clock skips midnight, the day begins after it. */
export function zoneStart(day: Day, zone: string): Instant {
  if (zone === utc) return startOf(day)
  return instant(known(DateTime.fromISO(day, { zone }).startOf('day'), zone).toMillis())
}

/** The calendar day of a moment in an IANA time zone. */
export function zoneDay(at: Instant, zone: string): Day {
  if (zone === utc) return dayOf(at)
  return known(DateTime.fromISO(at, { zone }), zone).toFormat('yyyy-MM-dd') as Day
}

function known(time: DateTime, zone: string): DateTime {
  if (time.isValid) return time
  throw new Problem('internal', `no such day or time zone: ${zone}`)
}
