import { sql } from 'kysely'
import { type Decimal, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Allocation, UsageRecord } from './model.ts'

export const partKinds = ['event', 'meter', 'contract'] as const

/** Anything that makes up a record, as it is stored. */
export type StoredPart = {
  readonly kind: (typeof partKinds)[number]
  readonly source: string
  readonly id: string
  readonly meter: string | null
  readonly run: string | null
  readonly reverses: string | null
  readonly agreement: Id<'agr'>
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
  readonly allocations: readonly Allocation[] | null
  readonly receivedAt: Instant
}

/** The parts that a record sums up, by kind, source and id. */
export async function partsOf(
  db: Db,
  { agreement, dimension, hour, kind }: UsageRecord,
  limit: number,
  after: readonly string[] | undefined,
): Promise<StoredPart[]> {
  if (kind === 'closing') return []
  const [of = '', source = '', id = '', meter = '', run = ''] = after ?? []
  const { rows } = await sql<StoredPart>`
    select kind, source, id, meter, run, reverses, agreement, dimension, quantity, at, allocations,
      received_at as "receivedAt"
    from usage_parts where agreement = ${agreement} and dimension = ${dimension}
      and hour = ${hour}::timestamptz and late = ${kind === 'late'}
      and (kind, source, id, coalesce(meter, ''), coalesce(run, ''))
        > (${of}, ${source}, ${id}, ${meter}, ${run})
    order by kind, source, id, coalesce(meter, ''), coalesce(run, '') limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, quantity: trim(row.quantity) }))
}
