import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import * as listings from '../listings/service.ts'
import { record } from '../platform/record.ts'
import type { Agreement, Registration } from './model.ts'
import { awaitsStart } from './operation.ts'
import { type Arrival, agreementOf, isOfAccount } from './registration.ts'
import * as registrations from './registrations.ts'
import * as store from './store.ts'

/** Whether a token names an account here, and not one agreement's buyer. False for a connection that is gone. */
export const registersAccount = (deps: Deps, connection: string): Promise<boolean> =>
  connections.port(deps, connection, 'agreements').then(
    ({ traits }) => traits.registers === 'account',
    () => false,
  )

/**
 * Binds those who registered before this agreement was known here, and returns it. Where a token names an account,
 * whoever registered with it before has registered for this one too. The caller holds the agreement.
 */
export async function bindWaiting(tx: Deps, agreement: Agreement): Promise<Agreement> {
  const { connection } = agreement
  const isByAccount = await registersAccount(tx, connection)
  let held = agreement
  for (const arrival of await registrations.waiting(tx.db, connection, agreement)) {
    if (arrival.state.is !== 'waiting') continue
    const { who } = arrival.state
    const isMeant = isByAccount && isOfAccount(who)
    if (isMeant || (await meantBy(tx, connection, who))?.id === held.id)
      held = await bind(tx, arrival, held)
  }
  return isByAccount ? registerWithAccount(tx, held) : held
}

/**
 * Binds an arrival to its agreement if that is known, or to all that its account holds where a token names an account.
 * Returns what it registered for, first what the buyer most likely came for; none when it must wait.
 */
export async function bindArrival(tx: Deps, arrival: Arrival): Promise<readonly Agreement[]> {
  const { state, connection } = arrival
  if (state.is === 'bound') return [await store.get(tx.db, state.agreement)]
  if (state.is !== 'waiting') return []
  if (isOfAccount(state.who) && (await registersAccount(tx, connection)))
    return bindAccount(tx, arrival, state.who)
  const meant = await meantBy(tx, connection, state.who)
  const held = meant && (await store.hold(tx.db, connection, meant.agreementRef))
  return held ? [await bind(tx, arrival, held)] : []
}

/** Holds what somebody may have registered for, before their arrival is: as whoever reads an agreement does. */
export async function holdMeant(
  tx: Deps,
  connection: Id<'conn'>,
  who: Registration,
): Promise<void> {
  for (const { agreementRef } of await store.candidates(tx.db, connection, who))
    await store.hold(tx.db, connection, agreementRef)
}

async function bindAccount(
  tx: Deps,
  arrival: Arrival,
  who: Registration,
): Promise<readonly Agreement[]> {
  const { connection } = arrival
  const known = await store.candidates(tx.db, connection, who)
  const [first] = known.toSorted(likelier)
  const bound: Agreement[] = []
  // In the order of their ids, so that two arrivals cannot wait for each other.
  for (const { id, agreementRef } of known) {
    const held = await store.hold(tx.db, connection, agreementRef)
    if (!held) continue
    bound.push(await (id === first?.id ? bind(tx, arrival, held) : registerWithAccount(tx, held)))
  }
  return bound.toSorted(likelier)
}

/** Who just bought comes first. */
const likelier = (a: Agreement, b: Agreement): number =>
  Number(awaitsStart(b.awaits)) - Number(awaitsStart(a.awaits)) ||
  (a.acceptedAt < b.acceptedAt ? 1 : -1)

/** Notes that an agreement's account registered, if it did. The caller holds the agreement. */
async function registerWithAccount(tx: Deps, held: Agreement): Promise<Agreement> {
  if (held.registeredAt !== null) return held
  const [arrival] = await registrations.ofAccount(tx.db, held.connection, held.buyerRef, 1)
  return arrival ? registerBy(tx, arrival, held) : held
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
  if (!(await registrations.bound(tx.db, arrival.id, held.id, tx.now()))) return held
  return registerBy(tx, arrival, held)
}

async function registerBy(tx: Deps, arrival: Arrival, held: Agreement): Promise<Agreement> {
  if (arrival.state.is !== 'waiting' && arrival.state.is !== 'bound') return held
  const { who, resolvedAt } = arrival.state
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
