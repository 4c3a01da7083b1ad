import { type RawBuilder, sql } from 'kysely'
import type { Id } from '../kernel/id.ts'
import { addDays, type Day, type Instant, startOf } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import type { Basis, LineAction, LineKind, ReportedRow, RevenueLine, Vantage } from './model.ts'

/** Where a row came from: a file by its name, and by its place in the import. */
export type Origin = {
  readonly connection: Id<'conn'>
  readonly import: Id<'imp'>
  readonly file: string
  readonly position: number
  readonly recordedAt: Instant
}

/** A line as it stood at a vantage point. */
export type KeptLine = RevenueLine & {
  readonly seq: bigint
  readonly connection: Id<'conn'>
  readonly validFrom: Instant
  readonly knownFrom: Instant
  readonly recordedAt: Instant
  readonly file: string
  readonly fileRow: number
}

/**
 * Adds rows; one that is known adds nothing. A dated row is known by its key, both times and a fingerprint of all it
 * says. An undated one is known when the newest version of its key from before this content of its file was first
 * read says the same; else it is dated by that first reading, so that reading the file again changes nothing, even
 * after newer ones. Returns how many were new.
 */
export async function add(db: Db, rows: readonly ReportedRow[], origin: Origin): Promise<number> {
  const lines = rows.filter((row) => row.content.is === 'line').map(flat)
  const facts = rows.filter((row) => row.content.is === 'fact').map(flat)
  return (await addLines(db, lines, origin)) + (await addFacts(db, facts, origin))
}

/** What is empty says nothing: it is left out, and a line fingerprints as before there was room for it. */
const flat = ({ row, content, ...rest }: ReportedRow) => {
  if (content.is === 'fact') return { row, said: { ...content, ...rest } }
  const { others, facts, basis, ...line } = content
  const told = {
    ...(basis && { basis }),
    ...(others.length > 0 && { others }),
    ...(Object.keys(facts).length > 0 && { facts }),
  }
  return { row, said: { ...line, ...told, ...rest } }
}

const hash = sql`encode(sha256(convert_to(e.said::text, 'UTF8')), 'hex')`

async function addLines(db: Db, lines: readonly object[], origin: Origin): Promise<number> {
  if (lines.length === 0) return 0
  const { rows } = await sql<{ added: bigint }>`with told as (
    select e."row", ${hash} as hash, r.*
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as e("row" bigint, said jsonb),
      lateral jsonb_to_record(e.said) as r("lineRef" text, "validFrom" timestamptz,
        "knownFrom" timestamptz, "deletedAt" timestamptz, "parentRef" text, action text, kind text,
        "nativeKind" text, amount numeric, currency text, others jsonb, facts jsonb,
        "invoiceRef" text, "invoicedOn" date, "dueOn" date, usage jsonb, basis text,
        "agreementRef" text, "offerRef" text, "listingRef" text, "payerRef" text,
        "payoutRef" text, native jsonb)),
  added as (
    insert into revenue_lines (connection, line_ref, valid_from, known_from, recorded_at, deleted_at,
      hash, parent_ref, action, kind, native_kind, amount, currency, others, facts, invoice_ref,
      invoiced_on, due_on, usage_from, usage_to, basis, agreement_ref, offer_ref, listing_ref,
      payer_ref, payout_ref, import, file, file_row, native)
    select ${origin.connection}, r."lineRef", r."validFrom", coalesce(r."knownFrom", first.known_at),
      ${origin.recordedAt}::timestamptz, r."deletedAt", r.hash, r."parentRef", r.action, r.kind,
      r."nativeKind", r.amount, r.currency, coalesce(r.others, '[]'), coalesce(r.facts, '{}'),
      r."invoiceRef", r."invoicedOn", r."dueOn", (r.usage->>'from')::timestamptz,
      (r.usage->>'to')::timestamptz, r.basis, r."agreementRef", r."offerRef", r."listingRef",
      r."payerRef", r."payoutRef", ${origin.import}, ${origin.file}, r."row", r.native
    from told r, ${firstReading(origin)}
    where ${says(sql`from revenue_lines k where k.connection = ${origin.connection}
      and k.line_ref = r."lineRef"`)}
    order by r."row" on conflict do nothing returning 1)
  select count(*) as added from added`.execute(db)
  return Number(rows[0]?.added ?? 0)
}

async function addFacts(db: Db, facts: readonly object[], origin: Origin): Promise<number> {
  if (facts.length === 0) return 0
  const { rows } = await sql<{ added: bigint }>`with told as (
    select e."row", ${hash} as hash, r.*
    from jsonb_to_recordset(${JSON.stringify(facts)}::jsonb) as e("row" bigint, said jsonb),
      lateral jsonb_to_record(e.said) as r(subject text, ref text, "validFrom" timestamptz,
        "knownFrom" timestamptz, "deletedAt" timestamptz, "values" jsonb, native jsonb)),
  added as (
    insert into reported_facts (connection, subject, ref, valid_from, known_from, recorded_at,
      deleted_at, hash, vals, import, file, file_row, native)
    select ${origin.connection}, r.subject, r.ref, r."validFrom",
      coalesce(r."knownFrom", first.known_at), ${origin.recordedAt}::timestamptz, r."deletedAt",
      r.hash, r."values", ${origin.import}, ${origin.file}, r."row", r.native
    from told r, ${firstReading(origin)}
    where ${says(sql`from reported_facts k where k.connection = ${origin.connection}
      and k.subject = r.subject and k.ref = r.ref`)}
    order by r."row" on conflict do nothing returning 1)
  select count(*) as added from added`.execute(db)
  return Number(rows[0]?.added ?? 0)
}

