import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { addDays, dayOf, instant } from '../../src/kernel/time.ts'
import type { AzureClient } from './client.ts'
import { segment, shaped } from './reply.ts'

/** Where an export stands; `link` is where its file lies. */
export type Export =
  | { readonly is: 'waiting' }
  | { readonly is: 'completed'; readonly link: string }
  | { readonly is: 'failed' }

/** The exports of "Payout APIs", and the field by which each is narrowed to a window. */
const exportsOf = {
  earnings: { path: '/payouts/transactionhistory', day: 'earningForDate' },
  payments: { path: '/payouts/payments', day: 'paymentDate' },
} as const
export type PayoutExport = keyof typeof exportsOf

const text = z.string().nullish()
const answer = z.looseObject({
  value: z.array(z.looseObject({ requestId: text, status: text, blobLocation: text })).nullish(),
})

const asked = new WeakMap<AzureClient, Map<string, string>>()
const askedMax = 1_000

/**
 * Queues an export, and answers with its request id: "Create an earnings export request", "Create a payments export
 * request". The API takes no key and lists nothing, so a request whose reply was lost is made a second time, which
 * changes nothing; within this process a key is asked for once. It is called with the token of a user (see
 * `token-client.ts`): each exchange may bring a newer refresh token, which is kept in memory for as long as this process
 * lives, so that the one in the credentials has to be valid whenever a process starts.
 */
export async function requestExport(
  azure: AzureClient,
  kind: PayoutExport,
  key: string,
): Promise<string> {
  const known = asked.get(azure) ?? new Map<string, string>()
  asked.set(azure, known)
  const earlier = known.get(`${kind} ${key}`)
  if (earlier !== undefined) return earlier
  const { path, day } = exportsOf[kind]
  const today = dayOf(instant(azure.nowMs()))
  const first = addDays(today, -azure.settings.reports.lookBackDays)
  const { json } = await azure.call('partner', {
    method: 'POST',
    path,
    query: { $filter: `${day} ge ${first} and ${day} le ${today}`, fileformat: 'csv' },
  })
  const id = shaped(answer, json, `POST ${path}`).value?.[0]?.requestId
  if (!id) throw new Problem('internal', `Microsoft’s answer to POST ${path} names no request`)
  known.set(`${kind} ${key}`, id)
  const [oldest] = known.keys()
  if (known.size > askedMax && oldest !== undefined) known.delete(oldest)
  return id
}

/** Where a queued export stands; it takes minutes to a day. One that Microsoft does not show yet is waited for. */
export async function exportOf(
  azure: AzureClient,
  kind: PayoutExport,
  requestId: string,
): Promise<Export> {
  const path = `${exportsOf[kind].path}/${segment(requestId)}`
  const { json, status } = await azure.call('partner', { method: 'GET', path, expects: [404] })
  if (status === 404) return { is: 'waiting' }
  const one = shaped(answer, json, `GET ${path}`).value?.[0]
  const word = one?.status?.toLowerCase()
  if (word === 'failed') return { is: 'failed' }
  return word === 'completed' && one?.blobLocation
    ? { is: 'completed', link: one.blobLocation }
    : { is: 'waiting' }
}
