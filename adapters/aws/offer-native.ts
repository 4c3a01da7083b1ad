import { z } from 'zod'
import type { Violation } from '../../src/kernel/problem.ts'

/** AWS writes percentages as text with at most two decimals, from 0 to 100. */
const percent = z
  .string()
  .regex(/^(100(\.0{1,2})?|[1-9]?\d(\.\d{1,2})?)$/, 'must be a percentage such as "5.00"')
const days = z.int().min(1).max(9_999_999)

const renewal = z.strictObject({
  priceIncrease: z
    .union([
      z.strictObject({ percent }),
      z.strictObject({ min: percent, max: percent, default: percent }),
    ])
    .describe('Fixed, or a range within which the seller decides before the adjustment deadline'),
  lockoutDays: days.optional().describe('Last day before the end to opt out'),
  adjustmentDeadlineDays: days.optional().describe('Only with a range'),
  payments: z
    .array(
      z.strictObject({
        offset: z.string().regex(/^P\d{1,4}[MD]$/, 'must be like P3M or P90D'),
        percent,
        dayOfMonth: z.int().min(1).max(31).optional(),
      }),
    )
    .min(1)
    .max(86)
    .optional()
    .describe('How a renewal is paid; absent: like an offer paid once'),
})
export type NativeRenewal = z.infer<typeof renewal>

/**
 * What an offer may ask of AWS and of nobody else: `native` in the request. Shapes and limits are the synchronous
 * validations of "Work with private offers using the AWS Marketplace APIs".
 */
export const native = z.strictObject({
  buyerConfigurable: z
    .boolean()
    .optional()
    .describe('The buyer chooses dimensions and quantities at the unit prices given'),
  renewal: renewal.optional().describe('Needed for automatic renewal'),
  preExistingAgreement: z
    .strictObject({
      acquisitionChannel: z.enum(['AwsMarketplace', 'External']),
      pricingModel: z.enum(['Contract', 'Usage', 'Byol', 'Free']),
    })
    .optional()
    .describe(
      'The agreement that this offer renews; with `renewal` of the request it is filled in',
    ),
  countryCodes: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code'))
    .min(1)
    .max(244)
    .optional()
    .describe('Countries from which the buyer may accept'),
  netPaymentDays: z
    .union([15, 30, 45, 60, 90, 120].map((count) => z.literal(count)))
    .optional()
    .describe('For buyers who pay by invoice'),
  refundPolicy: z.string().min(1).max(500).optional(),
})
export type Native = z.infer<typeof native>

/** What is wrong with `native` by its shape, with paths into the request. */
export function nativeViolations(value: unknown): readonly Violation[] {
  const faults = native.safeParse(value).error?.issues ?? []
  return faults.map(({ path, message }) => ({ path: ['native', ...path].join('.'), message }))
}

/** `native` of an order whose violations are none; anything else counts as empty. */
export const readNative = (value: unknown): Native => native.safeParse(value).data ?? {}
