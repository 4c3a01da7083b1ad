import { sql } from 'kysely'
import * as agreements from '../agreements/service.ts'
import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import { dayMs, firstDay, type Instant, later, type Month, monthOf } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { AgreementInvoice } from '../revenue/model.ts'
import type { Invoice } from './model.ts'

const agreementsAtOnce = 20
/** What was issued longer ago has been read before. */
const againDays = 70

/** Asks what was invoiced of the next agreements of a seller account, oldest first, from `cursor` on. */
export async function readNext(
  deps: Deps,
  connection: Id<'conn'>,
  cursor: string | null,
): Promise<{ readonly cursor: string | null; readonly more: boolean }> {
  const port = await connections.port(deps, connection, 'revenue')
  if (!port.invoices) return { cursor: null, more: false }
  const after = cursor === null ? undefined : (JSON.parse(cursor) as string[])
  const found = await agreements.list(deps, agreementsAtOnce, after, { connection })
  for (const { id, agreementRef } of found) {
    const since = (await hasAny(deps.db, id)) ? later(deps.now(), -againDays * dayMs) : null
    const told = await port.invoices(agreementRef, since).catch(gone)
    await save(deps.db, { connection, agreement: id, agreementRef }, told, deps.now())
  }
  const last = found.at(-1)
  const more = found.length === agreementsAtOnce && last !== undefined
  return { cursor: more ? JSON.stringify([last.createdAt, last.id]) : null, more }
}

/** An agreement that its marketplace knows no more has no new invoices. */
function gone(error: unknown): readonly AgreementInvoice[] {
  const problem = asProblem(error)
  if (problem.code === 'not_found') return []
  throw error
}

async function hasAny(db: Db, agreement: string): Promise<boolean> {
  const { rows } = await sql<{ any: boolean }>`
    select exists (select from agreement_invoices where agreement = ${agreement}) as any`.execute(
    db,
  )
  return rows[0]?.any ?? false
}

type Owner = {
  readonly connection: string
  readonly agreement: string
  readonly agreementRef: string
}

async function save(db: Db, owner: Owner, told: readonly AgreementInvoice[], now: Instant) {
  if (told.length === 0) return
  const rows = told.map((one) => ({ ...one, month: firstDay(one.month) }))
  await sql`insert into agreement_invoices (connection, agreement_ref, invoice_ref, agreement,
      is_credit, month, issued_at, amount, currency, native, read_at)
    select ${owner.connection}, ${owner.agreementRef}, i."invoiceRef", ${owner.agreement},
      i."isCredit", i.month, i."issuedAt", i.amount, i.currency, i.native, ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as i("invoiceRef" text,
      "isCredit" boolean, month date, "issuedAt" timestamptz, amount numeric, currency text,
      native jsonb)
    on conflict (connection, agreement_ref, invoice_ref) do update set
      is_credit = excluded.is_credit, month = excluded.month, issued_at = excluded.issued_at,
      amount = excluded.amount, currency = excluded.currency, native = excluded.native,
      read_at = excluded.read_at`.execute(db)
}

export type KeptInvoice = Invoice & {
  readonly connection: string
  readonly agreement: string
  readonly readAt: Instant
}

/** Invoices by when they were issued. */
export async function list(
  db: Db,
  limit: number,
  after: readonly string[] | undefined,
  { agreement, month }: { readonly agreement: string; readonly month?: Month | undefined },
): Promise<KeptInvoice[]> {
  const [issuedAt = '-infinity', ref = ''] = after ?? []
  const inMonth = month ? sql`and month = ${firstDay(month)}::date` : sql``
  const { rows } = await sql<Omit<KeptInvoice, 'month'> & { month: `${Month}-${number}` }>`
    select connection, agreement, invoice_ref as "invoiceRef", is_credit as "isCredit", month,
      issued_at as "issuedAt", amount, currency, read_at as "readAt"
    from agreement_invoices where agreement = ${agreement} ${inMonth}
      and (issued_at, invoice_ref) > (${issuedAt}::timestamptz, ${ref})
    order by issued_at, invoice_ref limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, month: monthOf(row.month), amount: trim(row.amount) }))
}

const invoicesMax = 1_000

/** What the marketplace calls its month. */
export const about = (db: Db, agreement: string, month: Month): Promise<readonly Invoice[]> =>
  list(db, invoicesMax, undefined, { agreement, month })
