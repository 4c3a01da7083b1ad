import {
  BatchMeterUsageCommand,
  type UsageRecord,
  type UsageRecordResult,
} from '@aws-sdk/client-marketplace-metering'
import { Problem } from '../../src/kernel/problem.ts'
import { hourEnd, hourStart, millis } from '../../src/kernel/time.ts'
import type { MeteringTraits, Report, ReportOutcome } from '../../src/metering/model.ts'
import type { MeteringPort } from '../../src/metering/port.ts'
import type { AwsClient } from './client.ts'
import { productCode } from './listings.ts'
import {
  faultOf,
  heldFor,
  type Mode,
  matches,
  modeOf,
  remember,
  type Sent,
  usageRecord,
} from './usage-record.ts'

/** AWS Marketplace Metering API, BatchMeterUsage, and its quotas. */
const traits: MeteringTraits = {
  batchMax: 25,
  quantity: 'whole',
  quantityMax: '2147483647',
  lateHoursMax: 24,
  monthClose: { day: 1, hour: 6 },
  flushMinutes: 60,
  callsPerSecondMax: 10,
  allocationsMax: 2500,
  overageOnly: false,
}
/** A request must stay below 1 MB; a margin for what surrounds the records. */
const bytesMax = 1_000_000
const clockSkewMaxMs = 10 * 60_000

/** Metered usage by BatchMeterUsage: by licence, or by product and customer for what `legacyListings` names. */
export function metering(aws: AwsClient): MeteringPort {
  const legacy = legacyCodes(aws)
  return {
    traits,
    compatible,
    async report(reports) {
      const codes = await legacy()
      const mode = (report: Report) => modeOf(report, codes)
      const refused: ReportOutcome[] = []
      const groups = new Map<string, Report[]>()
      for (const report of reports) {
        const fault = faultOf(report, mode(report))
        if (fault) refused.push(refusedFor(report, fault))
        else group(groups, report, mode(report))
      }
      const told: ReportOutcome[] = []
      for (const batch of groups.values()) {
        const first = batch[0]
        if (first) told.push(...(await send(aws, batch, mode(first))))
      }
      return [...refused, ...told]
    },
  }
}

/**
 * One request is about one product and one way of naming the customer; and two reports with the same key cannot be
 * told apart in the answer.
 */
function compatible(a: Report, b: Report): boolean {
  const sameProduct =
    a.meteringRef === b.meteringRef && (a.meteringRef !== null || a.licenseRef === b.licenseRef)
  return sameProduct && (a.licenseRef === null) === (b.licenseRef === null) && !sameKey(a, b)
}

const sameKey = (a: Report, b: Report): boolean =>
  a.hour === b.hour &&
  a.dimension === b.dimension &&
  a.licenseRef === b.licenseRef &&
  a.buyerRef === b.buyerRef

function group(groups: Map<string, Report[]>, report: Report, mode: Mode): void {
  const known = [...groups].find(([key, [first]]) => {
    return key.startsWith(mode) && first !== undefined && compatible(first, report)
  })?.[1]
  if (known && !known.some((other) => sameKey(other, report))) known.push(report)
  else groups.set(`${mode} ${groups.size}`, [report])
}

/** Product codes of the listings still metered the old way; product ids are looked up once. */
function legacyCodes(aws: AwsClient): () => Promise<ReadonlySet<string>> {
  let known: ReadonlySet<string> | undefined
  return async () => {
    if (known) return known
    const codes = new Set<string>()
    for (const ref of aws.settings.legacyListings)
      codes.add(ref.startsWith('prod-') ? ((await productCode(aws, ref)) ?? ref) : ref)
    known = codes
    return codes
  }
}

/**
 * Sends a batch. AWS refuses a whole call for one bad record and does not say which, so a refused batch is halved
 * until the bad ones stand alone.
 */
async function send(
  aws: AwsClient,
  reports: readonly Report[],
  mode: Mode,
): Promise<readonly ReportOutcome[]> {
  const sent = reports.map((report) => ({ report, record: usageRecord(report, mode, aws.nowMs()) }))
  const isTooLarge = JSON.stringify(sent.map(({ record }) => record)).length > bytesMax
  if (isTooLarge && reports.length > 1) return halve(aws, reports, mode)
  try {
    return await attempt(aws, sent, mode)
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'rejected') throw error
    if (reports.length > 1) return halve(aws, reports, mode)
    const [only] = sent
    return only ? [await lastAttempt(aws, only, mode, error)] : []
  }
}

async function halve(
  aws: AwsClient,
  reports: readonly Report[],
  mode: Mode,
): Promise<readonly ReportOutcome[]> {
  const middle = Math.ceil(reports.length / 2)
  return [
    ...(await send(aws, reports.slice(0, middle), mode)),
    ...(await send(aws, reports.slice(middle), mode)),
  ]
}

