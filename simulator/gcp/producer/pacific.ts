import { DateTime } from 'luxon'
import { PACIFIC } from '../zone.ts'

/** google.type.DateTime: a civil time with a zone's id, or with an offset from UTC. */
export type GoogleDateTime = {
  readonly year?: number
  readonly month?: number
  readonly day?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly nanos?: number
  readonly timeZone?: { readonly id?: string }
  readonly utcOffset?: string
}

/** The instant of a google.type.DateTime, milliseconds; null when there is no such moment or no zone. */
export function millisOf(time: GoogleDateTime): number | null {
  const zone = time.timeZone?.id ?? offsetZone(time.utcOffset)
  if (!zone) return null
  const { year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, nanos = 0 } = time
  const moment = DateTime.fromObject(
    { year, month, day, hour: hours, minute: minutes, second: seconds },
    { zone },
  )
  return moment.isValid ? moment.toMillis() + Math.floor(nanos / 1_000_000) : null
}

/** The civil time in Los Angeles at an instant. */
export function dateTimeOf(ms: number): GoogleDateTime {
  const moment = at(ms)
  return {
    year: moment.year,
    month: moment.month,
    day: moment.day,
    hours: moment.hour,
    minutes: moment.minute,
    seconds: moment.second,
    nanos: moment.millisecond * 1_000_000,
    timeZone: { id: PACIFIC },
  }
}

/** Whether a day begins at this instant in Los Angeles. */
export const isMidnight = (ms: number): boolean => at(ms).startOf('day').toMillis() === ms

/** The same civil time some months later; the last day of a month that is too short. */
export const plusMonths = (ms: number, months: number): number => at(ms).plus({ months }).toMillis()

export const startOfDay = (ms: number): number => at(ms).startOf('day').toMillis()

/** The first moment of the month after the one this instant lies in. */
export const startOfNextMonth = (ms: number): number =>
  at(ms).startOf('month').plus({ months: 1 }).toMillis()

export const plusDays = (ms: number, days: number): number => at(ms).plus({ days }).toMillis()

/** `2027-01`, the month in Los Angeles. */
export const monthOf = (ms: number): string => at(ms).toFormat('yyyy-MM')

/** The first moment of a month `2027-01` in Los Angeles. */
export const monthStart = (month: string): number =>
  DateTime.fromISO(`${month}-01`, { zone: PACIFIC }).toMillis()

/** 1 is Monday, 7 Sunday. */
export const weekdayOf = (ms: number): number => at(ms).weekday

/** Days of the month in Los Angeles. */
export const daysInMonth = (ms: number): number => at(ms).daysInMonth ?? 30

/** Whole days from one midnight to another, whatever the clocks did in between. */
export const daysBetween = (from: number, to: number): number =>
  Math.round(at(to).diff(at(from), 'days').days)

const at = (ms: number): DateTime => DateTime.fromMillis(ms, { zone: PACIFIC })

function offsetZone(offset: string | undefined): string | undefined {
  const seconds = /^(-?\d+)(?:\.0+)?s$/.exec(offset ?? '')?.[1]
  return seconds === undefined ? undefined : `UTC${signed(Number(seconds) / 3600)}`
}

const signed = (hours: number): string => (hours < 0 ? String(hours) : `+${hours}`)
