import * as z from 'zod'
import { compare, isDecimal, isNegative, isZero } from '../kernel/decimal.ts'
import {
  amountField,
  currencyField,
  dayField,
  decimalField,
  idField,
  textField,
} from '../kernel/fields.ts'
import { amountFault, type Currency, parseMoney } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Day } from '../kernel/time.ts'
import { faults, type Stated, type Terms } from './model.ts'
import { providersRuled, ruleIds } from './rules.ts'

const tranchesMax = 40
const ratesMax = 500
const listMax = 200
const factsMax = 50

const stated = (description: string) =>
  z
    .strictObject({
      amount: amountField('In the commitment’s currency', '540000.00'),
      asOf: dayField('The day it was so', '2026-07-01'),
    })
    .nullable()
    .default(null)
    .meta({ description, example: null })

const share = (description: string, example: string) =>
  decimalField(description, example, 'not_negative').refine(
    (text) => !isDecimal(text) || isNegative(text) || compare(text, '1') <= 0,
    'must lie between 0 and 1, such as "0.25"',
  )

const tranche = z.strictObject({
  start: dayField('First day', '2026-02-01'),
  endExclusive: dayField('The day after the last', '2027-02-01'),
  amount: amountField('What is to be spent in it', '1000000.00'),
  native: stated('The buyer’s own use of the cloud in it so far'),
  others: stated('What other vendors’ sales counted in it so far'),
  forecastNative: amountField('The buyer’s own use expected by its end', '850000.00')
    .nullable()
    .default(null),
})

const fields = {
  instrument: textField(60, 'What the contract is called', 'EDP'),
  accounts: z
    .array(textField(200, 'An account of the buyer at the provider', '111122223333'))
    .max(listMax)
    .meta({
      description: 'Accounts that fall under it; empty when it is all of the buyer’s',
      example: [],
    }),
  signedAt: dayField('The day it was signed: rules go by it', '2025-12-15'),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 country such as DE')
    .nullable()
    .meta({ description: 'Where it was signed; null when not known', example: 'US' }),
  tranches: z.array(tranche).min(1, 'must hold at least one').max(tranchesMax).meta({
    description:
      'The term, in one piece or in the parts that have their own amount, the first first',
  }),
  cap: z
    .strictObject({
      pct: share('Share of the amount; null when it is not known', '0.25').nullable(),
      of: z
        .enum(['tranche', 'total'])
        .meta({ description: 'Of each tranche or of the whole', example: 'tranche' }),
      max: amountField('Never more than this', '50000.00').optional(),
    })
    .nullable()
    .meta({
      description:
        'The contract’s ceiling on marketplace spend; null leaves it to the programme’s rule',
      example: null,
    }),
  shares: z
    .array(
      z.strictObject({
        rule: z
          .string()
          .refine((id) => ruleIds.includes(id), 'is not a drawdown rule')
          .meta({ description: 'The drawdown rule it replaces the share of', example: ruleIds[0] }),
        share: share('The share that counts under this contract', '0.50'),
      }),
    )
    .max(listMax)
    .meta({ description: 'Shares this contract agrees otherwise', example: [] }),
  rates: z
    .array(
      z.strictObject({
        from: currencyField('Currency of the lines'),
        on: dayField('From this day on', '2026-01-01'),
        rate: decimalField(
          'What one unit is worth in the commitment’s currency',
          '1.0837',
          'positive',
        ),
        source: textField(200, 'Where the rate is from', 'Treasury, January closing'),
      }),
    )
    .max(ratesMax)
    .meta({
      description: 'Rates for lines in other currencies; without one their worth is unknown',
      example: [],
    }),
  facts: z
    .record(z.string().max(80), z.union([z.string().max(200), z.boolean()]))
    .refine((facts) => Object.keys(facts).length <= factsMax, `must have at most ${factsMax} facts`)
    .meta({
      description: 'What the rules ask about and holds for all of it, by the names the rules use',
      example: {},
    }),
  reinstateOnAmend: z.boolean().meta({
    description: 'A raised amount lets spend over the old ceiling count after all',
    example: true,
  }),
  refunds: z.enum(['AT_REFUND_DATE', 'AT_ORIGINAL_DATE']).meta({
    description: 'In which tranche a refund counts',
    example: 'AT_REFUND_DATE',
  }),
  shortfall: z
    .strictObject({
      policy: z.enum(['invoice', 'carry_forward']).meta({
        description: 'What happens to what is missing at the end',
        example: 'carry_forward',
      }),
      carryForwardPct: share('Up to this share of the tranche moves on', '0.10')
        .nullable()
        .default(null),
    })
    .meta({ description: 'What a shortfall costs' }),
  claim: z
    .strictObject({
      source: z.enum(['buyer_api', 'buyer_told_us', 'cloud_told_us', 'estimate']).meta({
        description: 'Where the figures are from',
        example: 'buyer_told_us',
      }),
      statedAt: dayField('When they were stated', '2026-11-01'),
      statedBy: textField(200, 'Who stated them', 'Their head of procurement'),
      confidence: z
        .enum(['high', 'medium', 'low'])
        .meta({ description: 'How sure that is', example: 'medium' }),
    })
    .meta({ description: 'Whose word this is: nobody shows a seller the buyer’s contract' }),
  note: z.string().max(2000).meta({ description: 'For people', example: '' }),
}

