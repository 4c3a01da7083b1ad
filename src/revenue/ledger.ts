import { type RawBuilder, sql } from 'kysely'
import { Problem } from '../kernel/problem.ts'
import { addMonths, type Day, firstDay, type Month, startOf } from '../kernel/time.ts'
import { factsOf, type Listing } from '../listings/model.ts'
import type { Db } from '../platform/db.ts'
import { accountOf, type KeptLine, type LineRow, readLine, visible } from './lines.ts'
import type { Basis, LineAction, LineKind, Vantage } from './model.ts'
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
  readonly basis?: Basis | undefined
  /** The month in which the use it charges begins. */
  readonly usage?: Month | undefined
  /** Invoiced in this month, or charging use that begins in it. */
  readonly about?: Month | undefined
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
    select l.month, l.connection, a.id as agreement,
      coalesce(l.agreement_ref, a.agreement_ref) as "agreementRef",
      ${buyer} as buyer, l.currency, l.action, l.kind, l.role, l."otherCurrency", l.amount, l.lines
    from (
      select to_char(l.invoiced_on, 'YYYY-MM') as month, l.connection, l.agreement_ref, l.currency,
        l.action, l.kind, told.role, told.currency as "otherCurrency", min(l.payer_ref) as payer_ref,
        min(l.offer_ref) as offer_ref, min(l.listing_ref) as listing_ref,
        sum(told.amount)::text as amount, count(*) as lines
      from revenue_lines l, lateral (select null as role, l.currency, l.amount union all
        select o.role, o.currency, o.amount
        from jsonb_to_recordset(l.others) as o(role text, currency text, amount numeric)) told
      where ${linesWhere(filter, at)}
      group by 1, l.connection, l.agreement_ref, l.currency, l.action, l.kind, told.role,
        told.currency, case when l.agreement_ref is null
          then jsonb_build_array(l.payer_ref, l.offer_ref, l.listing_ref) end) l
    ${owners} where ${wanted} and ${ofAgreement(filter.agreement)}
    limit ${groupsMax + 1}`.execute(db)
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
// An agreement may name its buyer by another account than the one that everybody knows, to which its offer was made.
const account = sql`coalesce(f.account, (select k.ref from buyer_accounts k
    where k.provider = c.provider and k.ref = a.buyer_ref),
  (select case when jsonb_array_length(o.frozen -> 'order' -> 'buyerRefs') = 1
      then o.frozen -> 'order' -> 'buyerRefs' ->> 0 end
    from offers o where o.id = a.offer), a.buyer_ref, l.payer_ref)`

/**
 * The agreement of a line that names none: the only one that ever was of its offer; or, where the line names no offer
 * either, the only one that its account has, of its listing where it names that. Where several could be meant, none is.
 */
const meant = sql`(select case when count(*) = 1 then min(one.agreement_ref) end as agreement_ref from (
    select m.agreement_ref from agreement_versions v join agreements m on m.id = v.agreement
    where l.agreement_ref is null and v.content ->> 'offerRef' = l.offer_ref
      and m.connection = l.connection
    union select m.agreement_ref from agreements m
    where l.agreement_ref is null and l.offer_ref is null and m.connection = l.connection
      and (m.buyer_ref = f.account or m.buyer = b.buyer) and f.account is not null
      and (l.listing_ref is null or m.listing_ref = l.listing_ref)) one)`

/** What lines `l` belong to, as that is known today. */
export const owners = sql`join connections c on c.id = l.connection
  left join lateral ${accountOf} f on true
  left join buyer_accounts b on b.provider = c.provider and b.ref = coalesce(f.account, l.payer_ref)
  left join lateral ${meant} n on true
  left join agreements a on a.connection = l.connection
    and a.agreement_ref = coalesce(l.agreement_ref, n.agreement_ref)`

// A report that names no listing leaves it to the agreement.
const resolved = sql`revenue_lines l ${owners}
  left join listings i on i.connection = l.connection and i.id = coalesce(
    (select id from listings n where n.connection = l.connection and n.listing_ref = l.listing_ref),
    case when l.listing_ref is null then a.listing end)`

function where(filter: LineFilter, at: Vantage): RawBuilder<unknown> {
  const lines = sql`${linesWhere(filter, at)} and ${ofAgreement(filter.agreement)}`
  return filter.buyer ? sql`${lines} and ${buyer} = ${filter.buyer}` : lines
}

const ofAgreement = (agreement: string | undefined): RawBuilder<unknown> =>
  agreement === undefined
    ? sql`true`
    : sql`(l.agreement_ref = ${agreement} or a.id = ${agreement} or a.agreement_ref = ${agreement})`

/** Conditions on lines alone; a buyer's or an agreement's may be more than its own, and are told apart by their owners. */
function linesWhere(filter: LineFilter, at: Vantage): RawBuilder<unknown> {
  const { connection, month, action, kind, basis, usage, about, from, to, payout } = filter
  const wanted = [
    visible(at),
    filter.buyer && sql`l.seq = any(array(${maybeOf(filter.buyer)}))`,
    filter.agreement && sql`l.seq = any(array(${maybeIn(filter.agreement)}))`,
    connection && sql`l.connection = ${connection}`,
    payout && sql`l.payout_ref = ${payout}`,
    month && invoiced(month),
    from && sql`l.invoiced_on >= ${firstDay(from)}::date`,
    to && sql`l.invoiced_on < ${after(to)}`,
    action && sql`l.action = ${action}`,
    kind && sql`l.kind = ${kind}`,
    basis && sql`l.basis = ${basis}`,
    usage && used(usage),
    about && sql`(${invoiced(about)} or ${used(about)})`,
  ].filter((condition) => typeof condition === 'object')
  return sql`(${sql.join(wanted, sql` and `)})`
}

/** Lines that may be of some agreements, found by index: those that name them, and those that name one of their offers. */
const ofDeals = (named: RawBuilder<unknown>) => sql`
  select seq from revenue_lines where agreement_ref in
    (select agreement_ref from agreements where ${named})
  union select seq from revenue_lines where agreement_ref is null and offer_ref in
    (select content ->> 'offerRef' from agreement_versions
      where agreement in (select id from agreements where ${named}))`

/** Lines that some accounts may pay: by the names that reports have for them. */
const paidBy = (accounts: RawBuilder<unknown>) => sql`
  select seq from revenue_lines where payer_ref in (${accounts}
    union select ref from reported_facts
      where subject = 'account' and vals ->> 'accountRef' in (${accounts}))`

const maybeOf = (id: string) => sql`${ofDeals(sql`buyer = ${id}`)}
  union ${paidBy(sql`select ref from buyer_accounts where buyer = ${id}
    union select buyer_ref from agreements where buyer = ${id}`)}`

/** An agreement that is named by our id or by the marketplace's, known here or not. */
function maybeIn(agreement: string) {
  const named = sql`id = ${agreement} or agreement_ref = ${agreement}`
  return sql`${ofDeals(named)}
    union select seq from revenue_lines where agreement_ref = ${agreement}
    union ${paidBy(sql`select buyer_ref from agreements where ${named}
      union select ref from buyer_accounts where buyer in (select buyer from agreements where ${named})`)}`
}

const invoiced = (month: Month) =>
  sql`(l.invoiced_on >= ${firstDay(month)}::date and l.invoiced_on < ${after(month)})`

const used = (month: Month) =>
  sql`(l.usage_from >= ${startOf(firstDay(month))}::timestamptz
    and l.usage_from < ${startOf(addMonths(firstDay(month), 1))}::timestamptz)`

const after = (month: Month) => sql`(${firstDay(month)}::date + interval '1 month')`
