/** A calendar date with no time zone, `2026-05-01`. Sorts and compares as text. */
export type Day = `${number}-${number}-${number}`
/** A moment in UTC, RFC 3339 with milliseconds, `2026-05-01T10:00:00.000Z`. Sorts and compares as text. */
export type Instant = `${Day}T${string}Z`
/** The UTC hour that starts here, `2026-05-01T10:00Z`. */
export type Hour = `${Day}T${number}:00Z`
/** A calendar month, `2026-05`. */
export type Month = `${number}-${number}`

export const dayMs = 86_400_000
export const hourMs = 3_600_000

export const instant = (at: Date | number): Instant => new Date(at).toISOString() as Instant
export const millis = (at: Instant | Hour): number => Date.parse(at)
export const dayOf = (at: Instant | Hour): Day => at.slice(0, 10) as Day
export const hourOf = (at: Instant): Hour => `${at.slice(0, 13)}:00Z` as Hour
export const monthOf = (at: Instant | Hour | Day): Month => at.slice(0, 7) as Month
export const later = (at: Instant, ms: number): Instant => instant(millis(at) + ms)
export const startOf = (day: Day): Instant => `${day}T00:00:00.000Z`
export const hourStart = (hour: Hour): Instant => instant(millis(hour))
export const hourEnd = (hour: Hour): Instant => instant(millis(hour) + hourMs)
export const firstDay = (month: Month): Day => `${month}-01` as Day

/** Our calendar: years of four digits, so that days sort as text and the database can hold each. */
const dayMin: Day = '1900-01-01'
const dayMax: Day = '9999-12-31'
const dayMinMs = Date.parse(dayMin)
const dayMaxMs = Date.parse(dayMax)

/** Whether a text is a day that exists: `2026-02-29` is not, nor is any before 1900. */
export function isDay(text: string): text is Day {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < dayMin) return false
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

const timePattern =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** Reads an RFC 3339 date-time of any offset, cut to milliseconds in UTC; undefined when there is no such moment. */
export function readInstant(text: string): Instant | undefined {
  const match = timePattern.exec(text)
  if (!match?.[1] || !isDay(match[1])) return undefined
  const at = Date.parse(text)
  // An offset can carry a moment over either end of the calendar.
  return at >= dayMinMs && at < dayMaxMs + dayMs ? instant(at) : undefined
}

/** Days later, or earlier when negative. The calendar's ends are not passed: what lies beyond is its first or last day. */
export const addDays = (day: Day, days: number): Day =>
  dayOf(instant(Math.min(Math.max(Date.parse(startOf(day)) + days * dayMs, dayMinMs), dayMaxMs)))

/** Whole days from `start` to `endExclusive`; negative when the end comes first. */
export const daysBetween = (start: Day, endExclusive: Day): number =>
  Math.round((Date.parse(startOf(endExclusive)) - Date.parse(startOf(start))) / dayMs)

/** n months after the anchor, clamped to the month's end and to the calendar's. Count from the anchor; never add months to a sum. */
export function addMonths(anchor: Day, months: number): Day {
  const [year = 0, month = 1, day = 1] = anchor.split('-').map(Number)
  const index = year * 12 + (month - 1) + months
  if (index >= 10_000 * 12) return dayMax
  const last = new Date(Date.UTC(Math.floor(index / 12), (index % 12) + 1, 0)).getUTCDate()
  const text = (n: number, width: number) => String(n).padStart(width, '0')
  return `${text(Math.floor(index / 12), 4)}-${text((index % 12) + 1, 2)}-${text(Math.min(day, last), 2)}` as Day
}

/** The half-open end of what ends *on* a day, or at a last moment of it (23:59:59Z). */
export const endAfter = (last: Day | Instant): Day => addDays(last.slice(0, 10) as Day, 1)

/** Half-open: `start` belongs to it, `endExclusive` does not. Null means no end. */
export type Period = { readonly start: Day; readonly endExclusive: Day | null }
export const within = (day: Day, { start, endExclusive }: Period): boolean =>
  day >= start && (endExclusive === null || day < endExclusive)
