import type { Generated } from 'kysely'
import type { Day, Instant } from '../kernel/time.ts'
import type { Json } from './column.ts'

/** What is sold, to whom, on which terms, and what became of it. */
export type DealTables = {
  // listings
  listings: {
    id: string
    connection: string
    listing_ref: string
    name: string
    kind: 'saas' | 'other'
    visibility: string
    metering_ref: string | null
    dimensions: Json<unknown>
    plans: Json<unknown>
    removed: Json<unknown>
    modified_at: Instant
    native: Json<unknown>
    facts: Json<unknown>
    revision: number
    read_at: Instant
    created_at: Instant
    updated_at: Instant
  }

  // buyers
  buyers: {
    id: string
    name: string
    crm_account: string | null
    revision: number
    created_at: Instant
    updated_at: Instant
  }
  buyer_accounts: { provider: string; ref: string; buyer: string; position: number }

  // offers
  documents: { id: string; name: string; url: string; created_at: Instant }
  offers: {
    id: string
    connection: string
    listing: string
    plan: string | null
    buyer: string
    terms: Json<unknown>
    accept_by: Day
    state: Json<unknown>
    state_is: string
    frozen: Json<unknown> | null
    quote: Json<unknown> | null
    currency: string | null
    tcv_minor: bigint | null
    fee_minor: bigint | null
    net_minor: bigint | null
    keys_used: number
    offer_ref: string | null
    operation: string | null
    due_at: Instant | null
    problem: Json<unknown> | null
    looked: Json<unknown> | null
    time_zone: string
    open_since: Instant | null
    asked_at: Instant | null
    may_be: Json<unknown>
    revision: number
    created_at: Instant
    updated_at: Instant
  }

  // agreements
  agreements: {
    id: string
    connection: string
    agreement_ref: string
    initial_ref: string
    offer_ref: string | null
    listing_ref: string | null
    buyer_ref: string
    license_refs: readonly string[]
    offer: string | null
    listing: string | null
    buyer: string | null
    state_is: string
    remote: Json<unknown>
    fingerprint: string | null
    awaits: 'activation' | 'approval' | 'change' | null
    decided: string | null
    missed: Generated<number>
    reminders: Generated<number>
    changed_at: Instant
    ended_at: Instant | null
    registered_at: Instant | null
    revision: number
    read_at: Instant
    created_at: Instant
    updated_at: Instant
  }
  agreement_operations: {
    id: string
    agreement: string
    kind:
      | 'activate'
      | 'change_plan'
      | 'change_quantity'
      | 'cancel'
      | 'reject'
      | 'approve_change'
      | 'reject_change'
      | 'message'
    wanted: Json<unknown>
    state_is: 'waiting' | 'running' | 'done' | 'refused'
    operation_ref: string | null
    reasons: Json<unknown> | null
    problem: Json<unknown> | null
    attempts: number
    due_at: Instant
    revision: number
    created_at: Instant
    updated_at: Instant
    settled_at: Instant | null
  }
  agreement_versions: {
    agreement: string
    version: number
    valid_from: Instant
    recorded_at: Instant
    content: Json<unknown>
  }
  license_ends: {
    connection: string
    license_ref: string
    ended_at: Instant
    recorded_at: Instant
  }
  registrations: {
    id: string
    connection: string
    token_hash: string
    state_is: 'arrived' | 'waiting' | 'bound' | 'expired' | 'forged'
    who: Json<unknown> | null
    agreement_ref: string | null
    license_ref: string | null
    buyer_ref: string | null
    agreement: string | null
    times: Generated<number>
    window_at: Instant
    window_times: Generated<number>
    arrived_at: Instant
    last_at: Instant
    resolved_at: Instant | null
    bound_at: Instant | null
  }
}
