import * as z from 'zod'
import { decimalField, idField, instantField, textField } from '../kernel/fields.ts'
import { hourStart, type Instant, isDay, millis } from '../kernel/time.ts'
import { contractTerms } from './terms.ts'

export const contractId = idField('ctr', 'A contract')

export const agreementRef = textField(
  200,
  'Our id of the agreement, or the marketplace’s',
  'agr_example',
)

const wholeHour = (description: string) =>
  (instantField(description, '2027-01-01T00:00:00.000Z') as z.ZodType<Instant, Instant>).refine(
    (text) => Number.isNaN(Date.parse(text)) || millis(text) % 3_600_000 === 0,
    'must be a whole hour in UTC',
  )

export const createContract = z.strictObject({
  agreement: agreementRef,
  terms: contractTerms.meta({ description: 'What its usage costs' }),
  from: wholeHour(
    'From which hour usage is priced by it; the contract’s first when absent. What was used before counts as unused',
  ).optional(),
})
export type CreateContract = z.infer<typeof createContract>

export const amendContract = z.strictObject({
  terms: contractTerms.meta({
    description: 'The whole terms as they are from then on; another start is a new term',
  }),
  from: wholeHour(
    'From which hour it is so; the present one when absent. What was priced before stays as it is',
  ).optional(),
})
export type AmendContract = z.infer<typeof amendContract>

const usageMax = 2_000
const hour = z
  .string()
  .refine(isHour, 'must be a UTC hour such as 2027-01-01T09:00Z')
  .meta({ description: 'The UTC hour it is used in', example: '2027-01-01T09:00Z' })
const month = z
  .string()
  .refine(
    (text) => /^\d{4}-\d{2}$/.test(text) && isDay(`${text}-01`),
    'must be a month such as 2027-01',
  )
  .meta({ description: 'Or the month, as of its first hour', example: '2027-01' })

function isHour(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):00Z$/.test(text)) return false
  return isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(hourStart(text as never)))
}

export const previewContract = z.strictObject({
  terms: contractTerms.meta({ description: 'The terms to try' }),
  usage: z
    .array(
      z
        .strictObject({
          dimension: textField(200, 'What is used', 'requests'),
          quantity: decimalField('How much; negative is taken back', '1200'),
          hour: hour.optional(),
          month: month.optional(),
        })
        .refine((row) => (row.hour === undefined) !== (row.month === undefined), {
          path: ['hour'],
          message: 'give either an hour or a month',
        }),
    )
    .max(usageMax)
    .meta({
      description: 'What would be used',
      example: [{ dimension: 'requests', quantity: '1200', month: '2027-01' }],
    }),
})
export type PreviewContract = z.infer<typeof previewContract>
