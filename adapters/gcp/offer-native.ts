import { z } from 'zod'
import { compare, isDecimal } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'

const text = (max: number) =>
  z.string().trim().min(1, 'must not be empty').max(max, `at most ${max} characters`)
/** Dollars and cents, as Google takes them. */
const amount = (max: string) =>
  z
    .string()
    .refine(
      (value) => isDecimal(value, 10, 2) && compare(value, '0') >= 0 && compare(value, max) <= 0,
      `must be an amount of USD such as "1200.00", at most ${max}`,
    )
const sku = z
  .string()
  .regex(
    /^projects\/[^/]+\/locations\/[^/]+\/services\/[^/]+\/skus\/[^/]+$/,
    'must be a SKU’s name, projects/…/locations/…/services/…/skus/…',
  )

export const billingAccountForm = /^(?:billingAccounts\/)?([0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6})$/i

/** Room for our own line in `internalNote`, of whose 1500 characters this is what the seller has. */
export const internalNoteMax = 1_400
export const customerNoteMax = 120

/**
 * What an offer may ask of Google and of nobody else: `native` in the request. Names and limits are those of the
 * PrivateOffer of the Commerce Producer API.
 */
export const native = z.strictObject({
  dealType: z
    .enum(['CHANNEL_SHIFT', 'MIGRATION'])
    .optional()
    .describe('A deal that there was before: elsewhere on Google Cloud, or on another cloud'),
  billingAccount: z
    .string()
    .regex(billingAccountForm, 'must be like 012345-6789AB-CDEF01')
    .optional()
    .describe('Which billing account of the buyer’s, where it has more than one'),
  customer: text(256).optional().describe('The customer’s name; absent: its contact’s domain'),
  partnerContact: z
    .strictObject({ contact: text(256), email: z.email().optional() })
    .optional()
    .describe('Who of yours the customer can ask; shown to it'),
  customerNote: text(customerNoteMax).optional().describe('Shown to the customer instead of note'),
  internalNote: text(internalNoteMax).optional().describe('Not shown to the customer'),
  interval: z
    .enum(['monthly_prorated', 'monthly', 'quarterly', 'yearly'])
    .optional()
    .describe('Equal payments, one at the start of each; the total is shared out among them'),
  skus: z
    .record(text(100), sku)
    .optional()
    .describe('SKUs of dimensions, where the listing does not tell them'),
  additionalCredit: amount('1000000')
    .optional()
    .describe('Credit on top of a commitment that is paid at once'),
  discardPreviousCreditBalance: z
    .boolean()
    .optional()
    .describe('Whether credit that an amended commitment left is lost'),
  additionalContractValue: z
    .strictObject({ amount: amount('1000000000'), skus: z.array(sku).min(1).max(500) })
    .optional()
    .describe('Spend that is promised beyond what Google bills, and the SKUs that count'),
  amends: z
    .string()
    .regex(/^(none|(projects\/[^/]+\/locations\/[^/]+\/privateOffers\/)?[\w-]+)$/)
    .optional()
    .describe('Which private offer it amends where there is a choice; none: a new order'),
  acceptDeadlineTime: z
    .never('days are Pacific days: say it by acceptBy, the last day on which the buyer can accept')
    .optional(),
})
export type Native = z.infer<typeof native>

/** What is wrong with `native` by its shape, with paths into the request. */
export const nativeViolations = (value: unknown): readonly Violation[] =>
  (native.safeParse(value).error?.issues ?? []).map(({ path, message }) => ({
    path: ['native', ...path].join('.'),
    message,
  }))

/** `native` of an order whose violations are none; anything else counts as empty. */
export const readNative = (value: unknown): Native => native.safeParse(value).data ?? {}
