import type { AgreementsPort, OperationProgress, Wanted } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { hourMs } from '../../src/kernel/time.ts'
import type { GcpClient } from './client.ts'
import {
  type Account,
  accountName,
  buyerOf,
  type Entitlement,
  entitlementName,
  fetchAccount,
  fetchEntitlement,
  idOf,
  isApproved,
  serviceOf,
  states,
} from './entitlement.ts'
import { planRefOf } from './metrics.ts'

/** The only approval that any document names. */
const signUp = 'signup'
/** So long after an account's approval its orders may still be refused for the want of it. */
const approvalKnownWithinMs = hourMs
const approvalRetryMs = 10_000
/** Longer reasons are cut by Google in the middle of a character. */
const reasonBytesMax = 256

type Operate = NonNullable<AgreementsPort['operate']>
type Change = Extract<Wanted, { is: 'approve_change' | 'reject_change' }>

/**
 * Asks for a change. No call takes a key of ours, so the entitlement is read before each: what is so already is done,
 * and a call that fails is judged by what the entitlement shows afterwards. Google acts on an approval with a delay
 * and gives it no name; the entitlement itself tells.
 */
export const operate =
  (gcp: GcpClient): Operate =>
  async (agreementRef, wanted) => {
    const read = await fetchEntitlement(gcp, agreementRef).catch(gone)
    if (read === 'gone') {
      // An order that was rejected is removed.
      if (wanted.is === 'reject') return done
      throw new Problem('not_found', `Google knows no entitlement ${agreementRef}`)
    }
    switch (wanted.is) {
      case 'activate':
        return activate(gcp, read)
      case 'reject':
        return reject(gcp, read, wanted.reason)
      case 'approve_change':
      case 'reject_change':
        return decide(gcp, read, wanted)
      case 'message':
        return tell(gcp, read, wanted.text)
      default:
        throw new Problem('unsupported', `Google lets no seller ${wanted.is.replace('_', ' ')}`)
    }
  }

const running = { is: 'running', operationRef: null } as const
const done = { is: 'done' } as const

const isInService = ({ state }: Entitlement): boolean =>
  state === states.active || state === states.changing || state === states.changeRequested

/** First the account, then the order: an order of an account that is not approved is refused. */
async function activate(gcp: GcpClient, read: Entitlement): Promise<OperationProgress> {
  if (isInService(read)) return done
  if (read.state !== states.requested) throw refusal('activate', `the order is ${read.state}`)
  if (isApproved(read)) return running
  const isAccountNew = await approveAccount(gcp, buyerOf(read))
  const name = entitlementName(gcp, idOf(read))
  return written(
    gcp,
    read,
    () =>
      gcp.ask('entitlements.approve', () =>
        gcp.procurement.providers.entitlements.approve({ name, requestBody: {} }),
      ),
    isAccountNew,
  )
}

/** Answers whether it was approved a short while ago; Google may then still refuse its orders for a while. */
async function approveAccount(gcp: GcpClient, id: string): Promise<boolean> {
  const approval = signUpOf(await fetchAccount(gcp, id))
  if (approval?.state === 'APPROVED') {
    const since = gcp.nowMs() - Date.parse(approval.updateTime ?? '')
    return since < approvalKnownWithinMs
  }
  const name = accountName(gcp, id)
  try {
    await gcp.ask('accounts.approve', () =>
      gcp.procurement.providers.accounts.approve({ name, requestBody: { approvalName: signUp } }),
    )
  } catch (error) {
    // Somebody else may have been first, in Producer Portal or another worker here.
    if (!isRefusal(error)) throw error
    if (signUpOf(await fetchAccount(gcp, id))?.state !== 'APPROVED') throw error
  }
  return true
}

const signUpOf = ({ approvals }: Account) => (approvals ?? []).find(({ name }) => name === signUp)

async function reject(
  gcp: GcpClient,
  read: Entitlement,
  reason: string | null,
): Promise<OperationProgress> {
  if (read.state === states.cancelled) return done
  // What was approved and waits for its day can still be rejected: "Turn on automatic offer approval".
  if (read.state !== states.requested) throw refusal('reject', `the order is ${read.state}`)
  const name = entitlementName(gcp, idOf(read))
  const requestBody = reason === null ? {} : { reason: cut(reason) }
  return written(gcp, read, () =>
    gcp.ask('entitlements.reject', () =>
      gcp.procurement.providers.entitlements.reject({ name, requestBody }),
    ),
  )
}

