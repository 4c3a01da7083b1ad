import * as z from 'zod'
import type { Decimal } from '../kernel/decimal.ts'
import { idField, instantField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { MoneyJson } from '../kernel/money.ts'
import type { Violation } from '../kernel/problem.ts'
import {
  dayMs,
  type Hour,
  hourOf,
  hourStart,
  type Instant,
  millis,
  readInstant,
} from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import { definitionField } from '../meters/model.ts'

/** Which events are read anew, and how. */
export type Asked = {
  readonly listing: Id<'lst'>
  /** Null: every agreement of the listing. */
  readonly agreement: Id<'agr'> | null
  readonly from: Hour
  /** Not read any more. */
  readonly to: Hour
  /** `then`: by the versions in force in each hour; `now`: by what was said of each meter last. */
  readonly useVersionsOf: 'then' | 'now'
  /** What no marketplace takes any more is lost by name; else it is left as it is, and named. */
  readonly acceptLoss: boolean
}

export type BackfillState =
  | { readonly is: 'running' }
  | { readonly is: 'done' }
  | { readonly is: 'failed'; readonly problem: string }

/** How far it is, and what came of it. */
export type Counts = {
  readonly events: number
  readonly unreadable: number
  /** Hours of one agreement and name that were read to their end. */
  readonly hours: number
  readonly contributions: number
}
export const noCounts: Counts = { events: 0, unreadable: 0, hours: 0, contributions: 0 }

export type Backfill = {
  readonly id: Id<'bkf'>
  readonly asked: Asked
  readonly isDry: boolean
  readonly state: BackfillState
  /** Where the next step goes on; null before the first. */
  readonly cursor: Cursor | null
  readonly counts: Counts
  /** The first events that cannot be read, and why. */
  readonly unreadable: readonly Unreadable[]
  readonly actor: unknown
  readonly revision: number
  readonly createdAt: Instant
  readonly finishedAt: Instant | null
}

/** The hour of an agreement and name that is being read, and the last event that was; null: it is read to its end. */
export type Cursor = {
  readonly agreement: string
  readonly name: string
  readonly hour: Hour
  readonly after: { readonly source: string; readonly id: string } | null
}

export type Unreadable = {
  readonly source: string
  readonly id: string
  readonly faults: readonly Violation[]
}

/** What becomes of a difference. `left`: nothing is changed, because no marketplace takes it any more. */
export type Fate = {
  readonly is: 'kept' | 'moved' | 'lost' | 'left'
  readonly quantity: Decimal
  /** Whose record it is in. */
  readonly hour: Hour
  readonly reason: string | null
  readonly value: MoneyJson | null
}

/** What was counted of an agreement, dimension and hour, and what it comes to. */
export type Row = {
  readonly agreement: string
  readonly dimension: string
  readonly hour: Hour
  readonly before: Decimal
  readonly after: Decimal
  readonly fates: readonly Fate[]
}

export const daysMax = 90

/** What is wrong with the hours asked for. */
export function spanFaults(from: string, to: string, now: Instant): Violation[] {
  const [first, last] = [readInstant(from), readInstant(to)]
  if (!first || !last) return []
  const faults: Violation[] = []
  for (const [path, at] of [
    ['from', first],
    ['to', last],
  ] as const)
    if (hourStart(hourOf(at)) !== at)
      faults.push({ path, message: 'must be the start of a UTC hour' })
  if (last <= first) faults.push({ path: 'to', message: 'must lie after from' })
  if (hourOf(last) > hourOf(now))
    faults.push({
      path: 'to',
      message: `must not lie after ${hourStart(hourOf(now))}: later hours are not over`,
    })
  if (millis(last) - millis(first) > daysMax * dayMs)
    faults.push({ path: 'to', message: `must lie at most ${daysMax} days after from` })
  return faults
}

export const backfillId = idField('bkf', 'A backfill')
const span = {
  from: instantField('The first UTC hour', '2027-01-01T00:00:00.000Z'),
  to: instantField('The UTC hour before which it ends', '2027-01-01T09:00:00.000Z'),
}
const agreementField = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .optional()

export const createBackfill = z
  .strictObject({
    listing: listingId.optional(),
    agreement: agreementField.meta({
      description: 'One agreement: our id or the marketplace’s; instead of a listing',
      example: 'agr_example',
    }),
    ...span,
    dryRun: z
      .boolean()
      .meta({ description: 'Only says what would change, row by row', example: true }),
    useVersionsOf: z.enum(['then', 'now'], 'must be then or now').default('then').meta({
      description:
        '`then`: by the versions in force in each hour; `now`: by what was said of each meter last',
      example: 'then',
    }),
    acceptLoss: z.boolean().default(false).meta({
      description:
        'What no marketplace takes any more, such as that of a closed month, is lost by name; else it is left as it is, and named',
      example: false,
    }),
  })
  .superRefine(({ listing, agreement }, context) => {
    if ((listing === undefined) === (agreement === undefined))
      context.addIssue({
        code: 'custom',
        path: ['listing'],
        message: 'name either a listing or an agreement',
      })
  })
  .meta({
    example: {
      listing: 'lst_example',
      from: '2027-01-01T00:00:00.000Z',
      to: '2027-01-01T09:00:00.000Z',
      dryRun: true,
    },
  })
export type CreateBackfill = z.infer<typeof createBackfill>

export const tryMeter = z
  .strictObject({
    listing: listingId,
    key: z.string().min(1).max(100).optional().meta({
      description: 'The meter that it would change; a new one when absent or not known',
      example: 'bytes_out',
    }),
    definition: definitionField,
    agreement: agreementField.meta({
      description: 'Only this agreement: our id or the marketplace’s',
      example: 'agr_example',
    }),
    ...span,
  })
  .meta({
    example: {
      listing: 'lst_example',
      definition: {
        event: 'api.request',
        aggregation: 'max',
        value: 'properties.bytes',
        to: [{ dimension: 'api_calls' }],
      },
      from: '2027-01-01T00:00:00.000Z',
      to: '2027-01-01T09:00:00.000Z',
    },
  })
export type TryMeter = z.infer<typeof tryMeter>
