import * as z from 'zod'
import { idField, textField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { Violation } from '../kernel/problem.ts'
import { plainRef } from '../kernel/text.ts'
import type { Instant } from '../kernel/time.ts'

/** Where a buyer buys: its account at one provider. */
export type BuyerAccount = { readonly provider: string; readonly ref: string }

/** A customer organisation, its accounts at each marketplace and in the CRM. An account belongs to one buyer. */
export type Buyer = {
  readonly id: Id<'buyer'>
  readonly name: string
  readonly accounts: readonly BuyerAccount[]
  readonly crm: { readonly account: string } | null
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

const accountsMax = 200

const account = z.strictObject({
  provider: textField(
    40,
    'Which provider; one of those listed at /v1/providers',
    'provider_example',
  ),
  ref: textField(200, 'The provider’s own id of the account', '123456789012')
    .overwrite(plainRef)
    .meta({ description: 'The provider’s own id of the account', example: '123456789012' }),
})

const fields = {
  name: textField(200, 'The organisation', 'Acme Corporation'),
  accounts: z
    .array(account)
    .max(accountsMax, `must have at most ${accountsMax} accounts`)
    .meta({
      description: 'Its accounts, one or more at each provider; each belongs to one buyer only',
      example: [{ provider: 'provider_example', ref: '123456789012' }],
    }),
  crm: z
    .strictObject({
      account: textField(40, 'Id of its account in the CRM', '001Dn00000ExAmPlE1'),
    })
    .nullable()
    .meta({
      description: 'Its account in the CRM; null when not known',
      example: { account: '001Dn00000ExAmPlE1' },
    }),
}

export const createBuyer = z.strictObject({
  ...fields,
  accounts: fields.accounts.default([]),
  crm: fields.crm.default(null),
})
export type CreateBuyer = z.infer<typeof createBuyer>

export const amendBuyer = z
  .strictObject({
    ...fields,
    accounts: fields.accounts.meta({
      example: [{ provider: 'provider_example', ref: '210987654321' }],
    }),
  })
  .partial()
export type AmendBuyer = z.infer<typeof amendBuyer>

/** Providers nobody here knows, and accounts named twice. */
export function accountViolations(
  accounts: readonly BuyerAccount[],
  providers: readonly string[],
): Violation[] {
  return accounts.flatMap(({ provider, ref }, i) => {
    if (!providers.includes(provider)) {
      const message = `must be one of ${providers.join(', ')}`
      return [{ path: `accounts.${i}.provider`, message }]
    }
    const first = accounts.findIndex((other) => other.provider === provider && other.ref === ref)
    const again = { path: `accounts.${i}.ref`, message: `repeats accounts.${first}` }
    return first < i ? [again] : []
  })
}

export const buyerId = idField('buyer', 'A buyer')
