import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { MeteringTraits, Report, ReportOutcome } from '../../src/metering/model.ts'
import type { MeteringPort } from '../../src/metering/port.ts'
import type { AzureClient } from './client.ts'
import { shaped } from './reply.ts'
import { readBack } from './usage-back.ts'
import { faultOf, isEcho, outcomeOf, result, sameKey, usageEvent } from './usage-event.ts'

/**
 * "Marketplace metered billing APIs": 25 events a call, decimals, for 24 hours; included quantities are the
 * publisher's own to leave out. No rate is published. The largest number is the last that a double counts by ones.
 */
const traits: MeteringTraits = {
  batchMax: 25,
  quantity: 'decimal',
  quantityMax: '9007199254740991',
  lateHoursMax: 24,
  monthClose: null,
  flushMinutes: 1440,
  callsPerSecondMax: 10,
  allocationsMax: 0,
  overageOnly: true,
}

const batch = z.looseObject({ result: z.array(result).nullish() })

/**
 * Metered usage, always by `batchUsageEvent`, also for one event: it answers each event with a status of its own, where
 * the single call answers 403 for a foreign subscription and a bad token alike.
 */
export const metering = (azure: AzureClient): MeteringPort => ({
  traits,
  compatible: (a, b) => !sameKey(a, b),
  async report(reports) {
    const faults = reports.map((report) => ({ report, fault: faultOf(report) }))
    const refused = faults.flatMap(({ report, fault }) => (fault ? [refusal(report, fault)] : []))
    const sendable = faults.flatMap(({ report, fault }) => (fault ? [] : [report]))
    const told: ReportOutcome[] = []
    for (const group of apart(sendable)) told.push(...(await send(azure, group)))
    return [...refused, ...told]
  },
  readBack: (first, last) => readBack(azure, first, last),
})

/** Two reports with one key would answer for each other, so each goes into a call of its own. */
function apart(reports: readonly Report[]): readonly Report[][] {
  const groups: Report[][] = []
  for (const report of reports) {
    const free = groups.find(
      (group) => group.length < traits.batchMax && !group.some((other) => sameKey(other, report)),
    )
    if (free) free.push(report)
    else groups.push([report])
  }
  return groups
}

/** A call refused as a whole is halved until the event that is to blame stands alone. */
async function send(
  azure: AzureClient,
  reports: readonly Report[],
): Promise<readonly ReportOutcome[]> {
  try {
    return await attempt(azure, reports)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    const [only] = reports
    if (only && reports.length === 1) return [refusal(only, error.message)]
    const middle = Math.ceil(reports.length / 2)
    return [
      ...(await send(azure, reports.slice(0, middle))),
      ...(await send(azure, reports.slice(middle))),
    ]
  }
}

async function attempt(
  azure: AzureClient,
  reports: readonly Report[],
): Promise<readonly ReportOutcome[]> {
  const { json } = await azure.call('metering', {
    method: 'POST',
    path: '/batchUsageEvent',
    body: { request: reports.map((report) => usageEvent(report, azure.nowMs())) },
    numbers: 'text',
  })
  const left = [...(shaped(batch, json, 'POST batchUsageEvent').result ?? [])]
  return reports.map((report) => {
    const index = left.findIndex((one) => isEcho(one, report))
    const [found] = index < 0 ? [] : left.splice(index, 1)
    return found
      ? outcomeOf(report, found, azure.nowMs())
      : { id: report.id, is: 'later', reason: 'Microsoft did not answer for it' }
  })
}

const refusal = ({ id }: Report, reason: string): ReportOutcome => ({
  id,
  is: 'refused',
  reason,
  tooLate: false,
})
