import * as buyers from '../buyers/service.ts'
import type { Connection } from '../connections/model.ts'
import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import { dayMs, type Instant, later } from '../kernel/time.ts'
import * as listings from '../listings/service.ts'
import * as offers from '../offers/service.ts'
import { record } from '../platform/record.ts'
import { bindWaiting } from './bind.ts'
import {
  type Agreement,
  changedFields,
  dated,
  type RemoteAgreement,
  remoteOf,
  sameContent,
  supersedes,
  type ToldAgreement,
  usageEnd,
} from './model.ts'
import * as store from './store.ts'
import * as versions from './versions.ts'

/**
 * Reads one agreement from its marketplace and keeps it: for jobs, since it calls out.
 * Throws `not_found` when the marketplace does not know it (yet).
 */
export async function read(deps: Deps, connectionId: string, agreementRef: string): Promise<void> {
  const connection = await connections.get(deps, connectionId)
  const port = await connections.port(deps, connection.id, 'agreements')
  const readAt = deps.now()
  await keep(deps, connection, await port.get(agreementRef), readAt)
}

/** Takes the page after a cursor; repeating it changes nothing. */
export async function readPage(deps: Deps, connectionId: Id<'conn'>, cursor: string | null) {
  const connection = await connections.get(deps, connectionId)
  const port = await connections.port(deps, connectionId, 'agreements')
  const readAt = deps.now()
  const page = await port.changedSince(cursor)
  for (const remote of page.agreements)
    await keep(deps, connection, remote, readAt).catch((error) =>
      putOff(deps, connection.id, remote.agreementRef, error),
    )
  if (!page.more) {
    await tieLoose(deps, connection)
    await seekLicenses(deps, connection.id)
  }
  return { cursor: page.cursor, more: page.more }
}

/** One agreement that cannot be kept stops no other: a job of its own reads it again, and is seen when it stops. */
async function putOff(deps: Deps, connection: Id<'conn'>, ref: string, error: unknown) {
  const { code, message, cause } = asProblem(error)
  deps.log.error({ agreement: ref, code, problem: message, cause: traceOf(cause) }, 'put off')
  await enqueue(deps, 'agreements.refresh', `${connection}/${ref}`)
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

const looseMax = 500

const licenseSoughtMs = dayMs
const licensesSoughtMax = 20

/**
 * Reads new agreements without a licence again for a day: it is granted after the acceptance, and the notice that
 * says so may be lost without the agreement counting as changed.
 */
async function seekLicenses(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const since = later(deps.now(), -licenseSoughtMs)
  const refs = await store.unlicensed(deps.db, connection, since, licensesSoughtMax)
  for (const ref of refs) await enqueue(deps, 'agreements.refresh', `${connection}/${ref}`)
}

/** Ties agreements to buyers, offers and listings that became known after them. */
async function tieLoose(deps: Deps, connection: Connection): Promise<void> {
  const refs = await store.loose(deps.db, connection.id, connection.provider, looseMax)
  for (const ref of refs) {
    await transact(deps, async (tx) => {
      const held = await store.hold(tx.db, connection.id, ref)
      if (held) await bindWaiting(tx, await settle(tx, connection, held, held))
    })
  }
}

const attemptsMax = 3

/** Keeps a reading with everything that follows from it, in one transaction; a lost race is run again. */
async function keep(
  deps: Deps,
  connection: Connection,
  told: ToldAgreement,
  readAt: Instant,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transact(deps, async (tx) => {
        await bindWaiting(tx, await take(tx, connection, told, readAt))
      })
    } catch (error) {
      if (asProblem(error).code !== 'conflict' || attempt === attemptsMax) throw error
    }
  }
}

async function take(
  tx: Deps,
  connection: Connection,
  told: ToldAgreement,
  readAt: Instant,
): Promise<Agreement> {
  const held =
    (await store.hold(tx.db, connection.id, told.agreementRef)) ??
    (await add(tx, connection.id, remoteOf(dated(told, readAt)), readAt))
  if (held === undefined) return take(tx, connection, told, readAt)
  const remote = remoteOf(dated(told, readAt, held))
  if (!supersedes({ remote, readAt }, { remote: held, readAt: held.readAt })) {
    if (!(await versions.has(tx.db, held.id, remote)))
      await versions.add(tx.db, held.id, remote, tx.now())
    return held
  }
  if (sameContent(remote, remoteOf(held))) await store.touch(tx.db, held.id, readAt)
  else await versions.add(tx.db, held.id, remote, tx.now())
  return settle(tx, connection, held, { ...held, ...remote, readAt })
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
  const ends = await store.licenseEnds(tx.db, connection.id, read.licenseRefs)
  const ties = await tiesOf(tx, connection, read)
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
  if (next.offer !== null && held.offer === null) await offers.accepted(tx, next.offer, next)
  await tell(tx, held, next, fields)
  return next
}

/** What a change of is worth telling; bookkeeping is left out. */
function known(agreement: Agreement) {
  const { offer, listing, buyer, endedAt } = agreement
  return { ...remoteOf(agreement), offer, listing, buyer, endedAt }
}

async function tiesOf(tx: Deps, connection: Connection, read: Agreement) {
  const { offerRef, listingRef, buyerRef } = read
  const offer =
    read.offer ?? (offerRef ? (await offers.findByRef(tx, connection.id, offerRef))?.id : null)
  const listing =
    read.listing ??
    (listingRef ? (await listings.findByRef(tx, connection.id, listingRef))?.id : null)
  const buyer =
    read.buyer ?? (await buyers.findByAccount(tx, connection.provider, buyerRef))?.id ?? null
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
