import { sql } from 'kysely'
import { type Id, newId } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import { type Instant, later } from '../kernel/time.ts'
import { type Db, json } from '../platform/db.ts'
import {
  fresh,
  type Mirror,
  type MirrorRow,
  type MirrorState,
  type RowState,
  type Wanted,
} from './mirror.ts'
import { type CrmBudget, type CrmKind, type CrmRow, crmKinds } from './model.ts'

/** How long a batch may be on its way before another worker may send it too. */
const leaseMs = 900_000

/** Writes down rows as they ought to be; those that are so already stay untouched. Returns how many became due. */
export async function want(
  db: Db,
  connection: Id<'conn'>,
  wanted: readonly Wanted[],
  now: Instant,
): Promise<number> {
  if (wanted.length === 0) return 0
  const rows = wanted.map(({ row: { kind, key, fields, links }, rank }) => ({
    id: newId('crm'),
    kind,
    key,
    rank,
    content: { fields, links },
  }))
  const { rows: changed } = await sql<{ changed: bigint }>`with changed as (
    insert into crm_rows as r (id, connection, kind, key, rank, content, state_is, due_at, created_at, updated_at)
    select id, ${connection}, kind, key, rank, content, 'due', ${now}::timestamptz, ${now}::timestamptz,
      ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as w(id text, kind text, key text, rank timestamptz, content jsonb)
    on conflict (connection, kind, key) do update set
      content = excluded.content, rank = excluded.rank, attempts = 0, problem = null,
      updated_at = excluded.updated_at,
      state_is = case when r.state_is = 'sending' then 'sending' else 'due' end,
      due_at = case when r.state_is = 'sending' then r.due_at else excluded.due_at end
    where r.rank <= excluded.rank and r.hash <> excluded.hash
    returning 1)
    select count(*) as changed from changed`.execute(db)
  return Number(changed[0]?.changed ?? 0)
}

/** Takes a batch of due rows of one kind, parents first, for a lease; also what a dead worker left. */
export async function claim(
  db: Db,
  connection: Id<'conn'>,
  now: Instant,
  limit: number,
): Promise<
  { readonly kind: CrmKind; readonly lease: Instant; readonly rows: MirrorRow[] } | undefined
> {
  const lease = later(now, leaseMs)
  for (const kind of crmKinds) {
    const { rows } = await sql<Selected>`update crm_rows set state_is = 'sending',
        due_at = ${lease}::timestamptz
      where id in (select id from crm_rows where connection = ${connection} and kind = ${kind}
        and due_at <= ${now}::timestamptz order by due_at, id limit ${limit} for update skip locked)
      returning *`.execute(db)
    if (rows.length > 0) return { kind, lease, rows: rows.map(read) }
  }
  return undefined
}

/** What became of one row that was sent. */
export type Settled = {
  readonly id: string
  /** As it was sent; content that changed meanwhile makes it due again. */
  readonly hash: string
  readonly state: RowState
  readonly attempts: number
  readonly dueAt: Instant | null
  readonly problem: string | null
  readonly crmRef: string | null
  readonly told: Readonly<Record<string, string>>
  readonly sentAt: Instant | null
}

/** Ends a lease. A row that another worker took meanwhile is left to that one. */
export async function settle(
  db: Db,
  lease: Instant,
  settled: readonly Settled[],
  now: Instant,
): Promise<void> {
  await sql`update crm_rows r set
      crm_ref = coalesce(s."crmRef", r.crm_ref), told = s.told,
      sent_at = coalesce(s."sentAt", r.sent_at),
      attempts = case when s.hash = r.hash then s.attempts else 0 end,
      problem = case when s.hash = r.hash then s.problem end,
      state_is = case when s.hash = r.hash then s.state else 'due' end,
      due_at = case when s.hash = r.hash then s."dueAt" else ${now}::timestamptz end
    from jsonb_to_recordset(${JSON.stringify(settled)}::jsonb) as s(id text, hash text, state text,
      attempts int, "dueAt" timestamptz, problem text, "crmRef" text, told jsonb, "sentAt" timestamptz)
    where r.id = s.id and r.state_is = 'sending' and r.due_at = ${lease}::timestamptz`.execute(db)
}

/** What rows of agreements say was drawn, by key: reckoned at the last full look. */
export async function drawnOf(
  db: Db,
  connection: string,
  keys: readonly string[],
): Promise<Map<string, { currency: string | null; amount: string; asOf: Instant }>> {
  const { rows } = await sql<{
    key: string
    currency: string | null
    amount: string
    asOf: Instant
  }>`
    select key, content->'fields'->>'currency' as currency, content->'fields'->>'drawn' as amount,
      content->'fields'->>'drawnAsOf' as "asOf"
    from crm_rows where connection = ${connection} and kind = 'agreement'
      and key = any(${[...keys]}::text[]) and content->'fields'->>'drawn' is not null`.execute(db)
  return new Map(rows.map(({ key, ...drawn }) => [key, drawn]))
}

