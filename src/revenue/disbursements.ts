import { sql } from 'kysely'
import * as z from 'zod'
import { dayField, idField, moneyField } from '../kernel/fields.ts'
import { type Currency, type Money, money, post, subtract, toJson } from '../kernel/money.ts'
import type { Day } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import { visible } from './lines.ts'
import type { Vantage } from './model.ts'

/** A lump sum a marketplace paid out, and how much of it its lines explain. */
export type Disbursement = {
  readonly connection: string
  readonly payoutRef: string
  readonly paidOn: Day
  readonly currency: Currency
  /** What was paid; nothing when it failed. */
  readonly amount: Money
  readonly explained: Money
  readonly unexplained: Money
  readonly lines: number
  readonly failed: boolean
}

type Row = {
  connection: string
  payoutRef: string
  paidOn: Day
  currency: string
  amount: string
  explained: string
  lines: bigint
  failed: boolean
}

/**
 * Payouts as of a vantage point, by the day they were made. A line explains one by its amount in what the seller is
 * paid in, where it is told in that.
 */
export async function disbursements(
  db: Db,
  { connection }: { readonly connection?: string | undefined },
  at: Vantage,
  { limit, after }: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<Disbursement[]> {
  const [day = '', conn = '', ref = ''] = after ?? []
  const further = after
    ? sql`("paidOn", connection, "payoutRef" || ' ' || currency) > (${day}::date, ${conn}, ${ref})`
    : sql`true`
  const ours = connection ? sql`l.connection = ${connection}` : sql`true`
  const { rows } = await sql<Row>`
    select * from (
      select l.connection, l.payout_ref as "payoutRef", told.currency,
        min(l.invoiced_on) filter (where ${isPayout}) as "paidOn",
        coalesce(sum(told.amount) filter (where ${isPayout}), 0)::text as amount,
        coalesce(-sum(told.amount) filter (where not ${isPayout}), 0)::text as explained,
        count(*) filter (where not ${isPayout}) as lines,
        bool_or(l.kind = 'payout_failure') as failed
      from revenue_lines l
      left join lateral (select o.currency, o.amount
        from jsonb_to_recordset(l.others) as o(role text, currency text, amount numeric)
        where o.role = 'payout' and not ${isPayout} limit 1) paid on true,
      lateral (select coalesce(paid.currency, l.currency) as currency,
        coalesce(paid.amount, l.amount) as amount) told
      where l.payout_ref is not null and l.action = 'disbursed' and ${ours} and ${visible(at)}
      group by l.connection, l.payout_ref, told.currency) paid
    where "paidOn" is not null and ${further}
    order by "paidOn", connection, "payoutRef" || ' ' || currency limit ${limit}`.execute(db)
  return rows.map(read)
}

const isPayout = sql`(l.kind in ('payout', 'payout_failure'))`

function read({ amount, explained, lines, ...row }: Row): Disbursement {
  const paid = post(row.currency, amount)
  const known = post(row.currency, explained)
  return {
    ...row,
    amount: paid,
    explained: known,
    unexplained: row.failed ? money(row.currency, 0n) : subtract(paid, known),
    lines: Number(lines),
  }
}

export const disbursementView = z
  .object({
    payoutRef: z.string().meta({
      description: 'The marketplace’s id of the payout; revenue lines are filtered by it',
      example: 'be-0009',
    }),
    connection: idField('conn', 'The seller account it was paid to'),
    paidOn: dayField('When it was paid', '2026-10-02'),
    amount: moneyField('What was paid; zero when it failed'),
    explained: moneyField('What its lines add up to'),
    unexplained: moneyField('What no line explains'),
    lines: z.int().meta({ description: 'How many lines it pays', example: 12 }),
    failed: z.boolean().meta({ description: 'The bank sent it back', example: false }),
  })
  .meta({ id: 'Disbursement' })

export const viewDisbursement = (row: Disbursement) => ({
  payoutRef: row.payoutRef,
  connection: row.connection as z.infer<typeof disbursementView>['connection'],
  paidOn: row.paidOn,
  amount: toJson(row.amount),
  explained: toJson(row.explained),
  unexplained: toJson(row.unexplained),
  lines: row.lines,
  failed: row.failed,
})
