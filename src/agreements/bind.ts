import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import * as listings from '../listings/service.ts'
import { record } from '../platform/record.ts'
import type { Agreement, Registration } from './model.ts'
import { type Arrival, agreementOf } from './registration.ts'
import * as registrations from './registrations.ts'
import * as store from './store.ts'

/** Binds those who registered before this agreement was known here, and returns it. The caller holds the agreement. */
export async function bindWaiting(tx: Deps, agreement: Agreement): Promise<Agreement> {
  const { connection } = agreement
  let held = agreement
  for (const arrival of await registrations.waiting(tx.db, connection, agreement)) {
    if (arrival.state.is !== 'waiting') continue
    const meant = await meantBy(tx, connection, arrival.state.who)
    if (meant?.id === held.id) held = await bind(tx, arrival, held)
  }
  return held
}

/** Binds an arrival to its agreement if that is known; undefined when it must wait for it. */
export async function bindArrival(tx: Deps, arrival: Arrival): Promise<Agreement | undefined> {
  const { state, connection } = arrival
  if (state.is === 'bound') return store.get(tx.db, state.agreement)
  if (state.is !== 'waiting') return undefined
  const meant = await meantBy(tx, connection, state.who)
  const held = meant && (await store.hold(tx.db, connection, meant.agreementRef))
  return held && bind(tx, arrival, held)
}

async function meantBy(tx: Deps, connection: Id<'conn'>, who: Registration) {
  const byProduct = who.agreementRef === null && who.licenseRef === null && who.meteringRef !== null
  const listing = byProduct
    ? await listings.findByMeteringRef(tx, connection, who.meteringRef)
    : undefined
  return agreementOf(who, listing?.id ?? null, await store.candidates(tx.db, connection, who))
}

async function bind(tx: Deps, arrival: Arrival, held: Agreement): Promise<Agreement> {
  if (arrival.state.is !== 'waiting') return held
  const { who, resolvedAt } = arrival.state
  if (!(await registrations.bound(tx.db, arrival.id, held.id, tx.now()))) return held
  const { licenseRef, buyerRef } = who
  await record(tx, 'agreement.registered', held.id, {
    registration: arrival.id,
    agreementRef: held.agreementRef,
    licenseRef,
    buyerRef,
  })
  if (held.registeredAt !== null && held.registeredAt <= resolvedAt) return held
  const moved = { registeredAt: resolvedAt, revision: held.revision + 1, updatedAt: tx.now() }
  const next = { ...held, ...moved }
  await store.replace(tx.db, next, held.revision)
  return next
}
