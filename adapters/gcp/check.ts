import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { dayMs, hourEnd, type Instant, later } from '../../src/kernel/time.ts'
import type { Report, ReportOutcome } from '../../src/metering/model.ts'
import type { GcpClient } from './client.ts'
import type { Usage } from './operation-usage.ts'
import { shaped } from './reply.ts'

const reply = z.looseObject({
  checkErrors: z
    .array(
      z.looseObject({
        code: z.union([z.string(), z.int().transform(String)]).catch('ERROR_CODE_UNSPECIFIED'),
        detail: z.string().nullish(),
        status: z.looseObject({ message: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
})
type CheckError = NonNullable<z.infer<typeof reply>['checkErrors']>[number]

/** Whether a consumer's usage may be reported. `graceDays`: for so long after its hour it is still taken. */
export type Verdict =
  | { readonly is: 'passes' }
  | {
      readonly is: 'later'
      readonly reason: string
      readonly retryAfterMs: number
      readonly graceDays: number | null
    }
  | { readonly is: 'refused'; readonly reason: string }

const passes: Verdict = { is: 'passes' }
/** A customer who sets billing right does so within hours or days, and a check costs a call. */
const unbilledRetryMs = 15 * 60_000
const retryMs = 5 * 60_000
/** "Best practices for usage reporting": logs are kept for replay while the customer's billing is disabled. */
const billingGraceDays = 30

const setRight: Readonly<Record<string, { what: string; graceDays: number | null }>> = {
  BILLING_DISABLED: {
    what: 'the customer’s billing is disabled: it has to be set right in his Cloud Billing account',
    graceDays: billingGraceDays,
  },
  SERVICE_NOT_ACTIVATED: {
    what: 'the service is not enabled for the customer: it has to be enabled in his project, or the entitlement has ended',
    graceDays: null,
  },
  PROJECT_DELETED: { what: 'the customer’s project is marked as deleted', graceDays: null },
}

const consumer =
  'check that usageReportingId of the entitlement is what is reported as consumer, letter for letter'
/** Codes that no waiting changes, and what to check. */
const bad: Readonly<Record<string, string>> = {
  NOT_FOUND: consumer,
  PROJECT_INVALID: consumer,
  CONSUMER_INVALID: consumer,
  PERMISSION_DENIED:
    'the consumer has no access to the service: check that the product’s service is the entitlement’s, and the service account’s link in Producer Portal (Billing integration)',
  VISIBILITY_DENIED: 'the service is not visible to the consumer: check the product’s service',
  INVALID_CREDENTIAL: consumer,
  SECURITY_POLICY_VIOLATED: 'an organisation policy of the customer forbids it',
  LOCATION_POLICY_VIOLATED: 'a location policy of the customer forbids it',
}
const badKinds =
  /^(API_KEY_|IP_ADDRESS_|REFERER_|CLIENT_APP_|API_TARGET_|SPATULA_|LOAS_ROLE_|NO_LOAS_)/

/** Google does not know, which must not stop the customer ("CheckError": ignore and let the request through). */
const isOpen = ({ code }: CheckError): boolean =>
  code.endsWith('_UNAVAILABLE') || code === 'INJECTED_ERROR'

/** What services.check answered, by its errors; one that might pass goes before one that never does. */
export function verdictOf(errors: readonly CheckError[]): Verdict {
  const told = errors.filter((error) => !isOpen(error))
  const unbilled = told.find(({ code }) => setRight[code] !== undefined)
  if (unbilled) {
    const { what = '', graceDays = null } = setRight[unbilled.code] ?? {}
    return { is: 'later', reason: said(unbilled, what), retryAfterMs: unbilledRetryMs, graceDays }
  }
  const isBad = ({ code }: CheckError) => bad[code] !== undefined || badKinds.test(code)
  const passing = told.find((error) => !isBad(error))
  if (passing)
    return { is: 'later', reason: said(passing, ''), retryAfterMs: retryMs, graceDays: null }
  const [worst] = told
  if (!worst) return passes
  return { is: 'refused', reason: said(worst, bad[worst.code] ?? consumer) }
}

const said = ({ code, detail, status }: CheckError, what: string): string => {
  const words = detail || status?.message
  return [`services.check: ${code}`, words, what].filter(Boolean).join(': ')
}

/** What a verdict other than passing means for one report. */
export function heldBack(
  { id, hour }: Report,
  verdict: Exclude<Verdict, { is: 'passes' }>,
): ReportOutcome {
  if (verdict.is === 'refused') return { id, is: 'refused', reason: verdict.reason, tooLate: false }
  const { reason, retryAfterMs, graceDays } = verdict
  const takenUntil: Instant | null =
    graceDays === null ? null : later(hourEnd(hour), graceDays * dayMs)
  return { id, is: 'later', reason, retryAfterMs, ...(takenUntil === null ? {} : { takenUntil }) }
}

export type Check = (usage: Usage) => Promise<Verdict>

const keptMax = 10_000

/**
 * services.check of a consumer, kept for as long as the settings say. While Google is in trouble the last answer stands.
 * It is asked without metrics, since it is about the consumer: one bad metric is another report's matter. Throws what
 * the call ran into where nothing was ever answered.
 */
export function checker(google: GcpClient): Check {
  const known = new Map<string, { readonly verdict: Verdict; readonly atMs: number }>()
  const keptMs = google.settings.metering.checkSeconds * 1000
  return async (usage) => {
    const key = `${usage.service} ${usage.consumer}`
    const last = known.get(key)
    if (last && google.nowMs() - last.atMs < keptMs) return last.verdict
    try {
      const verdict = await ask(google, usage)
      if (known.size >= keptMax) known.clear()
      known.set(key, { verdict, atMs: google.nowMs() })
      return verdict
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'rejected') return { is: 'refused', reason: error.message }
      if (last && (error.code === 'unavailable' || error.code === 'throttled')) return last.verdict
      throw error
    }
  }
}

async function ask(google: GcpClient, { service, operation }: Usage): Promise<Verdict> {
  const { operationId, operationName, consumerId, startTime, endTime } = operation
  const about = { operationId, operationName, consumerId, startTime, endTime }
  const answer = await google.ask('services.check', () =>
    google.serviceControl.services.check({
      serviceName: service,
      requestBody: { operation: about },
    }),
  )
  return verdictOf(shaped(reply, answer, 'services.check').checkErrors ?? [])
}