/** When the next row is due, or undefined when none waits. */
export async function nextDue(db: Db, connection: string): Promise<Instant | undefined> {
  const row = await db
    .selectFrom('crm_rows')
    .select((eb) => eb.fn.min('due_at').as('due'))
    .where('connection', '=', connection)
    .where('due_at', 'is not', null)
    .executeTakeFirst()
  return row?.due ?? undefined
}

export type RowFilter = {
  readonly connection?: string | undefined
  readonly state?: RowState | undefined
  readonly kind?: CrmKind | undefined
}

export async function list(
  db: Db,
  filter: RowFilter,
  limit: number,
  after?: readonly string[],
): Promise<MirrorRow[]> {
  let query = db.selectFrom('crm_rows').selectAll().orderBy('created_at').orderBy('id').limit(limit)
  if (filter.connection) query = query.where('connection', '=', filter.connection)
  if (filter.state) query = query.where('state_is', '=', filter.state)
  if (filter.kind) query = query.where('kind', '=', filter.kind)
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

export async function get(db: Db, id: string): Promise<MirrorRow> {
  const row = await db.selectFrom('crm_rows').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no row ${id}`)
  return read(row)
}

/** Makes a row due at once, unless it is on its way. */
export async function retry(db: Db, id: string, now: Instant): Promise<void> {
  await db
    .updateTable('crm_rows')
    .set({ state_is: 'due', due_at: now, attempts: 0, problem: null })
    .where('id', '=', id)
    .where('state_is', '<>', 'sending')
    .execute()
}

/** Forgets what was sent: every row is due as if it were new. */
export async function forget(db: Db, connection: string, now: Instant): Promise<void> {
  await db
    .updateTable('crm_rows')
    .set({
      state_is: 'due',
      due_at: now,
      attempts: 0,
      problem: null,
      crm_ref: null,
      told: json<Record<string, string>>({}),
    })
    .where('connection', '=', connection)
    .execute()
}

/** How many rows of each kind are in each state. */
export async function counts(
  db: Db,
  connection: string,
): Promise<readonly { kind: CrmKind; state: RowState; rows: number }[]> {
  const found = await db
    .selectFrom('crm_rows')
    .select((eb) => ['kind', 'state_is', eb.fn.countAll<bigint>().as('rows')])
    .where('connection', '=', connection)
    .groupBy(['kind', 'state_is'])
    .execute()
  return found.map((row) => ({ kind: row.kind, state: row.state_is, rows: Number(row.rows) }))
}

/** A connection's mirror; one that was never used is fresh. */
export async function mirror(db: Db, connection: Id<'conn'>): Promise<Mirror> {
  const row = await db
    .selectFrom('crm_mirrors')
    .selectAll()
    .where('connection', '=', connection)
    .executeTakeFirst()
  if (!row) return fresh(connection)
  return {
    connection,
    organisation: row.organisation,
    state: row.state as MirrorState,
    until: row.until,
    checkedAt: row.checked_at,
    savedAt: row.saved_at,
    budget: row.budget as CrmBudget | null,
  }
}

export async function keep(db: Db, mirror: Mirror): Promise<void> {
  const values = {
    organisation: mirror.organisation,
    state: json<unknown>(mirror.state),
    state_is: mirror.state.is,
    until: mirror.until,
    checked_at: mirror.checkedAt,
    saved_at: mirror.savedAt,
    budget: mirror.budget && json<unknown>(mirror.budget),
  }
  await db
    .insertInto('crm_mirrors')
    .values({ connection: mirror.connection, ...values })
    .onConflict((oc) => oc.column('connection').doUpdateSet(values))
    .execute()
}

type Selected = {
  id: string
  connection: string
  kind: CrmKind
  key: string
  content: unknown
  hash: string
  state_is: RowState
  attempts: number
  due_at: Instant | null
  problem: string | null
  crm_ref: string | null
  told: Record<string, string>
  sent_at: Instant | null
  created_at: Instant
  updated_at: Instant
}

const read = (row: Selected): MirrorRow => ({
  id: row.id as Id<'crm'>,
  connection: row.connection as Id<'conn'>,
  row: { kind: row.kind, key: row.key, ...(row.content as object) } as CrmRow,
  hash: row.hash,
  state: row.state_is,
  attempts: row.attempts,
  dueAt: row.due_at,
  problem: row.problem,
  crmRef: row.crm_ref,
  told: row.told,
  sentAt: row.sent_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
