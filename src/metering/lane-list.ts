import { sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Circuit } from './circuit.ts'

/** One seller account's place in the sending queue, as it stands. */
export type LaneState = Circuit & {
  readonly connection: Id<'conn'>
  /** Records whose time has come, being sent included. */
  readonly due: number
  /** Records that wait for a person. */
  readonly held: number
  /** The nearest of what is due or held; null when nothing is. */
  readonly deadline: Instant | null
  /** How far ahead its calls are reserved, in milliseconds. */
  readonly reservedMs: number
  /** When a sender last turned to it. */
  readonly servedAt: Instant | null
}

/** Accounts by their id. */
export async function list(
  db: Db,
  limit: number,
  after: string | undefined,
  now: Instant,
): Promise<LaneState[]> {
  const { rows } = await sql<LaneState>`
    select l.connection, l.failures, l.open_until as "openUntil", l.problem, l.blocked,
      coalesce(r.due, 0) as due, coalesce(r.held, 0) as held, r.deadline,
      greatest(0, coalesce(extract(epoch from l.paced_at - clock_timestamp()) * 1000, 0))::float8
        as "reservedMs", l.served_at as "servedAt"
    from usage_lanes l cross join lateral (
      select (count(*) filter (where state_is <> 'held'))::int as due,
        (count(*) filter (where state_is = 'held'))::int as held, min(deadline) as deadline
      from usage_records where connection = l.connection
        and state_is in ('open', 'due', 'held', 'sending')
        and (due_at <= ${now}::timestamptz or state_is in ('held', 'sending'))) as r
    where l.connection > ${after ?? ''} order by l.connection limit ${limit}`.execute(db)
  return rows
}

/** What a circuit says at a moment. */
export const circuitWord = (
  { openUntil }: Pick<Circuit, 'openUntil'>,
  now: Instant,
): 'closed' | 'open' | 'probing' =>
  openUntil === null ? 'closed' : openUntil > now ? 'open' : 'probing'
