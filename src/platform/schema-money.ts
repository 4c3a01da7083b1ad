import type { Generated, GeneratedAlways } from 'kysely'
import type { Decimal } from '../kernel/decimal.ts'
import type { Day, Instant } from '../kernel/time.ts'
import type { Json } from './column.ts'

/** What was billed, and what it burns of a commitment. */
export type MoneyTables = {
  // revenue
  revenue_imports: {
    id: string
    connection: string
    again: boolean
    held: Json<unknown> | null
    state: Json<unknown>
    state_is: string
    revision: number
    created_at: Instant
    finished_at: Instant | null
  }
  revenue_files: {
    import: string
    position: number
    connection: string
    name: string
    fingerprint: string
    size_bytes: bigint
    state_is: 'waiting' | 'reading' | 'read' | 'same' | 'failed'
    last_row: Generated<bigint>
    rows_read: Generated<bigint>
    rows_new: Generated<bigint>
    rows_broken: Generated<bigint>
    known_at: Instant
    problem: Json<unknown> | null
    finished_at: Instant | null
  }
  revenue_faults: {
    import: string
    position: number
    row: bigint
    ordinal: number
    column_name: string | null
    message: string
    raw: string
  }
  revenue_lines: {
    seq: GeneratedAlways<bigint>
    connection: string
    line_ref: string
    valid_from: Instant
    known_from: Instant
    recorded_at: Instant
    deleted_at: Instant | null
    hash: string
    parent_ref: string | null
    action: string
    kind: string
    native_kind: string
    amount: Decimal
    currency: string
    others: Json<unknown>
    facts: Json<unknown>
    invoice_ref: string | null
    invoiced_on: Day
    due_on: Day | null
    usage_from: Instant | null
    usage_to: Instant | null
    basis: string | null
    agreement_ref: string | null
    offer_ref: string | null
    listing_ref: string | null
    payer_ref: string | null
    payout_ref: string | null
    import: string
    file: string
    file_row: bigint
    native: Json<unknown>
  }
  reported_facts: {
    seq: GeneratedAlways<bigint>
    connection: string
    subject: string
    ref: string
    valid_from: Instant
    known_from: Instant
    recorded_at: Instant
    deleted_at: Instant | null
    hash: string
    vals: Json<Readonly<Record<string, string | null>>>
    import: string
    file: string
    file_row: bigint
    native: Json<unknown>
  }

  // commitments
  commitments: {
    id: string
    buyer: string
    provider: string
    currency: string
    revision: number
    created_at: Instant
    updated_at: Instant
  }
  commitment_versions: {
    commitment: string
    version: number
    valid_from: Day
    known_from: Day
    recorded_at: Instant
    terms: Json<unknown>
  }
}
