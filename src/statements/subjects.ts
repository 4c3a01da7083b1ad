import { sql } from 'kysely'
import { addMonths, firstDay, type Month, startOf } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'

/** Agreements of which anything is known in a month (UTC) that begin at an id, by id, at most `limit`. */
export async function subjectsOf(
  db: Db,
  month: Month,
  id: string,
  limit: number,
): Promise<readonly string[]> {
  const [from, to] = [startOf(firstDay(month)), startOf(addMonths(firstDay(month), 1))]
  const { rows } = await sql<{ id: string }>`
    select a.id from agreements a where a.id >= ${id} collate "C" and (
      exists (select from usage_records r where r.agreement = a.id
        and r.hour >= ${from}::timestamptz and r.hour < ${to}::timestamptz)
      or exists (select from usage_records r where r.agreement = a.id and r.kind = 'late'
        and r.created_at >= ${from}::timestamptz and r.created_at < ${to}::timestamptz)
      or exists (select from usage_read_backs b where b.connection = a.connection
        and b.agreement_ref = a.agreement_ref
        and b.from_at >= ${from}::timestamptz and b.from_at < ${to}::timestamptz)
      or exists (select from agreement_invoices i where i.agreement = a.id
        and i.month = ${firstDay(month)}::date)
      or exists (select from revenue_lines l where l.agreement_ref = a.agreement_ref
        and l.invoiced_on >= ${firstDay(month)}::date
        and l.invoiced_on < ${addMonths(firstDay(month), 1)}::date))
    order by a.id collate "C" limit ${limit}`.execute(db)
  return rows.map((row) => row.id)
}
