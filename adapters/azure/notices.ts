import { z } from 'zod'
import { isDecimal } from '../../src/kernel/decimal.ts'
import { type Instant, instant, readInstant } from '../../src/kernel/time.ts'
import {
  type Asked,
  type NoticeAbout,
  type ReceivedNotice,
  unreadable,
} from '../../src/notices/model.ts'
import type { NoticesPort } from '../../src/notices/port.ts'
import type { AzureClient } from './client.ts'
import { readJson } from './exact-json.ts'
import { withoutPreview } from './subscription.ts'
import { WebhookKeys } from './webhook-keys.ts'
import { verifyToken } from './webhook-token.ts'

const text = z.string().nullish()
/** The webhook's body, numbers as text: an operation and its subscription. New fields may come at any time. */
const webhook = z.looseObject({
  id: z.string().min(1).max(200),
  subscriptionId: z.string().min(1).max(200),
  action: z.string().min(1).max(100),
  status: text,
  timeStamp: text,
  publisherId: text,
  offerId: text,
  planId: text,
  quantity: text,
  operationRequestSource: text,
})
type Webhook = z.infer<typeof webhook>

/**
 * Calls of Microsoft's marketplace to the connection webhook: "Implementing a webhook on the SaaS service". Its sender
 * is known by Entra's signature, so the shared secret is not used. Any 4xx within ten seconds refuses the change that
 * a call tells of, and is tried again up to 500 times; so what cannot be read, or is another publisher's, is taken and
 * left alone, and Microsoft decides as it does when nobody answers.
 */
export function notices(azure: AzureClient): NoticesPort {
  const keys = new WebhookKeys(azure)
  return {
    async receive({ headers, body }) {
      await verifyToken(azure, keys, headers.authorization)
      const now = instant(azure.nowMs())
      const read = webhook.safeParse(parsed(body, 'text'))
      if (!read.success) return [await unreadable(body, 'the body is not a SaaS webhook', now)]
      const { publisherId, timeStamp } = read.data
      if (publisherId && !isSameWord(publisherId, azure.settings.publisherId))
        return [await unreadable(body, 'it is about an offer of another publisher', now)]
      return [received(read.data, readInstant(timeStamp ?? '') ?? now, parsed(body, 'float'))]
    },
  }
}

const isSameWord = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function parsed(body: string, numbers: 'text' | 'float'): unknown {
  try {
    return readJson(body, numbers)
  } catch {
    return undefined
  }
}

/**
 * Microsoft repeats a call until it is answered well, up to 500 times, and names it by the operation. An operation can
 * be told of again as it moves on, so its action and status belong to the name: a repeat is one notice, news are two.
 */
function received(told: Webhook, at: Instant, native: unknown): ReceivedNotice {
  const asks = askedBy(told)
  return {
    noticeRef: [told.id, told.action, told.status ?? ''].join('/'),
    kind: told.action,
    at,
    about: aboutOf(told),
    ...(asks ? { asks } : {}),
    native,
  }
}

/**
 * The token of a call is signed and its body is not: whoever gets hold of one can write another body for an hour. So an
 * end, too, is only a reason to look; "Implementing a webhook on the SaaS service" asks for a call to the API before
 * anything is acted on.
 */
const aboutOf = ({ subscriptionId, offerId }: Webhook): NoticeAbout => ({
  is: 'agreement',
  agreementRef: subscriptionId,
  licenseRef: subscriptionId,
  listingRef: offerId ? withoutPreview(offerId) : null,
})

/**
 * A buyer's change waits for a word; one that we asked for ourselves does not. What else is in progress (Reinstate)
 * asks nothing.
 */
function askedBy(told: Webhook): Asked | undefined {
  const { id: operationRef, subscriptionId: agreementRef, planId, quantity } = told
  if (told.status !== 'InProgress' || told.operationRequestSource === 'Partner') return undefined
  if (told.action === 'ChangePlan' && planId)
    return { agreementRef, operationRef, change: { is: 'plan', planRef: planId } }
  if (told.action === 'ChangeQuantity' && quantity && isDecimal(quantity))
    return { agreementRef, operationRef, change: { is: 'quantity', quantity } }
  return undefined
}
