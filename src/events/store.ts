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
 * Events after a position, in order. An event shows once every transaction that began before its own has
 * ended: only so can a reader's cursor never step over one that was slower to commit.
 */
export async function after(
  db: Db,
  limit: number,
  position: readonly string[] | undefined,
  filter: { readonly subject?: string | undefined; readonly kind?: string | undefined },
): Promise<Event[]> {
  const [txid = '0', seq = '0'] = position ?? []
  const { rows } = await sql<Omit<Event, 'position'> & { txid: string; seq: bigint }>`
    select txid::text, seq, id, at, kind, subject, actor, request_id as "requestId", data
    from events
    where (txid, seq) > (${txid}::xid8, ${seq}::bigint)
      and txid < pg_snapshot_xmin(pg_current_snapshot())
      ${filter.subject ? sql`and subject = ${filter.subject}` : sql``}
      ${filter.kind ? sql`and kind = ${filter.kind}` : sql``}
    order by events.txid, events.seq limit ${limit}`.execute(db)
  return rows.map(({ txid, seq, ...event }) => ({ ...event, position: [txid, String(seq)] }))
}
