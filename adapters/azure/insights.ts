import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import {
  addDays,
  dayOf,
  firstDay,
  type Instant,
  instant,
  monthOf,
  startOf,
} from '../../src/kernel/time.ts'
import type { AzureClient } from './client.ts'
import { segment, shaped } from './reply.ts'

/** An execution of a report; `link` is where its file lies, once it is completed. */
export type Execution = { readonly id: string; readonly link: string | null }

const text = z.string().nullish()
const entry = z.looseObject({
  reportid: text,
  reportname: text,
  executionid: text,
  executionstatus: text,
  reportaccesssecurelink: text,
  message: text,
})
/** The answers of this API spell their envelope with and without capitals. */
const envelope = z.looseObject({ value: z.array(entry).nullish() })

/**
 * Has a report made at once, and answers with its id: "Programmatic access: create report". The API takes no key, so
 * ours is part of the name, by which a report is found that was asked for before. Null while the quota of five such
 * reports an hour is used up.
 */
export async function report(
  azure: AzureClient,
  { name, query }: { readonly name: string; readonly query: string },
): Promise<string | null> {
  const earlier = await named(azure, name)
  if (earlier !== undefined) return earlier
  try {
    const { json } = await azure.call('insights', {
      method: 'POST',
      path: '/ScheduledReport',
      body: {
        ReportName: name,
        Description: name,
        QueryId: query,
        ExecuteNow: true,
        ...window(azure),
        Format: azure.settings.reports.format,
      },
    })
    const [made] = entries(json, 'POST ScheduledReport')
    if (made?.reportid) return made.reportid
  } catch (error) {
    if (isQuota(error)) return null
    throw error
  }
  throw new Problem('internal', 'Microsoft’s answer to POST ScheduledReport names no report')
}

async function named(azure: AzureClient, name: string): Promise<string | undefined> {
  const { json, status } = await azure.call('insights', {
    method: 'GET',
    path: '/ScheduledReport',
    query: { reportName: name },
    expects: [404],
  })
  if (status === 404) return undefined
  const found = entries(json, 'GET ScheduledReport').find(({ reportname }) => reportname === name)
  return found?.reportid ?? undefined
}

/** Whole months up to now: the revenue report dates its rows by the month's first day. */
function window({ settings, nowMs }: AzureClient): {
  QueryStartTime: string
  QueryEndTime: string
} {
  const now = instant(nowMs())
  const first = firstDay(monthOf(addDays(dayOf(now), -settings.reports.lookBackDays)))
  return { QueryStartTime: seconds(startOf(first)), QueryEndTime: seconds(now) }
}
const seconds = (at: Instant): string => at.replace(/\.\d+Z$/, 'Z')

const isQuota = (error: unknown): boolean =>
  error instanceof Problem &&
  error.code === 'rejected' &&
  /quota|limit|exceed|too many|per 60 min/i.test(error.message)

/**
 * The newest execution of a report, or null while there is none. Unless told otherwise the API shows completed ones
 * only, and answers 404 until there is one ("Report executions").
 */
export async function execution(azure: AzureClient, reportId: string): Promise<Execution | null> {
  const { json, status } = await azure.call('insights', {
    method: 'GET',
    path: `/ScheduledReport/execution/${segment(reportId)}`,
    query: { executionStatus: 'Pending;Running;Completed', getLatestExecution: 'true' },
    expects: [404],
  })
  if (status === 404) return null
  const [newest] = entries(json, 'GET execution')
  if (!newest?.executionid) return null
  const isDone = newest.executionstatus?.toLowerCase() === 'completed'
  return { id: newest.executionid, link: (isDone && newest.reportaccesssecurelink) || null }
}

function entries(json: unknown, what: string): readonly z.infer<typeof entry>[] {
  return shaped(envelope, lowered(json), what).value ?? []
}

/** The same JSON with the names of its fields in lower case, lists and their entries included. */
function lowered(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(lowered)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name.toLowerCase(), lowered(value)]),
  )
}
