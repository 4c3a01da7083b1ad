import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { connectionId } from '../connections/model.ts'
import { decimalField, instantField, moneyField } from '../kernel/fields.ts'
import type { Ingested } from './ingest.ts'
import { type RecordKind, recordId, recordKinds, type UsageRecord } from './model.ts'
import { partKinds, type StoredPart } from './parts-list.ts'
import { refusals } from './place.ts'
import type { MeteringRow } from './report.ts'

export const text = (description: string, example: string) =>
  z.string().meta({ description, example })
export const sum = (description: string, example = '12.5') => decimalField(description, example)
export const count = (description: string, example = 1) => z.int().meta({ description, example })
const at = z.int().meta({ description: 'Place in the batch, from 0', example: 3 })

const allocation = z.object({
  quantity: sum('Part of the quantity', '2'),
  tags: z
    .record(z.string(), z.string())
    .meta({ description: 'Who within the buyer used it', example: { team: 'search' } }),
})

export const allocationsView = z
  .array(allocation)
  .meta({ description: 'Parts by tags; they add up to the quantity' })

export const dimension = text('Key of the dimension', 'api_calls')
export const agreementQuery = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .meta({ description: 'Our id of the agreement, or the marketplace’s', example: 'agr_example' })
export const hour = text('UTC hour', '2027-01-01T09:00Z')

const violation = z.object({
  path: text('Where in the event', 'quantity'),
  message: text('What is wrong there', 'must not be negative'),
})

export const ingestedView = z
  .object({
    accepted: count('New events, kept and counted', 497),
    duplicates: count('Known events with the same content, counted once for ever', 1),
    moved: count('Of the accepted: reported for a later hour, as their own was sent already', 0),
    lost: count(
      'Of the accepted: too late for any marketplace; lost, as far as the price does not include them',
      0,
    ),
    unmetered: count('Of the accepted: named events that no meter reads; a backfill may later', 0),
    refused: z
      .array(
        z.object({
          index: at,
          id: z.string().nullable().meta({ description: 'The event’s id', example: 'evt-4' }),
          code: z.enum(refusals).meta({ description: 'Why, for programs', example: 'invalid' }),
          path: text('The first fault’s place in the event', 'quantity'),
          message: text('The first fault', 'must not be negative'),
          errors: z.array(violation).meta({ description: 'Every fault of the event' }),
        }),
      )
      .meta({ description: 'Events of which nothing was kept; correct them and send them again' }),
    conflicts: z
      .array(
        z.object({
          index: at,
          id: text('The event’s id', 'evt-5'),
          source: text('Its source', 'billing-worker'),
          message: text('What is wrong', 'this id was used before with other content'),
        }),
      )
      .meta({ description: 'Events whose id was used before with other content, which stays' }),
  })
  .meta({ id: 'UsageIngested' })

const settledAt = instantField('When')
const none = <Is extends string>(is: Is) =>
  z.object({ is: z.literal(is).meta({ description: 'Where it stands', example: is }) })
const stateView = z
  .discriminatedUnion('is', [
    none('open'),
    none('held').extend({
      reason: text('Why it waits for a person', 'more than 10 times the largest hour before it'),
      usual: sum('The largest hour of its series before', '120'),
      value: moneyField(
        'What it is worth at the agreement’s rate; null when the rate is unknown',
      ).nullable(),
      since: instantField('Since when'),
    }),
    none('due').extend({
      waiting: z.string().nullable().meta({ description: 'Why it was put off', example: null }),
    }),
    none('sending').extend({
      problem: z.string().nullable().meta({
        description: 'Why no answer came; the identical record is sent again',
        example: null,
      }),
    }),
    none('accepted').extend({
      receipt: z
        .string()
        .nullable()
        .meta({ description: 'The marketplace’s receipt', example: 'r-1' }),
      at: settledAt,
    }),
    none('carried').extend({ at: settledAt }),
    none('included').extend({ at: settledAt }),
    none('rated').extend({ at: settledAt }),
    none('refused').extend({
      reason: text('The marketplace’s words', 'the customer is not subscribed'),
      held: z.string().nullable().meta({
        description: 'What the marketplace holds for this hour instead',
        example: null,
      }),
      at: settledAt,
    }),
    none('lost').extend({
      reason: text('Why', 'it came after the marketplace’s deadline'),
      quantity: sum('How much', '12.5'),
      value: moneyField('At the agreement’s rate; null when the rate is unknown').nullable(),
      at: settledAt,
    }),
  ])
  .meta({ description: 'Where it stands', example: { is: 'open' } })

