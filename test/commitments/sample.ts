import type { Purchase, TermsFrom } from '../../src/commitments/drawdown.ts'
import type { Tranche } from '../../src/commitments/model.ts'
import type { Facts } from '../../src/kernel/facts.ts'
import { parseMoney } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'

export const tranche = (
  start: string,
  endExclusive: string,
  amount: string,
  more: Partial<Tranche> = {},
): Tranche => ({
  start: start as Day,
  endExclusive: endExclusive as Day,
  amount: parseMoney('USD', amount),
  native: null,
  others: null,
  forecastNative: null,
  ...more,
})

/** A commitment as a test needs it: only what matters there is named. */
export const terms = (more: Partial<TermsFrom> = {}): TermsFrom => ({
  validFrom: '2020-01-01',
  provider: 'aws',
  instrument: 'EDP',
  accounts: [],
  currency: 'USD',
  signedAt: '2024-03-01',
  country: 'DE',
  tranches: [tranche('2025-01-01', '2027-01-01', '1000000.00')],
  cap: null,
  shares: [],
  rates: [],
  facts: {},
  reinstateOnAmend: true,
  refunds: 'AT_REFUND_DATE',
  shortfall: { policy: 'invoice', pct: null },
  claim: {
    source: 'buyer_told_us',
    statedAt: '2024-03-01',
    statedBy: 'their CFO',
    confidence: 'medium',
  },
  note: '',
  ...more,
})

export const purchase = (
  id: string,
  invoiceDate: string,
  amount: string,
  facts: Facts = {},
  more: Partial<Purchase> = {},
): Purchase => ({
  id,
  invoiceDate: invoiceDate as Day,
  amount: parseMoney('USD', amount),
  refundOf: null,
  facts,
  ...more,
})
