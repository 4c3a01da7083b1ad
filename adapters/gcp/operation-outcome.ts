import { z } from 'zod'
import type { Problem } from '../../src/kernel/problem.ts'
import type { ReportOutcome } from '../../src/metering/model.ts'
import { isPast, type Usage } from './operation-usage.ts'
import { shaped } from './reply.ts'
import type { GcpSettings } from './settings.ts'

const status = z.looseObject({ code: z.int().catch(0), message: z.string().nullish() })
const reply = z.looseObject({
  reportErrors: z
    .array(z.looseObject({ operationId: z.string().nullish(), status: status.nullish() }))
    .nullish(),
})
type ReportError = NonNullable<z.infer<typeof reply>['reportErrors']>[number]

/** What a code of google.rpc.Code says of one operation. */
const words: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  11: 'OUT_OF_RANGE',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
  16: 'UNAUTHENTICATED',
}
const alreadyExists = 6
/** Nothing about these gets better by waiting. */
const final: ReadonlySet<number> = new Set([3, 5, 11, 12])
/** The customer or the seller may still set it right, such as an account without billing; nobody once it is over. */
const settable: ReadonlySet<number> = new Set([7, 9])
const failedPrecondition = 9
const settableRetryMs = 10 * 60_000

/**
 * What became of the operations of one request. Service Control answers 200 also when it took none: what it names in
 * `reportErrors` was not billed, what it does not name was ("ReportResponse"). An error about an operation that was not
 * sent leaves all that it does not name in doubt. Throws `internal` for an answer of another shape.
 */
export function outcomesOf(
  usages: readonly Usage[],
  answer: unknown,
  settings: GcpSettings,
  nowMs: number,
): readonly ReportOutcome[] {
  const errors = shaped(reply, answer, 'services.report').reportErrors ?? []
  const ids = new Set(usages.map(({ operation }) => operation.operationId))
  const stray = errors.find(({ operationId }) => !ids.has(operationId ?? ''))
  return usages.map((usage) => {
    const { report, operation } = usage
    const { operationId } = operation
    const named = errors.find((one) => one.operationId === operationId)
    const error = named ?? (usages.length === 1 ? stray : undefined)
    if (error) return failed(usage, error, isPast(report, settings, nowMs))
    if (stray)
      return {
        id: report.id,
        is: 'later',
        reason: `Google refused one operation of several without saying which (${said(stray)})`,
      }
    return { id: report.id, is: 'accepted', receipt: operationId }
  })
}

function failed(
  { report, cancelledAt }: Usage,
  error: ReportError,
  isLate: boolean,
): ReportOutcome {
  const { id } = report
  const code = error.status?.code ?? 0
  const reason = said(error)
  // Its id is ours alone, so that it can only be this very operation.
  if (code === alreadyExists) return { id, is: 'accepted', receipt: error.operationId ?? null }
  const isOver = cancelledAt !== null || (isLate && code === failedPrecondition)
  if (final.has(code) || (settable.has(code) && isOver))
    return { id, is: 'refused', reason, tooLate: isLate }
  return settable.has(code)
    ? { id, is: 'later', reason, retryAfterMs: settableRetryMs }
    : { id, is: 'later', reason }
}

function said({ status }: ReportError): string {
  const code = status?.code ?? 0
  return [words[code] ?? `code ${code}`, status?.message].filter(Boolean).join(': ')
}

/** What Google said no to as a whole request of this one operation. */
export const refusedAlone = (
  { report }: Usage,
  { message }: Problem,
  settings: GcpSettings,
  nowMs: number,
): ReportOutcome => ({
  id: report.id,
  is: 'refused',
  reason: message,
  tooLate: isPast(report, settings, nowMs),
})
