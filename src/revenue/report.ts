import { type Decimal, plus, times, total } from '../kernel/decimal.ts'
import { type Currency, isCurrency, type Money, minorDigits, post } from '../kernel/money.ts'
import type { Month } from '../kernel/time.ts'
import type { LineAction, LineKind, OtherAmount } from './model.ts'
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
  readonly lines: number
}
/** The same lines as they are told in another currency, as far as they are. */
export type SummedOther = Summed & {
  readonly role: OtherAmount['role']
  readonly otherCurrency: Currency
}
export type Sums = { readonly own: readonly Summed[]; readonly others: readonly SummedOther[] }

/** A row's figures in another currency, never mixed with the row's own or with a third. */
export type OtherRow = {
  readonly role: OtherAmount['role']
  readonly currency: Currency
  readonly gross: Money
  readonly net: Money
  readonly disbursed: Money
  /** How many of the row's lines are told in it; the others are in none of its figures. */
  readonly lines: number
  readonly linesOf: number
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
  readonly others: readonly OtherRow[]
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
export function revenueRows({ own, others }: Sums): RevenueRow[] {
  const isOfDeals = (s: Summed) => !payouts.has(s.kind)
  const alike = Map.groupBy(others.filter(isOfDeals), groupKey)
  const groups = Map.groupBy(own.filter(isOfDeals), groupKey)
  return [...groups]
    .map(([key, sums]) => ({ ...rowOf(sums), others: othersOf(sums, alike.get(key) ?? []) }))
    .toSorted(byGroup)
}

/** One total per currency, of everything. */
export function totals({ own, others }: Sums): RevenueRow[] {
  return revenueRows({
    own: own.map((s) => ({ ...s, ...nothing })),
    others: others.map((s) => ({ ...s, ...nothing })),
  })
}
const nothing = {
  month: '' as Month,
  connection: '',
  agreement: null,
  agreementRef: null,
  buyer: null,
}

function rowOf(sums: readonly Summed[]): Omit<RevenueRow, 'others'> {
  const [{ month, connection, agreement, agreementRef, buyer, currency }] = sums as [Summed]
  const sumOf = (wanted: (s: Summed) => boolean): Decimal =>
    total(sums.filter(wanted).map((s) => s.amount))
  const amount = (wanted: (s: Summed) => boolean) => post(currency, sumOf(wanted))
  const part = (name: Part) =>
    amount((s) => s.action === 'invoiced' && (parts[name] as readonly LineKind[]).includes(s.kind))
  const net = sumOf((s) => isOpen(s) && inNet.has(s.kind))
  const paid = sumOf(netOf('disbursed'))
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

const isOpen = ({ action }: Summed) => action === 'invoiced' || action === 'forgiven'
const netOf = (action: LineAction) => (s: Summed) => s.action === action && inNet.has(s.kind)

function othersOf(own: readonly Summed[], others: readonly SummedOther[]): OtherRow[] {
  const counted = (sums: readonly Summed[]) =>
    sums.filter((s) => inNet.has(s.kind)).reduce((n, { lines }) => n + lines, 0)
  const groups = Map.groupBy(others, ({ role, otherCurrency }) => `${role} ${otherCurrency}`)
  return [...groups.entries()].toSorted(byName).map(([, sums]) => {
    const [{ role, otherCurrency: currency }] = sums as [SummedOther]
    const amount = (wanted: (s: Summed) => boolean, sign = '1') =>
      post(currency, times(total(sums.filter(wanted).map((s) => s.amount)), sign))
    return {
      role,
      currency,
      gross: amount((s) => s.action === 'invoiced' && s.kind === 'gross'),
      net: amount(netOf('invoiced')),
      disbursed: amount(netOf('disbursed'), '-1'),
      lines: counted(sums),
      linesOf: counted(own),
    }
  })
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1

/** What makes a row of its own: an agreement, or without one the buyer. */
const groupKey = (g: Group): string =>
  JSON.stringify([
    g.month,
    g.connection,
    g.agreementRef ?? '~',
    g.agreementRef ? null : g.buyer,
    g.currency,
  ])

const byGroup = (a: Group, b: Group): number => (groupKey(a) < groupKey(b) ? -1 : 1)

/** A reported amount with at least its currency's decimals, and no zeros beyond: `100.00`, `0.001234`. */
export function asReported(currency: Currency, amount: Decimal): Decimal {
  const digits = isCurrency(currency) ? minorDigits(currency) : 0
  const [whole = '0', places = ''] = amount.split('.')
  const kept = places.replace(/0+$/, '').padEnd(digits, '0')
  return kept === '' ? whole : `${whole}.${kept}`
}
