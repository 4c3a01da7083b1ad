import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Buyer, BuyerAccount } from './model.ts'

/** An account that another buyer has. */
export type Taken = {
  readonly provider: string
  readonly ref: string
  readonly buyer: string
  readonly name: string
}

export async function insert(db: Db, buyer: Buyer): Promise<void> {
  await db
    .insertInto('buyers')
    .values({
      id: buyer.id,
      name: buyer.name,
      crm_account: buyer.crm?.account ?? null,
      revision: buyer.revision,
      created_at: buyer.createdAt,
      updated_at: buyer.updatedAt,
    })
    .execute()
}

/** Replaces a buyer's own fields, unless somebody moved it first: then `conflict`. */
export async function replace(db: Db, next: Buyer, revision: number): Promise<void> {
  const done = await db
    .updateTable('buyers')
    .set({
      name: next.name,
      crm_account: next.crm?.account ?? null,
      revision: revision + 1,
      updated_at: next.updatedAt,
    })
    .where('id', '=', next.id)
    .where('revision', '=', revision)
    .executeTakeFirst()
  if (done.numUpdatedRows === 0n) throw new Problem('conflict', `buyer ${next.id} has moved on`)
}

/** Makes these the buyer's accounts. Returns those that are another's; then nothing may be kept. */
export async function saveAccounts(
  db: Db,
  buyer: Id<'buyer'>,
  accounts: readonly BuyerAccount[],
): Promise<Taken[]> {
  await db.deleteFrom('buyer_accounts').where('buyer', '=', buyer).execute()
  if (accounts.length === 0) return []
  const providers = accounts.map(({ provider }) => provider)
  const refs = accounts.map(({ ref }) => ref)
  await sql`
    insert into buyer_accounts (provider, ref, buyer, position)
    select provider, ref, ${buyer}, place
    from unnest(${providers}::text[], ${refs}::text[]) with ordinality as given (provider, ref, place)
    order by provider, ref
    on conflict do nothing`.execute(db)
  const { rows } = await sql<Taken>`
    select a.provider, a.ref, b.id as buyer, b.name
    from buyer_accounts a join buyers b on b.id = a.buyer
    where a.buyer <> ${buyer}
      and (a.provider, a.ref) in (select * from unnest(${providers}::text[], ${refs}::text[]))`.execute(
    db,
  )
  return rows
}

export async function get(db: Db, id: string): Promise<Buyer> {
  const row = await all(db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no buyer ${id}`)
  return read(row)
}

export async function findByAccount(
  db: Db,
  provider: string,
  ref: string,
): Promise<Buyer | undefined> {
  const row = await all(db)
    .where('id', '=', owner(db, provider, ref))
    .executeTakeFirst()
  return row && read(row)
}

export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  filter: { readonly account?: string | undefined },
): Promise<Buyer[]> {
  let query = all(db).orderBy('created_at').orderBy('id').limit(limit)
  const { account } = filter
  if (account !== undefined)
    query = query.where('id', 'in', (eb) =>
      eb.selectFrom('buyer_accounts').select('buyer').where('ref', '=', account),
    )
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

export async function namesOf(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from buyers where id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map(({ id, name }) => [id, name]))
}

const owner = (db: Db, provider: string, ref: string) =>
  db
    .selectFrom('buyer_accounts')
    .select('buyer')
    .where('provider', '=', provider)
    .where('ref', '=', ref)

const all = (db: Db) =>
  db
    .selectFrom('buyers')
    .selectAll()
    .select(
      sql<BuyerAccount[] | null>`(
      select jsonb_agg(jsonb_build_object('provider', a.provider, 'ref', a.ref) order by a.position)
      from buyer_accounts a where a.buyer = buyers.id)`.as('accounts'),
    )

type Row = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>
const read = (row: Row): Buyer => ({
  id: row.id as Id<'buyer'>,
  name: row.name,
  accounts: row.accounts ?? [],
  crm: row.crm_account === null ? null : { account: row.crm_account },
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
