import { type RawBuilder, sql } from 'kysely'
import type { Db } from './platform/db.ts'

type Operation = Record<string, unknown>
type Document = { paths?: Record<string, unknown> }
type Known = Readonly<Record<string, unknown>>

/** Kinds of things the examples name, and the table they live in. */
const tables: Readonly<Record<string, string>> = {
  conn: 'connections',
  lst: 'listings',
  buyer: 'buyers',
  doc: 'documents',
  offer: 'offers',
  agr: 'agreements',
  ctr: 'contracts',
  mtr: 'meters',
  bkf: 'backfills',
  rec: 'usage_records',
  imp: 'revenue_imports',
  cmt: 'commitments',
  crm: 'crm_rows',
  key: 'api_keys',
}

type Fit = { readonly kind: string; readonly where: string; readonly order: 'asc' | 'desc' }
const mirrored = 'exists (select 1 from crm_mirrors m where m.connection = connections.id)'

// Where a marketplace tells the plan, it is one that a seller can ask for changes.
const onPlan = "state_is = 'active' and remote->>'planRef' is not null"

/** What an operation's own subject must be for its example to work: the oldest or newest row that fits. */
const fitting: Readonly<Record<string, Fit>> = {
  'patch /v1/offers/{id}': { kind: 'offer', where: "state_is = 'draft'", order: 'asc' },
  'post /v1/offers/{id}/submit': { kind: 'offer', where: "state_is = 'draft'", order: 'desc' },
  'post /v1/offers/{id}/extend': { kind: 'offer', where: "state_is = 'live'", order: 'asc' },
  'post /v1/offers/{id}/withdraw': { kind: 'offer', where: "state_is = 'live'", order: 'desc' },
  'post /v1/agreements/{id}/activate': {
    kind: 'agr',
    where: "awaits = 'activation'",
    order: 'asc',
  },
  'post /v1/agreements/{id}/change': { kind: 'agr', where: onPlan, order: 'asc' },
  'post /v1/agreements/{id}/cancel': { kind: 'agr', where: onPlan, order: 'desc' },
  'post /v1/contracts': {
    kind: 'agr',
    where: 'not exists (select 1 from contracts c where c.agreement = agreements.id)',
    order: 'desc',
  },
  'post /v1/commitments': {
    kind: 'buyer',
    where: 'not exists (select 1 from commitments c where c.buyer = buyers.id)',
    order: 'desc',
  },
  'delete /v1/connections/{id}': { kind: 'conn', where: "name like 'Spare%'", order: 'desc' },
  'delete /v1/api-keys/{id}': {
    kind: 'key',
    where: "name like 'spare%' and revoked_at is null",
    order: 'desc',
  },
  'post /v1/crm/status/{id}/resume': { kind: 'conn', where: mirrored, order: 'desc' },
  'post /v1/crm/status/{id}/resend': { kind: 'conn', where: mirrored, order: 'desc' },
}

/**
 * Puts ids of things that exist here where the document's examples say `<kind>_example`, so that each example
 * can be sent as it stands. What does not exist yet stays as it is written.
 */
export async function putExamplesInPlace<D extends Document>(
  db: Db,
  document: D,
  providers: readonly Example[],
): Promise<D> {
  const known = {
    ...(await newest(db, providers[0]?.provider ?? '')),
    ...(await anEvent(db)),
  }
  const paths = Object.fromEntries(
    await Promise.all(
      Object.entries(document.paths ?? {}).map(async ([path, operations]) => [
        path,
        await inPlace(db, path, operations as Operation, known, providers),
      ]),
    ),
  )
  return { ...(replaced(document, known) as D), paths }
}

/** A provider's filled-in form. */
export type Example = {
  readonly provider: string
  readonly example: { readonly settings: unknown; readonly credentials: unknown }
}

async function inPlace(
  db: Db,
  path: string,
  operations: Operation,
  known: Known,
  providers: readonly Example[],
): Promise<Operation> {
  const entries: [string, unknown][] = []
  for (const [method, operation] of Object.entries(operations)) {
    const own = await subject(db, `${method} ${path}`)
    const here = {
      ...known,
      ...own,
      provider_example: providers[0]?.provider ?? 'provider_example',
      settings_example: providers[0]?.example.settings ?? {},
      credentials_example: providers[0]?.example.credentials ?? {},
      idempotency_example: `example-${crypto.randomUUID()}`,
    }
    entries.push([method, replaced(operation, here)])
  }
  return Object.fromEntries(entries)
}

/** The newest of each kind, in one question; connections and listings that go with `provider`'s form first. */
async function newest(db: Db, provider: string): Promise<Known> {
  const ours = sql`exists (select 1 from connections c
    where c.provider = ${provider} and c.deleted_at is null and c.id =`
  const rest = sql`created_at desc, id`
  const chosen: Readonly<Record<string, RawBuilder<unknown>>> = {
    connections: sql`where deleted_at is null
      and exists (select 1 from listings l where l.connection = connections.id)
      order by ${ours} connections.id) desc, ${rest}`,
    listings: sql`order by ${ours} listings.connection) desc, ${rest}`,
  }
  const parts = Object.entries(tables).map(
    ([kind, table]) =>
      sql`select ${kind}::text as kind, (select id from ${sql.table(table)}
        ${chosen[table] ?? sql`order by ${rest}`} limit 1) as id`,
  )
  const { rows } = await sql<{
    kind: string
    id: string | null
  }>`${sql.join(parts, sql` union all `)}`.execute(db)
  return Object.fromEntries(rows.flatMap(({ kind, id }) => (id ? [[`${kind}_example`, id]] : [])))
}

/** A usage event that exists, by its source and id. */
async function anEvent(db: Db): Promise<Known> {
  const { rows } = await sql<{ source: string; id: string }>`
    select source, id from usage_events order by source, id limit 1`.execute(db)
  return rows[0] ? { source_example: rows[0].source, event_example: rows[0].id } : {}
}

async function subject(db: Db, operation: string): Promise<Known> {
  const fit = fitting[operation]
  const table = fit && tables[fit.kind]
  if (!table) return {}
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where ${sql.raw(fit.where)}
    order by created_at ${sql.raw(fit.order)}, id ${sql.raw(fit.order)} limit 1`.execute(db)
  return rows[0] ? { [`${fit.kind}_example`]: rows[0].id } : {}
}

/** The same value with every text that is a name replaced by what it stands for. */
function replaced(value: unknown, names: Known): unknown {
  if (typeof value === 'string') return names[value] ?? value
  if (Array.isArray(value)) return value.map((item) => replaced(item, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, replaced(inner, names)]),
  )
}
