import type { Adapter, Ports } from '../src/adapter.ts'
import type { OfferOrder, OfferTerms } from '../src/offers/model.ts'
import type { OffersPort } from '../src/offers/port.ts'

/** The body that the README shows: what an offer says on every cloud. */
export const terms: OfferTerms = {
  name: 'Initech 2027',
  contacts: [{ name: 'Bill Lumbergh', email: 'bill.lumbergh@initech.example' }],
  acceptBy: '2027-01-31' as OfferTerms['acceptBy'],
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: {
    contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }],
    usage: [{ dimension: 'api_calls', rate: '0.04' }],
  },
  payments: [
    { on: 'acceptance', amount: '60000.00' },
    { on: '2027-07-01' as OfferTerms['acceptBy'], amount: '60000.00' },
  ],
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  native: {},
}

type Parties = Pick<OfferOrder, 'listingRef' | 'planRef' | 'planKey' | 'buyerRefs'>
/** One cloud's way to make an offer, whom it is for there, and what its account says beside the adapter's example. */
export type Way = {
  readonly provider: string
  readonly title: string
  readonly settings?: object
  readonly parties: Parties
}

const google = {
  provider: 'gcp',
  parties: {
    listingRef: 'acme-analytics.endpoints.acme-public.cloud.goog',
    planRef: 'pro',
    planKey:
      'projects/acme-public/locations/global/services/acme-analytics.endpoints.acme-public.cloud.goog/standardOffers/pro-P1Y',
    buyerRefs: ['012345-6789AB-CDEF01'],
  },
}

export const ways: readonly Way[] = [
  {
    provider: 'aws',
    title: 'AWS: one change set',
    parties: {
      listingRef: 'prod-demo5aas00001',
      planRef: null,
      planKey: null,
      buyerRefs: ['111122223333'],
    },
  },
  {
    provider: 'azure',
    title: 'Microsoft: one configure payload',
    parties: {
      listingRef: 'acme-analytics',
      planRef: 'enterprise',
      planKey: 'plan/1d4f4d0a-43a3-4b8a-a5a1-6fd2e2b3c8de/7c1f0f5e-8f6b-4a3c-9d6e-0b2a1c3d4e5f',
      buyerRefs: ['81234567'],
    },
  },
  {
    ...google,
    title: 'Google, by the API for private offers: five calls',
    settings: { offers: 'api' },
  },
  {
    ...google,
    title: 'Google, without it: a sheet that a person types into Producer Portal',
    settings: { offers: 'handoff' },
  },
]

/** An order of the body above, as that cloud's adapter gets it. */
export const orderOf = ({ parties }: Way): OfferOrder => ({
  ...parties,
  terms,
  planShape: null,
  dimensions: [
    { key: 'seats', name: 'Seats', dimensionRef: 'seats', types: ['contract'], unit: 'Users' },
    {
      key: 'api_calls',
      name: 'API calls',
      dimensionRef:
        'projects/acme-public/locations/global/services/acme-analytics.endpoints.acme-public.cloud.goog/skus/0A1B-2C3D-4E5F',
      types: ['usage'],
      unit: 'Requests',
      listRate: { rate: '0.05', currency: 'USD' },
    },
  ],
  buyerName: 'Initech',
  documents: [],
  submittedOn: '2027-01-10' as OfferOrder['submittedOn'],
})

export const offerKey = 'offer_5f1c9a7e3b2d4c6f8a0b1c2d3e4f5a6b'

/** The ports of an account like the adapter's example, with some settings of its own; nobody is called. */
export function openExample(adapter: Adapter, settings: object = {}): Partial<Ports> {
  const account = {
    settings: { ...(adapter.example.settings as object), ...settings },
    credentials: adapter.example.credentials,
  }
  const fetch = () => Promise.reject(new Error('nobody is called'))
  return adapter.open(account, { fetch, nowMs: () => Date.parse('2027-01-10T09:00:00Z') })
}

export function offersOf(adapters: readonly Adapter[], { provider, settings }: Way): OffersPort {
  const adapter = adapters.find((one) => one.provider === provider)
  const offers = adapter && openExample(adapter, settings).offers
  if (!offers) throw new Error(`${provider} has no offers`)
  return offers
}

/** The body, and what each cloud's adapter would send of it. */
export function requests(adapters: readonly Adapter[]): string {
  const { native: _, ...body } = terms
  const parts = ways.map((way) => {
    const told = offersOf(adapters, way).requests(orderOf(way), offerKey)
    const sent = fold(told.length === 1 ? told[0] : told)
    const fence = '```'
    return `<details>\n<summary>${way.title}</summary>\n\n${fence}json\n${sent}\n${fence}\n</details>`
  })
  return ['```json', fold(body), '```', ...parts].join('\n')
}

const widthMax = 120

/** JSON with whatever fits on a line on one. */
function fold(value: unknown, indent = ''): string {
  const line = JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ')
  if (value === null || typeof value !== 'object' || indent.length + line.length <= widthMax)
    return line
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const rows = Object.entries(value).map(
    ([name, part]) => `${inner}${isList ? '' : `${JSON.stringify(name)}: `}${fold(part, inner)}`,
  )
  return `${isList ? '[' : '{'}\n${rows.join(',\n')}\n${indent}${isList ? ']' : '}'}`
}
