import { z } from 'zod'
import { isDecimal } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'
import { type Day, isDay } from '../../src/kernel/time.ts'

const text = (max: number) => z.string().trim().min(1, 'must not be empty').max(max)
const planId = z
  .string()
  .regex(/^plan\/[\w-]+\/[\w-]+$/, 'must be a durable id, plan/{product}/{plan}')
const productId = z.string().regex(/^product\/[\w-]+$/, 'must be a durable id, product/{id}')
const day = z.string().refine(isDay, 'must be a day that exists') as unknown as z.ZodType<Day, Day>
const percent = z
  .string()
  .refine((value) => isDecimal(value, 3, 2), 'must be a percentage such as "12.5"')
const whole = z.int().min(1).max(1_000_000_000)

/**
 * What an offer may ask of Microsoft and of nobody else: `native` in the request. Names and limits are those of
 * "Create a direct ISV to customer private offer" and "Create a multiparty private offer" (Product Ingestion API).
 */
export const native = z.strictObject({
  billingAccount: text(200)
    .optional()
    .describe('Which billing account of the buyer’s, where it has more than one'),
  billingGroups: z
    .array(text(200))
    .min(1)
    .max(50)
    .optional()
    .describe('Billing groups of that account that the price is for; absent: all of it'),
  end: day
    .optional()
    .describe(
      'Last day the price holds, a month’s last; absent: the month the term ends in at the latest',
    ),
  preparedBy: z.email().optional().describe('Shown to the customer as the offer’s author'),
  product: productId.optional().describe('Durable id, where no plan is named'),
  plan: planId.optional().describe('Durable id of the plan, where the listing does not tell it'),
  newPlan: z
    .strictObject({ name: text(200), description: text(3000) })
    .optional()
    .describe('Sells a customised plan that is made from the one named'),
  userLimits: z
    .strictObject({ min: whole, max: whole })
    .optional()
    .describe('Seats the buyer may take; absent: exactly those of the offer'),
  includedQuantities: z
    .record(
      text(50),
      z.union([whole, z.literal('infinite')], 'must be a whole number from 1, or "infinite"'),
    )
    .optional()
    .describe('Units of a meter in the price of a term; absent: as the plan has them'),
  also: z
    .array(
      z.strictObject({ product: productId, plan: planId.optional(), discountPercent: percent }),
    )
    .min(1)
    .max(9)
    .optional()
    .describe('More products or plans that the offer discounts by a percentage'),
  notes: z.string().max(60).optional().describe('Sales note of a multiparty offer'),
  partner: z
    .strictObject({ name: text(200), location: text(100) })
    .optional()
    .describe('Name and country of the selling partner, as Partner Center has them'),
  upgradedFrom: z
    .strictObject({
      name: text(128),
      id: z.string().regex(/^private-offer\/[\w-]+$/, 'must be like private-offer/{id}'),
    })
    .optional()
    .describe('The accepted private offer that this one goes on with'),
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
