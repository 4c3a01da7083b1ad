const PATTERN =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/

/**
 * Milliseconds from `from` to `from` plus an ISO 8601 duration, or null when the text is not one.
 * Years and months are calendar ones in UTC; a day past the month's end falls on its last day.
 */
export function durationMs(text: string, from: number): number | null {
  const found = PATTERN.exec(text)
  if (!found) return null
  const [years, months, weeks, days, hours, minutes, seconds] = found
    .slice(1)
    .map((n) => Number(n ?? 0))
  const shifted = addMonths(from, (years ?? 0) * 12 + (months ?? 0))
  const wholeDays = (weeks ?? 0) * 7 + (days ?? 0)
  const rest = ((wholeDays * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
  return shifted - from + Math.round(rest * 1000)
}

/** The same time of day `months` later, on the month's last day when it is shorter. */
export function addMonths(at: number, months: number): number {
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return date.getTime()
}
