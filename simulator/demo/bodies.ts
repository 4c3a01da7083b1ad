const dayMs = 86_400_000
const dayAfter = (today: string, days: number) =>
  new Date(Date.parse(today) + days * dayMs).toISOString().slice(0, 10)

/** What a deal names of one cloud; everything else of the offer is the same on all. */
export type Parties = {
  readonly connection: string
  readonly listing: string
  readonly plan?: string
  readonly buyer: string
}

/** A contract of 100 seats paid in two parts, with metered use beside it. */
export const offerOf = (parties: Parties, name: string, today: string, opportunity?: string) => ({
  ...parties,
  name,
  note: 'Umbrella for all of Initech',
  contacts: [{ name: 'Bill Lumbergh', email: 'bill.lumbergh@initech.example' }],
  acceptBy: dayAfter(today, 30),
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [
      { dimension: 'api_calls', rate: '0.05' },
      { dimension: 'storage_gb', rate: '0.02' },
    ],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: dayAfter(today, 180), amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  ...(opportunity && { crm: { opportunity } }),
})

/** One million to be spent this year and next, signed last year. `own` is what only this cloud's promise has. */
export const commitmentOf = (buyer: string, provider: string, own: object, today: string) => {
  const year = Number(today.slice(0, 4))
  return {
    buyer,
    provider,
    currency: 'USD',
    signedAt: `${year - 1}-12-15`,
    tranches: [{ start: `${year}-01-01`, endExclusive: `${year + 2}-01-01`, amount: '1000000.00' }],
    claim: {
      source: 'buyer_told_us',
      statedAt: today,
      statedBy: 'Head of procurement, Initech',
      confidence: 'high',
    },
    ...own,
  }
}
