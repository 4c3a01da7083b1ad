import { expect } from 'vitest'
import { hourMs, INITECH, type Microsoft } from './microsoft.ts'

let count = 0

type Quantities = Readonly<Record<string, string>>

/** A batch of usage at one moment: an event for each dimension, each with an id of its own. */
export const usageAt = (agreement: string, at: string, quantities: Quantities) => ({
  events: Object.entries(quantities).map(([dimension, quantity]) => ({
    id: `event-${++count}`,
    source: 'product',
    agreement,
    dimension,
    quantity,
    at,
  })),
})

/** Monthly subscriptions to the plan whose price includes 100 calls a month; calls cost 0.50, a gigabyte 0.02. */
export async function subscribeTeams(microsoft: Microsoft, howMany: number) {
  const found: { readonly id: string; readonly agreement: string }[] = []
  for (let one = 0; one < howMany; one++) {
    const { id, agreement } = await microsoft.subscribe({
      planId: 'team',
      termUnit: 'P1M',
      billingAccountId: INITECH,
    })
    found.push({ id, agreement: agreement.id })
  }
  return found
}

/** Reports the same usage at a moment for an agreement. */
export async function use(
  microsoft: Microsoft,
  agreement: string,
  quantities: Quantities,
  at: string = microsoft.deps.now(),
): Promise<any> {
  const told = await microsoft.post('/v1/usage-events', usageAt(agreement, at, quantities))
  expect(told).toMatchObject({ refused: [], conflicts: [] })
  return told
}

/** Uses the same every hour for so many hours, as time goes on. */
export async function useHourly(
  microsoft: Microsoft,
  agreement: string,
  hours: number,
  quantities: Quantities,
): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    await use(microsoft, agreement, quantities)
    await microsoft.pass(hourMs)
  }
}

export const recordsOf = (microsoft: Microsoft, agreement: string): Promise<any[]> =>
  microsoft.everything(`/v1/usage-records?agreement=${agreement}`)

/** How many records stand where. */
export function statesOf(records: readonly any[]): Record<string, number> {
  const states = records.map(({ state }) => state.is as string)
  return Object.fromEntries(
    [...new Set(states)].map((is) => [is, states.filter((other) => other === is).length]),
  )
}

/** What Microsoft holds of a subscription: how many events, and their sums by dimension. */
export async function heldBy(microsoft: Microsoft, id: string) {
  const { records, totals } = await microsoft.cloud('GET', '/azure/control/ledger')
  return {
    events: records.filter((one: any) => one.subscription === id).length,
    totals: Object.fromEntries(
      totals
        .filter((one: any) => one.subscription === id)
        .map((one: any) => [one.dimension, one.quantity]),
    ),
  }
}

/** The proof that nothing vanished, by dimension; throws where it does not hold. */
export async function proofOf(microsoft: Microsoft, agreement: string) {
  const { holds, data } = await microsoft.get(`/v1/reports/metering?agreement=${agreement}`)
  expect(holds).toBe(true)
  return Object.fromEntries(data.map((row: any) => [row.dimension, row]))
}
