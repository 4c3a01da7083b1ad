import { z } from 'zod'
import type { AgreementsPage, AgreementsPort } from '../../src/agreements/port.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { instant } from '../../src/kernel/time.ts'
import { fingerprintOf, readAgreement } from './agreement-document.ts'
import { purchasedPlan } from './available-plans.ts'
import type { AzureClient } from './client.ts'
import { readJson } from './exact-json.ts'
import { answer, operate, progress } from './operations.ts'
import { readToken, resolve } from './registration.ts'
import { shaped } from './reply.ts'
import { fetchSubscription, subscription, subscriptions } from './subscription.ts'

const list = z.looseObject({
  subscriptions: z.array(z.unknown()).nullish(),
  '@nextLink': z.string().nullish(),
})
const native = z.looseObject({ allowedCustomerOperations: z.array(z.string()).nullish() })
/** A walk through the list's pages; without a link it begins anew. */
const position = z.strictObject({ link: z.string().optional() })

/**
 * Subscriptions by the SaaS fulfilment API v2. Its list cannot be asked for changes and keeps what ended for ever, so a
 * poll walks all of it, one call a page, and tells glimpses; what differs is then read whole with `get`, in two calls.
 */
export const agreements = (azure: AzureClient): AgreementsPort => ({
  traits: {
    operations: ['activate', 'change_plan', 'change_quantity', 'cancel'],
    activation: azure.settings.activation,
    buyerChanges: azure.settings.buyerChanges,
  },
  changedSince: (cursor) => nextPage(azure, cursor),
  async get(agreementRef) {
    const { read, text } = await fetchSubscription(azure, agreementRef)
    const { plan, native: plans } = await purchasedPlan(azure, read)
    const documents = { read, plan, native: { subscription: ordered(text), plans } }
    return readAgreement(documents, azure.settings, instant(azure.nowMs()))
  },
  readToken,
  resolve: (token) => resolve(azure, token),
  operate: operate(azure),
  progress: progress(azure),
  answer: answer(azure),
})

/** The document as it came, but for the one list whose order changes from answer to answer. */
function ordered(text: string): unknown {
  const document = native.parse(readJson(text))
  const { allowedCustomerOperations: allowed } = document
  return allowed ? { ...document, allowedCustomerOperations: allowed.toSorted() } : document
}

async function nextPage(azure: AzureClient, cursor: string | null): Promise<AgreementsPage> {
  const { json } = await page(azure, readCursor(cursor))
  const { subscriptions: told, '@nextLink': link } = shaped(list, json, 'GET subscriptions')
  const glimpses = (told ?? []).flatMap((one) => {
    const read = subscription.safeParse(one)
    return read.success
      ? [{ agreementRef: read.data.id, fingerprint: fingerprintOf(read.data) }]
      : []
  })
  return {
    agreements: [],
    glimpses,
    cursor: JSON.stringify(link ? { link } : {}),
    more: Boolean(link),
  }
}

async function page(azure: AzureClient, link: string | undefined) {
  const first = () =>
    azure.call('fulfilment', { method: 'GET', path: subscriptions, numbers: 'text' })
  if (link === undefined) return first()
  return azure.call('fulfilment', { method: 'GET', url: link, numbers: 'text' }).catch((error) => {
    // A continuation token lives for a while only; the walk then begins again.
    const isStale = error instanceof Problem && ['rejected', 'not_found'].includes(error.code)
    if (!isStale) throw error
    return first()
  })
}

function readCursor(cursor: string | null): string | undefined {
  if (cursor === null) return undefined
  try {
    return position.parse(JSON.parse(cursor)).link
  } catch (cause) {
    throw new Problem('invalid', 'this cursor is not one of ours', {}, { cause })
  }
}
