import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { dayMs, later, millis } from '../kernel/time.ts'
import type { HeldNow } from '../metering/service.ts'
import * as metering from '../metering/service.ts'
import type { ToldPeriod, ToldUsage } from '../revenue/service.ts'
import * as revenue from '../revenue/service.ts'

const rowsAtOnce = 5_000
const periodsAtOnce = 40
/** Agreements and dimensions of one period. */
const heldMax = 200_000
/** Days of which more may still be told, or be missed, are compared again; longer periods as long as they are new. */
const againDays = 10
/** Reports are made the day after, and of what came late a day later. */
const lagMs = 2 * dayMs
const longMs = 2 * dayMs

/**
 * Takes what reports tell of usage for what the marketplace holds, period by period. The cursor is the last row that was
 * taken; the days before today are compared once more each time.
 */
export async function readNext(
  deps: Deps,
  connection: Id<'conn'>,
  cursor: string | null,
): Promise<{ readonly cursor: string | null; readonly more: boolean }> {
  const after = BigInt(cursor ?? '0')
  const { periods, last } = await revenue.toldPeriods(deps, connection, after, rowsAtOnce)
  if (last === null) {
    await again(deps, connection)
    return { cursor, more: false }
  }
  for (const period of periods) await compare(deps, connection, period)
  return { cursor: String(last), more: true }
}

async function again(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const since = later(deps.now(), -againDays * dayMs)
  const recent = await metering.reportedPeriods(deps, connection, since, periodsAtOnce)
  for (const period of recent) await compare(deps, connection, period)
}

async function compare(deps: Deps, connection: Id<'conn'>, period: ToldPeriod): Promise<void> {
  const { rows, untied } = await revenue.toldUsage(deps, connection, period, heldMax + 1)
  if (rows.length > heldMax)
    throw new Problem('internal', `more than ${heldMax} rows of usage are told for ${period.from}`)
  const span = { connection, source: 'report', ...period } as const
  const isLong = millis(period.to) - millis(period.from) > longMs
  const asOf = deps.now()
  // A day's row may still grow; a longer period is told once, when it is over.
  await metering.takeReadBack(deps, span, rows.map(heldOf), {
    asOf,
    lagMs: isLong ? 0 : lagMs,
    // What nobody can tie to an agreement and dimension may be what seems to be missing.
    isPartial: untied > 0,
  })
}

const heldOf = (row: ToldUsage): HeldNow => ({
  agreementRef: row.agreementRef,
  dimension: row.dimension,
  planRef: row.planRef,
  submitted: row.quantity,
  processed: row.isBilled ? row.quantity : null,
  amount: row.amount,
  currency: row.currency,
  isBilled: row.isBilled,
  verdict: 'agreed',
  nativeStatus: row.item,
})
