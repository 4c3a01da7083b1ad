import type { Client } from '../simulator/demo/client.ts'
import { compare, type Decimal, minus, plus } from '../src/kernel/decimal.ts'

const eventsPerBatch = 100

type Series = { readonly agreement: string; readonly key: string; readonly dimension: string }

/** Sends usage and keeps the truth: how much of what each marketplace must hold in the end, `license/dimension`. */
export function createMeter(source: string) {
  const series: Series[] = []
  const included = new Map<string, Decimal>()
  const units = new Map<string, Decimal>()
  return {
    take(agreement: string, license: string, meters: Readonly<Record<string, Decimal>>): void {
      for (const [dimension, free] of Object.entries(meters)) {
        const key = `${license}/${dimension}`
        series.push({ agreement, key, dimension })
        included.set(key, free)
      }
    },
    /** A hundred events of one series, all at that moment. */
    async send(api: Client, batch: number, at: string): Promise<void> {
      const one = series[batch % series.length]
      if (!one) throw new Error('nothing to meter')
      const { agreement, dimension, key } = one
      const events = Array.from({ length: eventsPerBatch }, (_, i) => ({
        id: `${batch}-${i}`,
        source,
        agreement,
        dimension,
        quantity: String(1 + (i % 7) * 3),
        at,
      }))
      const answer = await api.post('/v1/usage-events', { events })
      if (answer.refused.length > 0) throw new Error(JSON.stringify(answer.refused[0]))
      for (const { quantity } of events) units.set(key, plus(units.get(key) ?? '0', quantity))
    },
    /** What must be held: all that exceeds what the price includes. */
    due(): ReadonlyMap<string, Decimal> {
      return new Map(
        [...units].map(([key, all]) => {
          const over = minus(all, included.get(key) ?? '0')
          return [key, compare(over, '0') < 0 ? '0' : over]
        }),
      )
    },
  }
}

export type Meter = ReturnType<typeof createMeter>
