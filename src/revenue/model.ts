import * as z from 'zod'
import { type Decimal, isDecimal } from '../kernel/decimal.ts'
import { idField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import { isCurrency } from '../kernel/money.ts'
import { storableText } from '../kernel/text.ts'
import { type Day, type Instant, isDay, type Month, readInstant } from '../kernel/time.ts'

/** What a line is, on whose behalf it moves; positive is owed to the seller. */
export const lineKinds = [
  'gross',
  'gross_refund',
  'fee',
  'fee_refund',
  'seller_tax',
  'seller_tax_refund',
  'marketplace_tax',
  'marketplace_tax_refund',
  'other_tax',
  'other_tax_refund',
  'wholesale',
  'wholesale_refund',
  'adjustment',
  'infrastructure',
  'payout',
  'payout_failure',
  'unknown',
] as const
export type LineKind = (typeof lineKinds)[number]
export type LineAction = 'invoiced' | 'collected' | 'disbursed' | 'forgiven' | 'unknown'

/** What a line charges for: use that was metered, or the term itself with what it includes. */
export const bases = ['usage', 'term'] as const
export type Basis = (typeof bases)[number]

/** `payout`: what the seller is paid in. `usd`: for comparison. `rate` multiplies the line's amount; null when not told. */
export type OtherAmount = {
  readonly role: 'payout' | 'usd'
  readonly amount: Decimal
  readonly currency: string
  readonly rate: Decimal | null
  readonly rateOn: Day | null
}

/** One billed, refunded, fee, tax or payout line as reported, exact. */
export type RevenueLine = {
  readonly lineRef: string
  readonly parentRef: string | null
  readonly action: LineAction
  readonly kind: LineKind
  /** The marketplace's own word for action and kind. */
  readonly nativeKind: string
  readonly amount: Decimal
  readonly currency: string
  /** The same amount in the other currencies it is told in, at the marketplace's own rates. */
  readonly others: readonly OtherAmount[]
  readonly invoiceRef: string | null
  readonly invoicedOn: Day
  readonly dueOn: Day | null
  readonly usage: { readonly from: Instant; readonly to: Instant } | null
  /** Absent where the report does not tell. */
  readonly basis?: Basis | undefined
  readonly agreementRef: string | null
  readonly offerRef: string | null
  readonly listingRef: string | null
  /** The buyer's account as the reports know it; an `account` fact of that ref names the real one as `values.accountRef`. */
  readonly payerRef: string | null
  readonly payoutRef: string | null
  /**
   * What the row tells of what the drawdown rules ask about, by the names they use (`line.country`). It goes before
   * what people stated of the listing and the commitment; what is absent stays theirs to say.
   */
  readonly facts: Readonly<Record<string, string | boolean>>
}

/**
 * A record about something else that reports carry: an account, agreement, offer or product, for joining, or usage.
 * An account's `values.accountRef` is the account as it is known everywhere else, usage's values are a `ReportedUsage`;
 * other values are the adapter's choice.
 */
export type ReportedFact = {
  readonly subject: 'account' | 'agreement' | 'offer' | 'listing' | 'usage' | 'other'
  readonly ref: string
  readonly values: Readonly<Record<string, string | null>>
}

/** So much of a dimension as a report says was used in a period. */
export type ReportedUsage = {
  /** Null where the report names none; then it is looked for as a line's is, by offer or account. */
  readonly agreementRef: string | null
  readonly offerRef: string | null
  readonly listingRef: string | null
  readonly payerRef: string | null
  readonly planRef: string | null
  /** Null where nobody can tell which of ours it is; `item` is then all that is known. */
  readonly dimension: string | null
  /** The report's own name of what was used. */
  readonly item: string
  readonly from: Instant
  readonly to: Instant
  readonly quantity: Decimal
  /** What it comes to, as the report says; null where it does not. */
  readonly amount: Decimal | null
  readonly currency: string | null
  /** Whether that is what the buyer was billed, or an estimate before. */
  readonly isBilled: boolean
}

/** Usage as the fact of a report; `ref` names the row. */
export const usageFact = (ref: string, usage: ReportedUsage): ReportedFact => ({
  subject: 'usage',
  ref,
  values: { ...usage, isBilled: usage.isBilled ? 'true' : 'false' },
})

/** What a marketplace invoiced of one agreement, before tax. A credit takes back, whatever its sign. */
export type AgreementInvoice = {
  readonly invoiceRef: string
  readonly isCredit: boolean
  /** The marketplace’s own billing period. */
  readonly month: Month
  readonly issuedAt: Instant
  readonly amount: Decimal
  readonly currency: string
  readonly native: unknown
}

/**
 * One row of a report in both times: true since, and known to the marketplace since. `knownFrom` null: the reports do
 * not say, and a row that reads as before, `native` included, is nothing new; another is dated by the first reading
 * that showed it so. An undated row stands once in a file, and its `validFrom` never moves back: a line is looked up
 * by the latest.
 */
export type ReportedRow = {
  readonly row: number
  readonly validFrom: Instant
  readonly knownFrom: Instant | null
  /** The marketplace withdrew it then. */
  readonly deletedAt: Instant | null
  readonly content:
    | ({ readonly is: 'line' } & RevenueLine)
    | ({ readonly is: 'fact' } & ReportedFact)
  readonly native: Readonly<Record<string, string>>
}

/** A row that cannot be read: where, and why. The others are kept. */
export type BrokenRow = {
  readonly row: number
  readonly column: string | null
  readonly message: string
  readonly raw: string
}

/** A point to look from, in both times: what was true on `asOf`, as the marketplace knew it on `known`. */
export type Vantage = {
  readonly asOf: Day
  readonly known: Day
  /** Only what had been written down here by then: makes an earlier answer come out the same again. Null: everything. */
  readonly recordedBy: Instant | null
}

/**
 * One run over a marketplace's report files. `preparing`: the marketplace makes them first, `detail` says what is still
 * missing. `partial`: some file could not be read; the others are in.
 */
export type ImportState =
  | { readonly is: 'waiting' }
  | { readonly is: 'preparing'; readonly detail: string; readonly since: Instant }
  | { readonly is: 'reading' }
  | { readonly is: 'done' }
  | { readonly is: 'partial'; readonly filesFailed: number }
  | { readonly is: 'failed'; readonly problem: unknown }

export type RevenueImport = {
  readonly id: Id<'imp'>
  readonly connection: Id<'conn'>
  /** Reads files again that were read before, e.g. after an upgrade that understands more of them. */
  readonly again: boolean
  /** The port's own note about reports it had made; null where it makes none. */
  readonly held: unknown
  readonly state: ImportState
  readonly revision: number
  readonly createdAt: Instant
  readonly finishedAt: Instant | null
}

/** `same`: read before, not read again. `lastRow` is how far it is read; a crash resumes there. */
export type ImportFile = {
  readonly name: string
  readonly fingerprint: string
  readonly sizeBytes: number
  readonly position: number
  readonly state: 'waiting' | 'reading' | 'read' | 'same' | 'failed'
  readonly lastRow: number
  readonly rowsRead: number
  readonly rowsNew: number
  readonly rowsBroken: number
  readonly problem: unknown
}

const open: ReadonlySet<ImportState['is']> = new Set(['waiting', 'preparing', 'reading'])
export const isFinal = ({ is }: ImportState): boolean => !open.has(is)

/** How an import ends when no file waits any more. */
export const ended = (files: readonly ImportFile[]): ImportState => {
  const filesFailed = files.filter((file) => file.state === 'failed').length
  return filesFailed > 0 ? { is: 'partial', filesFailed } : { is: 'done' }
}

/** Ten trillion of anything is no invoice; and no number of larger lines could be added up to money. */
const wholeDigitsMax = 13

/** Why a row cannot be kept, or undefined: what the database would refuse is found here, row by row. */
export function rowFault({
  validFrom,
  knownFrom,
  content,
  native,
}: ReportedRow): Fault | undefined {
  for (const [column, text] of Object.entries(native))
    if (storableText(text) !== text) return fault(column, storableText(text))
  if (readInstant(validFrom) === undefined) return fault('valid_from', validFrom)
  if (knownFrom !== null && readInstant(knownFrom) === undefined)
    return fault('known_from', knownFrom)
  if (content.is === 'fact') return content.ref === '' ? fault('ref', '') : undefined
  if (content.lineRef === '') return fault('line', '')
  for (const { column, amount, currency } of amountsOf(content)) {
    if (!isDecimal(amount, wholeDigitsMax)) return fault(column, amount)
    if (!isCurrency(currency)) return fault(column, currency)
  }
  if (!isDay(content.invoicedOn)) return fault('invoice_date', content.invoicedOn)
  return undefined
}

const amountsOf = ({ amount, currency, others }: RevenueLine) => [
  { column: 'amount', amount, currency },
  ...others.map((other) => ({ ...other, column: other.role })),
]

type Fault = { readonly column: string; readonly message: string }
const fault = (column: string, value: string): Fault => ({
  column,
  message: value === '' ? 'is empty' : `cannot be read: ${value.slice(0, 100)}`,
})

export const startImport = z.strictObject({
  connection: idField('conn', 'Whose reports to read'),
  again: z.boolean().default(false).meta({
    description: 'Read files again that were read before; rows that are known add nothing',
    example: false,
  }),
})
export type StartImport = z.infer<typeof startImport>

export const importId = idField('imp', 'An import')
