import { z } from 'zod'
import type { Preparation, ReportFile } from '../../src/revenue/port.ts'
import type { AzureClient } from './client.ts'
import { execution, report } from './insights.ts'
import { exportOf, type PayoutExport, requestExport } from './payouts.ts'
import { type Dataset, datasets } from './revenue-reports.ts'

const id = z.string().min(1)
/** What is made of one dataset: the report or request that was asked for, and its file's own id once it is there. */
const making = z.strictObject({ asked: id, file: id.nullable(), failed: z.boolean().optional() })
type Making = z.infer<typeof making>
/** Links are not kept: each gives its file to whoever has it, and can be asked for again. */
const note = z.strictObject({
  key: id,
  made: z.partialRecord(z.enum(datasets), making),
})
export type Note = z.infer<typeof note>

/** The note of an earlier call; nothing of one that we did not write. */
export const readNote = (held: unknown): Note | undefined => note.safeParse(held).data

/** A fifth of the hour in which five reports may be made. */
const quotaWaitMs = 12 * 60_000

/**
 * Has the reports of an import made: orders, usage and revenue by the analytics API, and earnings and payments by the
 * payout exports if a user signed in for them. Each call asks for what was not asked for, and looks at what is not done.
 */
export async function prepare(
  azure: AzureClient,
  key: string,
  held: unknown,
): Promise<Preparation> {
  const known = readNote(held)
  const made: Note['made'] = known?.key === key ? { ...known.made } : {}
  const waiting: Dataset[] = []
  let isFull = false
  for (const dataset of wanted(azure)) {
    const now = await next(azure, dataset, key, made[dataset])
    if (now) made[dataset] = now
    else isFull = true
    if (!now || (now.file === null && !now.failed)) waiting.push(dataset)
  }
  const noted: Note = { key, made }
  if (waiting.length === 0) return { is: 'ready', held: noted }
  const quota = isFull ? '; Microsoft makes five such reports an hour' : ''
  return {
    is: 'preparing',
    held: noted,
    retryAfterMs: isFull ? quotaWaitMs : azure.settings.reports.pollSeconds * 1000,
    detail: `Microsoft is making ${waiting.join(', ')}${quota}`,
  }
}

function wanted({ settings, hasPayouts }: AzureClient): readonly Dataset[] {
  return datasets.filter((dataset) =>
    isPayout(dataset) ? hasPayouts : settings.reports[dataset] !== null,
  )
}

const isPayout = (dataset: Dataset): dataset is PayoutExport =>
  dataset === 'earnings' || dataset === 'payments'

/** One dataset a step further; undefined while nothing more may be asked for. */
async function next(
  azure: AzureClient,
  dataset: Dataset,
  key: string,
  known: Making | undefined,
): Promise<Making | undefined> {
  if (known && (known.file !== null || known.failed)) return known
  if (isPayout(dataset)) {
    const asked = known?.asked ?? (await requestExport(azure, dataset, key))
    const { is } = await exportOf(azure, dataset, asked)
    if (is === 'failed') return { asked, file: null, failed: true }
    return { asked, file: is === 'completed' ? asked : null }
  }
  const query = azure.settings.reports[dataset] ?? ''
  const asked = known?.asked ?? (await report(azure, { name: nameOf(dataset, key), query }))
  if (asked === null) return undefined
  const newest = await execution(azure, asked)
  return { asked, file: newest?.link ? newest.id : null }
}

const nameOf = (dataset: Dataset, key: string): string => `tradepost ${dataset} ${key}`

/** The files of a note, in the order of the datasets. One whose export failed is there as well, to say so. */
export const filesOf = ({ key, made }: Note): readonly ReportFile[] =>
  datasets.flatMap((dataset) => {
    const one = made[dataset]
    if (!one || (one.file === null && !one.failed)) return []
    const fingerprint = one.file ?? `failed ${one.asked}`
    return [{ name: `${dataset} ${key}`, fingerprint, sizeBytes: 0 }]
  })

/** Which dataset of a note a file is; undefined for a file that is none of its own. */
export const datasetOf = ({ key, made }: Note, { name }: ReportFile): Dataset | undefined =>
  datasets.find((dataset) => made[dataset] !== undefined && name === `${dataset} ${key}`)

/** Where the file of a dataset lies now; undefined where Microsoft could not make it, or has it no more. */
export async function linkOf(
  azure: AzureClient,
  dataset: Dataset,
  making: Making,
): Promise<string | undefined> {
  if (making.failed) return undefined
  const link = await newestLink(azure, dataset, making.asked)
  return link && isOver(link, azure.nowMs()) ? undefined : link
}

async function newestLink(
  azure: AzureClient,
  dataset: Dataset,
  asked: string,
): Promise<string | undefined> {
  if (!isPayout(dataset)) return (await execution(azure, asked))?.link ?? undefined
  const now = await exportOf(azure, dataset, asked)
  return now.is === 'completed' ? now.link : undefined
}

/**
 * Whether a link asked for just now has ended all the same: it will open nothing again. Its last moment stands in it
 * ("Create a service SAS", Azure Storage: `se`, signed expiry).
 */
function isOver(link: string, nowMs: number): boolean {
  const until = URL.canParse(link) ? new URL(link).searchParams.get('se') : null
  return until !== null && Date.parse(until) <= nowMs
}
