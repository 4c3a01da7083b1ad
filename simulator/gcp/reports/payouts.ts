import type { Table } from '../../world.ts'
import { centsText, type Nanos, nanosOfText } from '../producer/amount.ts'
import type { GcpContext } from '../state.ts'
import type { BillLine } from './bill.ts'
import { billLines } from './lines.ts'

/** What Google held back because the buyer's billing account is delinquent. */
export type Withheld = {
  readonly line: string
  readonly provider: string
  readonly billingAccount: string
  readonly month: string
  /** The vendor's share, decimal text. */
  readonly amount: string
  /** Released or abandoned, and in the reports of which month; null while it is held. */
  readonly settled: { readonly as: 'released' | 'abandoned'; readonly month: string } | null
}

/** A line with what becomes of the vendor's share of it. Amounts in billionths. */
export type PaidLine = BillLine & {
  readonly withheld: Nanos
  readonly released: Nanos
  readonly abandoned: Nanos
  readonly status: 'paid' | 'withheld' | 'released' | 'abandoned'
}

export const withheldTable = (gcp: GcpContext): Table<Withheld> => gcp.world.table('gcp.withheld')

/**
 * The lines of a month with their payout: withheld ones, and those of earlier months that are released or
 * abandoned now. Making the same month again gives the same answer.
 */
export function paidLines(gcp: GcpContext, provider: string, month: string): PaidLine[] {
  const { withheld, withheldThen } = gcp.settings().reports
  const own = billLines(gcp, provider, month).map((line) => {
    const isHeld = withheld.includes(line.term.billingAccount) && line.dueVendor > 0n
    if (isHeld && !withheldTable(gcp).has(line.id)) hold(gcp, line, month)
    const held = withheldTable(gcp).has(line.id)
    return {
      ...line,
      withheld: held ? line.dueVendor : 0n,
      released: 0n,
      abandoned: 0n,
      status: held ? ('withheld' as const) : ('paid' as const),
    }
  })
  for (const one of withheldTable(gcp).values()) {
    const as = withheldThen[one.billingAccount]
    if (as && one.settled === null && one.provider === provider && one.month < month) {
      withheldTable(gcp).put(one.line, { ...one, settled: { as, month } })
    }
  }
  return [...own, ...settledLines(gcp, provider, month)]
}

function hold(gcp: GcpContext, line: BillLine, month: string): void {
  withheldTable(gcp).put(line.id, {
    line: line.id,
    provider: line.term.provider,
    billingAccount: line.term.billingAccount,
    month,
    amount: centsText(line.dueVendor),
    settled: null,
  })
}

/** Rows without charges that say what was released or abandoned this month. */
function settledLines(gcp: GcpContext, provider: string, month: string): PaidLine[] {
  return withheldTable(gcp)
    .values()
    .filter((one) => one.provider === provider && one.settled?.month === month)
    .flatMap((one) => {
      const line = billLines(gcp, provider, one.month).find((each) => each.id === one.line)
      const as = one.settled?.as
      if (!line || !as) return []
      const amount = nanosOfText(one.amount)
      return {
        ...line,
        id: `${line.id}/${as}`,
        quantity: '0',
        charges: 0n,
        credits: 0n,
        dueVendor: 0n,
        withheld: 0n,
        released: as === 'released' ? amount : 0n,
        abandoned: as === 'abandoned' ? amount : 0n,
        status: as,
      }
    })
}
