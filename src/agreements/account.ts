import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { refresh } from './refresh.ts'
import * as registrations from './registrations.ts'
import * as store from './store.ts'

const agreementsMax = 1_000

/** Asks for every agreement of an account that has not ended to be read again. Returns how many. */
export const refreshAccount = (
  deps: Deps,
  connection: Id<'conn'>,
  buyerRef: string,
): Promise<number> =>
  transact(deps, async (tx) => {
    const refs = await store.runningOf(tx.db, connection, buyerRef, agreementsMax)
    for (const ref of refs) await refresh(tx, connection, ref)
    return refs.length
  })

/**
 * Erases what we hold of the people of an account that its marketplace deleted, in the caller's transaction: what their
 * tokens told. Returns of how many registrations. Doing so again erases nothing more.
 */
export const erasePeople = (tx: Deps, connection: Id<'conn'>, buyerRef: string): Promise<number> =>
  registrations.erasePeople(tx.db, connection, buyerRef)
