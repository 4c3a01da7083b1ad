import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { registersAccount } from './bind.ts'
import * as licenses from './licenses.ts'
import { type Agreement, type AgreementVersion, usageEnd } from './model.ts'
import type { Operation } from './operation.ts'
import * as operations from './operations.ts'
import type { Arrival } from './registration.ts'
import * as registrations from './registrations.ts'
import * as store from './store.ts'
import * as versions from './versions.ts'

export { erasePeople, refreshAccount } from './account.ts'
export { answer, isOurs } from './answer.ts'
export { ask } from './ask.ts'
export { read } from './intake.ts'
export { refresh } from './refresh.ts'

export const get = (deps: Deps, id: string): Promise<Agreement> => store.get(deps.db, id)

/**
 * Agreements by our id or by the marketplace's reference, in one query; what is not known is absent. A reference
 * that several connections hold (an account that was connected again) means the newest.
 */
export async function find(deps: Deps, refs: readonly string[]): Promise<Map<string, Agreement>> {
  return byRefs(await store.find(deps.db, refs))
}

/** In which revision `find` would find each now: what was found before needs no reading while that is the same. */
export const revisions = async (
  deps: Deps,
  refs: readonly string[],
): Promise<Map<string, store.Revision>> => byRefs(await store.revisions(deps.db, refs))

const byRefs = <Found extends store.Revision>(found: readonly Found[]): Map<string, Found> =>
  new Map([
    ...found.map((agreement) => [agreement.agreementRef, agreement] as const),
    ...found.map((agreement) => [agreement.id, agreement] as const),
  ])

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Agreement[]> => store.list(deps.db, limit, after, filter)

/** Agreements that changed after a place, oldest change first: keyset over (updatedAt, id). */
export const changedAfter = (
  deps: Deps,
  updatedAt: Instant,
  id: string,
  limit: number,
): Promise<Agreement[]> => store.changedAfter(deps.db, updatedAt, id, limit)

/** The agreement that a marketplace's report names, or undefined. */
export const byReportedRef = (
  deps: Deps,
  connection: string,
  agreementRef: string,
): Promise<Agreement | undefined> => store.byRef(deps.db, connection, agreementRef)

/** Readings of one agreement that were known at a time; throws `not_found` for no agreement. */
export async function history(
  deps: Deps,
  id: string,
  asOf: Instant | undefined,
  page: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<AgreementVersion[]> {
  const agreement = await store.get(deps.db, id)
  return versions.list(deps.db, agreement.id, asOf, page)
}

/** Who registered for an agreement, first to last; throws `not_found` for no agreement. */
export async function registrationsOf(
  deps: Deps,
  id: string,
  limit: number,
  after: readonly string[] | undefined,
): Promise<Arrival[]> {
  const agreement = await store.get(deps.db, id)
  const isByAccount = await registersAccount(deps, agreement.connection)
  return registrations.list(deps.db, agreement, isByAccount, { limit, after })
}

/** What was asked of an agreement, first to last; throws `not_found` for no agreement. */
export async function operationsOf(
  deps: Deps,
  id: string,
  limit: number,
  after: readonly string[] | undefined,
): Promise<Operation[]> {
  const agreement = await store.get(deps.db, id)
  return operations.list(deps.db, agreement.id, limit, after)
}

/**
 * A marketplace said that a licence ended, which starts the last window for its usage. Kept also when no agreement
 * with it is known yet. Saying it again changes nothing; of two times the earlier stays.
 */
export async function licenseEnded(
  deps: Deps,
  connection: Id<'conn'>,
  licenseRef: string,
  at: Instant,
): Promise<void> {
  await transact(deps, async (tx) => {
    const end = { license_ref: licenseRef, ended_at: at, recorded_at: tx.now() }
    await licenses.saveEnd(tx.db, { connection, ...end })
    const who = { agreementRef: null, licenseRef, buyerRef: '' }
    for (const { agreementRef } of await store.candidates(tx.db, connection, who)) {
      const held = await store.hold(tx.db, connection, agreementRef)
      if (held) await stop(tx, held)
    }
  })
}

async function stop(tx: Deps, held: Agreement): Promise<void> {
  const ends = await licenses.ends(tx.db, held.connection, held.licenseRefs)
  const endedAt = usageEnd(held, ends, held.endedAt)
  if (endedAt === held.endedAt) return
  const next = { ...held, endedAt, revision: held.revision + 1, updatedAt: tx.now() }
  await store.replace(tx.db, next, held.revision)
  await record(tx, 'agreement.changed', held.id, { fields: ['endedAt'], endedAt })
}
