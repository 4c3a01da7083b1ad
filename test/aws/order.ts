import { aws } from '../../adapters/aws/index.ts'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'

const terms: OfferTerms = {
  name: 'Acme 2027',
  contacts: [],
  acceptBy: '2026-12-31',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: { contract: [{ dimension: 'seats', quantity: '100', price: '12.00' }] },
  legal: { kind: 'standard', documents: [] },
  native: {},
}

/** An order that breaks no rule, changed as told. */
export const order = (
  change: Partial<OfferTerms> = {},
  rest: Partial<OfferOrder> = {},
): OfferOrder => ({
  terms: { ...terms, ...change },
  listingRef: 'prod-1111111111111',
  planRef: null,
  planKey: null,
  planShape: null,
  dimensions: [
    { key: 'seats', name: 'Seats', types: ['contract'] },
    { key: 'storage', name: 'Storage', types: ['contract'] },
    { key: 'api_calls', name: 'API calls', types: ['usage'] },
    { key: 'minutes', name: 'Minutes', types: ['usage'] },
  ],
  buyerRefs: ['111122223333'],
  documents: [],
  submittedOn: '2026-11-01',
  ...rest,
})

const world = { fetch: (request: Request) => fetch(request), nowMs: () => 0 }
const account = {
  settings: {},
  credentials: { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
}
export const offers = aws.open(account, world).offers!

/** The details of each change that the order's change set holds, by change type. */
export function changes(wanted: OfferOrder): Record<string, any> {
  const [request] = offers.requests(wanted, 'offer_1') as [{ ChangeSet: any[] }]
  return Object.fromEntries(request.ChangeSet.map((c) => [c.ChangeType, c.DetailsDocument]))
}
