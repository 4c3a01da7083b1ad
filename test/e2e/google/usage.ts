import { expect } from 'vitest'
import { type Google, hourMs } from './google.ts'

let count = 0

type Quantities = Readonly<Record<string, string>>

/** Reports usage at one moment for an agreement: an event for each dimension, each with an id of its own. */
export async function use(
  google: Google,
  agreement: string,
  quantities: Quantities,
  at: string = google.deps.now(),
): Promise<any> {
  const events = Object.entries(quantities).map(([dimension, quantity]) => ({
    id: `event-${++count}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  }))
  const told = await google.post('/v1/usage-events', { events })
  expect(told).toMatchObject({ refused: [], conflicts: [] })
  return told
}

/** Uses the same every hour for so many hours, as time goes on. */
export async function useHourly(
  google: Google,
  agreement: string,
  hours: number,
  quantities: Quantities,
): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    await use(google, agreement, quantities)
    await google.pass(hourMs)
  }
}

export const recordsOf = (google: Google, agreement: string): Promise<any[]> =>
  google.everything(`/v1/usage-records?agreement=${agreement}`)

/** How many records stand where. */
export function statesOf(records: readonly any[]): Record<string, number> {
  const states = records.map(({ state }) => state.is as string)
  return Object.fromEntries(
    [...new Set(states)].map((is) => [is, states.filter((other) => other === is).length]),
  )
}

/** What Google holds of an order: its operations, and their sums by metric. */
export async function heldBy(google: Google, entitlement: string) {
  const told = await google.cloud('GET', `/gcp/control/usage?entitlement=${entitlement}`)
  return {
    operations: told.operations.length as number,
    totals: Object.fromEntries(
      told.totals.map(({ metric, quantity }: any) => [metric, quantity]),
    ) as Record<string, string>,
    months: [...new Set(told.operations.map(({ month }: any) => month))],
  }
}

/** The proof that nothing vanished, by dimension; throws where it does not hold. */
export async function proofOf(google: Google, agreement: string) {
  const { holds, data } = await google.get(`/v1/reports/metering?agreement=${agreement}`)
  expect(holds).toBe(true)
  return Object.fromEntries(data.map((row: any) => [row.dimension, row]))
}
