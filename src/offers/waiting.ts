import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Offer } from './model.ts'
import { type Row, read } from './store.ts'

/**
 * Offers that wait for the agreement that came of them, and the agreements that could be those. Agreements come later
 * in a deal's life; what is read of their tables here is only whose they are and which offer they name.
 */

/** An agreement that came of a private offer by whose reference no offer of ours is known. */
export type Candidate = {
  readonly id: Id<'agr'>
  readonly agreementRef: string
  readonly offerRef: string
  /** Since when it is an agreement of that offer. */
  readonly since: Instant
}

/** Which offers wait at a connection: where people type offers in, all that a buyer can have accepted. */
export type Kind = {
  readonly connection: string
  readonly byHand: boolean
  /** What expired after this moment still waits: its agreement may be told late. */
  readonly expiredAfter: Instant
  /** What was accepted before this moment is not asked about any more. */
  readonly acceptedAfter: Instant
}

const unsubscribed = ({ acceptedAfter }: Kind) => sql<boolean>`(o.state_is = 'accepted'
  and o.state->>'agreement' is null and (o.state->>'acceptedAt')::timestamptz > ${acceptedAfter}::timestamptz)`

const waits = (kind: Kind) =>
  kind.byHand
    ? sql<boolean>`(o.state_is in ('handed_off', 'live', 'withdrawing', 'extending')
        or (o.state_is = 'expired' and o.updated_at > ${kind.expiredAfter}::timestamptz)
        or ${unsubscribed(kind)})`
    : unsubscribed(kind)

const unnamed = sql<boolean>`(a.offer_ref is not null and not exists (
  select from offers n where n.connection = a.connection and n.offer_ref = a.offer_ref))`

/** Buyers whose waiting offers were not asked about since a moment, or whose listing has a candidate that was seen since they were. */
export async function dueBuyers(
  db: Db,
  kind: Kind,
  askedBefore: Instant,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ buyer: string }>`
    select o.buyer from offers o where o.connection = ${kind.connection} and ${waits(kind)} and (
      o.asked_at is null or o.asked_at <= ${askedBefore}::timestamptz or exists (
        select from agreements a where a.connection = o.connection and a.listing = o.listing
          and ${unnamed} and a.updated_at >= o.asked_at))
    group by o.buyer order by min(coalesce(o.asked_at, '-infinity')), o.buyer
    limit ${limit}`.execute(db)
  return rows.map(({ buyer }) => buyer)
}

/** All waiting offers of one buyer, the oldest first. */
export async function ofBuyer(db: Db, kind: Kind, buyer: string, limit: number): Promise<Offer[]> {
  const { rows } = await sql<Row>`
    select o.* from offers o where o.connection = ${kind.connection} and o.buyer = ${buyer}
      and ${waits(kind)} order by o.created_at, o.id limit ${limit}`.execute(db)
  return rows.map(read)
}

const since = sql<Instant>`(case when exists (select from agreement_versions v
    where v.agreement = a.id and v.content->>'offerRef' is distinct from a.offer_ref)
  then (select min(v.valid_from) from agreement_versions v
    where v.agreement = a.id and v.content->>'offerRef' = a.offer_ref)
  else (a.remote->>'acceptedAt')::timestamptz end)`

/** Of these agreements, those that came of a private offer which we know by no reference, by listing. */
export async function candidates(
  db: Db,
  connection: string,
  agreementRefs: readonly string[],
): Promise<readonly (Candidate & { readonly listing: string })[]> {
  const { rows } = await sql<Candidate & { readonly listing: string }>`
    select a.id, a.listing, a.agreement_ref as "agreementRef", a.offer_ref as "offerRef", ${since} as since
    from agreements a where a.connection = ${connection}
      and a.agreement_ref = any(${agreementRefs}::text[]) and a.listing is not null and ${unnamed}
    order by a.id`.execute(db)
  return rows
}

/** What a person says an offer became, as far as it decides whether that can be; undefined for no agreement. */
export async function named(db: Db, agreement: string) {
  const { rows } = await sql<
    Omit<Candidate, 'offerRef'> & {
      readonly offerRef: string | null
      readonly connection: string
      readonly listing: string | null
      /** The offer of ours that it names, or is tied to without naming one. */
      readonly of: string | null
    }
  >`select a.id, a.connection, a.listing, a.agreement_ref as "agreementRef", a.offer_ref as "offerRef",
      ${since} as since, (select n.id from offers n
        where n.connection = a.connection and n.offer_ref = a.offer_ref) as of
    from agreements a where a.id = ${agreement}`.execute(db)
  return rows[0]
}

/** Whose agreement that is, as far as it is known; undefined when there is none. */
export const agreementHolder = (
  db: Db,
  id: string,
): Promise<{ buyer: string | null } | undefined> =>
  db.selectFrom('agreements').select('buyer').where('id', '=', id).executeTakeFirst()

/** Whether an offer here was asked about before a moment and waits still. */
export async function anyAskedBefore(
  db: Db,
  connection: string,
  moment: Instant,
): Promise<boolean> {
  const { rows } = await sql`select 1 from offers where connection = ${connection}
    and state_is in ('handed_off', 'live', 'withdrawing', 'extending', 'accepted')
    and asked_at <= ${moment}::timestamptz and (state->>'agreement') is null limit 1`.execute(db)
  return rows.length > 0
}

/** Notes that the marketplace was asked about these, and which agreements each may have become. */
export async function noteAsked(
  db: Db,
  offers: readonly { readonly id: Id<'offer'>; readonly mayBe: readonly Id<'agr'>[] }[],
  at: Instant,
): Promise<void> {
  for (const { id, mayBe } of offers)
    await db
      .updateTable('offers')
      .set({ asked_at: at, may_be: json<unknown>(mayBe) })
      .where('id', '=', id)
      .execute()
}
