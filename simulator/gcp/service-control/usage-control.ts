import { Hono } from 'hono'
import type { GcpContext } from '../state.ts'
import { type Counted, counted, takenOperations, usageViolations } from './ledger.ts'
import { quantityText } from './operation.ts'

const HOUR_MS = 3_600_000

/**
 * `GET /gcp/control/usage`, with `?entitlement=`: what counted, by metric and hour and in total, how often ids
 * were repeated, and what was against the rules.
 */
export function usageControl(gcp: GcpContext): Hono {
  const routes = new Hono()
  routes.get('/usage', (c) => {
    const of = c.req.query('entitlement')
    const rows = counted(gcp)
      .values()
      .filter((one) => of === undefined || one.entitlement === of)
    const repeats = takenOperations(gcp)
      .values()
      .reduce((sum, one) => sum + one.repeats, 0)
    return c.json({
      hours: summed(rows, (one) => hourText(one.startMs)),
      totals: summed(rows, () => ''),
      operations: rows,
      repeats,
      violations: usageViolations(gcp).values(),
    })
  })
  return routes
}

function summed(rows: readonly Counted[], hourOf: (row: Counted) => string): object[] {
  const sums = new Map<string, { row: Counted; hour: string; nanos: bigint }>()
  for (const row of rows) {
    const hour = hourOf(row)
    const key = `${row.entitlement}/${row.metric}/${hour}`
    const nanos = (sums.get(key)?.nanos ?? 0n) + BigInt(row.nanos)
    sums.set(key, { row, hour, nanos })
  }
  return [...sums.values()].map(({ row, hour, nanos }) => ({
    entitlement: row.entitlement,
    metric: row.metric,
    ...(hour === '' ? {} : { hour }),
    quantity: quantityText(nanos),
  }))
}

const hourText = (ms: number): string =>
  new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString().slice(0, 13)
