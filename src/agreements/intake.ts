import * as buyers from '../buyers/service.ts'
import type { Connection } from '../connections/model.ts'
import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import * as listings from '../listings/service.ts'
import * as offers from '../offers/service.ts'
import { record } from '../platform/record.ts'
import { activateRegistered } from './ask.ts'
import { heed } from './awaiting.ts'
import { bindWaiting } from './bind.ts'
import { decideChange } from './decide.ts'
import * as licenses from './licenses.ts'
import {
  type Agreement,
  changedFields,
  dated,
  forgotten,
  type RemoteAgreement,
  remembered,
  remoteOf,
  sameContent,
  supersedes,
  type ToldAgreement,
  usageEnd,
  validAfter,
} from './model.ts'
import * as store from './store.ts'
import * as versions from './versions.ts'

/**
 * Reads one agreement from its marketplace and keeps it: for jobs, since it calls out. One that is held here and that
 * a marketplace which forgets does not know any more has ended.
 * Throws `not_found` when the marketplace does not know it (yet).
 */
export async function read(deps: Deps, connectionId: string, agreementRef: string): Promise<void> {
  const connection = await connections.get(deps, connectionId)
  const port = await connections.port(deps, connection.id, 'agreements')
  const readAt = deps.now()
  const told = await port.get(agreementRef).catch(async (error) => {
    const isForgotten = port.traits.forgets && asProblem(error).code === 'not_found'
    const held = isForgotten ? await store.byRef(deps.db, connection.id, agreementRef) : undefined
    if (!held) throw error
    return held.state.is === 'ended' ? undefined : forgotten(held, readAt)
  })
  if (told) await keep(deps, connection, told, readAt)
}

/** Ties an agreement anew to what is known around it by now. */
export async function tie(tx: Deps, connection: Connection, agreementRef: string): Promise<void> {
  const held = await store.hold(tx.db, connection.id, agreementRef)
  if (held) await follow(tx, await settle(tx, connection, held, held))
}

const attemptsMax = 3

/** Keeps a reading with everything that follows from it, in one transaction; a lost race is run again. */
export async function keep(
  deps: Deps,
  connection: Connection,
  told: ToldAgreement,
  readAt: Instant,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transact(deps, async (tx) => {
        await follow(tx, await take(tx, connection, told, readAt))
      })
    } catch (error) {
      if (asProblem(error).code !== 'conflict' || attempt === attemptsMax) throw error
    }
  }
}

/** What follows once an agreement is known: who registered before is bound, and what needs no person is asked for. */
async function follow(tx: Deps, agreement: Agreement): Promise<void> {
  await activateRegistered(tx, await bindWaiting(tx, agreement))
  await decideChange(tx, agreement)
}

async function take(
  tx: Deps,
  connection: Connection,
  read: ToldAgreement,
  readAt: Instant,
): Promise<Agreement> {
  const held =
    (await store.hold(tx.db, connection.id, read.agreementRef)) ??
    (await add(tx, connection.id, remoteOf(dated(read, readAt)), readAt))
  if (held === undefined) return take(tx, connection, read, readAt)
  const told = remembered(read, readAt, held)
  if (!supersedes({ remote: told, readAt }, { remote: held, readAt: held.readAt })) {
    await keepLate(tx, held, told, readAt)
    const changedAt = validAfter({ remote: held, readAt: held.readAt }, { remote: told, readAt })
    if (changedAt === held.changedAt) return held
    const now = { ...held, changedAt }
    await versions.add(tx.db, held.id, remoteOf(now), tx.now())
    return settle(tx, connection, held, now)
  }
  const remote = remoteOf(dated(told, readAt, held))
  if (sameContent(remote, remoteOf(held)))
    await store.touch(tx.db, held.id, readAt, remote.fingerprint)
  else await versions.add(tx.db, held.id, remote, tx.now())
  return settle(tx, connection, held, { ...held, ...remote, readAt })
}

