import type { Agreement } from '../agreements/model.ts'
import type { Deps } from '../deps.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Contract, HeldBook, Version } from './model.ts'
import * as store from './store.ts'

export const get = (deps: Deps, id: string): Promise<Contract> => store.get(deps.db, id)

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Contract[]> => store.list(deps.db, limit, after, filter)

/** The versions of the contracts of some agreements, the oldest first; agreements without a contract are absent. */
export async function ofAgreements(
  deps: Deps,
  ids: readonly string[],
): Promise<Map<string, readonly Version[]>> {
  const found = await store.ofAgreements(deps.db, ids)
  return new Map(found.map(({ agreement, versions }) => [agreement, versions]))
}

/**
 * The books of some agreements, each knowing every version there is, locked until the transaction ends: call it with
 * one. Agreements without a contract are absent. To be taken in one call for all that a transaction needs, so that
 * two workers never wait for each other. Nothing is advanced: that is for whoever knows what was rated.
 */
export const holdBooks = (db: Db, ids: readonly string[]): Promise<Map<string, HeldBook>> =>
  store.holdBooks(db, ids)

/** Keeps books that `holdBooks` gave in the same transaction, with the moment when time alone does something next. */
export const saveBooks = (db: Db, books: readonly HeldBook[], at: Instant): Promise<void> =>
  store.saveBooks(db, books, at)

/**
 * Agreements of a seller account whose book has something to do by a moment, though nothing was used: the longest due
 * first, at most `limit`. `by` is how far usage is known to be rated, not the time of day. Nothing is locked.
 */
export const dueBooks = (
  db: Db,
  connection: string,
  by: Instant,
  limit: number,
): Promise<Agreement['id'][]> => store.dueBooks(db, connection, by, limit)
