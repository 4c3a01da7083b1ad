/** What the demo deal is made of. */
export const buyerAccount = '111122223333'
export const product = 'prod-umbre11a0001'
export const seller = '888899990000'

const dayMs = 86_400_000
const dayAfter = (today: string, days: number) =>
  new Date(Date.parse(today) + days * dayMs).toISOString().slice(0, 10)

/** A contract of 100 seats paid in two parts, with metered use beside it. */
export const offerOf = (
  at: { connection: string; listing: string; buyer: string; opportunity?: string },
  name: string,
  today: string,
) => ({
  connection: at.connection,
  listing: at.listing,
  buyer: at.buyer,
  name,
  note: 'Acme Analytics for all of Initech',
  contacts: [{ name: 'Bill Lumbergh', email: 'bill.lumbergh@initech.example' }],
  acceptBy: dayAfter(today, 30),
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.00120000' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: dayAfter(today, 180), amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  ...(at.opportunity && { crm: { opportunity: at.opportunity } }),
})

/** One million a year, signed last year; a quarter of it may be spent on the marketplace. */
export const commitmentOf = (buyer: string, today: string) => {
  const year = Number(today.slice(0, 4))
  return {
    buyer,
    provider: 'aws',
    instrument: 'EDP',
    currency: 'USD',
    signedAt: `${year - 1}-12-15`,
    tranches: [
      { start: `${year}-01-01`, endExclusive: `${year + 1}-01-01`, amount: '1000000.00' },
      { start: `${year + 1}-01-01`, endExclusive: `${year + 2}-01-01`, amount: '1200000.00' },
    ],
    cap: { pct: '0.25', of: 'tranche' },
    claim: {
      source: 'buyer_told_us',
      statedAt: today,
      statedBy: 'Head of procurement, Initech',
      confidence: 'high',
    },
  }
}
