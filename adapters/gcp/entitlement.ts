import type { cloudcommerceprocurement_v1 } from '@googleapis/cloudcommerceprocurement'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import type { GcpClient } from './client.ts'
import { lastOf, segment, shaped } from './reply.ts'

const text = z.string().nullish()

/** An Entitlement of the Partner Procurement API v1, revision 20251012. */
export const entitlement = z.looseObject({
  name: z.string().min(1),
  account: text,
  provider: text,
  product: text,
  productExternalName: text,
  plan: text,
  newPendingPlan: text,
  offer: text,
  offerDuration: text,
  offerEndTime: text,
  newPendingOffer: text,
  newOfferStartTime: text,
  subscriptionEndTime: text,
  usageReportingId: text,
  messageToUser: text,
  state: text,
  createTime: text,
  updateTime: text,
})
export type Entitlement = z.infer<typeof entitlement>

const page = z.looseObject({ entitlements: z.array(z.unknown()).nullish(), nextPageToken: text })
const account = z.looseObject({
  name: z.string().min(1),
  state: text,
  approvals: z.array(z.looseObject({ name: text, state: text, updateTime: text })).nullish(),
})
export type Account = z.infer<typeof account>

type Query = cloudcommerceprocurement_v1.Params$Resource$Providers$Entitlements$List

export const providerOf = ({ settings }: GcpClient): string => `providers/${settings.providerId}`
export const entitlementName = (gcp: GcpClient, id: string): string =>
  `${providerOf(gcp)}/entitlements/${segment(id)}`
export const accountName = (gcp: GcpClient, id: string): string =>
  `${providerOf(gcp)}/accounts/${segment(id)}`

/**
 * One page of entitlements: rows that can be read, and what of them cannot be is left out, so that one stops no other.
 * "Use the default", says the API of a page's size.
 */
export async function entitlementsPage(
  gcp: GcpClient,
  query: Pick<Query, 'pageToken' | 'filter' | 'pageSize'>,
): Promise<{ readonly rows: readonly Entitlement[]; readonly next: string | null }> {
  const json = await gcp.ask('entitlements.list', () =>
    gcp.procurement.providers.entitlements.list({ parent: providerOf(gcp), ...query }),
  )
  const { entitlements, nextPageToken } = shaped(page, json, 'entitlements.list')
  const rows = (entitlements ?? []).flatMap((one) => {
    const read = entitlement.safeParse(one)
    return read.success ? [read.data] : []
  })
  return { rows, next: nextPageToken || null }
}

export async function fetchEntitlement(gcp: GcpClient, id: string): Promise<Entitlement> {
  const name = entitlementName(gcp, id)
  const json = await gcp.ask('entitlements.get', () =>
    gcp.procurement.providers.entitlements.get({ name }),
  )
  return shaped(entitlement, json, 'entitlements.get')
}

export async function fetchAccount(gcp: GcpClient, id: string): Promise<Account> {
  const name = accountName(gcp, id)
  const json = await gcp.ask('accounts.get', () => gcp.procurement.providers.accounts.get({ name }))
  return shaped(account, json, 'accounts.get')
}

export const idOf = ({ name }: Entitlement): string => lastOf(name)

/** The bare id of the buyer's account. */
export function buyerOf(read: Entitlement): string {
  if (!read.account)
    throw new Problem('internal', `Google’s entitlement ${idOf(read)} names no account`)
  return lastOf(read.account)
}

/** The service it is of; `product` may be an offer's name instead. */
export const serviceOf = ({ productExternalName, product }: Entitlement): string | null =>
  productExternalName || (product && !product.includes('/') ? product : null)

/** Bare id of a private offer; null for a standard offer, or none. */
export const privateOfferOf = (offer: string | null | undefined): string | null =>
  /\/privateOffers\/([^/]+)$/.exec(offer ?? '')?.[1] ?? null

export const states = {
  requested: 'ENTITLEMENT_ACTIVATION_REQUESTED',
  active: 'ENTITLEMENT_ACTIVE',
  cancelling: 'ENTITLEMENT_PENDING_CANCELLATION',
  cancelled: 'ENTITLEMENT_CANCELLED',
  changing: 'ENTITLEMENT_PENDING_PLAN_CHANGE',
  changeRequested: 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
  suspended: 'ENTITLEMENT_SUSPENDED',
} as const

/**
 * Whether an order that has not begun was approved: the start of a scheduled one, and the end of one of a duration, are
 * told only after the approval (Entitlement.newOfferStartTime, .offerEndTime).
 */
export const isApproved = (read: Entitlement): boolean =>
  Boolean(read.newOfferStartTime) || Boolean(read.offerDuration && read.offerEndTime)
