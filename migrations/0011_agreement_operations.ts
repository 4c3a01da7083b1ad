import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table agreements add column fingerprint text,
    add column awaits text check (awaits in ('activation', 'approval')),
    add column reminders int not null default 0`.execute(db)
  await sql`create index agreements_awaits on agreements (awaits, created_at, id)
    where awaits is not null`.execute(db)
  // Whoever was read before these fields were has them as a marketplace without them tells it.
  const missing = sql`'{"planRef": null, "awaits": null, "included": [], "fingerprint": null}'::jsonb`
  await sql`update agreements set remote = ${missing} || remote`.execute(db)
  await sql`update agreement_versions set content = ${missing} || content`.execute(db)
  await sql`alter table registrations add column agreement_ref text`.execute(db)
  await sql`update registrations set who = '{"agreementRef": null}'::jsonb || who
    where who is not null`.execute(db)
  await sql`create table agreement_operations (
    id text primary key, agreement text not null references agreements,
    kind text not null check
      (kind in ('activate', 'change_plan', 'change_quantity', 'cancel')),
    wanted jsonb not null,
    state_is text not null check (state_is in ('waiting', 'running', 'done', 'refused')),
    operation_ref text, reasons jsonb, problem jsonb, attempts int not null default 0,
    due_at timestamptz not null, revision int not null default 1,
    created_at timestamptz not null, updated_at timestamptz not null, settled_at timestamptz,
    check ((state_is in ('done', 'refused')) = (settled_at is not null)),
    check ((state_is = 'refused') = (reasons is not null)))`.execute(db)
  await sql`create unique index agreement_operations_under_way on agreement_operations
    (agreement, kind) where state_is in ('waiting', 'running')`.execute(db)
  await sql`create index agreement_operations_page on agreement_operations
    (agreement, created_at, id)`.execute(db)
  await sql`alter table notices add column asks jsonb,
    add column verdict text check (verdict in ('accepted', 'refused')),
    add check ((asks is null) = (verdict is null))`.execute(db)
}
