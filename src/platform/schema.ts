import type { Generated, GeneratedAlways } from 'kysely'
import type { Instant } from '../kernel/time.ts'
import type { Actor, Role } from './auth.ts'
import type { Json } from './column.ts'
import type { DealTables } from './schema-deal.ts'
import type { MoneyTables } from './schema-money.ts'
import type { UsageTables } from './schema-usage.ts'

/** The database as `migrations/` leaves it, in the life of a deal: ground, deal, usage, money, mirrors. */
export type Tables = GroundTables & DealTables & UsageTables & MoneyTables & MirrorTables

type GroundTables = {
  // platform
  api_keys: {
    id: string
    name: string
    role: Role
    hash: string
    created_at: Instant
    revoked_at: Instant | null
  }
  idempotency: {
    key_id: string
    key: string
    request_hash: string
    status: number | null
    body: string | null
    created_at: Instant
  }
  meta: { name: string; value: string }

  // connections
  connections: {
    id: string
    provider: string
    name: string
    settings: Json<unknown>
    sealed: string
    secrets: string
    kept: string | null
    sign_up_url: string | null
    checked: Json<unknown> | null
    revision: number
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | null
  }
  syncs: {
    name: string
    connection: string
    cursor: string | null
    due_at: Instant
    every_ms: number
    started_at: Instant | null
    finished_at: Instant | null
    succeeded_at: Instant | null
    problem: Json<unknown> | null
  }

  // events
  events: {
    seq: GeneratedAlways<bigint>
    txid: GeneratedAlways<string>
    id: string
    at: Instant
    kind: string
    subject: string
    actor: Json<Actor>
    request_id: string | null
    data: Json<unknown>
  }
}

type MirrorTables = {
  // crm
  crm_rows: {
    id: string
    connection: string
    kind: 'offer' | 'agreement' | 'commitment' | 'opportunity'
    key: string
    rank: Instant
    content: Json<unknown>
    hash: GeneratedAlways<string>
    state_is: 'due' | 'waiting' | 'sending' | 'clean' | 'refused'
    attempts: Generated<number>
    due_at: Instant | null
    problem: string | null
    crm_ref: string | null
    told: Json<Readonly<Record<string, string>>>
    sent_at: Instant | null
    created_at: Instant
    updated_at: Instant
  }
  crm_mirrors: {
    connection: string
    organisation: string | null
    state: Json<unknown>
    state_is: 'unchecked' | 'ready' | 'missing' | 'waiting' | 'moved'
    until: Instant | null
    checked_at: Instant | null
    saved_at: Instant | null
    budget: Json<unknown> | null
  }

  // notices
  notices: {
    id: string
    connection: string
    notice_ref: string
    kind: string
    at: Instant
    about: Json<unknown>
    asks: Json<unknown> | null
    verdict: 'accepted' | 'refused' | null
    native: Json<unknown>
    state_is: 'received' | 'handled' | 'failed'
    attempts: Generated<number>
    due_at: Instant
    problem: Json<unknown> | null
    received_at: Instant
    settled_at: Instant | null
  }
}
