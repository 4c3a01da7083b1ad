import type { Decimal } from '../../src/kernel/decimal.ts'
import { compare } from '../../src/kernel/decimal.ts'
import { asProblem, Problem } from '../../src/kernel/problem.ts'
import { hourEnd, hourStart, millis } from '../../src/kernel/time.ts'
import type { MeteringTraits, Report, ReportOutcome } from '../../src/metering/model.ts'
import type { MeteringPort } from '../../src/metering/port.ts'
import { type Check, checker, heldBack, type Verdict } from './check.ts'
import { type ReadStanding, standings } from './check-entitlement.ts'
import type { GcpClient } from './client.ts'
import { outcomesOf, refusedAlone } from './operation-outcome.ts'
import { faultOf, traitsOf, type Usage, usageOf } from './operation-usage.ts'

/** A request stays below 1 MB ("ReportRequest"); a margin for what surrounds the operations. */
const bytesMax = 900_000
const callsAtOnce = 4
const heldMax = 10_000
const retryMs = 5 * 60_000

/**
 * Metered usage by Service Control: services.check says of each consumer whether it may be billed, then services.report
 * tells an operation for each report. Nothing can be read back, and a repeat of an operation counts once by its id
 * ("Operation": UUID version 5 where deduplication is wanted), whatever quantity it names: hence what was accepted is
 * remembered, so that the same again is no second call, and another quantity is not taken for it.
 */
export function metering(google: GcpClient): MeteringPort {
  const traits = traitsOf(google.settings)
  const check = checker(google)
  const held = new Map<string, Decimal>()
  return {
    traits,
    compatible: (a, b) => a.meteringRef === b.meteringRef,
    async report(reports) {
      const call: Call = { google, traits, check, held, standing: standings(google) }
      const prepared = await atOnce(reports, (report) => prepare(call, report))
      const known = prepared.flatMap((one) => (one.is === 'ready' ? [] : [one]))
      const ready = prepared.flatMap((one) => (one.is === 'ready' ? [one.usage] : []))
      const repeats = ready.filter((usage) => isHeld(call, usage))
      const fresh = ready.filter((usage) => !isHeld(call, usage))
      const firsts = fresh.filter((usage, n) => fresh.findIndex(sameAs(usage)) === n)
      const told = await sendAll(call, firsts)
      const twins = [...repeats, ...fresh.filter((usage) => !firsts.includes(usage))]
      return [...known, ...told, ...twins.map((usage) => repeated(call, usage))]
    },
  }
}

type Call = {
  readonly google: GcpClient
  readonly traits: MeteringTraits
  readonly check: Check
  /** Quantities that were accepted, by operation. */
  readonly held: Map<string, Decimal>
  readonly standing: ReadStanding
}
type Prepared = ReportOutcome | { readonly is: 'ready'; readonly usage: Usage }

const isHeld = ({ held }: Call, { operation }: Usage): boolean => held.has(operation.operationId)
const sameAs =
  ({ operation }: Usage) =>
  (other: Usage): boolean =>
    other.operation.operationId === operation.operationId

/** The operation is there already, or was sent in this very call: ours again, or another quantity. */
function repeated({ held }: Call, { report, operation }: Usage): ReportOutcome {
  const { id, quantity } = report
  const first = held.get(operation.operationId)
  if (first === undefined)
    return { id, is: 'later', reason: 'another report of the same hour has to be settled first' }
  return compare(first, quantity) === 0
    ? { id, is: 'accepted', receipt: operation.operationId }
    : { id, is: 'differs', held: first }
}

/** Completes what a report leaves open from its entitlement, or says why it cannot be sent. */
async function prepare(call: Call, report: Report): Promise<Prepared> {
  const { settings, nowMs } = call.google
  const fault = faultOf(report, call.traits)
  if (fault !== undefined) return refused(report, fault)
  const { licenseRef, meteringRef } = report
  const isOpen = millis(hourEnd(report.hour)) > nowMs()
  if (licenseRef !== null && meteringRef !== null && !isOpen) {
    const usage = usageOf(report, { service: meteringRef, consumer: licenseRef }, settings)
    return { is: 'ready', usage }
  }
  const standing = await standingOf(call, report)
  if (standing.is !== 'known') return standing
  const consumer = licenseRef ?? standing.consumer
  const service = meteringRef ?? standing.service
  const { cancelledAt } = standing
  if (service === null) return refused(report, 'the service that was bought is not known')
  if (consumer === null) {
    const reason =
      'the entitlement has no usageReportingId yet; it comes some time after activation, and only where the plan bills usage'
    return { id: report.id, is: 'later', reason, retryAfterMs: retryMs }
  }
  if (isOpen && cancelledAt === null) {
    const retryAfterMs = Math.max(millis(hourEnd(report.hour)) - nowMs(), 1)
    return { id: report.id, is: 'later', reason: 'its hour is not over yet', retryAfterMs }
  }
  if (cancelledAt !== null && cancelledAt <= hourStart(report.hour))
    return afterTheEnd(report, cancelledAt)
  return { is: 'ready', usage: usageOf(report, { service, consumer }, settings, cancelledAt) }
}

/** The entitlement a report hangs on, or what becomes of the report without it. */
async function standingOf({ standing }: Call, report: Report) {
  try {
    const found = await standing(report.agreementRef)
    return found.is === 'gone'
      ? refused(report, 'its entitlement is deleted, 60 days after it ended')
      : found
  } catch (error) {
    return delayed(report, asProblem(error))
  }
}

