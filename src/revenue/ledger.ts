import { type RawBuilder, sql } from 'kysely'
import { Problem } from '../kernel/problem.ts'
import { type Day, firstDay, type Month } from '../kernel/time.ts'
import { factsOf, type Listing } from '../listings/model.ts'
import type { Db } from '../platform/db.ts'
import { accountOf, type KeptLine, type LineRow, readLine, visible } from './lines.ts'
import type { LineAction, LineKind, Vantage } from './model.ts'
import type { SummedOther, Sums } from './report.ts'

/** A line with what we know it belongs to. */
export type ResolvedLine = KeptLine & {
  readonly agreement: string | null
  readonly buyer: string | null
  readonly listing: string | null
  /** The buyer's account as everybody knows it. */
  readonly account: string | null
}

export type LineFilter = {
  /** Ours or the marketplace's own id. */
  readonly agreement?: string | undefined
  readonly buyer?: string | undefined
  readonly connection?: string | undefined
  readonly payout?: string | undefined
  readonly month?: Month | undefined
  readonly action?: LineAction | undefined
  readonly kind?: LineKind | undefined
  readonly from?: Month | undefined
  readonly to?: Month | undefined
}

/** Lines as of a vantage point, by invoice day. */
export async function list(
  db: Db,
  filter: LineFilter,
  at: Vantage,
  { limit, after }: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<ResolvedLine[]> {
  const [day = '', connection = '', ref = ''] = after ?? []
  const further = after
    ? sql`(l.invoiced_on, l.connection, l.line_ref) > (${day}::date, ${connection}, ${ref})`
    : sql`true`
  const { rows } = await sql<Row>`
    select l.*, a.id as agreement, ${buyer} as buyer, i.id as listing, ${account} as account
    from ${resolved} where ${where(filter, at)} and ${further}
    order by l.invoiced_on, l.connection, l.line_ref limit ${limit}`.execute(db)
  return rows.map((row) => ({
    ...readLine(row),
    agreement: row.agreement,
    buyer: row.buyer,
    listing: row.listing,
    account: row.account,
  }))
}

/** What a buyer was charged, or given back: before tax, after discounts, before our fee. */
export type Billed = {
  readonly connection: string
  readonly lineRef: string
  readonly parentRef: string | null
  readonly kind: LineKind
  readonly amount: string
  readonly currency: string
  readonly invoicedOn: Day
  readonly account: string | null
  readonly agreement: string | null
  readonly offerRef: string | null
  readonly listing: string | null
  /** What the line itself tells, over what people have stated about the listing, over what its kind tells. */
  readonly facts: Readonly<Record<string, string | boolean>>
}

const billedMax = 200_000

export async function billedTo(
  db: Db,
  of: { readonly id: string; readonly provider: string; readonly accounts: readonly string[] },
  at: Vantage,
): Promise<Billed[]> {
  const named =
    of.accounts.length > 0 ? sql`${account} = any(${[...of.accounts]}::text[])` : sql`true`
  type Row = Billed & { listingKind: Listing['kind'] | null; told: Billed['facts'] }
  const { rows } = await sql<Row>`
    select l.connection, l.line_ref as "lineRef", l.parent_ref as "parentRef", l.kind,
      l.amount::text as amount, l.currency, l.invoiced_on as "invoicedOn", ${account} as account,
      a.id as agreement, l.offer_ref as "offerRef", i.id as listing, i.kind as "listingKind",
      coalesce(i.facts, '{}') as facts, l.facts as told
    from ${resolved}
    where ${where({ buyer: of.id }, at)} and c.provider = ${of.provider} and ${named}
      and l.action in ('invoiced', 'forgiven') and l.kind in ('gross', 'gross_refund')
    order by l.invoiced_on, l.connection, l.line_ref limit ${billedMax + 1}`.execute(db)
  if (rows.length > billedMax)
    throw new Problem('internal', `buyer ${of.id} has more than ${billedMax} charges`)
  return rows.map(({ listingKind, told, ...row }) => ({
    ...row,
    facts: { ...(listingKind && factsOf({ kind: listingKind, facts: row.facts })), ...told },
  }))
}

const groupsMax = 50_000

type SumRow = Omit<SummedOther, 'role' | 'lines'> & {
  readonly role: SummedOther['role'] | null
  readonly lines: bigint
}

/** Sums of the lines, and apart from them the sums of what they are told in other currencies. */
export async function sums(db: Db, filter: LineFilter, at: Vantage): Promise<Sums> {
  const wanted = filter.buyer ? sql`${buyer} = ${filter.buyer}` : sql`true`
  // Added up first and looked up afterwards: there are few groups of many lines.
  const { rows } = await sql<SumRow>`
    select l.month, l.connection, a.id as agreement, l.agreement_ref as "agreementRef",
      ${buyer} as buyer, l.currency, l.action, l.kind, l.role, l."otherCurrency", l.amount, l.lines
    from (
      select to_char(l.invoiced_on, 'YYYY-MM') as month, l.connection, l.agreement_ref, l.currency,
        l.action, l.kind, told.role, told.currency as "otherCurrency", min(l.payer_ref) as payer_ref,
        sum(told.amount)::text as amount, count(*) as lines
      from revenue_lines l, lateral (select null as role, l.currency, l.amount union all
        select o.role, o.currency, o.amount
        from jsonb_to_recordset(l.others) as o(role text, currency text, amount numeric)) told
      where ${linesWhere(filter, at)}
      group by 1, l.connection, l.agreement_ref, l.currency, l.action, l.kind, told.role,
        told.currency, case when l.agreement_ref is null then l.payer_ref end) l
    ${owners} where ${wanted} limit ${groupsMax + 1}`.execute(db)
  if (rows.length > groupsMax)
    throw new Problem('invalid', 'the report has too many rows: ask for fewer months', {
      errors: [{ path: 'query.from', message: 'leaves too many months' }],
    })
  const counted = rows.map((row) => ({ ...row, lines: Number(row.lines) }))
  return {
    own: counted.filter((row) => row.role === null),
    others: counted.flatMap(({ role, ...row }) => (role === null ? [] : [{ ...row, role }])),
  }
}

type Row = LineRow & {
  agreement: string | null
  buyer: string | null
  listing: string | null
  account: string | null
}

// The agreement knows its buyer best; without one, the account that pays does.
const buyer = sql`coalesce(a.buyer, b.buyer)`
const account = sql`coalesce(f.account, a.buyer_ref, l.payer_ref)`

/** What lines `l` belong to, as that is known today. */
const owners = sql`join connections c on c.id = l.connection
  left join agreements a on a.connection = l.connection and a.agreement_ref = l.agreement_ref
  left join lateral ${accountOf} f on true
  left join buyer_accounts b on b.provider = c.provider and b.ref = coalesce(f.account, l.payer_ref)`

// A report that names no listing leaves it to the agreement.
const resolved = sql`revenue_lines l ${owners}
  left join listings i on i.connection = l.connection and i.id = coalesce(
    (select id from listings n where n.connection = l.connection and n.listing_ref = l.listing_ref),
    case when l.listing_ref is null then a.listing end)`

function where(filter: LineFilter, at: Vantage): RawBuilder<unknown> {
  const lines = linesWhere(filter, at)
  return filter.buyer ? sql`${lines} and ${buyer} = ${filter.buyer}` : lines
}

/** Conditions on lines alone; a buyer's may be more than its own, and are told apart by their owners. */
function linesWhere(filter: LineFilter, at: Vantage): RawBuilder<unknown> {
  const { connection, month, action, kind, from, to, payout } = filter
  const wanted = [
    visible(at),
    filter.buyer && sql`l.seq = any(array(${maybeOf(filter.buyer)}))`,
    filter.agreement && sql`l.agreement_ref = any(array(${refsOf(filter.agreement)}))`,
    connection && sql`l.connection = ${connection}`,
    payout && sql`l.payout_ref = ${payout}`,
    month && sql`l.invoiced_on >= ${firstDay(month)}::date and l.invoiced_on < ${after(month)}`,
    from && sql`l.invoiced_on >= ${firstDay(from)}::date`,
    to && sql`l.invoiced_on < ${after(to)}`,
    action && sql`l.action = ${action}`,
    kind && sql`l.kind = ${kind}`,
  ].filter((condition) => typeof condition === 'object')
  return sql`(${sql.join(wanted, sql` and `)})`
}

/** The marketplace's ids of an agreement that is named by ours or its own. */
const refsOf = (agreement: string) =>
  sql`select agreement_ref from agreements where id = ${agreement} union select ${agreement}::text`

/** Lines that may be a buyer's, found by index: those of its agreements, and those its accounts pay. */
const maybeOf = (id: string) => sql`
  select seq from revenue_lines where agreement_ref in
    (select agreement_ref from agreements where buyer = ${id})
  union select seq from revenue_lines where payer_ref in (
    select ref from buyer_accounts where buyer = ${id}
    union select ref from reported_facts where subject = 'account'
      and vals->>'accountRef' in (select ref from buyer_accounts where buyer = ${id}))`

const after = (month: Month) => sql`(${firstDay(month)}::date + interval '1 month')`