export const recordView = z
  .object({
    id: recordId,
    connection: connectionId,
    agreement: agreementId,
    dimension,
    hour,
    kind: z.enum(recordKinds).meta({
      description:
        '`usage` is sent; `late` came after the deadline and `closing` is the last part of a unit: both are lost',
      example: 'usage' satisfies RecordKind,
    }),
    quantity: sum('Exact sum of its events'),
    events: count('How many', 40),
    state: stateView,
    sent: sum('What it stands for at the marketplace; null before it is first sent').nullable(),
    included: sum('What of the quantity the agreement’s price includes; it is not sent', '0'),
    rated: sum(
      'What of the quantity the agreement’s contract priced; it is billed under another dimension',
      '0',
    ),
    carriedIn: sum('Part of a unit that came from the record before', '0.5').nullable(),
    carriedOut: sum('Part of a unit that goes on to the next record', '0').nullable(),
    dueAt: instantField('When it is looked at next'),
    deadline: instantField('After this the marketplace no longer takes it'),
    takenUntil: instantField(
      'Until when it takes this one by its own word, past what its rules say; null where it did not say',
    ).nullable(),
    attempts: count('How often it was sent', 1),
    createdAt: instantField('When it was made'),
    updatedAt: instantField('When it last changed'),
  })
  .meta({ id: 'UsageRecord' })

export const recordDetailView = recordView
  .extend({
    report: z.unknown().meta({ description: 'Exactly what is sent; null before', example: null }),
    outcome: z.unknown().meta({ description: 'What was answered; null before', example: null }),
  })
  .meta({ id: 'UsageRecordDetail' })

export const viewRecord = ({ report: _report, outcome: _outcome, ...record }: UsageRecord) => record
export const viewRecordDetail = (record: UsageRecord) => ({ ...record })

/** Anything that makes up a record. */
export const partView = z
  .object({
    kind: z.enum(partKinds).meta({
      description:
        '`event`: told itself; `meter`: what a meter made of a named event; `contract`: what a contract billed',
      example: 'event',
    }),
    id: text('Of the event, or of what the contract billed', 'evt-2027-01-01-0001'),
    source: text('Of the event; empty for what a contract billed', 'billing-worker'),
    meter: z.string().nullable().meta({ description: 'Which meter', example: null }),
    run: z.string().nullable().meta({
      description: 'The backfill that made it; empty for what was made as it came',
      example: null,
    }),
    reverses: z
      .string()
      .nullable()
      .meta({ description: 'The id of the event that it takes back', example: null }),
    agreement: agreementId,
    dimension,
    quantity: sum('How much; negative where it takes back', '12.5'),
    at: instantField('When it happened'),
    allocations: allocationsView.nullable(),
    receivedAt: instantField('When it came'),
  })
  .meta({ id: 'UsagePart' })
export const viewPart = (part: StoredPart) => ({
  ...part,
  allocations: part.allocations?.map((one) => ({ ...one, tags: { ...one.tags } })) ?? null,
})

export const viewIngested = (ingested: Ingested) => ({
  ...ingested,
  refused: ingested.refused.map((one) => ({ ...one, errors: one.errors.map((e) => ({ ...e })) })),
  conflicts: ingested.conflicts.map((one) => ({ ...one })),
})

export const proofColumns = [
  'agreement',
  'dimension',
  'eventCount',
  'events',
  'records',
  'accepted',
  'carried',
  'included',
  'rated',
  'due',
  'refused',
  'lost',
  'holds',
] as const satisfies readonly (keyof MeteringRow)[]

const proofRow = z
  .object({
    agreement: agreementId,
    dimension,
    eventCount: count('How many events were taken', 40),
    events: sum('Exact sum of the events'),
    records: sum('Exact sum of the records'),
    accepted: sum('Taken by the marketplace', '12'),
    carried: sum('Parts of a unit that wait for the next record', '0.5'),
    included: sum('Included in the agreement’s price, so not sent', '0'),
    rated: sum('Priced by the agreement’s contract and billed under another dimension', '0'),
    due: sum('Open, held, due or being sent', '0'),
    refused: sum('Refused by the marketplace', '0'),
    lost: sum('No longer taken by any marketplace', '0'),
    holds: z.boolean().meta({
      description:
        'events = records, and accepted + carried + included + rated + due + refused + lost = records',
      example: true,
    }),
  })
  .meta({ id: 'MeteringProofRow' })
export const proofView = z
  .object({
    holds: z.boolean().meta({ description: 'Every row holds', example: true }),
    data: z.array(proofRow).meta({ description: 'One row for each agreement and dimension' }),
  })
  .meta({ id: 'MeteringReport' })