/** Reports of consumers that may be billed are sent; of a consumer that may not, those from before its end are. */
async function sendAll(call: Call, usages: readonly Usage[]): Promise<readonly ReportOutcome[]> {
  const verdicts = await checkAll(call, usages)
  const judged = await atOnce(usages, async (usage): Promise<Prepared> => {
    const verdict = verdicts.get(consumerOf(usage))
    if (usage.cancelledAt !== null) return { is: 'ready', usage }
    const { report } = usage
    if (verdict === undefined || verdict instanceof Problem) return delayed(report, verdict)
    if (verdict.is === 'passes') return { is: 'ready', usage }
    const standing = await standingOf(call, report)
    if (standing.is !== 'known') return standing
    const { cancelledAt } = standing
    if (cancelledAt === null) return heldBack(report, verdict)
    if (cancelledAt <= hourStart(report.hour)) return afterTheEnd(report, cancelledAt)
    return { is: 'ready', usage: usageOf(report, usage, call.google.settings, cancelledAt) }
  })
  const held = judged.flatMap((one) => (one.is === 'ready' ? [] : [one]))
  const ready = judged.flatMap((one) => (one.is === 'ready' ? [one.usage] : []))
  return [...held, ...(await send(call, ready))]
}

const consumerOf = ({ service, consumer }: Usage): string => `${service} ${consumer}`

/** Each consumer is checked once. Throws when nothing at all was answered. */
async function checkAll(
  { check }: Call,
  usages: readonly Usage[],
): Promise<ReadonlyMap<string, Verdict | Problem>> {
  const checked = usages.filter(({ cancelledAt }) => cancelledAt === null)
  const consumers = [...new Map(checked.map((usage) => [consumerOf(usage), usage])).values()]
  const answers = await atOnce(
    consumers,
    async (usage): Promise<Verdict | Problem> => check(usage).catch(asProblem),
  )
  const [first] = answers
  if (first && answers.every((answer) => answer instanceof Problem)) throw first
  return new Map(
    consumers.flatMap((usage, n) => {
      const answer = answers[n]
      return answer ? [[consumerOf(usage), answer] as const] : []
    }),
  )
}

/**
 * A request that is refused as a whole is halved until the operation that is to blame stands alone. What was answered
 * before a call that failed stands, and the rest is sent again under the same ids; with no answer at all it is thrown.
 */
async function send(call: Call, usages: readonly Usage[]): Promise<readonly ReportOutcome[]> {
  const { settings, nowMs } = call.google
  const queue = requests(usages, call.traits.batchMax)
  const told: ReportOutcome[] = []
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    const answer = await attempt(call, batch).catch(asProblem)
    if (!(answer instanceof Problem)) {
      told.push(...answer)
      continue
    }
    const [only] = batch
    if (answer.code === 'rejected' && only && batch.length === 1)
      told.push(refusedAlone(only, answer, settings, nowMs()))
    else if (answer.code === 'rejected') queue.unshift(...halves(batch))
    else if (told.length === 0) throw answer
    else return [...told, ...[batch, ...queue].flat().map(({ report }) => delayed(report, answer))]
  }
  return told
}

async function attempt(
  { google, held }: Call,
  usages: readonly Usage[],
): Promise<readonly ReportOutcome[]> {
  const [first] = usages
  const answer = await google.ask('services.report', () =>
    google.serviceControl.services.report({
      serviceName: first?.service ?? '',
      requestBody: { operations: usages.map(({ operation }) => operation) },
    }),
  )
  const outcomes = outcomesOf(usages, answer, google.settings, google.nowMs())
  if (held.size >= heldMax) held.clear()
  for (const [n, { report, operation }] of usages.entries())
    if (outcomes[n]?.is === 'accepted') held.set(operation.operationId, report.quantity)
  return outcomes
}

/** Requests of one service each, neither too long nor too large. */
function requests(usages: readonly Usage[], operationsMax: number): (readonly Usage[])[] {
  const open = new Map<string, { bytes: number; batch: Usage[] }>()
  const batches: Usage[][] = []
  for (const usage of usages) {
    const bytes = Buffer.byteLength(JSON.stringify(usage.operation)) + 1
    const last = open.get(usage.service)
    if (last && last.batch.length < operationsMax && last.bytes + bytes <= bytesMax) {
      last.batch.push(usage)
      last.bytes += bytes
      continue
    }
    const batch = [usage]
    open.set(usage.service, { bytes, batch })
    batches.push(batch)
  }
  return batches
}

function halves(batch: readonly Usage[]): (readonly Usage[])[] {
  const middle = Math.ceil(batch.length / 2)
  return [batch.slice(0, middle), batch.slice(middle)]
}

const refused = ({ id }: Report, reason: string): ReportOutcome => ({
  id,
  is: 'refused',
  reason,
  tooLate: false,
})

const afterTheEnd = (report: Report, cancelledAt: string): ReportOutcome =>
  refused(report, `its entitlement was cancelled at ${cancelledAt}, before this hour`)

/** What hangs on a call that failed: the same is sent again. */
const delayed = ({ id }: Report, problem: Problem | undefined): ReportOutcome => ({
  id,
  is: 'later',
  reason: problem?.message ?? 'its consumer could not be checked',
  retryAfterMs: problem?.details.retryAfterMs ?? retryMs,
})

/** In the same order, a few at a time. */
async function atOnce<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const next = items.entries()
  const worker = async () => {
    for (const [n, item] of next) results[n] = await act(item)
  }
  await Promise.all(Array.from({ length: callsAtOnce }, worker))
  return results
}
