import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { connectionId } from '../connections/model.ts'
import { dayField, decimalField, instantField } from '../kernel/fields.ts'
import { dayMs, type Instant, millis } from '../kernel/time.ts'
import type { AllowanceRow } from './allowances.ts'
import { leftOf } from './included.ts'
import { type ReadBack, readBackSources } from './read-backs.ts'
import { readBackVerdicts } from './verdict.ts'
import { dimension } from './views.ts'

export const allowanceView = z
  .object({
    agreement: agreementId,
    dimension,
    from: instantField('When the period begins'),
    until: instantField('When it ends, exclusive; null when it runs on').nullable(),
    quantity: decimalField('Units included once in the period; null is without limit', '1000')
      .nullable()
      .meta({ description: 'Units included once in the period; null is without limit' }),
    used: decimalField('How much of them is used up', '250.5'),
    left: decimalField('What is left; null is without limit', '749.5')
      .nullable()
      .meta({ description: 'What is left; null is without limit' }),
  })
  .meta({ id: 'UsageAllowance' })

export const viewAllowance = (row: AllowanceRow) => ({
  agreement: row.agreement as z.infer<typeof agreementId>,
  dimension: row.dimension,
  from: row.startsAt,
  until: row.endsAt,
  quantity: row.quantity,
  used: row.used,
  left: leftOf(row),
})

const amount = (description: string, example: string) => decimalField(description, example)

export const readBackView = z
  .object({
    connection: connectionId,
    agreement: agreementId.nullable().meta({ description: 'Null when no such one is known here' }),
    agreementRef: z
      .string()
      .meta({ description: 'The marketplace’s id of the agreement', example: 'agmt-1' }),
    dimension,
    day: dayField('UTC day of the usage; of a longer period, its first'),
    from: instantField('From when it tells: a day, or as long a period as the source has'),
    to: instantField('Until when', '2027-01-02T00:00:00.000Z'),
    source: z.enum(readBackSources).meta({
      description: '`api`: the marketplace was asked; `report`: a report of its tells',
      example: 'api',
    }),
    planRef: z
      .string()
      .nullable()
      .meta({ description: 'The plan it is held under, if told', example: null }),
    nativeStatus: z.string().nullable().meta({
      description: 'The marketplace’s own word; null when it holds nothing',
      example: 'Accepted',
    }),
    submitted: amount('What it took; null when it holds nothing', '12').nullable(),
    processed: amount('What it will bill; null while it has not said', '12').nullable(),
    taken: amount('What it holds: of both the last it said; zero when it holds nothing', '12'),
    amount: z.string().nullable().meta({
      description:
        'What it says that comes to, exactly, billed or estimated; null where it does not',
      example: '0.12',
    }),
    currency: z.string().nullable().meta({ description: 'Of that', example: 'USD' }),
    isBilled: z.boolean().meta({
      description: 'Whether that was billed, or is an estimate',
      example: false,
    }),
    accepted: amount('What we count as accepted', '12'),
    difference: amount('What it holds above what we count, exactly', '0'),
    verdict: z.enum(readBackVerdicts).meta({
      description:
        '`pending` is not settled or too fresh to judge; `missing_there` was accepted and is not held; `unknown_here` is held and was never sent from here',
      example: 'agreed',
    }),
    since: instantField('When the verdict was first this one'),
    ageDays: z.int().meta({ description: 'Whole days it has stood so', example: 0 }),
    readAt: instantField('When the marketplace was asked'),
  })
  .meta({ id: 'UsageReadBack' })

export const viewReadBack =
  (now: Instant) =>
  ({ alarm: _alarm, ...row }: ReadBack) => ({
    ...row,
    taken: row.processed ?? row.submitted ?? '0',
    ageDays: Math.max(0, Math.floor((millis(now) - millis(row.since)) / dayMs)),
  })
