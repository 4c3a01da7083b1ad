import type { Generated } from 'kysely'
import type { Decimal } from '../kernel/decimal.ts'
import type { Day, Instant } from '../kernel/time.ts'
import type { Json } from './column.ts'

/** What was used, how it is priced, and what became of it. */
export type UsageTables = {
  // metering
  usage_events: {
    source: string
    id: string
    agreement: string
    /** Null together with the quantity: a named event, of which meters make contributions. */
    dimension: string | null
    quantity: Decimal | null
    at: Instant
    hour: Instant
    late: boolean
    allocations: Json<unknown> | null
    received_at: Instant
    name: string | null
    properties: Json<unknown> | null
    reverses: string | null
  }
  usage_contributions: {
    source: string
    event: string
    meter: string
    version: number
    run: Generated<string>
    agreement: string
    dimension: string
    quantity: Decimal
    at: Instant
    hour: Instant
    late: boolean
    created_at: Instant
  }
  usage_postings: {
    id: string
    agreement: string
    dimension: string
    quantity: Decimal
    at: Instant
    hour: Instant
    late: boolean
    reason: string
    detail: Json<unknown>
    created_at: Instant
  }
  /** A view: everything that makes up records. */
  usage_parts: {
    kind: 'event' | 'meter' | 'contract'
    source: string
    id: string
    meter: string | null
    agreement: string
    dimension: string
    quantity: Decimal
    at: Instant
    hour: Instant
    late: boolean
    allocations: Json<unknown> | null
    received_at: Instant
    run: string | null
    reverses: string | null
  }
  usage_series: {
    agreement: string
    dimension: string
    connection: string
    carry: Generated<Decimal>
    closes_at: Instant | null
    peak: Generated<Decimal>
    hours: Generated<number>
  }
  usage_records: {
    id: string
    connection: string
    agreement: string
    dimension: string
    hour: Instant
    kind: 'usage' | 'late' | 'closing'
    quantity: Decimal
    events: bigint
    allocated: boolean
    state: Json<unknown>
    state_is: string
    due_at: Instant
    deadline: Instant
    taken_until: Instant | null
    sent: Decimal | null
    included: Generated<Decimal>
    carried_in: Decimal | null
    carried_out: Decimal | null
    report: Json<unknown> | null
    outcome: Json<unknown> | null
    attempts: Generated<number>
    created_at: Instant
    updated_at: Instant
    rated: Generated<Decimal>
    released_at: Instant | null
  }
  usage_allowances: {
    agreement: string
    dimension: string
    starts_at: Instant
    ends_at: Instant | null
    connection: string
    quantity: Decimal | null
    used: Generated<Decimal>
    revision: number
    over: Generated<Decimal>
  }
  usage_read_backs: {
    connection: string
    agreement_ref: string
    dimension: string
    day: Day
    agreement: string | null
    plan_ref: string | null
    native_status: string | null
    submitted: Decimal | null
    processed: Decimal | null
    accepted: Decimal
    difference: Decimal
    verdict: string
    since: Instant
    alarm: string | null
    read_at: Instant
    source: Generated<string>
    from_at: Instant
    to_at: Instant
    amount: Decimal | null
    currency: string | null
    billed: Generated<boolean>
  }
  usage_lanes: {
    connection: string
    paced_at: Instant | null
    served_at: Instant | null
    failures: Generated<number>
    open_until: Instant | null
    problem: Json<unknown> | null
    blocked: Json<unknown>
  }
  usage_policies: {
    connection: string
    policy: Json<unknown>
    revision: number
    actor: Json<unknown>
    updated_at: Instant
  }

  // statements
  agreement_invoices: {
    connection: string
    agreement_ref: string
    invoice_ref: string
    agreement: string
    is_credit: boolean
    month: Day
    issued_at: Instant
    amount: Decimal
    currency: string
    native: Json<unknown>
    read_at: Instant
  }

  // contracts
  contracts: {
    id: string
    agreement: string
    currency: string
    revision: number
    created_at: Instant
    updated_at: Instant
  }
  contract_versions: {
    contract: string
    version: number
    from_at: Instant
    terms: Json<unknown>
    actor: Json<unknown>
    recorded_at: Instant
  }
  contract_books: {
    agreement: string
    connection: string
    version: number
    dimensions: string[]
    state: Json<unknown>
    next_at: Instant | null
    updated_at: Instant
  }
  contract_ratings: {
    record: string
    agreement: string
    dimension: string
    hour: Instant
    quantity: Decimal
    rating: Json<unknown>
    rated_at: Instant
  }

  // meters
  meters: {
    id: string
    listing: string
    key: string
    event: string
    aggregation: string
    revision: number
    created_at: Instant
    updated_at: Instant
  }
  meter_versions: {
    meter: string
    version: number
    from_hour: Instant
    definition: Json<unknown> | null
    actor: Json<unknown>
    recorded_at: Instant
  }
  meter_hours: {
    meter: string
    agreement: string
    hour: Instant
    version: number
    value: Decimal | null
    at: Instant | null
    source: string | null
    event: string | null
  }
  meter_uniques: {
    meter: string
    agreement: string
    hour: Instant
    value: string
    events: number
  }

  // backfills
  backfills: {
    id: string
    asked: Json<unknown>
    is_dry: boolean
    state: Json<unknown>
    state_is: string
    cursor: string | null
    counts: Json<unknown>
    actor: Json<unknown>
    revision: number
    created_at: Instant
    finished_at: Instant | null
  }
  backfill_rows: {
    backfill: string
    agreement: string
    dimension: string
    hour: Instant
    before: Decimal
    after: Decimal
    fate: Json<unknown>
  }
}
