import { z } from 'zod'
import type { NoticesPort, PulledNotice } from '../../src/notices/port.ts'
import type { GcpClient } from './client.ts'
import { message, noticeOf } from './message.ts'
import { segment, shaped } from './reply.ts'

/** "maxMessages … a positive integer", and acknowledgements of at most 512 KiB: Pub/Sub's quotas. */
const messagesMax = 1_000
const receiptsMax = 1_000

const pulled = z.looseObject({
  receivedMessages: z
    .array(z.looseObject({ ackId: z.string().min(1), message: message.nullish() }))
    .nullish(),
})

/**
 * Messages fetched from a subscription: `projects.subscriptions.pull` of Pub/Sub's REST API. Without
 * `returnImmediately` it waits for a message, for a time that no document names and our own limit may cut short.
 * Google discourages it for what is lost in speed; an answer may be empty too early, and is asked for again.
 */
export const pull =
  (gcp: GcpClient, subscription: string): NonNullable<NoticesPort['pull']> =>
  async (max): Promise<readonly PulledNotice[]> => {
    const json = await gcp.call({
      api: 'pubsub',
      method: 'POST',
      path: `${pathOf(subscription)}:pull`,
      body: { maxMessages: Math.min(Math.max(1, max), messagesMax), returnImmediately: true },
      operation: 'subscriptions.pull',
    })
    const { receivedMessages } = shaped(pulled, json, 'subscriptions.pull')
    return (receivedMessages ?? []).map(({ ackId, message: told }) => {
      const notice = noticeOf(told ?? {}, gcp.settings, gcp.nowMs())
      // A message without a name would be taken for another one.
      return { notice: { ...notice, noticeRef: notice.noticeRef || ackId }, receipt: ackId }
    })
  }

export const acknowledge =
  (gcp: GcpClient, subscription: string): NonNullable<NoticesPort['acknowledge']> =>
  async (receipts) => {
    for (let first = 0; first < receipts.length; first += receiptsMax)
      await gcp.call({
        api: 'pubsub',
        method: 'POST',
        path: `${pathOf(subscription)}:acknowledge`,
        body: { ackIds: receipts.slice(first, first + receiptsMax) },
        operation: 'subscriptions.acknowledge',
      })
  }

export const pathOf = (subscription: string): string =>
  `/v1/${subscription.split('/').map(segment).join('/')}`