/** A reading that others overtook changes what was, not what is; unless it says what was known of then. */
async function keepLate(tx: Deps, held: Agreement, told: ToldAgreement, readAt: Instant) {
  const then = await versions.at(tx.db, held.id, readAt)
  const late = remoteOf(dated(told, readAt, then))
  if (!(await versions.has(tx.db, held.id, late)))
    await versions.add(tx.db, held.id, late, tx.now())
}

/** A new agreement as it is first seen, or undefined when another worker saw it first and has it by now. */
async function add(
  tx: Deps,
  connection: Id<'conn'>,
  remote: RemoteAgreement,
  readAt: Instant,
): Promise<Agreement | undefined> {
  const unknown = { offer: null, listing: null, buyer: null, endedAt: null, registeredAt: null }
  const times = { readAt, createdAt: tx.now(), updatedAt: tx.now() }
  const agreement = {
    ...remote,
    ...unknown,
    ...times,
    id: newId('agr'),
    connection,
    revision: 0,
  } satisfies Agreement
  if (!(await store.insert(tx.db, agreement))) return undefined
  await versions.add(tx.db, agreement.id, remote, tx.now())
  return agreement
}

/** Writes what changed, ties included, and says so; tells the offer that it was accepted. */
async function settle(
  tx: Deps,
  connection: Connection,
  held: Agreement,
  read: Agreement,
): Promise<Agreement> {
  const ends = await licenses.ends(tx.db, connection.id, read.licenseRefs)
  const ties = await tiesOf(tx, connection, held, read)
  const endedAt = usageEnd(read, ends, held.endedAt)
  const next: Agreement = {
    ...read,
    ...ties,
    endedAt,
    revision: held.revision + 1,
    updatedAt: tx.now(),
  }
  const fields = changedFields(known(held), known(next))
  if (held.revision > 0 && fields.length === 0) return held
  await store.replace(tx.db, next, held.revision)
  if (next.offer !== null && held.offer !== next.offer) await offers.accepted(tx, next.offer, next)
  await tell(tx, held, next, fields)
  await heed(tx, held, next)
  return next
}

/** What a change of is worth telling; bookkeeping is left out. */
function known(agreement: Agreement) {
  const { offer, listing, buyer, endedAt } = agreement
  const { fingerprint: _, ...told } = remoteOf(agreement)
  return { ...told, offer, listing, buyer, endedAt }
}

/** What an agreement belongs to. Another offer takes the place of the one before: the buyer accepted it instead. */
async function tiesOf(tx: Deps, connection: Connection, held: Agreement, read: Agreement) {
  const { offerRef, listingRef, buyerRef } = read
  const isSameOffer = offerRef === null || offerRef === held.offerRef
  const known = isSameOffer ? read.offer : null
  const isNews = held.revision === 0 || offerRef !== held.offerRef
  const seenAt = isNews ? tx.now() : held.updatedAt
  const offer =
    known ?? (offerRef ? (await offers.seek(tx, connection.id, { offerRef, seenAt }))?.id : null)
  const listing =
    read.listing ??
    (listingRef ? (await listings.findByRef(tx, connection.id, listingRef))?.id : null)
  const buyer =
    read.buyer ??
    (await buyers.findByAccount(tx, connection.provider, buyerRef))?.id ??
    (offer ? (await offers.get(tx, offer)).buyer : null)
  return { offer: offer ?? null, listing: listing ?? null, buyer }
}

async function tell(tx: Deps, held: Agreement, next: Agreement, fields: readonly string[]) {
  const { agreementRef, state, offer, listing, buyer, endedAt } = next
  const facts = { agreementRef, state, offer, listing, buyer }
  const isNew = held.revision === 0
  if (isNew) await record(tx, 'agreement.accepted', next.id, { ...facts, value: next.value })
  else await record(tx, 'agreement.changed', next.id, { ...facts, fields })
  if (next.state.is === 'ended' && (isNew || held.state.is !== 'ended'))
    await record(tx, 'agreement.ended', next.id, { agreementRef, how: next.state.how, endedAt })
}