async function attempt(
  aws: AwsClient,
  sent: readonly Sent[],
  mode: Mode,
): Promise<readonly ReportOutcome[]> {
  const product = mode === 'legacy' ? sent[0]?.report.meteringRef : undefined
  const command = new BatchMeterUsageCommand({
    ...(product ? { ProductCode: product } : {}),
    UsageRecords: sent.map(({ record }) => record),
  })
  const answer = await aws.call('BatchMeterUsage', (options) =>
    aws.once.metering.send(command, options),
  )
  return outcomes(aws, sent, answer.Results ?? [], answer.UnprocessedRecords ?? [])
}

/** AWS keys usage by the hour, so the hour's other end names the same usage where a licence covers only part of it. */
async function lastAttempt(
  aws: AwsClient,
  { report, record }: Sent,
  mode: Mode,
  error: Problem,
): Promise<ReportOutcome> {
  const start = new Date(millis(hourStart(report.hour)))
  const isOtherEnd = record.Timestamp?.getTime() !== start.getTime()
  if (error.details.awsCode !== 'InvalidLicenseException' || !isOtherEnd)
    return refusal(aws, report, error)
  try {
    const [outcome] = await attempt(
      aws,
      [{ report, record: { ...record, Timestamp: start } }],
      mode,
    )
    return outcome ?? refusal(aws, report, error)
  } catch (again) {
    if (!(again instanceof Problem) || again.code !== 'rejected') throw again
    return refusal(aws, report, error)
  }
}

function refusal(aws: AwsClient, report: Report, error: Problem): ReportOutcome {
  const { id, hour } = report
  const isOutOfBounds = error.details.awsCode === 'TimestampOutOfBoundsException'
  const ageMs = aws.nowMs() - millis(hourEnd(hour))
  // So young an hour cannot be too late: to AWS's clock it has not ended.
  if (isOutOfBounds && ageMs < clockSkewMaxMs)
    return { id, is: 'later', reason: `the clock of this machine is ahead (${error.message})` }
  return { id, is: 'refused', reason: error.message, tooLate: isOutOfBounds }
}

const refusedFor = ({ id }: Report, reason: string): ReportOutcome => ({
  id,
  is: 'refused',
  reason,
  tooLate: false,
})

/** The answer's order is not promised: results find their report by what they echo. */
function outcomes(
  aws: AwsClient,
  sent: readonly Sent[],
  results: readonly UsageRecordResult[],
  unprocessed: readonly UsageRecord[],
): readonly ReportOutcome[] {
  const left = [...results]
  return sent.map(({ report, record }) => {
    const index = left.findIndex(
      ({ UsageRecord: echo }) => echo !== undefined && matches(echo, record),
    )
    const [result] = index < 0 ? [] : left.splice(index, 1)
    if (result) return outcome(aws, { report, record }, result)
    const isKnown = unprocessed.some((echo) => matches(echo, record))
    const reason = isKnown ? 'AWS did not process it yet' : 'AWS did not answer for it'
    return { id: report.id, is: 'later', reason }
  })
}

function outcome(aws: AwsClient, sent: Sent, result: UsageRecordResult): ReportOutcome {
  const { id } = sent.report
  switch (result.Status) {
    case 'Success':
      remember(aws.heldUsage, sent)
      return { id, is: 'accepted', receipt: result.MeteringRecordId ?? null }
    case 'DuplicateRecord':
      return duplicate(aws, sent, result)
    case 'CustomerNotSubscribed':
      return refusedFor(
        sent.report,
        'CustomerNotSubscribed: the customer is unknown, suspended or without an active agreement',
      )
    default:
      throw new Problem('internal', `AWS BatchMeterUsage answered with status ${result.Status}`)
  }
}

/**
 * The hour is taken. The API reference says by another quantity, since a repeat of the same one succeeds; other AWS
 * documents say that a repeat is answered so too, hence `identicalUsage`. What AWS shows or we remember goes first.
 */
function duplicate(aws: AwsClient, sent: Sent, result: UsageRecordResult): ReportOutcome {
  const { id, quantity } = sent.report
  const accepted = { id, is: 'accepted', receipt: result.MeteringRecordId ?? null } as const
  const told = result.UsageRecord?.Quantity
  if (told !== undefined && told !== Number(quantity))
    return { id, is: 'differs', held: String(told) }
  const held = heldFor(aws.heldUsage, sent)
  if (held !== undefined) return held === quantity ? accepted : { id, is: 'differs', held }
  return aws.settings.identicalUsage === 'DuplicateRecord'
    ? accepted
    : { id, is: 'differs', held: null }
}
