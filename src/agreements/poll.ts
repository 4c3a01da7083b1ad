import type { Connection } from '../connections/model.ts'
import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import { dayMs, later } from '../kernel/time.ts'
import { keep, read, tie } from './intake.ts'
import * as licenses from './licenses.ts'
import * as polls from './polls.ts'
import type { AgreementsPage, Glimpse } from './port.ts'
import { refresh } from './refresh.ts'

/**
 * Takes the page after a cursor: what is told whole, and whole readings of what a glimpse shows to have changed.
 * Repeating it changes nothing. What a list no longer shows stays, unless the marketplace forgets what is over: then
 * it is read once more, which tells.
 */
export async function readPage(deps: Deps, connectionId: Id<'conn'>, cursor: string | null) {
  const connection = await connections.get(deps, connectionId)
  const port = await connections.port(deps, connectionId, 'agreements')
  const readAt = deps.now()
  const page = await port.changedSince(cursor)
  for (const told of page.agreements)
    await keep(deps, connection, told, readAt).catch((error) =>
      putOff(deps, connection.id, told.agreementRef, error),
    )
  await readChanged(deps, connection, page.glimpses ?? [])
  if (port.traits.forgets) await seekMissing(deps, connection.id, page)
  if (!page.more) {
    await tieLoose(deps, connection)
    await seekLicenses(deps, connection.id)
  }
  return { cursor: page.cursor, more: page.more }
}

const readingsAtOnceMax = 3

/** Reads what a page's glimpses show otherwise than it is held: nothing, when nothing changed. */
async function readChanged(
  deps: Deps,
  connection: Connection,
  glimpses: readonly Glimpse[],
): Promise<void> {
  const refs = glimpses.map(({ agreementRef }) => agreementRef)
  const held = await polls.fingerprints(deps.db, connection.id, refs)
  const changed = new Set(
    glimpses
      .filter(({ agreementRef, fingerprint }) => held.get(agreementRef) !== fingerprint)
      .map(({ agreementRef }) => agreementRef),
  )
  const waiting = [...changed]
  for (let first = 0; first < waiting.length; first += readingsAtOnceMax)
    await Promise.all(
      waiting
        .slice(first, first + readingsAtOnceMax)
        .map((agreementRef) =>
          read(deps, connection.id, agreementRef).catch((error) =>
            putOff(deps, connection.id, agreementRef, error),
          ),
        ),
    )
}

/** Polls whose pages did not show an agreement before it is read, and so many of them a poll. */
const missedMax = 2
const missingReadMax = 20

/** Notes what a page shows; after the last one, has those read that two polls did not show and that have not ended. */
async function seekMissing(
  deps: Deps,
  connection: Id<'conn'>,
  { agreements, glimpses = [], more }: AgreementsPage,
): Promise<void> {
  const shown = [...agreements, ...glimpses].map(({ agreementRef }) => agreementRef)
  await polls.shown(deps.db, connection, shown)
  if (more) return
  await transact(deps, async (tx) => {
    const missing = await polls.missing(tx.db, connection, missedMax, missingReadMax)
    for (const agreementRef of missing) await refresh(tx, connection, agreementRef)
  })
}

const concernsAll = new Set(['throttled', 'unauthenticated'])

/** One agreement that cannot be kept stops no other: a job of its own reads it again, and is seen when it stops. */
async function putOff(deps: Deps, connection: Id<'conn'>, agreementRef: string, error: unknown) {
  const { code, message, cause } = asProblem(error)
  if (concernsAll.has(code)) throw error
  deps.log.error(
    { agreement: agreementRef, code, problem: message, cause: traceOf(cause) },
    'put off',
  )
  await refresh(deps, connection, agreementRef)
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

const looseMax = 500

/** Ties agreements to buyers, offers and listings that became known after them. */
async function tieLoose(deps: Deps, connection: Connection): Promise<void> {
  const refs = await polls.loose(deps.db, connection.id, connection.provider, looseMax)
  for (const ref of refs) await transact(deps, (tx) => tie(tx, connection, ref))
}

const licenseSoughtMs = dayMs
const licensesSoughtMax = 20

/**
 * Reads new agreements without a licence again for a day: it is granted after the acceptance, and the notice that
 * says so may be lost without the agreement counting as changed.
 */
async function seekLicenses(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const since = later(deps.now(), -licenseSoughtMs)
  for (const ref of await licenses.unlicensed(deps.db, connection, since, licensesSoughtMax))
    await refresh(deps, connection, ref)
}
