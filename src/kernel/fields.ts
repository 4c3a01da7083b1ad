import * as z from 'zod'
import { type Decimal, isDecimal, isNegative, isZero } from './decimal.ts'
import { type Id, isId } from './id.ts'
import { amountFault, isCurrency, type MoneyJson } from './money.ts'
import { type Day, type Instant, isDay, readInstant } from './time.ts'

/** Request and answer fields that every resource shares: each says what is wrong in words a caller can act on. */

/** The id of a resource of one kind. */
export const idField = <Kind extends string>(kind: Kind, description: string) =>
  z
    .string()
    .refine((text) => isId(kind, text), `must be an id that starts with ${kind}_`)
    .meta({ description, example: `${kind}_example` }) as unknown as z.ZodType<Id<Kind>, Id<Kind>>

/** One line of text without control characters. */
export const textField = (max: number, description: string, example: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must not contain line breaks or control characters')
    .regex(/^$|[^\s\p{Cf}]/u, 'must not be blank')
    .meta({ description, example })

/** A day that exists. */
export const dayField = (description: string, example = '2027-01-01') =>
  z
    .string()
    .refine(isDay, 'must be a day that exists, as YYYY-MM-DD, from 1900 on')
    .meta({ description, example, format: 'date' }) as unknown as z.ZodType<Day, Day>

/** A moment with its offset; kept in UTC to the millisecond. */
export const instantField = (description: string, example = '2027-01-01T09:30:00.000Z') =>
  z
    .string()
    .refine(
      (text) => readInstant(text) !== undefined,
      'must be an RFC 3339 date-time with an offset, such as 2027-01-01T09:30:00Z',
    )
    .meta({ description, example, format: 'date-time' }) as unknown as z.ZodType<Instant, Instant>

export const currencyField = (description = 'ISO 4217 currency') =>
  z
    .string()
    .refine(isCurrency, 'must be an ISO 4217 currency such as USD')
    .meta({ description, example: 'USD' })

/** An exact decimal as text, at most 12 decimals. */
export const decimalField = (
  description: string,
  example: string,
  sign: 'any' | 'not_negative' | 'positive' = 'any',
) =>
  z
    .string('must be a decimal string such as "1.5", not a number')
    .refine(
      (text) => isDecimal(text),
      'must be a decimal string such as "1.5", at most 26 digits and 12 decimals',
    )
    .refine((text) => !isDecimal(text) || fits(text, sign), signMessage[sign])
    .meta({ description, example })

const signMessage = {
  any: '',
  not_negative: 'must not be negative',
  positive: 'must be above zero',
}
const fits = (text: Decimal, sign: keyof typeof signMessage) =>
  sign === 'any' || (!isNegative(text) && (sign === 'not_negative' || !isZero(text)))

/** An amount whose currency stands elsewhere in the request; its decimals are checked by the rule that knows both. */
export const amountField = (description: string, example = '1200.00') =>
  z
    .string('must be a decimal string such as "1200.00", not a number')
    .refine((text) => isDecimal(text, 18, 6), 'must be a decimal string such as "1200.00"')
    .meta({ description, example })

export const moneyField = (
  description: string,
  example: MoneyJson = { currency: 'USD', amount: '1200.00' },
) =>
  z
    .strictObject({
      currency: currencyField(),
      amount: amountField('Decimal string with at most the currency’s decimals', example.amount),
    })
    .superRefine(({ currency, amount }, context) => {
      const fault = amountFault(currency, amount)
      if (fault) context.addIssue({ code: 'custom', path: ['amount'], message: fault })
    })
    .meta({ description, example })
