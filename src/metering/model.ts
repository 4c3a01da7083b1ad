import * as z from 'zod'
import type { Decimal } from '../kernel/decimal.ts'
import { idField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { MoneyJson } from '../kernel/money.ts'
import type { Day, Hour, Instant } from '../kernel/time.ts'

export type Allocation = {
  readonly quantity: Decimal
  readonly tags: Readonly<Record<string, string>>
}

/** What is sent for one agreement, dimension and hour. A repeat of the same id carries exactly the same content. */
export type Report = {
  readonly id: string
  readonly agreementRef: string
  readonly licenseRef: string | null
  readonly buyerRef: string
  readonly customerRef: string | null
  /** What metering calls the product; used where no licence identifies the agreement. */
  readonly meteringRef: string | null
  /** The plan it was bought with, where metering asks for it. */
  readonly planRef: string | null
  readonly dimension: string
  readonly hour: Hour
  /** Whole where the traits say whole. */
  readonly quantity: Decimal
  readonly allocations: readonly Allocation[]
}

/**
 * What became of one report. `accepted` covers a repeat of the same quantity. `differs`: the hour is taken
 * by another quantity, which stays. `refused` is final. `later`: not processed, send the same again.
 */
export type ReportOutcome =
  | { readonly id: string; readonly is: 'accepted'; readonly receipt: string | null }
  | { readonly id: string; readonly is: 'differs'; readonly held: Decimal | null }
  | {
      readonly id: string
      readonly is: 'refused'
      readonly reason: string
      readonly tooLate: boolean
    }
  | {
      readonly id: string
      readonly is: 'later'
      readonly reason: string
      /** When to try again; absent: soon. */
      readonly retryAfterMs?: number | undefined
      /** It goes on taking this one until then, past its deadline; absent: the deadline stands. */
      readonly takenUntil?: Instant | undefined
    }

/** What a marketplace says it holds of one agreement, dimension and UTC day. */
export type HeldUsage = {
  readonly agreementRef: string
  readonly dimension: string
  readonly day: Day
  readonly planRef: string | null
  /** What it took from us. */
  readonly submitted: Decimal
  /** What it will bill; null while it has not said. */
  readonly processed: Decimal | null
  /** `pending`: not settled at their side. `differs` and `rejected` want a person. */
  readonly verdict: 'pending' | 'agreed' | 'differs' | 'rejected' | 'unknown'
  /** The marketplace's own word. */
  readonly nativeStatus: string
}

/** A marketplace's metering rules, as data. */
export type MeteringTraits = {
  readonly batchMax: number
  readonly quantity: 'whole' | 'decimal'
  readonly quantityMax: Decimal
  /** Hours after the hour's end until which it is taken. */
  readonly lateHoursMax: number
  /** A month's usage closes on this day of the next at this hour, whatever `lateHoursMax` says. Absent `timeZone`: UTC. */
  readonly monthClose: {
    readonly day: number
    readonly hour: number
    readonly timeZone?: string | undefined
  } | null
  /** After an agreement ended, how long its usage is still taken. */
  readonly flushMinutes: number
  readonly callsPerSecondMax: number
  readonly allocationsMax: number
  /** Whether included units are ours to leave out: only what exceeds them is sent. */
  readonly overageOnly: boolean
}

/** One thing that happened, as the product tells it: read, not yet held against its agreement. */
export type UsageEvent = {
  /** The caller's own, unique within its source for ever. */
  readonly id: string
  readonly source: string
  /** Our id of the agreement, or the marketplace's. */
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  readonly allocations: readonly Allocation[] | null
}

/** Something that happened, by name: meters say what it is of which dimension. */
export type NamedEvent = {
  readonly id: string
  readonly source: string
  readonly agreement: string
  readonly event: string
  /** As given; texts, numbers, booleans, null, and objects and lists of these. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly at: Instant
}

/** Takes an event of the same source back, whole and once. */
export type Reversal = {
  readonly id: string
  readonly source: string
  /** The id of the event. */
  readonly reverses: string
  /** The event's own, where it is told at all. */
  readonly agreement: string | null
  /** When it was taken back; null where it is not told. */
  readonly at: Instant | null
}

/** What products report, in one of three forms. */
export type AnyEvent = UsageEvent | NamedEvent | Reversal
export const isDirect = (event: AnyEvent): event is UsageEvent => 'quantity' in event
export const isNamed = (event: AnyEvent): event is NamedEvent => 'properties' in event
export const isReversal = (event: AnyEvent): event is Reversal => 'reverses' in event

/**
 * Where a record stands. `open`: its hour still fills. `held`: it is far above what its series ever was, and waits for
 * a person. `due`: to be sent; `waiting` says why the marketplace put it
 * off. `sending`: the call is out, or its reply never came (`problem`); the identical record is sent again.
 * `carried`: not one whole unit, so nothing was sent and its quantity went on to the next record. `included`: the
 * agreement's price includes all of it, so nothing was sent. `rated`: the agreement's contract priced it, and what that
 * comes to is sent under the dimension the contract bills to. `lost` with a negative quantity: more was sent than is
 * true, and it is owed to the buyer.
 */
export type UsageState =
  | { readonly is: 'open' }
  | {
      readonly is: 'held'
      readonly reason: string
      /** The largest hour its series had before. */
      readonly usual: Decimal
      /** What it is worth at the agreement's rate; null when the rate is not known. */
      readonly value: MoneyJson | null
      readonly since: Instant
    }
  | { readonly is: 'due'; readonly waiting: string | null }
  | { readonly is: 'sending'; readonly problem: string | null }
  | { readonly is: 'accepted'; readonly receipt: string | null; readonly at: Instant }
  | { readonly is: 'carried'; readonly at: Instant }
  | { readonly is: 'included'; readonly at: Instant }
  | { readonly is: 'rated'; readonly at: Instant }
  | {
      readonly is: 'refused'
      readonly reason: string
      /** What the marketplace holds for this hour instead of ours, where that is why. */
      readonly held: Decimal | null
      readonly at: Instant
    }
  | {
      readonly is: 'lost'
      readonly reason: string
      readonly quantity: Decimal
      /** At the agreement's rate; null when the rate is not known. */
      readonly value: MoneyJson | null
      readonly at: Instant
    }

export const stateWords = [
  'open',
  'held',
  'due',
  'sending',
  'accepted',
  'carried',
  'included',
  'rated',
  'refused',
  'lost',
] as const satisfies readonly UsageState['is'][]

/**
 * `usage` is sent. `late` gathers what came after its hour's deadline, and `closing` is the last fraction of a unit
 * when an agreement is over: both are lost from the start.
 */
export const recordKinds = ['usage', 'late', 'closing'] as const
export type RecordKind = (typeof recordKinds)[number]

/**
 * Usage of one agreement, dimension and hour. Once sent: `carriedIn + quantity = sent + included + rated + carriedOut`.
 * What takes usage back makes quantities and carries negative.
 */
export type UsageRecord = {
  readonly id: Id<'rec'>
  readonly connection: Id<'conn'>
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly hour: Hour
  readonly kind: RecordKind
  /** Exact sum of its events. */
  readonly quantity: Decimal
  readonly events: number
  readonly state: UsageState
  readonly dueAt: Instant
  /** After this the marketplace no longer takes it. */
  readonly deadline: Instant
  /** Until when it takes this one by its own word, past what its rules say; null where it did not say. */
  readonly takenUntil: Instant | null
  /** What it stands for at the marketplace, frozen when first sent; null before. */
  readonly sent: Decimal | null
  /** What of its quantity the agreement's price includes; decided when it is frozen. */
  readonly included: Decimal
  /** What of its quantity the agreement's contract priced. */
  readonly rated: Decimal
  readonly carriedIn: Decimal | null
  readonly carriedOut: Decimal | null
  /** Calls made for it. */
  readonly attempts: number
  /** Exactly what is sent, frozen, and what was answered. */
  readonly report: Report | null
  readonly outcome: unknown
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export const recordId = idField('rec', 'A usage record')

export const eventsMax = 500

/** The envelope alone: each event is read on its own, so that a bad one does not cost the others. */
export const reportUsage = z.strictObject({
  events: z
    .array(z.unknown(), 'must be an array of events')
    .min(1, 'must have at least one event')
    .max(eventsMax, `must have at most ${eventsMax} events`)
    .meta({
      description: 'What happened, in any order',
      type: 'array',
      items: { $ref: '#/components/schemas/UsageEvent' },
      minItems: 1,
      maxItems: eventsMax,
    }),
})
