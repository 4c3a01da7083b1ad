import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monthOf, monthStart, plusDays, plusMonths, weekdayOf } from '../producer/pacific.ts'
import type { GcpContext } from '../state.ts'
import { putObject } from '../storage/objects.ts'
import { csvOf } from './csv.ts'
import { paidLines } from './payouts.ts'
import { chargesTable, detailedTable, disbursementsTable, insightsTable } from './tables.ts'
import { observeOrders } from './terms.ts'

const HOUR_MS = 3_600_000
const DUE_HOUR = 9
const DAYS_MAX = 31

/** Has closed months reported by themselves on the morning of their tenth business day. */
export function registerReports(gcp: GcpContext): void {
  gcp.timers.on('reports.month', (_, at) => {
    const month = monthOf(plusMonths(monthStart(monthOf(at)), -1))
    if (gcp.settings().reports.auto) {
      for (const provider of gcp.providers.values()) makeReports(gcp, provider.id, month)
    }
    plan(gcp, at + HOUR_MS)
  })
  if (!gcp.timers.values().some((one) => one.kind === 'reports.month')) plan(gcp, gcp.now())
}

/**
 * Writes the reports of a month into the provider's bucket, and the folder that is set, and returns their
 * names. A month without any line has none. Names begin with the first day of the month of the usage.
 */
export function makeReports(gcp: GcpContext, provider: string, month: string): string[] {
  observeOrders(gcp)
  const lines = paidLines(gcp, provider, month)
  const bucket = gcp.providers.get(provider)?.reportBucket
  if (lines.length === 0 || bucket === undefined) return []
  const settings = gcp.settings().reports
  const compact = `${month.replace('-', '')}01`
  const files = {
    [`${compact} Charges and Usage.csv`]: chargesTable(gcp, lines),
    [`${compact} Disbursements.csv`]: disbursementsTable(gcp, lines),
    [`${month}-01 Detailed Disbursements Report.csv`]: detailedTable(gcp, lines),
    [`${month}-01 Customer Insights Report.csv`]: insightsTable(gcp, lines, month),
  }
  for (const [name, table] of Object.entries(files)) {
    const body = csvOf(table, settings)
    putObject(gcp, bucket, name, body)
    if (settings.folder === '') continue
    mkdirSync(join(settings.folder, bucket), { recursive: true })
    writeFileSync(join(settings.folder, bucket, name), body)
  }
  return Object.keys(files)
}

/** When the reports on the month before the one of `ms` are made: its n-th business day, 09:00 Pacific. */
export function reportsDue(ms: number, businessDay: number): number {
  const first = monthStart(monthOf(ms))
  let left = businessDay
  for (let day = 0; day < DAYS_MAX; day += 1) {
    const at = plusDays(first, day)
    if (weekdayOf(at) <= 5) left -= 1
    if (left === 0) return at + DUE_HOUR * HOUR_MS
  }
  return plusMonths(first, 1)
}

function plan(gcp: GcpContext, after: number): void {
  const { businessDay } = gcp.settings().reports
  const own = reportsDue(after, businessDay)
  const due = own > after ? own : reportsDue(plusMonths(monthStart(monthOf(after)), 1), businessDay)
  gcp.timers.set('reports.month', due, {}, 'reports.month')
}
