import type { Adapter, Ports } from './adapter.ts'
import type { Instant } from './kernel/time.ts'
import type { EstimateFit } from './offers/port.ts'
import type { Actor } from './platform/auth.ts'
import { type Db, transact as inTransaction } from './platform/db.ts'
import type { Fetch } from './platform/http.ts'
import type { Jobs } from './platform/jobs.ts'
import type { Log } from './platform/log.ts'
import type { Sealer } from './platform/seal.ts'
import type { SyncDefinition } from './sync.ts'

/** The world a use case is handed. Nothing reaches for a global. */
export type Deps = {
  readonly db: Db
  /** The database outside of any transaction, for what must be kept whatever becomes of the work at hand. */
  readonly root: Db
  readonly now: () => Instant
  readonly actor: Actor
  readonly requestId?: string | undefined
  readonly log: Log
  readonly jobs: Jobs
  readonly seal: Sealer
  readonly fetch: Fetch
  readonly adapters: readonly Adapter[]
  /** Ports already opened, by connection and revision, so that tokens and sessions are kept. */
  readonly opened: Map<string, Partial<Ports>>
  /** Where buyers and providers reach this server, without a trailing slash. */
  readonly publicUrl: string
  /** Everything kept up with, by every capability. */
  readonly syncs: readonly SyncDefinition[]
  /** Senders of usage that this process runs at a time; absent: as many as usual. */
  readonly senders?: number | undefined
  /** Wired by `app.ts` from a capability that lies later in a deal's life. */
  readonly estimateFit: (deps: Deps) => EstimateFit
}

/** Runs `act` in one transaction, handing it the same world with the transaction as its database. */
export const transact = <T>(deps: Deps, act: (deps: Deps) => Promise<T>): Promise<T> =>
  inTransaction(deps.db, (trx) => act({ ...deps, db: trx }))

/** Asks for a job in the caller's transaction: with it, or not at all. */
export const enqueue = (deps: Deps, kind: string, subject: string, at?: Instant): Promise<void> =>
  deps.jobs.enqueue(deps.db, kind, subject, at)
