import * as z from 'zod'
import { amountField, currencyField, dayField, decimalField, textField } from '../kernel/fields.ts'
import { periodKinds } from './period.ts'

const tiersMax = 50
const ratesMax = 100
const releasesMax = 120
const grantsMax = 100

const dimension = textField(200, 'A dimension', 'requests')
const period = z
  .enum(periodKinds)
  .meta({ description: 'The period over which it counts', example: 'month' })

const tier = z.strictObject({
  upTo: decimalField(
    'The last unit it is for; null for all that are left',
    '1000',
    'positive',
  ).nullable(),
  rate: decimalField('Price of a unit', '0.08', 'not_negative'),
})
const tiers = z.array(tier).min(1, 'must hold at least one').max(tiersMax).meta({
  description: 'From the first unit on; the last one is open',
})
const price = z
  .discriminatedUnion('model', [
    z.strictObject({
      model: z.literal('flat').meta({ description: 'One price', example: 'flat' }),
      rate: decimalField('Price of a unit', '0.10', 'not_negative'),
    }),
    z.strictObject({
      model: z
        .literal('graduated')
        .meta({ description: 'Each unit by its tier', example: 'graduated' }),
      tiers,
    }),
    z.strictObject({
      model: z
        .literal('volume')
        .meta({ description: 'All units by the last one’s tier', example: 'volume' }),
      tiers,
    }),
    z.strictObject({
      model: z.literal('package').meta({ description: 'Whole blocks', example: 'package' }),
      block: decimalField('Units of a block', '1000', 'positive'),
      price: decimalField('Price of a block, also of one begun', '12.50', 'not_negative'),
    }),
  ])
  .meta({ description: 'How units are priced', example: { model: 'flat', rate: '0.10' } })

const commit = z.strictObject({
  amount: amountField('What the buyer pays in advance', '120000.00'),
  releases: z
    .array(
      z.strictObject({
        on: dayField('From when it can be used', '2027-01-01'),
        amount: amountField('How much of it', '30000.00'),
      }),
    )
    .min(1, 'must hold at least one')
    .max(releasesMax)
    .optional()
    .meta({
      description: 'When which part can be used; all of it from the start when absent',
      example: undefined,
    }),
  unused: z.enum(['forfeit', 'rollover']).meta({
    description:
      'What is left when the next release comes, or the contract ends: it is forfeited, or rolls over',
    example: 'rollover',
  }),
  rollover: z
    .strictObject({
      percent: decimalField('At most this share of what was released', '20', 'not_negative'),
      expiresAfterMonths: z
        .int()
        .min(1)
        .max(120)
        .meta({ description: 'How long it can still be used', example: 3 }),
      cap: amountField('Never more than this', '50000.00').optional(),
    })
    .optional()
    .meta({
      description:
        'The limits of what rolls over. Without them all of it does, until the contract ends',
    }),
})

const grant = z.strictObject({
  id: z
    .string()
    .regex(/^[\w.-]{1,60}$/, 'must have 1 to 60 letters, digits, dots, dashes or underscores')
    .meta({ description: 'Its name, for ever', example: 'onboarding' }),
  amount: amountField('How much', '500.00'),
  priority: z.int().min(0).max(1000).meta({ description: 'The lowest is used first', example: 1 }),
  from: dayField('The first day it can be used', '2027-01-01'),
  until: dayField(
    'The first day it no longer can; null for the contract’s end',
    '2027-07-01',
  ).nullable(),
})

const rate = z.strictObject({
  dimension,
  price,
  included: decimalField(
    'Units of each period that cost nothing; tiers count those beyond',
    '100',
    'not_negative',
  ).optional(),
  period,
})

const overage = z
  .discriminatedUnion('at', [
    z.strictObject({
      at: z.literal('committed').meta({ description: 'At the same prices', example: 'committed' }),
      multiplier: decimalField('Times this', '1.15', 'not_negative'),
    }),
    z.strictObject({
      at: z.literal('list').meta({ description: 'At prices of their own', example: 'list' }),
      rates: z.array(z.strictObject({ dimension, price })).max(ratesMax).meta({
        description: 'For each rated dimension, counted from the period’s first unit beyond',
      }),
    }),
  ])
  .meta({
    description: 'What units cost that no grant and no commit covers',
    example: { at: 'committed', multiplier: '1.15' },
  })

const minimum = z.strictObject({
  period,
  amount: amountField('What is owed at least for each', '1000.00'),
  prorate: z.boolean().meta({
    description: 'By days where the contract begins, changes or ends inside it',
    example: true,
  }),
})

/** A year in four releases, ten thousand requests a month included, the rest by tiers. */
const example = {
  currency: 'USD',
  bills: { dimension: 'api_calls', unit: '0.01' },
  start: '2027-01-01',
  end: '2028-01-01',
  periods: 'calendar',
  commit: {
    amount: '120000.00',
    releases: ['2027-01-01', '2027-04-01', '2027-07-01', '2027-10-01'].map((on) => ({
      on,
      amount: '30000.00',
    })),
    unused: 'rollover',
    rollover: { percent: '20', expiresAfterMonths: 3 },
  },
  grants: [
    { id: 'onboarding', amount: '500.00', priority: 1, from: '2027-01-01', until: '2027-07-01' },
  ],
  rates: [
    {
      dimension: 'requests',
      price: {
        model: 'graduated',
        tiers: [
          { upTo: '1000000', rate: '0.01' },
          { upTo: null, rate: '0.008' },
        ],
      },
      included: '10000',
      period: 'month',
    },
  ],
  overage: { at: 'committed', multiplier: '1.15' },
  minimums: [{ period: 'month', amount: '1000.00', prorate: true }],
}

/** One version of a contract: what a buyer's usage costs, whole. */
export const contractTerms = z
  .strictObject({
    currency: currencyField(),
    bills: z
      .strictObject({
        dimension,
        unit: decimalField('What one unit of it is worth', '0.01', 'positive'),
      })
      .meta({
        description: 'The dimension that what is owed beyond the commit is reported to',
        example: { dimension: 'api_calls', unit: '0.01' },
      }),
    start: dayField('The first day'),
    end: dayField('The day after the last; null runs on', '2028-01-01').nullable(),
    periods: z.enum(['calendar', 'anniversary']).default('calendar').meta({
      description: 'Whether periods follow the calendar or the first day',
      example: 'calendar',
    }),
    commit: commit.nullable().meta({ description: 'What is paid in advance; null for nothing' }),
    grants: z
      .array(grant)
      .max(grantsMax)
      .default([])
      .meta({ description: 'What is given besides' }),
    rates: z
      .array(rate)
      .min(1, 'must hold at least one')
      .max(ratesMax)
      .meta({ description: 'What units cost: the committed card' }),
    overage,
    minimums: z
      .array(minimum)
      .max(periodKinds.length)
      .default([])
      .meta({ description: 'What is owed at least, one for each kind of period' }),
  })
  .meta({ example })
export type ContractTerms = z.infer<typeof contractTerms>
