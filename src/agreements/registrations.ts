import { type SqlBool, sql } from 'kysely'
import { type Id, newId } from '../kernel/id.ts'
import { type Instant, later } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import type { Agreement, Registration, RemoteAgreement } from './model.ts'
import type { Arrival, ArrivalState } from './registration.ts'

const windowMs = 60_000

/** How many different tokens came to a connection within the last minute. */
export async function recent(db: Db, connection: string, now: Instant): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from registrations
    where connection = ${connection} and last_at > ${later(now, -windowMs)}::timestamptz`.execute(
    db,
  )
  return rows[0]?.count ?? 0
}

/** Writes down that a token came. `timesLately` counts the same one within a minute. */
export async function arrive(
  db: Db,
  connection: Id<'conn'>,
  tokenHash: string,
  now: Instant,
): Promise<{ arrival: Arrival; timesLately: number }> {
  const isNewWindow = sql<boolean>`registrations.window_at <= ${later(now, -windowMs)}::timestamptz`
  const row = await db
    .insertInto('registrations')
    .values({
      id: newId('reg'),
      connection,
      token_hash: tokenHash,
      state_is: 'arrived',
      window_at: now,
      arrived_at: now,
      last_at: now,
    })
    .onConflict((oc) =>
      oc.columns(['connection', 'token_hash']).doUpdateSet({
        times: sql`registrations.times + 1`,
        last_at: now,
        window_at: sql`case when ${isNewWindow} then ${now}::timestamptz else registrations.window_at end`,
        window_times: sql`case when ${isNewWindow} then 1 else registrations.window_times + 1 end`,
      }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  return { arrival: read(row), timesLately: row.window_times }
}

/** Writes down whom the marketplace named; what is bound stays bound. */
export async function resolved(
  db: Db,
  id: Id<'reg'>,
  who: Registration,
  at: Instant,
): Promise<Arrival> {
  const row = await db
    .updateTable('registrations')
    .set({
      state_is: sql`case when state_is = 'bound' then 'bound' else 'waiting' end`,
      who: json<unknown>(who),
      agreement_ref: who.agreementRef,
      license_ref: who.licenseRef,
      buyer_ref: who.buyerRef,
      resolved_at: at,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return read(row)
}

/** Writes down that the marketplace did not accept the token, unless it once did. */
export async function judged(db: Db, id: Id<'reg'>, verdict: 'expired' | 'forged'): Promise<void> {
  await db
    .updateTable('registrations')
    .set({ state_is: verdict })
    .where('id', '=', id)
    .where('state_is', 'not in', ['waiting', 'bound'])
    .execute()
}

/** False when somebody bound it first. */
export async function bound(
  db: Db,
  id: Id<'reg'>,
  agreement: Id<'agr'>,
  at: Instant,
): Promise<boolean> {
  const done = await db
    .updateTable('registrations')
    .set({ state_is: 'bound', agreement, bound_at: at })
    .where('id', '=', id)
    .where('state_is', '=', 'waiting')
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

const waitingMax = 200

/** Arrivals that wait for this agreement, for one with one of its licences, or, knowing neither, of its account. */
export async function waiting(
  db: Db,
  connection: string,
  { agreementRef, licenseRefs, buyerRef }: RemoteAgreement,
): Promise<Arrival[]> {
  const rows = await all(db)
    .where('connection', '=', connection)
    .where('state_is', '=', 'waiting')
    .where(
      sql<SqlBool>`(agreement_ref = ${agreementRef} or (agreement_ref is null
        and (license_ref = any(${licenseRefs}::text[])
          or (license_ref is null and buyer_ref = ${buyerRef}))))`,
    )
    .orderBy('resolved_at')
    .orderBy('id')
    .limit(waitingMax)
    .execute()
  return rows.map(read)
}

const ofWhom = (connection: string, buyerRef: string) =>
  sql<SqlBool>`(connection = ${connection} and buyer_ref = ${buyerRef}
    and state_is in ('waiting', 'bound') and agreement_ref is null and license_ref is null)`

/** Who registered with an account and named nothing else, first to last. */
export async function ofAccount(
  db: Db,
  connection: string,
  buyerRef: string,
  limit: number,
): Promise<Arrival[]> {
  const rows = await all(db)
    .where(ofWhom(connection, buyerRef))
    .orderBy('resolved_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(read)
}

/** Erases what tokens told of an account's people; that somebody registered, and when, stays. Returns how many. */
export async function erasePeople(db: Db, connection: string, buyerRef: string): Promise<number> {
  const done = await db
    .updateTable('registrations')
    .set({ who: sql`who || '{"native": {}, "customerRef": null}'::jsonb` })
    .where('connection', '=', connection)
    .where('buyer_ref', '=', buyerRef)
    .where('who', 'is not', null)
    .executeTakeFirst()
  return Number(done.numUpdatedRows)
}

/** Who registered for an agreement, first to last; `isByAccount` also with its account alone. */
export async function list(
  db: Db,
  { id, connection, buyerRef }: Pick<Agreement, 'id' | 'connection' | 'buyerRef'>,
  isByAccount: boolean,
  { limit, after }: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<Arrival[]> {
  const own = sql<SqlBool>`agreement = ${id}`
  const meant = isByAccount ? sql<SqlBool>`(${own} or ${ofWhom(connection, buyerRef)})` : own
  let query = all(db).where(meant).orderBy('arrived_at').orderBy('id')
  if (after) {
    const [at = '', id = ''] = after
    query = query.where(sql<SqlBool>`(arrived_at, id) > (${at}::timestamptz, ${id})`)
  }
  return (await query.limit(limit).execute()).map(read)
}

/** Forgets arrivals that came to nothing and were last seen before a time. */
export async function forget(db: Db, connection: string, before: Instant): Promise<void> {
  await db
    .deleteFrom('registrations')
    .where('connection', '=', connection)
    .where('state_is', 'in', ['arrived', 'expired', 'forged'])
    .where('last_at', '<', before)
    .execute()
}

const all = (db: Db) => db.selectFrom('registrations').selectAll()
type Selected = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>

const read = (row: Selected): Arrival => ({
  id: row.id as Id<'reg'>,
  connection: row.connection as Id<'conn'>,
  tokenHash: row.token_hash,
  state: stateOf(row),
  times: row.times,
  arrivedAt: row.arrived_at,
})

function stateOf(row: Selected): ArrivalState {
  if (row.state_is !== 'waiting' && row.state_is !== 'bound') return { is: row.state_is }
  const known = { who: row.who as Registration, resolvedAt: row.resolved_at as Instant }
  if (row.state_is === 'waiting') return { is: 'waiting', ...known }
  return {
    is: 'bound',
    ...known,
    agreement: row.agreement as Id<'agr'>,
    boundAt: row.bound_at as Instant,
  }
}
