import { z } from 'zod'

const query = (value: string, what: string) =>
  z.string().min(1).nullable().default(value).describe(`${what}; null leaves it out`)

/** Which analytics reports are read, and how. The query ids are those of "System queries" of programmatic access. */
export const reportSettings = z.strictObject({
  lookBackDays: z.int().min(1).max(365).default(90).describe('How far back each report reaches'),
  orders: query('bd1b0cc1-ce45-4578-beba-6fe5a69fd421', 'Query of the orders, ISVOrderV2'),
  usage: query('f0c4927f-1f23-4c99-be4a-1371a5a9a086', 'Query of the metered usage, ISVUsage'),
  revenue: query('bf54dde4-7dc4-492f-a69a-f45de049bfcb', 'Query of the revenue, ISVRevenue'),
  format: z.enum(['csv', 'tsv']).default('csv').describe('Form of the analytics reports'),
  pollSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe('How long to wait before a report that is being made is asked for again'),
  earningCurrency: z
    .enum(['customer', 'payout'])
    .default('customer')
    .describe('Whose currency EarningCurrencyCode names: the documents leave a doubt'),
  payoutCurrency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency')
    .optional()
    .describe('What you are paid in, since the revenue report does not name it'),
})
