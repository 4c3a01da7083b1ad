import { z } from 'zod'

const minutes = (value: number, what: string) =>
  z.int().min(0).max(10_080).default(value).describe(what)

/** What stands behind private offers and is written down nowhere, or differs from publisher to publisher. */
export const offerSettings = z.strictObject({
  lookEveryMinutes: z
    .int()
    .min(1)
    .max(10_080)
    .default(15)
    .describe('How often a live offer is looked at: nobody tells of its acceptance'),
  pollSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe('Least time between two questions about one configure job'),
  settleMinutes: minutes(30, 'How long a request whose reply was lost may still show up'),
  alarmMinutes: minutes(20, 'How long a configure job may take before it is shown as late'),
  preparedBy: z
    .email()
    .optional()
    .describe('Shown to the customer as the offer’s author; absent: the first contact'),
  keyField: z
    .enum(['beneficiary', 'name'])
    .default('beneficiary')
    .describe(
      'Where our key is kept in a private offer: in the description of its beneficiary, or in its name',
    ),
  newPlanType: z
    .string()
    .min(1)
    .default('saasNewCustomizedPlans')
    .describe('offerPricingType of an offer with a customised plan'),
  dated: z
    .strictObject({
      plan: z
        .enum(['new', 'existing'])
        .default('new')
        .describe('Whether dated payments need a customised plan of their own'),
      planType: z
        .string()
        .min(1)
        .default('newCustomizedPlans')
        .describe('offerPricingType of an offer with dated payments on a customised plan'),
      offerSchema: z
        .string()
        .min(1)
        .default('2026-02-01')
        .describe('Schema of private-offer that goes with dated payments'),
    })
    .prefault({})
    .describe('Flexible billing schedules; how they are sent is confirmed by no document'),
  partnerUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://partner.microsoft.com/dashboard')
    .describe('Where a selling partner goes on with a multiparty offer'),
})
