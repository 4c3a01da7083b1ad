import { plus } from '../../src/kernel/decimal.ts'
import type { LineKind } from '../../src/revenue/model.ts'
import { revenueRows } from '../../src/revenue/report.ts'
import { ageing, collectionSplit, paymentTerm, payoutStatus } from '../../src/revenue/status.ts'
import { text, usd, worked } from './cases.ts'

const kinds: Record<string, LineKind> = {
  SELLER_REV_SHARE: 'gross',
  AWS_TAX_SHARE: 'marketplace_tax',
  'SELLER_REV_SHARE(cogs)': 'wholesale',
  AWS_REV_SHARE: 'fee',
}
const group = {
  month: '2026-08',
  connection: 'conn_1',
  agreement: null,
  agreementRef: null,
  buyer: null,
  currency: 'USD',
} as const

// PL-13 is read back from the database in test/revenue/lines.test.ts. The rest is receivables accounting
// (days outstanding, calendars, matching, journals, closing), which the product leaves to the ledger it feeds.
const elsewhere = ['PL-06', 'PL-07', 'PL-08', 'PL-09', 'PL-10', 'PL-11', 'PL-12', 'PL-13', 'PL-14']

worked(
  'PL',
  {
    'PL-01': ({ events }) => {
      const sums = events.map(({ type, amount }: any) => ({
        ...group,
        action: 'invoiced',
        kind: kinds[type],
        amount,
      }))
      const paid = sums
        .filter((s: any) => s.kind !== 'marketplace_tax')
        .map((s: any) => ({ ...s, action: 'disbursed', amount: `${-Number(s.amount)}` }))
      const [row] = revenueRows({ own: [...sums, ...paid], others: [] })
      const buyer = plus(text(row!.billed.gross)!, text(row!.marketplaceTax)!)
      return {
        buyerInvoice: text(usd(buyer)),
        sellerNetRevenue: text(row!.billed.net),
        disbursement: text(row!.disbursed),
      }
    },
    'PL-02': ({ cases }) =>
      cases.map((c: any) =>
        payoutStatus({ ...c, sellerNet: usd(c.sellerNet), disbursedNet: usd(c.disbursedNet) }),
      ),
    'PL-03': ({ sellerNet, collected, disbursed }) => {
      const split = collectionSplit(usd(sellerNet), usd(collected), usd(disbursed))
      return Object.fromEntries(Object.entries(split).map(([name, amount]) => [name, text(amount)]))
    },
    'PL-04': ({ due, on }) => on.map((day: any) => ageing(due, day)),
    'PL-05': ({ pairs }) => pairs.map(([invoiced, due]: any) => paymentTerm(invoiced, due)),
  },
  elsewhere,
)
