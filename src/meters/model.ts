import * as z from 'zod'
import { compare, type Decimal, isDecimal } from '../kernel/decimal.ts'
import { decimalField, idField, instantField, textField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { Violation } from '../kernel/problem.ts'
import {
  type Hour,
  hourMs,
  hourOf,
  hourStart,
  type Instant,
  instant,
  millis,
} from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import { compile, sentenceOf, type Wanted } from './expression.ts'
import { lengthMax } from './parse.ts'

/**
 * How the events of one hour become one quantity. `sum` and `count` add up; `max` is the largest value, `unique` how
 * many different ones there are, `last` the value of the latest event, ties to the later (source, id).
 */
export const aggregations = ['sum', 'count', 'max', 'unique', 'last'] as const
export type Aggregation = (typeof aggregations)[number]

/** A dimension that a meter gives to, and how many of its units one unit of the aggregate is. */
export type Target = { readonly dimension: string; readonly times: Decimal }

/** What a meter reads of an event, and what it gives to which dimensions. */
export type Definition = {
  readonly event: string
  readonly aggregation: Aggregation
  readonly value?: string | undefined
  readonly filter?: string | undefined
  readonly to: readonly Target[]
}

/** What a meter is from an hour on; without a definition it reads nothing from then on. Of two from one hour the later counts. */
export type Version = {
  readonly number: number
  readonly from: Hour
  readonly definition: Definition | null
  readonly actor: unknown
  readonly recordedAt: Instant
}

/** The event and the aggregation never change: another of either is another meter. */
export type Meter = {
  readonly id: Id<'mtr'>
  readonly listing: Id<'lst'>
  readonly key: string
  readonly event: string
  readonly aggregation: Aggregation
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
  /** By number, the oldest first. */
  readonly versions: readonly Version[]
}

/** The version in force in an hour; undefined before the first. */
export const versionAt = (versions: readonly Version[], hour: Hour): Version | undefined =>
  versions
    .filter(({ from }) => from <= hour)
    .toSorted((a, b) => (a.from === b.from ? a.number - b.number : a.from < b.from ? -1 : 1))
    .at(-1)

/** Events may be dated so far ahead of the clock, so an hour is read from then on. */
export const aheadMaxMs = 5 * 60_000

/** The first hour of which no event can have been counted. */
export const nextHour = (now: Instant): Hour =>
  hourOf(instant(millis(now) + aheadMaxMs + hourMs - 1))

/** What is wrong with the hour a version is to hold from. */
export function fromFaults(from: Instant, now: Instant): Violation[] {
  const no = (message: string) => [{ path: 'from', message }]
  if (hourStart(hourOf(from)) !== from) return no('must be the start of a UTC hour')
  const first = nextHour(now)
  if (hourOf(from) >= first) return []
  return no(
    `must not lie before ${hourStart(first)}: earlier events may have been counted; a backfill reads those anew`,
  )
}

const targetsMax = 20
const timesMax = '1000000'
const names = (description: string, example: string) =>
  textField(100, description, example).regex(/^\S(.*\S)?$/, 'must not begin or end with a blank')

const expressionText = (description: string, example: string) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(lengthMax, `must have at most ${lengthMax} characters`)
    .meta({ description, example })

/** What is wrong with a text as an expression that is to give what is wanted. */
function complaintsOf(text: string, wanted: Wanted): string | undefined {
  if (text === '' || text.length > lengthMax) return undefined
  const compiled = compile(text, wanted)
  return 'complaints' in compiled
    ? `does not compile: ${sentenceOf(compiled.complaints)}`
    : undefined
}

export const definitionField = z
  .strictObject({
    event: textField(
      200,
      'Name of the events it reads, as the product reports them',
      'api.request',
    ),
    aggregation: z.enum(aggregations, `must be one of ${aggregations.join(', ')}`).meta({
      description:
        'How the events of an hour become one quantity: `sum` and `count` add up, `max` is the largest value, `unique` how many different ones, `last` that of the latest event',
      example: 'sum',
    }),
    value: expressionText(
      'What an event counts for: an expression over its properties. Not for `count`. Numbers are exact; a quotient has 12 decimals, rounded half away from zero, and so has the quantity',
      'properties.bytes / 1000000',
    ).optional(),
    filter: expressionText(
      'Only events for which this is true',
      'properties.region == "eu" && properties.size > 10',
    ).optional(),
    to: z
      .array(
        z.strictObject({
          dimension: names('Key of the dimension it gives to', 'api_calls'),
          times: decimalField('Its units for one of the aggregate', '1', 'positive')
            .refine(
              (text) => !isDecimal(text) || compare(text, timesMax) <= 0,
              `must be at most ${timesMax}`,
            )
            .default('1'),
        }),
      )
      .min(1, 'must name at least one dimension')
      .max(targetsMax, `must name at most ${targetsMax} dimensions`)
      .meta({ description: 'What it gives to which dimensions' }),
  })
  .superRefine(({ aggregation, value, filter, to }, context) => {
    const fault = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    if (aggregation === 'count' && value !== undefined)
      fault(['value'], 'does not go with count: each event counts for one')
    if (aggregation !== 'count' && value === undefined) fault(['value'], `${aggregation} needs one`)
    const wanted = aggregation === 'unique' ? 'a number or text' : 'a number'
    const wrong = value === undefined ? undefined : complaintsOf(value, wanted)
    if (wrong) fault(['value'], wrong)
    const odd = filter === undefined ? undefined : complaintsOf(filter, 'true or false')
    if (odd) fault(['filter'], odd)
    for (const [index, { dimension }] of to.entries())
      if (to.findIndex((other) => other.dimension === dimension) < index)
        fault(['to', index, 'dimension'], 'is named twice')
  })
  .meta({
    description: 'What it reads of an event, and what it gives to which dimensions',
    example: {
      event: 'api.request',
      aggregation: 'sum',
      value: 'properties.bytes / 1000000',
      filter: 'properties.region == "eu"',
      to: [{ dimension: 'api_calls', times: '1' }],
    },
  })

export const meterId = idField('mtr', 'A meter')
const from = instantField(
  'The UTC hour from which it holds, which must not have begun; the next one when absent',
  '2030-01-01T10:00:00.000Z',
).optional()

export const createMeter = z.strictObject({
  listing: listingId,
  key: names('Its name, unique within the listing', 'bytes_out'),
  definition: definitionField,
  from,
})
export type CreateMeter = z.infer<typeof createMeter>

export const addVersion = z.strictObject({
  definition: definitionField
    .nullable()
    .meta({ description: 'The new definition; null switches the meter off' }),
  from,
})
export type AddVersion = z.infer<typeof addVersion>
