import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { AzureClient } from './client.ts'
import { segment, shaped } from './reply.ts'

const text = z.string().nullish()
const person = z.looseObject({ tenantId: text, emailId: text, objectId: text }).nullish()

/**
 * A subscription as "SaaS fulfillment Subscription APIs v2" has it, numbers as text. The documents' samples have stray
 * blanks in words and an empty text where there is no quantity.
 */
export const subscription = z.looseObject({
  id: z.string().min(1),
  publisherId: text,
  offerId: text,
  name: text,
  saasSubscriptionStatus: z
    .string()
    .transform((word) => word.trim())
    .nullish(),
  beneficiary: person,
  purchaser: person,
  planId: text,
  quantity: text,
  term: z
    .looseObject({ startDate: text, endDate: text, termUnit: text, chargeDuration: text })
    .nullish(),
  autoRenew: z.boolean().nullish(),
  isFreeTrial: z.boolean().nullish(),
  allowedCustomerOperations: z.array(z.string()).nullish(),
  created: text,
})
export type Subscription = z.infer<typeof subscription>

export const subscriptions = '/saas/subscriptions'
export const pathOf = (id: string): string => `${subscriptions}/${segment(id)}`

/**
 * One subscription and the text it came in. Throws `not_found` for one that is not the seller's: the API then answers
 * 403, as it does for a token that is no good, so the list is asked whether the token is.
 */
export async function fetchSubscription(
  azure: AzureClient,
  id: string,
): Promise<{ readonly read: Subscription; readonly text: string }> {
  try {
    const { json, text: written } = await azure.call('fulfilment', {
      method: 'GET',
      path: pathOf(id),
      numbers: 'text',
    })
    return { read: shaped(subscription, json, 'GET subscription'), text: written }
  } catch (error) {
    if (!(error instanceof Problem) || !['forbidden', 'rejected'].includes(error.code)) throw error
    if (error.code === 'forbidden') await beKnown(azure)
    const message = `${id} is not a subscription to an offer of this publisher`
    throw new Problem('not_found', message, {}, { cause: error })
  }
}

/** Throws `forbidden` when it is our own token that is no good: the list is given for any other. */
export async function beKnown(azure: AzureClient): Promise<void> {
  await azure.call('fulfilment', { method: 'GET', path: subscriptions })
}

/** Offers bought while in preview carry this after their ID. */
export const withoutPreview = (offerId: string): string => offerId.replace(/-preview$/, '')

export const isPending = ({ saasSubscriptionStatus: status }: Subscription): boolean =>
  status === 'PendingFulfillmentStart' || status === 'NotStarted'
