import { z } from 'zod'
import { plainRef } from '../../src/kernel/text.ts'
import { instant, readInstant } from '../../src/kernel/time.ts'
import { type NoticeAbout, type ReceivedNotice, unkeepable } from '../../src/notices/model.ts'
import type { GcpSettings } from './settings.ts'

const text = z.string().nullish()
const subject = z.looseObject({ id: z.string().min(1).max(200), updateTime: text })

/** A PubsubMessage; a push has its names in two spellings. */
export const message = z.looseObject({
  data: text,
  messageId: text,
  message_id: text,
  publishTime: text,
  publish_time: text,
})
export type Message = z.infer<typeof message>

/**
 * An event as "Manage customer entitlements" has it. The one of a new account has no type, and one event's id is that
 * of all events of an operation.
 */
const event = z.looseObject({
  eventId: z.string().min(1).max(300),
  eventType: z.string().min(1).max(100).nullish(),
  providerId: text,
  account: subject.nullish(),
  entitlement: subject.nullish(),
})
type Event = z.infer<typeof event>

const accountCreated = 'ACCOUNT_CREATED'
const accountDeleted = 'ACCOUNT_DELETED'

/**
 * A message as a notice: a hint of what to look at, since messages come twice, late, out of order, or not at all. What
 * cannot be read is one too, or it would come again for ever.
 */
export function noticeOf(told: Message, settings: GcpSettings, nowMs: number): ReceivedNotice {
  const json = decoded(told.data ?? '')
  const messageId = told.messageId || told.message_id || ''
  const publishedAt = told.publishTime || told.publish_time || ''
  const native = { messageId, publishTime: publishedAt, event: json ?? told.data ?? null }
  const at = readInstant(publishedAt) ?? instant(nowMs)
  const read = event.safeParse(json)
  const about = read.success ? aboutOf(read.data, settings) : undefined
  if (!read.success || about === undefined)
    return { noticeRef: messageId, kind: 'unreadable', at, about: { is: 'other' }, native }
  const { eventId, eventType, account, entitlement } = read.data
  const who = entitlement ?? account
  return {
    noticeRef: `${eventType ?? '-'}:${eventId}:${who?.id ?? '-'}`,
    kind: eventType ?? accountCreated,
    at: readInstant(who?.updateTime ?? '') ?? at,
    about,
    native,
  }
}

/** By what the event has, since its type may be absent. Undefined for one that is about nothing. */
function aboutOf(read: Event, { providerId }: GcpSettings): NoticeAbout | undefined {
  const { account, entitlement, eventType } = read
  if (read.providerId && read.providerId !== providerId) return { is: 'other' }
  if (entitlement)
    return {
      is: 'agreement',
      agreementRef: entitlement.id,
      licenseRef: null,
      listingRef: null,
    }
  if (!account) return undefined
  return { is: 'account', buyerRef: plainRef(account.id), isGone: eventType === accountDeleted }
}

/** Undefined for what is no JSON, or none that can be kept. */
function decoded(data: string): unknown {
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'))
    const json: unknown = JSON.parse(utf8)
    return unkeepable(json) === undefined ? json : undefined
  } catch {
    return undefined
  }
}