/** Whether a change of plan stands that the buyer asked for. Another one than was decided on is not touched. */
async function decide(
  gcp: GcpClient,
  read: Entitlement,
  wanted: Change,
): Promise<OperationProgress> {
  const pendingPlanName = read.newPendingPlan ?? ''
  const isWaiting = read.state === states.changeRequested
  if (!isWaiting && isDecided(read, wanted)) return done
  if (!isWaiting) throw refusal(wanted.is, 'no change of plan waits for an answer any more')
  if (!isPlan(gcp, read, pendingPlanName, wanted.planRef))
    throw refusal(wanted.is, `it is ${pendingPlanName} that waits, not ${wanted.planRef}`)
  const name = entitlementName(gcp, idOf(read))
  const { entitlements } = gcp.procurement.providers
  if (wanted.is === 'approve_change')
    return written(gcp, read, () =>
      gcp.ask('entitlements.approvePlanChange', () =>
        entitlements.approvePlanChange({ name, requestBody: { pendingPlanName } }),
      ),
    )
  const reason = wanted.reason === null ? {} : { reason: cut(wanted.reason) }
  return written(gcp, read, () =>
    gcp.ask('entitlements.rejectPlanChange', () =>
      entitlements.rejectPlanChange({ name, requestBody: { pendingPlanName, ...reason } }),
    ),
  )
}

/**
 * Whether the change has happened or will at the end of a cycle, or, for one to reject, neither. A change between two
 * lengths of one plan is one too: the words must be the same.
 */
function isDecided(read: Entitlement, { is, planRef }: Change): boolean {
  if (!isInService(read)) return false
  const coming = read.state === states.changing ? read.newPendingPlan : read.plan
  return (coming === planRef) === (is === 'approve_change')
}

const isPlan = ({ settings }: GcpClient, read: Entitlement, word: string, planRef: string) =>
  word === planRef || planRefOf(settings, serviceOf(read), word) === planRef

/** "Provider-supplied message that is displayed to the end user", only while something waits for the seller. */
async function tell(gcp: GcpClient, read: Entitlement, text: string): Promise<OperationProgress> {
  if (read.state !== states.requested && read.state !== states.changeRequested)
    throw refusal('message', 'Google shows a message only while an order or a change waits for you')
  if (read.messageToUser === text) return done
  const name = entitlementName(gcp, idOf(read))
  await gcp.ask('entitlements.patch', () =>
    gcp.procurement.providers.entitlements.patch({
      name,
      updateMask: 'messageToUser',
      requestBody: { messageToUser: text },
    }),
  )
  return done
}

/**
 * A call that changes something, and what became of one that was refused: it counts as taken if the entitlement has
 * moved since it was read.
 */
async function written(
  gcp: GcpClient,
  read: Entitlement,
  write: () => Promise<unknown>,
  isAccountNew = false,
): Promise<OperationProgress> {
  try {
    await write()
    return running
  } catch (error) {
    if (!isRefusal(error)) throw error
    const after = await fetchEntitlement(gcp, idOf(read)).catch(gone)
    if (after === 'gone' || hasMoved(read, after)) return running
    if (!isAccountNew || error.details.googleStatus !== 'FAILED_PRECONDITION') throw error
    const message = 'the buyer’s account was approved just now; Google takes a while to know it'
    throw new Problem('conflict', message, { retryAfterMs: approvalRetryMs }, { cause: error })
  }
}

const isRefusal = (error: unknown): error is Problem =>
  error instanceof Problem && (error.code === 'rejected' || error.code === 'conflict')

function gone(error: unknown): 'gone' {
  if (error instanceof Problem && error.code === 'not_found') return 'gone'
  throw error
}

const hasMoved = (before: Entitlement, after: Entitlement): boolean =>
  before.state !== after.state ||
  before.newPendingPlan !== after.newPendingPlan ||
  isApproved(before) !== isApproved(after)

const refusal = (part: string, message: string): Problem =>
  new Problem('rejected', `Google takes no such request: ${message}`, {
    reasons: [{ part, code: null, message }],
  })

/** At most so many bytes of it, whole characters. */
function cut(text: string): string {
  let kept = ''
  let bytes = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > reasonBytesMax) break
    kept += character
  }
  return kept
}
