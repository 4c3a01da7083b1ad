import type { Id } from '../kernel/id.ts'
import type { Problem } from '../kernel/problem.ts'
import { storableText } from '../kernel/text.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'

/** What a provider told us about, in our words. It says what to look at, never what is true. */
export type NoticeAbout =
  | {
      readonly is: 'agreement'
      readonly agreementRef: string
      readonly licenseRef: string | null
      readonly listingRef: string | null
    }
  | {
      readonly is: 'license_ended'
      readonly agreementRef: string
      readonly licenseRef: string
      readonly at: Instant
    }
  /** A buyer's account and all its agreements. `isGone`: the marketplace deleted it, and what we hold of its people goes too. */
  | { readonly is: 'account'; readonly buyerRef: string; readonly isGone: boolean }
  | { readonly is: 'offer'; readonly offerRef: string | null; readonly operation: string | null }
  | { readonly is: 'other' }

/** One notice, verified. `noticeRef` is the provider's message id: the same one twice is one notice. */
export type ReceivedNotice = {
  readonly noticeRef: string
  readonly kind: string
  readonly at: Instant
  readonly about: NoticeAbout
  /** A change by the buyer that waits for our word; absent: nothing is asked. */
  readonly asks?: Asked | undefined
  readonly native: unknown
}

/**
 * What a provider asks with a notice: whether a buyer's change to an agreement stands. A refusal is given in the
 * answer to the notice itself; an acceptance is told afterwards, by `operationRef`.
 */
export type Asked = {
  readonly agreementRef: string
  readonly operationRef: string
  readonly change:
    | { readonly is: 'plan'; readonly planRef: string }
    | { readonly is: 'quantity'; readonly quantity: string }
}

/** What becomes of a buyer's change. It is decided before the notice is answered, and never again. */
export type Verdict = 'accepted' | 'refused'

/** What a seller does with the two changes a notice can ask about: nobody can be asked, since the answer cannot wait. */
export type BuyerChanges = Readonly<Record<Asked['change']['is'], 'accept' | 'refuse'>>

/** A change that we asked for ourselves stands; of a buyer's own the seller's policy decides. */
export const verdictOn = ({ change }: Asked, policy: BuyerChanges, isOurs: boolean): Verdict =>
  isOurs || policy[change.is] === 'accept' ? 'accepted' : 'refused'

/** Where a notice stands. `received` waits to be acted on, for the `attempts`th time once it went wrong. */
export type NoticeState =
  | {
      readonly is: 'received'
      readonly attempts: number
      readonly dueAt: Instant
      readonly problem: Trouble | null
    }
  | { readonly is: 'handled'; readonly at: Instant }
  | { readonly is: 'failed'; readonly at: Instant; readonly problem: Trouble }
export type Trouble = { readonly code: string; readonly message: string }

export type Notice = ReceivedNotice & {
  readonly id: Id<'ntc'>
  readonly connection: Id<'conn'>
  /** On what it asks; null when it asks nothing. */
  readonly verdict: Verdict | null
  readonly state: NoticeState
  readonly receivedAt: Instant
}

export const noticeStates = ['received', 'handled', 'failed'] as const

const firstRetryMs = 5_000
const firstRetryAskedMs = 1_000
const retryMaxMs = 3_600_000
const giveUpAfterMs = dayMs

/**
 * What becomes of a notice that could not be acted on: tried again with growing pauses, because a provider may
 * tell of a thing before it can be read there; given up after a day. Only an outage is waited out for ever.
 */
export function afterTrouble(
  notice: Pick<Notice, 'receivedAt' | 'asks'> & { readonly attempts: number },
  { code, message, details }: Problem,
  now: Instant,
): NoticeState {
  const problem = { code, message }
  const isOutage = code === 'unavailable' || code === 'throttled'
  if (!isOutage && now >= later(notice.receivedAt, giveUpAfterMs))
    return { is: 'failed', at: now, problem }
  // What is asked decides itself when nobody answers for a while.
  const firstMs = notice.asks ? firstRetryAskedMs : firstRetryMs
  const pauseMs = Math.min(firstMs * 2 ** notice.attempts, retryMaxMs)
  const dueAt = later(now, details.retryAfterMs ?? pauseMs)
  return { is: 'received', attempts: notice.attempts + 1, dueAt, problem }
}

const shownMax = 10_000

/**
 * What a provider sent that nobody can read, or that is about somebody else's: it is shown and acted on by nobody. A
 * refusal would have it sent again for ever, or be taken for the answer to something. The same text is one notice.
 */
export async function unreadable(text: string, why: string, at: Instant): Promise<ReceivedNotice> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return {
    noticeRef: `unreadable/${Buffer.from(digest).toString('hex')}`,
    kind: 'unreadable',
    at,
    about: { is: 'other' },
    native: { unreadable: why, text: storableText(text.slice(0, shownMax)) },
  }
}

const nestingMax = 64

/** Why a value cannot be kept (U+0000, half a surrogate pair, nested too deep), or undefined when it can. */
export function unkeepable(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string')
    return value.includes('\0') || !value.isWellFormed()
      ? 'text with U+0000 or half a surrogate pair cannot be kept'
      : undefined
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === nestingMax) return `must be nested at most ${nestingMax} deep`
  for (const [key, inner] of Object.entries(value)) {
    const fault = unkeepable(key) ?? unkeepable(inner, depth + 1)
    if (fault !== undefined) return fault
  }
  return undefined
}
