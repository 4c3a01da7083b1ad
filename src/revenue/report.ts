import { type Decimal, plus, times } from '../kernel/decimal.ts'
import { type Currency, isCurrency, type Money, minorDigits, post } from '../kernel/money.ts'
import type { Month } from '../kernel/time.ts'
import type { LineAction, LineKind } from './model.ts'
import { collectionSplit, type PayoutStatus, payoutStatus } from './status.ts'

/** What a sum is kept apart by. */
export type Group = {
  readonly month: Month
  readonly connection: string
  readonly agreement: string | null
  readonly agreementRef: string | null
  readonly buyer: string | null
  readonly currency: Currency
}
export type Summed = Group & {
  readonly action: LineAction
  readonly kind: LineKind
  /** The exact sum of what was reported. */
  readonly amount: Decimal
}

/** One agreement's invoice month in one currency. Each figure is rounded once, from its own exact sum. */
export type RevenueRow = Group & {
  /** What buyers were charged then; deductions are negative. */
  readonly billed: {
    readonly gross: Money
    readonly refund: Money
    readonly fee: Money
    readonly tax: Money
    readonly wholesale: Money
    readonly adjustment: Money
    readonly net: Money
  }
  /** Of it: what the marketplace let the buyer off; negative. */
  readonly forgiven: Money
  /** Of it: what buyers have paid to the marketplace, where that is reported. */
  readonly collected: Money
  /** Of it: what has been paid out to the seller. */
  readonly disbursed: Money
  readonly undisbursed: Money
  /** Of it, owed by buyers still. Null where collection is not reported. */
  readonly uncollected: Money | null
  /** Of it, paid by buyers and not paid out yet. Null where collection is not reported. */
  readonly awaitingDisbursement: Money | null
  readonly status: PayoutStatus
  /** Tax the marketplace remits itself; in no other figure. */
  readonly marketplaceTax: Money
  /** What we could not classify; in no other figure. */
  readonly unclassified: Money
}

const parts = {
  gross: ['gross'],
  refund: ['gross_refund'],
  fee: ['fee', 'fee_refund'],
  tax: ['seller_tax', 'seller_tax_refund', 'other_tax', 'other_tax_refund'],
  wholesale: ['wholesale', 'wholesale_refund'],
  adjustment: ['adjustment', 'infrastructure'],
} as const satisfies Record<string, readonly LineKind[]>
type Part = keyof typeof parts

const inNet: ReadonlySet<LineKind> = new Set(Object.values(parts).flat())
const remitted: ReadonlySet<LineKind> = new Set(['marketplace_tax', 'marketplace_tax_refund'])
const payouts: ReadonlySet<LineKind> = new Set(['payout', 'payout_failure'])

/**
 * Folds sums by action and kind into rows by month and agreement. Months are those of the invoice, also for what
 * was collected and paid out later. Payouts in bulk belong to no agreement and are left to the disbursements.
 */
export function revenueRows(sums: readonly Summed[]): RevenueRow[] {
  const groups = Map.groupBy(
    sums.filter((s) => !payouts.has(s.kind)),
    (s) => groupKey(s),
  )
  return [...groups.values()].map(rowOf).toSorted(byGroup)
}

/** One total per currency, of everything. */
export function totals(sums: readonly Summed[]): RevenueRow[] {
  const all = sums.map((s) => ({ ...s, ...nothing }))
  return revenueRows(all)
}
const nothing = {
  month: '' as Month,
  connection: '',
  agreement: null,
  agreementRef: null,
  buyer: null,
}

function rowOf(sums: readonly Summed[]): RevenueRow {
  const [{ month, connection, agreement, agreementRef, buyer, currency }] = sums as [Summed]
  const total = (wanted: (s: Summed) => boolean): Decimal =>
    sums.filter(wanted).reduce((sum, { amount }) => plus(sum, amount), '0')
  const amount = (wanted: (s: Summed) => boolean) => post(currency, total(wanted))
  const isOpen = (s: Summed) => s.action === 'invoiced' || s.action === 'forgiven'
  const part = (name: Part) =>
    amount((s) => s.action === 'invoiced' && (parts[name] as readonly LineKind[]).includes(s.kind))
  const netOf = (action: LineAction) => (s: Summed) => s.action === action && inNet.has(s.kind)
  const net = total((s) => isOpen(s) && inNet.has(s.kind))
  const paid = total(netOf('disbursed'))
  const collected = amount(netOf('collected'))
  const split = sums.some((s) => s.action === 'collected')
    ? collectionSplit(post(currency, net), collected, post(currency, paid))
    : null
  return {
    month,
    connection,
    agreement,
    agreementRef,
    buyer,
    currency,
    billed: {
      gross: part('gross'),
      refund: part('refund'),
      fee: part('fee'),
      tax: part('tax'),
      wholesale: part('wholesale'),
      adjustment: part('adjustment'),
      net: amount(netOf('invoiced')),
    },
    forgiven: amount(netOf('forgiven')),
    collected,
    disbursed: post(currency, times(paid, '-1')),
    undisbursed: post(currency, plus(net, paid)),
    uncollected: split?.uncollected ?? null,
    awaitingDisbursement: split?.awaitingDisbursement ?? null,
    status: payoutStatus({
      sellerNet: post(currency, net),
      disbursedNet: post(currency, paid),
      hasDisbursement: sums.some((s) => s.action === 'disbursed'),
      lastFailed: false,
    }),
    marketplaceTax: amount((s) => s.action === 'invoiced' && remitted.has(s.kind)),
    unclassified: amount(
      (s) => s.kind === 'unknown' || (s.action === 'unknown' && inNet.has(s.kind)),
    ),
  }
}

/** What makes a row of its own: an agreement, or without one the buyer. */
const groupKey = (g: Group): string =>
  JSON.stringify([
    g.month,
    g.connection,
    g.agreementRef ?? '~',
    g.agreementRef ? null : g.buyer,
    g.currency,
  ])

const byGroup = (a: RevenueRow, b: RevenueRow): number => (groupKey(a) < groupKey(b) ? -1 : 1)

/** A reported amount with at least its currency's decimals, and no zeros beyond: `100.00`, `0.001234`. */
export function asReported(currency: Currency, amount: Decimal): Decimal {
  const digits = isCurrency(currency) ? minorDigits(currency) : 0
  const [whole = '0', places = ''] = amount.split('.')
  const kept = places.replace(/0+$/, '').padEnd(digits, '0')
  return kept === '' ? whole : `${whole}.${kept}`
}
