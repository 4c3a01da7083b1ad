import * as z from 'zod'
import { agreementId } from '../agreements/model.ts'
import { decimalField, instantField, moneyField } from '../kernel/fields.ts'
import { reversalType, usageType } from './cloud-events.ts'
import type { EventPart, ListedEvent } from './event-list.ts'
import type { Rehearsed, tryOut } from './ingest.ts'
import { eventsMax, recordId } from './model.ts'
import { eventOf } from './stored.ts'
import {
  allocationsView,
  count,
  dimension,
  hour,
  ingestedView,
  sum,
  text,
  viewIngested,
} from './views.ts'

const id = text('The caller’s own id, unique within the source for ever', 'evt-2027-01-01-0001')
const source = text('What reports it', 'billing-worker')
const agreement = text('Our id of the agreement, or the marketplace’s', 'agr_example')
const at = instantField('When it happened')

const direct = z
  .object({
    id,
    source,
    agreement,
    dimension,
    quantity: sum('Decimal string, not negative', '12.5'),
    at,
    allocations: allocationsView.optional(),
  })
  .meta({ id: 'UsageEventDirect', description: 'A quantity of a dimension' })

const properties = z.record(z.string(), z.unknown()).meta({
  description:
    'What meters read: at most 64 names and 16 KiB; numbers of at most 15 digits, or decimal strings',
  example: { region: 'eu', bytes: 120_000 },
})
const eventName = text('What happened, as meters know it', 'api.request')
const named = z
  .object({ id, source, agreement, event: eventName, properties: properties.optional(), at })
  .meta({
    id: 'UsageEventNamed',
    description: 'Something that happened; the listing’s meters say what it is of which dimension',
  })

const reversal = z
  .object({
    id,
    source,
    reverses: text(
      'The id of the event of the same source that is taken back, whole and once',
      'evt-2027-01-01-0000',
    ),
    agreement: agreement.optional(),
    at: instantField('When it was taken back').optional(),
  })
  .meta({ id: 'UsageEventReversal', description: 'Takes an event back' })

/** How one event of a batch looks, in one of three forms; each is checked on its own. */
export const usageEventView = z.union([direct, named, reversal]).meta({ id: 'UsageEvent' })

export const usageReportView = z
  .object({
    events: z
      .array(usageEventView)
      .min(1)
      .max(eventsMax)
      .meta({ description: 'What happened, in any order and any of the forms' }),
  })
  .meta({ id: 'UsageReport' })

export const cloudEventView = z
  .looseObject({
    specversion: z.literal('1.0').meta({ description: 'Of CloudEvents', example: '1.0' }),
    id,
    source,
    type: text(
      `The name of the event; \`${usageType}\` with a quantity of a dimension in data, \`${reversalType}\` with what it reverses`,
      'api.request',
    ),
    subject: text(
      'Our id of the agreement, or the marketplace’s; a reversal needs none',
      'agr_example',
    ),
    time: at,
    datacontenttype: text('JSON', 'application/json').optional(),
    data: properties.optional(),
  })
  .meta({
    id: 'CloudEvent',
    description: 'CloudEvents 1.0 in its JSON format; other attributes are passed over',
  })

const decimal = (description: string, example = '12.5') => decimalField(description, example)
const place = {
  dimension,
  quantity: decimal('How much; negative where usage is taken back'),
  meter: z.string().nullable().meta({
    description: 'The meter that made it of the event; null for what was told itself',
    example: null,
  }),
  hour,
}
const fate = z.object({
  ...place,
  is: z.enum(['kept', 'moved', 'lost']).meta({
    description:
      '`kept`: its own hour; `moved`: another, as its own was sent already; `lost`: no marketplace takes it any more',
    example: 'kept',
  }),
  reason: z.string().nullable().meta({ description: 'Why not its own hour', example: null }),
  value: moneyField(
    'Of what is lost, before what the price includes; null when the rate is unknown',
  ).nullable(),
})

/** What became of a batch; of a dry run also where each event would go. */
export const answerView = ingestedView
  .extend({
    events: z
      .array(
        z.object({
          index: count('Place in the batch, from 0', 3),
          id,
          source,
          unmetered: z
            .boolean()
            .meta({ description: 'A named event that no meter reads', example: false }),
          goes: z.array(fate).meta({ description: 'The records it would be in' }),
        }),
      )
      .optional()
      .meta({ description: 'Only of a dry run: each event that would be taken' }),
  })
  .meta({ id: 'UsageAnswer' })

export const viewTried = ({ events, ...ingested }: Awaited<ReturnType<typeof tryOut>>) => ({
  ...viewIngested(ingested),
  events: events.map(viewRehearsed),
})
const viewRehearsed = ({ index, id, source, fates, isUnmetered }: Rehearsed) => ({
  index,
  id,
  source,
  unmetered: isUnmetered,
  goes: fates.map((one) => ({ ...one })),
})

const none = <Field extends z.ZodType>(field: Field) => field.nullable()
export const listedEventView = z
  .object({
    id,
    source,
    agreement: agreementId,
    dimension: none(dimension).meta({
      description: 'Of a quantity that was told itself, or of one taken back',
      example: 'api_calls',
    }),
    quantity: none(decimal('How much; negative where it takes back')),
    event: none(eventName),
    properties: none(properties),
    reverses: none(text('The id of the event that it takes back', 'evt-2027-01-01-0000')),
    reversedBy: none(text('The id of what took it back', 'undo-1')),
    at,
    allocations: none(allocationsView),
    receivedAt: instantField('When it came'),
  })
  .meta({ id: 'UsageEventListed' })

export const eventDetailView = listedEventView
  .extend({
    parts: z
      .array(
        z.object({
          ...place,
          version: z.int().nullable().meta({ description: 'Of the meter', example: null }),
          run: z.string().nullable().meta({
            description: 'The backfill that made it; empty for what was made as it came',
            example: null,
          }),
          late: z.boolean().meta({ description: 'It came too late for any hour', example: false }),
          record: recordId.nullable(),
        }),
      )
      .meta({ description: 'What of it is in which record' }),
  })
  .meta({ id: 'UsageEventDetail' })

export const viewListed = (row: ListedEvent) => {
  const told = eventOf(row)
  const { id, source, agreement, dimension, quantity, reverses, reversedBy, receivedAt } = row
  return {
    id,
    source,
    agreement,
    dimension,
    quantity,
    event: 'event' in told ? told.event : null,
    properties: 'properties' in told ? { ...told.properties } : null,
    reverses,
    reversedBy,
    at: row.at,
    allocations: row.allocations?.map((part) => ({ ...part, tags: { ...part.tags } })) ?? null,
    receivedAt,
  }
}
export const viewDetail = (row: ListedEvent & { readonly parts: readonly EventPart[] }) => ({
  ...viewListed(row),
  parts: row.parts.map((part) => ({ ...part })),
})