export const createCommitment = z.strictObject({
  buyer: idField('buyer', 'Who committed'),
  provider: z
    .string()
    .refine((p) => providersRuled.includes(p), `must be one of ${providersRuled.join(', ')}`)
    .meta({ description: 'To whom', example: providersRuled[0] }),
  currency: currencyField(),
  ...fields,
  accounts: fields.accounts.default([]),
  country: fields.country.default(null),
  cap: fields.cap.default(null),
  shares: fields.shares.default([]),
  rates: fields.rates.default([]),
  facts: fields.facts.default({}),
  reinstateOnAmend: fields.reinstateOnAmend.default(true),
  refunds: fields.refunds.default('AT_REFUND_DATE'),
  shortfall: fields.shortfall.default({ policy: 'invoice', carryForwardPct: null }),
  note: fields.note.default(''),
})
export type CreateCommitment = z.infer<typeof createCommitment>

export const amendCommitment = z
  .strictObject({
    ...fields,
    effectiveFrom: dayField(
      'From when it is so; today when absent. The day of an earlier version corrects that one',
      '2027-03-01',
    ),
  })
  .partial()
export type AmendCommitment = z.infer<typeof amendCommitment>

/** Terms as they are stored and shown: what was asked, complete. */
export type TermsJson = Omit<CreateCommitment, 'buyer'>

/** Terms with their amounts read, or every rule they break. */
export function readTerms(
  asked: TermsJson,
): { readonly terms: Terms } | { readonly faults: Violation[] } {
  const wrong = amounts(asked).flatMap(({ path, amount }) => {
    const fault = amountFault(asked.currency, amount)
    if (fault) return [{ path, message: fault }]
    return isNegative(amount) && !isZero(amount) ? [{ path, message: 'must not be negative' }] : []
  })
  if (wrong.length > 0) return { faults: wrong }
  const terms = built(asked)
  const broken = faults(terms)
  return broken.length > 0 ? { faults: broken } : { terms }
}

function amounts(asked: TermsJson): { readonly path: string; readonly amount: string }[] {
  const { tranches, cap } = asked
  const found = tranches.flatMap((t, i) => [
    { path: `tranches.${i}.amount`, amount: t.amount },
    { path: `tranches.${i}.native.amount`, amount: t.native?.amount },
    { path: `tranches.${i}.others.amount`, amount: t.others?.amount },
    { path: `tranches.${i}.forecastNative`, amount: t.forecastNative },
  ])
  return [...found, { path: 'cap.max', amount: cap?.max }].flatMap(({ path, amount }) =>
    typeof amount === 'string' ? [{ path, amount }] : [],
  )
}

function built(asked: TermsJson): Terms {
  const { currency } = asked
  const statedOf = (value: { amount: string; asOf: Day } | null): Stated | null =>
    value && { amount: parseMoney(currency, value.amount), asOf: value.asOf }
  return {
    ...asked,
    tranches: asked.tranches.map((t) => ({
      start: t.start,
      endExclusive: t.endExclusive,
      amount: parseMoney(currency, t.amount),
      native: statedOf(t.native),
      others: statedOf(t.others),
      forecastNative: t.forecastNative === null ? null : parseMoney(currency, t.forecastNative),
    })),
    cap: asked.cap && capOf(currency, asked.cap),
    rates: asked.rates.map(({ rate, ...one }) => ({ ...one, rate: { currency, price: rate } })),
    shortfall: { policy: asked.shortfall.policy, pct: asked.shortfall.carryForwardPct },
  }
}

const capOf = (currency: Currency, { pct, of, max }: NonNullable<TermsJson['cap']>) => ({
  pct,
  of,
  max: max === undefined ? null : { currency, amount: max },
})
