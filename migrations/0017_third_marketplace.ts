import { type Kysely, sql } from 'kysely'

/** Changes that wait for the seller, what a list shows no more, and usage that is taken past its deadline. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table agreements drop constraint agreements_awaits_check,
    add constraint agreements_awaits_check check (awaits in ('activation', 'approval', 'change')),
    add column decided text,
    add column missed int not null default 0`.execute(db)
  await sql`alter table agreement_operations drop constraint agreement_operations_kind_check,
    add constraint agreement_operations_kind_check check
      (kind in ('activate', 'change_plan', 'change_quantity', 'cancel', 'reject', 'approve_change',
        'reject_change', 'message'))`.execute(db)
  // Reports may name the offer alone, also one that a later offer replaced on the same agreement.
  await sql`create index agreement_versions_offer on agreement_versions ((content ->> 'offerRef'))
    where content ->> 'offerRef' is not null`.execute(db)
  await sql`create index revenue_lines_offer on revenue_lines (offer_ref)
    where offer_ref is not null`.execute(db)
  await sql`create index registrations_account on registrations (connection, buyer_ref)`.execute(db)
  await sql`alter table usage_records add column taken_until timestamptz`.execute(db)
}
