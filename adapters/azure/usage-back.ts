import { z } from 'zod'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { addDays, type Day, isDay } from '../../src/kernel/time.ts'
import type { HeldUsage } from '../../src/metering/model.ts'
import type { AzureClient } from './client.ts'
import { shaped } from './reply.ts'

/** The answer has no pages, so little is asked for at a time. */
const daysAtOnce = 7
const chunkMax = 1000

const quantity = z.string().refine((text) => isDecimal(text))
/** `GET usageEvents`, numbers as text. */
const rows = z.array(
  z.looseObject({
    usageDate: z.string(),
    usageResourceId: z.string().nullish(),
    dimension: z.string(),
    planId: z.string().nullish(),
    reconStatus: z.string(),
    submittedQuantity: quantity,
    processedQuantity: quantity.nullish(),
  }),
)
type Row = z.infer<typeof rows>[number]

const verdicts: Readonly<Record<string, HeldUsage['verdict']>> = {
  Submitted: 'pending',
  Accepted: 'agreed',
  Mismatch: 'differs',
  Rejected: 'rejected',
}

/** What Microsoft holds of the publisher's usage: "Metered billing retrieve usage events". */
export async function* readBack(
  azure: AzureClient,
  first: Day,
  last: Day,
): AsyncGenerator<readonly HeldUsage[]> {
  for (let from = first; from <= last; from = addDays(from, daysAtOnce)) {
    const weekEnd = addDays(from, daysAtOnce - 1)
    const to = weekEnd < last ? weekEnd : last
    const { json } = await azure.call('metering', {
      method: 'GET',
      path: '/usageEvents',
      query: { usageStartDate: `${from}T00:00:00Z`, UsageEndDate: `${to}T23:59:59Z` },
      numbers: 'text',
    })
    const held = shaped(rows, json ?? [], 'GET usageEvents').flatMap(readRow)
    const within = held.filter(({ day }) => day >= from && day <= to)
    for (let start = 0; start < within.length; start += chunkMax)
      yield within.slice(start, start + chunkMax)
  }
}

/** Usage of managed applications has no subscription of ours and is left out. */
function readRow(row: Row): HeldUsage[] {
  const day = row.usageDate.slice(0, 10)
  if (!row.usageResourceId || !isDay(day)) return []
  return [
    {
      agreementRef: row.usageResourceId,
      dimension: row.dimension,
      day,
      planRef: row.planId ?? null,
      submitted: row.submittedQuantity,
      // The zero that stands there until the pipeline has come by is no answer.
      processed: row.reconStatus === 'Submitted' ? null : (row.processedQuantity ?? null),
      verdict: verdicts[row.reconStatus] ?? 'unknown',
      nativeStatus: row.reconStatus,
    },
  ]
}
