import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { fromJson } from '../kernel/money.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json, sqlState } from '../platform/db.ts'
import { mayWait } from './hand.ts'
import {
  type Looked,
  type Offer,
  type OfferOrder,
  type OfferProblem,
  type OfferState,
  type OfferTerms,
  offerRefOf,
  type Quote,
} from './model.ts'
import type { Move } from './steps.ts'

export async function insert(db: Db, offer: Offer): Promise<void> {
  await db
    .insertInto('offers')
    .values({
      id: offer.id,
      connection: offer.connection,
      listing: offer.listing,
      plan: offer.plan,
      buyer: offer.buyer,
      ...termsColumns(offer.terms),
      ...stateColumns(offer.state),
      ...quoteColumns(offer.quote),
      frozen: null,
      keys_used: 0,
      due_at: null,
      problem: null,
      looked: null,
      time_zone: offer.timeZone,
      open_since: null,
      asked_at: null,
      may_be: json<unknown>([]),
      revision: offer.revision,
      created_at: offer.createdAt,
      updated_at: offer.updatedAt,
    })
    .execute()
}

export async function get(db: Db, id: string): Promise<Offer> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no offer ${id}`)
  return read(row)
}

export async function findByRef(
  db: Db,
  connection: string,
  offerRef: string,
): Promise<Offer | undefined> {
  const row = await all(db)
    .where('connection', '=', connection)
    .where('offer_ref', '=', offerRef)
    .executeTakeFirst()
  return row && read(row)
}

/** By reference, the ids of those that are ours. */
export async function knownRefs(
  db: Db,
  connection: string,
  refs: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ ref: string; id: string }>`
    select offer_ref as ref, id from offers
    where connection = ${connection} and offer_ref = any(${refs}::text[])`.execute(db)
  return new Map(rows.map(({ ref, id }) => [ref, id]))
}

/** Replaces what people edit of a draft, unless somebody moved it first: then `conflict`. */
export async function amend(db: Db, next: Offer, revision: number): Promise<void> {
  await write(db, next, revision, {
    connection: next.connection,
    listing: next.listing,
    plan: next.plan,
    buyer: next.buyer,
    ...termsColumns(next.terms),
    ...stateColumns(next.state),
    ...quoteColumns(next.quote),
    frozen: null,
    problem: null,
    time_zone: next.timeZone,
  })
}

/** Takes an offer one step further, unless somebody moved it first: then `conflict`. */
export async function advance(db: Db, offer: Offer, move: Move, at: Instant): Promise<void> {
  const next = { ...offer, updatedAt: at }
  await write(db, next, offer.revision, {
    ...stateColumns(move.state),
    due_at: move.dueAt,
    problem: null,
    ...(move.looked !== undefined && { looked: json<unknown>(move.looked) }),
    ...(move.order !== undefined && { frozen: frozen(move.order, move.state) }),
    ...(move.quote !== undefined && quoteColumns(move.quote)),
    ...(move.terms !== undefined && termsColumns(move.terms)),
    ...(move.keysUsed !== undefined && { keys_used: move.keysUsed }),
    ...(move.openSince !== undefined && { open_since: move.openSince }),
    ...(!mayWait(move.state) && { may_be: json<unknown>([]) }),
  }).catch((cause: unknown) => {
    if (sqlState(cause) !== '23505') throw cause
    throw new Problem('internal', `another offer has the reference of ${offer.id}`, {}, { cause })
  })
}

async function write(db: Db, next: Offer, revision: number, columns: object): Promise<void> {
  const done = await db
    .updateTable('offers')
    .set({ ...columns, revision: revision + 1, updated_at: next.updatedAt })
    .where('id', '=', next.id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `offer ${next.id} has moved on`)
}

/**
 * Writes down, before an order is sent for the first time under its key, that it is sent now. Throws `conflict`
 * when somebody else has just written that, and may be sending it.
 */
export async function asked(db: Db, { id, revision, state }: Offer, at: Instant): Promise<void> {
  const done = await db
    .updateTable('offers')
    .set({ state: json<unknown>({ ...state, askedAt: at }) })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .where(sql<boolean>`state->>'askedAt' is null`)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `offer ${id} is being sent already`)
}

/** Nothing came of it yet: when to ask again (null: never), what it ran into, and what a look saw. */
export type Waiting = {
  readonly dueAt: Instant | null
  readonly problem?: OfferProblem | null
  readonly looked?: Looked | null
}

/** Sets the next look without moving the offer. One that somebody pulled forward meanwhile stays so. */
export async function wait(
  db: Db,
  offer: Offer,
  { dueAt, problem = null, looked = null }: Waiting,
): Promise<void> {
  await db
    .updateTable('offers')
    .set({
      problem: problem && json<unknown>(problem),
      ...(looked && { looked: json<unknown>(looked) }),
    })
    .where('id', '=', offer.id)
    .where('revision', '=', offer.revision)
    .execute()
  await db
    .updateTable('offers')
    .set({ due_at: dueAt })
    .where('id', '=', offer.id)
    .where('revision', '=', offer.revision)
    .where('due_at', '=', offer.dueAt)
    .execute()
}

/** Pulls offers forward that wait for an operation, or for one on this reference; returns which. */
export async function pullForward(
  db: Db,
  connection: string,
  { offerRef, operation }: { offerRef: string | null; operation: string | null },
  at: Instant,
): Promise<string[]> {
  const rows = await db
    .updateTable('offers')
    .set({ due_at: at })
    .where('connection', '=', connection)
    .where('state_is', 'in', ['submitting', 'publishing', 'withdrawing', 'extending'])
    .where((eb) => eb.or([eb('offer_ref', '=', offerRef), eb('operation', '=', operation)]))
    .returning('id')
    .execute()
  return rows.map(({ id }) => id)
}

export type Filter = {
  readonly connection?: string | undefined
  readonly buyer?: string | undefined
  readonly state?: string | undefined
  /** Those that this agreement may have come of. */
  readonly mayBe?: string | undefined
}

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: Filter,
): Promise<Offer[]> {
  let query = all(db).orderBy('created_at').orderBy('id').limit(limit)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.buyer) query = query.where('buyer', '=', filter.buyer)
  if (filter.state) query = query.where('state_is', '=', filter.state)
  if (filter.mayBe) query = query.where(mayBe(filter.mayBe))
  if (after) {
    const [at = '', id = ''] = after
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '>', at as Instant),
        eb.and([eb('created_at', '=', at as Instant), eb('id', '>', id)]),
      ]),
    )
  }
  return (await query.execute()).map(read)
}

/** What changed after a point of (time, id), in that order. */
export async function changedAfter(
  db: Db,
  updatedAt: Instant,
  id: string,
  limit: number,
): Promise<Offer[]> {
  const rows = await all(db)
    .where((eb) =>
      eb.or([
        eb('updated_at', '>', updatedAt),
        eb.and([eb('updated_at', '=', updatedAt), eb('id', '>', id)]),
      ]),
    )
    .orderBy('updated_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(read)
}

/** The first condition is the index’s. */
const mayBe = (agreement: string) =>
  sql<boolean>`may_be <> '[]' and may_be @> ${JSON.stringify([agreement])}::jsonb`

const all = (db: Db) => db.selectFrom('offers').selectAll()

type Frozen = { readonly order: OfferOrder; readonly key: string | null }
const frozen = (order: OfferOrder, state: OfferState) =>
  json<unknown>({ order, key: 'key' in state ? state.key : null } satisfies Frozen)

const termsColumns = (terms: OfferTerms) => ({
  terms: json<unknown>(terms),
  accept_by: terms.acceptBy,
})

const stateColumns = (state: OfferState) => ({
  state: json<unknown>(state),
  state_is: state.is,
  offer_ref: offerRefOf(state),
  operation: 'operation' in state ? state.operation : null,
})

function quoteColumns(quote: Quote | null) {
  const isKnown = quote?.fee.is === 'known' && quote.net !== null
  return {
    quote: quote && json<unknown>(quote),
    currency: quote?.tcv.currency ?? null,
    tcv_minor: quote ? fromJson(quote.tcv).minor : null,
    fee_minor: isKnown && quote.fee.is === 'known' ? fromJson(quote.fee.amount).minor : null,
    net_minor: isKnown && quote.net ? fromJson(quote.net).minor : null,
  }
}

export type Row = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>
export const read = (row: Row): Offer => ({
  id: row.id as Id<'offer'>,
  connection: row.connection as Id<'conn'>,
  listing: row.listing as Id<'lst'>,
  plan: row.plan as Id<'plan'> | null,
  buyer: row.buyer as Id<'buyer'>,
  terms: row.terms as OfferTerms,
  state: row.state as OfferState,
  order: (row.frozen as Frozen | null)?.order ?? null,
  sentKey: (row.frozen as Frozen | null)?.key ?? null,
  quote: row.quote as Quote | null,
  problem: row.problem as OfferProblem | null,
  looked: row.looked as Looked | null,
  timeZone: row.time_zone,
  openSince: row.open_since,
  mayBe: row.may_be as readonly Id<'agr'>[],
  keysUsed: row.keys_used,
  dueAt: row.due_at,
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
