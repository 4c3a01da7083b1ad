import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { decimalField, instantField, moneyField } from '../kernel/fields.ts'
import { hourStart } from '../kernel/time.ts'
import { listingId } from '../listings/model.ts'
import type { Tried } from './attempt.ts'
import { type Backfill, backfillId, type Row } from './model.ts'

const count = (description: string, example = 0) => z.int().meta({ description, example })
const text = (description: string, example: string) => z.string().meta({ description, example })
const sum = (description: string, example: string) => decimalField(description, example)
const dimension = text('Key of the dimension', 'api_calls')
const hour = instantField('The UTC hour', '2027-01-01T09:00:00.000Z')
const before = sum('As it is counted', '12.5')
const after = sum('As it comes out anew', '13')

const unreadableEvent = z.object({
  source: text('Its source', 'billing-worker'),
  id: text('Its id', 'evt-2027-01-01-0001'),
  errors: z
    .array(
      z.object({
        path: text('Where in the event', 'properties.bytes'),
        message: text('What is wrong there', 'is missing: a number is needed (meter bytes_out)'),
      }),
    )
    .meta({ description: 'Everything that a meter cannot read in it' }),
})
const unreadableEvents = z
  .array(unreadableEvent)
  .meta({ description: 'The first of them: where a meter cannot read one, it counts for nothing' })

export const triedView = z
  .object({
    events: count('Events read', 120),
    unreadable: count('Of them, those that it cannot read'),
    unreadableEvents,
    data: z
      .array(
        z.object({
          agreement: agreementId,
          dimension,
          hour,
          before,
          after,
          difference: sum('After less before', '0.5'),
          value: moneyField(
            'Of the difference, at the agreement’s rate; null when that is not known',
          ).nullable(),
        }),
      )
      .meta({ description: 'By hour, agreement and dimension; at most 1000' }),
    hasMore: z.boolean().meta({
      description: 'There are more hours than these; the sums cover all of them',
      example: false,
    }),
    sums: z
      .array(z.object({ dimension, before, after, difference: sum('After less before', '0.5') }))
      .meta({ description: 'Over all hours and agreements' }),
  })
  .meta({ id: 'MeterTried' })

export const backfillView = z
  .object({
    id: backfillId,
    listing: listingId,
    agreement: agreementId.nullable().meta({
      description: 'Null: every agreement of the listing',
      example: null,
    }),
    from: instantField('The first UTC hour', '2027-01-01T00:00:00.000Z'),
    to: instantField('The UTC hour before which it ends', '2027-01-01T09:00:00.000Z'),
    dryRun: z.boolean().meta({ description: 'It only says what would change', example: true }),
    useVersionsOf: z.enum(['then', 'now']).meta({
      description: 'Versions in force in each hour, or what was said last',
      example: 'then',
    }),
    acceptLoss: z.boolean().meta({
      description: 'What no marketplace takes any more is lost by name',
      example: false,
    }),
    state: z
      .enum(['running', 'done', 'failed'])
      .meta({ description: 'Where it stands', example: 'running' }),
    problem: z.string().nullable().meta({ description: 'Why it cannot go on', example: null }),
    at: instantField('The hour it has come to').nullable(),
    events: count('Events read so far', 120),
    unreadable: count('Of them, those that a meter cannot read'),
    unreadableEvents,
    hours: count('Hours of one agreement and event name read so far', 9),
    contributions: count('Differences that were added so far'),
    createdAt: instantField('When it was asked for'),
    finishedAt: instantField('When it ended').nullable(),
  })
  .meta({ id: 'Backfill' })

export const rowView = z
  .object({
    agreement: agreementId,
    dimension,
    hour,
    before,
    after,
    fates: z
      .array(
        z.object({
          is: z.enum(['kept', 'moved', 'lost', 'left']).meta({
            description:
              '`kept`: in its own hour’s record; `moved`: in that of another hour, as its own was sent; `lost`: no marketplace takes it any more; `left`: for that reason, nothing is changed',
            example: 'kept',
          }),
          quantity: sum('How much; below zero where less is true than was counted', '0.5'),
          hour: instantField('The hour whose record it is in', '2027-01-01T09:00:00.000Z'),
          reason: z.string().nullable().meta({ description: 'Why', example: null }),
          value: moneyField('Of what is lost or left; null when the rate is not known').nullable(),
        }),
      )
      .meta({ description: 'What becomes of the difference; of a dry run, what would' }),
  })
  .meta({ id: 'BackfillRow' })

const errorsOf = (unreadable: Backfill['unreadable']) =>
  unreadable.map(({ source, id, faults }) => ({
    source,
    id,
    errors: faults.map((fault) => ({ ...fault })),
  }))

export const viewTried = (tried: Tried): z.output<typeof triedView> => ({
  events: tried.events,
  unreadable: tried.unreadable,
  unreadableEvents: errorsOf(tried.unreadableEvents),
  data: tried.rows.map((row) => ({
    ...row,
    agreement: row.agreement as z.output<typeof agreementId>,
    hour: hourStart(row.hour),
  })),
  hasMore: tried.hasMore,
  sums: tried.sums.map((one) => ({ ...one })),
})

export function viewBackfill(backfill: Backfill): z.output<typeof backfillView> {
  const { asked, state, cursor, counts } = backfill
  return {
    id: backfill.id,
    ...asked,
    from: hourStart(asked.from),
    to: hourStart(asked.to),
    dryRun: backfill.isDry,
    state: state.is,
    problem: state.is === 'failed' ? state.problem : null,
    at: cursor && hourStart(cursor.hour),
    ...counts,
    unreadableEvents: errorsOf(backfill.unreadable),
    createdAt: backfill.createdAt,
    finishedAt: backfill.finishedAt,
  }
}

export const viewRow = (row: Row): z.output<typeof rowView> => ({
  agreement: row.agreement as z.output<typeof agreementId>,
  dimension: row.dimension,
  hour: hourStart(row.hour),
  before: row.before,
  after: row.after,
  fates: row.fates.map((fate) => ({ ...fate, hour: hourStart(fate.hour) })),
})

export const rowColumns = [
  'hour',
  'agreement',
  'dimension',
  'before',
  'after',
  'fate',
  'quantity',
  'reported_for',
  'value',
  'currency',
  'reason',
] as const

/** One line for each fate, for a spreadsheet; an unchanged hour has one line with an empty fate. */
export function csvRows(row: Row): Record<(typeof rowColumns)[number], string | null>[] {
  const { agreement, dimension, hour: at, before: was, after: comes } = row
  const own = { hour: hourStart(at), agreement, dimension, before: was, after: comes }
  const none = {
    fate: null,
    quantity: null,
    reported_for: null,
    value: null,
    currency: null,
    reason: null,
  }
  if (row.fates.length === 0) return [{ ...own, ...none }]
  return row.fates.map(({ is, quantity, hour: to, value, reason }) => ({
    ...own,
    fate: is,
    quantity,
    reported_for: hourStart(to),
    value: value?.amount ?? null,
    currency: value?.currency ?? null,
    reason,
  }))
}
