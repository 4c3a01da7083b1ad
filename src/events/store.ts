import { sql } from 'kysely'
import type { Instant } from '../kernel/time.ts'
import type { Actor } from '../platform/auth.ts'
import type { Db } from '../platform/db.ts'

export type Event = {
  readonly position: readonly [txid: string, seq: string]
  readonly id: string
  readonly at: Instant
  readonly kind: string
  readonly subject: string
  readonly actor: Actor
  readonly requestId: string | null
  readonly data: unknown
}

/**
 * Events after a position, in order. An event shows once every transaction of this database that began to
 * write before its own has ended: only so can a reader's cursor never step over one that was slower to commit.
 */
export async function after(
  db: Db,
  limit: number,
  position: readonly string[] | undefined,
  filter: { readonly subject?: string | undefined; readonly kind?: string | undefined },
): Promise<Event[]> {
  const [txid = '0', seq = '0'] = position ?? []
  const horizon = await settled(db)
  const { rows } = await sql<Omit<Event, 'position'> & { txid: string; seq: bigint }>`
    select txid::text, seq, id, at, kind, subject, actor, request_id as "requestId", data
    from events
    where (txid, seq) > (${txid}::xid8, ${seq}::bigint)
      and txid < ${horizon}::xid8
      ${filter.subject ? sql`and subject = ${filter.subject}` : sql``}
      ${filter.kind ? sql`and kind = ${filter.kind}` : sql``}
    order by events.txid, events.seq limit ${limit}`.execute(db)
  return rows.map(({ txid, seq, ...event }) => ({ ...event, position: [txid, String(seq)] }))
}

/**
 * The oldest transaction id that may still be writing in this database; the next one to be given when none is.
 * A snapshot's own minimum covers the whole server, so another database's long transaction would hold it back.
 * Asked in a statement before the one that reads, whose newer snapshot then sees all that lies below.
 * (Running ids have 32 bits; those handed out after this statement began differ by the other half.)
 */
async function settled(db: Db): Promise<string> {
  const { rows } = await sql<{ horizon: string }>`
    with next as (select pg_snapshot_xmax(pg_current_snapshot())::text::numeric as id)
    select (next.id - coalesce(max(behind.by) filter (where behind.by < 2147483648), 0))::text as horizon
    from next left join lateral (
      select mod(mod(next.id, 4294967296) - backend_xid::text::numeric + 4294967296, 4294967296) as by
      from pg_stat_activity
      where datname = current_database() and backend_xid is not null) behind on true
    group by next.id`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database did not tell its transactions')
  return row.horizon
}
