import { z } from 'zod'
import type { Registration } from '../../src/agreements/model.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { plainRef } from '../../src/kernel/text.ts'
import type { AzureClient } from './client.ts'
import { readBody } from './failures.ts'
import { shaped } from './reply.ts'
import { beKnown, fetchSubscription, subscription, subscriptions } from './subscription.ts'

const tokenField = 'token'
const resolved = z.looseObject({
  id: z.string().min(1),
  subscription: subscription.nullish(),
})

/** The query parameter with which a buyer arrives at the landing page: "SaaS fulfillment Subscription APIs v2". */
export function readToken(fields: Readonly<Record<string, string>>): string | undefined {
  const token = fields[tokenField] ?? ''
  // A decoder turns a plus that was not escaped into a space, and tokens hold pluses, also first and last, but no spaces.
  return token.trim() === '' ? undefined : token.replaceAll(' ', '+').trim()
}

/** Whose purchase the token stands for. It can be resolved again as long as it lives, for a day. */
export async function resolve(azure: AzureClient, token: string): Promise<Registration> {
  const { status, json, text } = await azure.call('fulfilment', {
    method: 'POST',
    path: `${subscriptions}/resolve`,
    headers: { 'x-ms-marketplace-token': headerValue(token), 'content-type': 'application/json' },
    idempotent: true,
    numbers: 'text',
    expects: [400, 403, 404],
  })
  // So are a purchase of another publisher and our own token answered when it is no good.
  if (status === 403) await beKnown(azure)
  if (status >= 400) throw refused(status, text)
  const { id, subscription: known } = shaped(resolved, json, 'POST resolve')
  const found = known ?? (await fetchSubscription(azure, id)).read
  const buyerRef = plainRef(found.beneficiary?.tenantId ?? found.purchaser?.tenantId ?? '')
  if (!buyerRef) throw new Problem('internal', `Microsoft’s subscription ${id} has no tenant`)
  return {
    agreementRef: id,
    buyerRef,
    licenseRef: id,
    customerRef: null,
    meteringRef: null,
    native: json,
  }
}

/** Whatever a browser sent, as a header may hold it; what cannot be one is no token of Microsoft's. */
function headerValue(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new Problem('rejected', invalidMessage, { token: 'invalid' })
}

const invalidMessage =
  'this is not a purchase token that Microsoft made for an offer of this publisher'

/** Missing, malformed and expired tokens are all a 400; only its words tell them apart. */
function refused(azureStatus: number, text: string): Problem {
  const { code, message, reasons } = readBody(text)
  const said = [code, message, ...reasons.map((one) => one.message)].join(' ')
  const isExpired = /expire/i.test(said)
  return isExpired
    ? new Problem(
        'rejected',
        'the purchase token has expired: open the subscription in Microsoft’s marketplace and choose “Configure account” again',
        { token: 'expired', azureStatus },
      )
    : new Problem('rejected', invalidMessage, { token: 'invalid', azureStatus })
}
