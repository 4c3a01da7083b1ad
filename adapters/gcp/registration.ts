import { z } from 'zod'
import type { Registration } from '../../src/agreements/model.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { plainRef } from '../../src/kernel/text.ts'
import type { GcpClient } from './client.ts'
import { fetchAccount } from './entitlement.ts'
import { readSignUp, type SignUpClaims, signUpKeys } from './sign-up-token.ts'

const tokenField = 'x-gcp-marketplace-token'

/** The form field that a buyer's browser brings: "Integrate your app's frontend". */
export const readToken = (fields: Readonly<Record<string, string>>): string | undefined =>
  fields[tokenField]?.trim() || undefined

/**
 * Whose sign-up a token stands for. It is checked here against Google's certificates, and the account is looked up: one
 * that procurement does not know is another seller's, and its token as good as forged to us.
 */
export function registration(gcp: GcpClient): (token: string) => Promise<Registration> {
  const keys = signUpKeys(gcp)
  return async (token) => {
    const claims = await readSignUp(gcp, keys, token)
    await beKnown(gcp, claims.sub)
    const orders = ordersOf(claims)
    const { roles, user_identity: userIdentity } = claims.google ?? {}
    return {
      agreementRef: orders.length === 1 ? (orders[0] ?? null) : null,
      buyerRef: plainRef(claims.sub),
      licenseRef: null,
      customerRef: null,
      meteringRef: null,
      native: { roles: roles ?? [], userIdentity: userIdentity ?? null, orders },
    }
  }
}

async function beKnown(gcp: GcpClient, account: string): Promise<void> {
  await fetchAccount(gcp, account).catch((cause: unknown) => {
    if (!(cause instanceof Problem) || cause.code !== 'not_found') throw cause
    const message = `the account of this sign-up is not one of ${gcp.settings.providerId}`
    throw new Problem('rejected', message, { token: 'invalid' })
  })
}

const order = z.union([
  z.string().min(1).max(200),
  z.looseObject({ orderId: z.string().min(1).max(200) }).transform(({ orderId }) => orderId),
])

/** Ids of orders, as text or in objects, below `google` or beside it. */
function ordersOf({ google, orders }: SignUpClaims): readonly string[] {
  const told = google?.orders ?? orders ?? []
  return told.flatMap((one) => {
    const read = order.safeParse(one)
    return read.success ? [read.data.replace(/^orders\//, '')] : []
  })
}