/** When this very content of a file was first read, to the microsecond: later files of an import are later. */
const firstReading = ({ import: id, position }: Origin) =>
  sql`(select known_at from revenue_files where import = ${id} and position = ${position}) first`

/** Whether a row `r` is dated, or says something else than the last version before its file's first reading. */
const says = (versions: RawBuilder<unknown>) => sql<boolean>`(r."knownFrom" is not null
  or r.hash is distinct from (select k.hash ${versions} and k.known_from < first.known_at
    order by k.known_from desc, k.seq desc limit 1))`

/**
 * Whether a row of history is what a vantage point shows of its key: of what was known by then, the newest version
 * of each valid time, without the withdrawn, and of those the latest that was valid. A condition on alias `l`, so
 * that whatever else narrows the rows comes first and finds its index.
 */
export function visible(at: Vantage): RawBuilder<boolean> {
  const within = (alias: string) => seen(alias, at)
  const newer = sql`select 1 from revenue_lines n where n.connection = l.connection
    and n.line_ref = l.line_ref and n.valid_from = l.valid_from
    and (n.known_from, n.seq) > (l.known_from, l.seq) and ${within('n')}`
  const later = sql`select 1 from revenue_lines n where n.connection = l.connection
    and n.line_ref = l.line_ref and n.valid_from > l.valid_from and ${within('n')}
    and ${standing('n', at)} and not exists (
      select 1 from revenue_lines m where m.connection = n.connection and m.line_ref = n.line_ref
        and m.valid_from = n.valid_from and (m.known_from, m.seq) > (n.known_from, n.seq)
        and ${within('m')})`
  return sql<boolean>`(${within('l')} and ${standing('l', at)}
    and not exists (${newer}) and not exists (${later}))`
}

function seen(alias: string, { asOf, known, recordedBy }: Vantage): RawBuilder<boolean> {
  const of = sql.raw(alias)
  const recorded = recordedBy ? sql`and ${of}.recorded_at <= ${recordedBy}::timestamptz` : sql``
  return sql<boolean>`(${of}.valid_from < ${startOf(addDays(asOf, 1))}::timestamptz
    and ${of}.known_from < ${startOf(addDays(known, 1))}::timestamptz ${recorded})`
}

const standing = (alias: string, { known }: Vantage): RawBuilder<boolean> =>
  sql<boolean>`coalesce(${sql.raw(alias)}.deleted_at >= ${startOf(addDays(known, 1))}::timestamptz, true)`

/**
 * The real account behind a line's payer, by the newest of what reports have said of it: an identity, whatever day
 * is looked at. A lookup a line, so that no plan without statistics makes a product of it.
 */
export const accountOf = sql`(select vals->>'accountRef' as account from reported_facts
  where connection = l.connection and subject = 'account' and ref = l.payer_ref and deleted_at is null
  order by valid_from desc, known_from desc, seq desc limit 1)`

export type LineRow = {
  seq: bigint
  connection: string
  line_ref: string
  valid_from: Instant
  known_from: Instant
  recorded_at: Instant
  parent_ref: string | null
  action: string
  kind: string
  native_kind: string
  amount: string
  currency: string
  others: RevenueLine['others']
  facts: RevenueLine['facts']
  invoice_ref: string | null
  invoiced_on: Day
  due_on: Day | null
  usage_from: Instant | null
  usage_to: Instant | null
  basis: string | null
  agreement_ref: string | null
  offer_ref: string | null
  listing_ref: string | null
  payer_ref: string | null
  payout_ref: string | null
  file: string
  file_row: bigint
}

export const readLine = (row: LineRow): KeptLine => ({
  seq: row.seq,
  connection: row.connection as Id<'conn'>,
  lineRef: row.line_ref,
  validFrom: row.valid_from,
  knownFrom: row.known_from,
  recordedAt: row.recorded_at,
  parentRef: row.parent_ref,
  action: row.action as LineAction,
  kind: row.kind as LineKind,
  nativeKind: row.native_kind,
  amount: row.amount,
  currency: row.currency,
  others: row.others,
  facts: row.facts,
  invoiceRef: row.invoice_ref,
  invoicedOn: row.invoiced_on,
  dueOn: row.due_on,
  usage: row.usage_from && row.usage_to && { from: row.usage_from, to: row.usage_to },
  ...(row.basis !== null && { basis: row.basis as Basis }),
  agreementRef: row.agreement_ref,
  offerRef: row.offer_ref,
  listingRef: row.listing_ref,
  payerRef: row.payer_ref,
  payoutRef: row.payout_ref,
  file: row.file,
  fileRow: Number(row.file_row),
})
