import { AzureClient } from '../../adapters/azure/client.ts'
import { offers } from '../../adapters/azure/offers.ts'
import { revenue } from '../../adapters/azure/revenue.ts'

import { credentials, settings } from '../../adapters/azure/settings.ts'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'

export const product = '7ba807c8-386a-4efe-80f1-b97bf8a554f8'
export const plan = `plan/${product}/1bed11cb-98e3-4429-942f-2561eb6e212c`
export const billingAccount =
  'ac357579-e860-54a6-80b3-66958aea67fe:7471d04e-f696-4d20-af34-fa78d51e419c_2019-05-31'
export const guid = '456ea345-c457-4d0e-9b3a-2c1f0f6f1234'
export const link = `https://aka.ms/privateOffer?id=${guid}`

/** A reply: a status, a body as JSON, a text as it stands, `lost` for a connection that breaks after the request. */
export type Reply = {
  readonly status?: number
  readonly json?: unknown
  readonly text?: string
  readonly headers?: Record<string, string>
  readonly lost?: boolean
}
export type Sent = {
  readonly at: string
  readonly url: URL
  readonly body: any
  readonly auth: string | null
}
export type Routes = Record<string, Reply | readonly Reply[] | ((sent: Sent) => Reply)>

/** Microsoft as told: by method and path, one reply for ever or several in turn. What is not told is 404. */
export function microsoft(routes: Routes, own: { settings?: object; credentials?: object } = {}) {
  const sent: Sent[] = []
  const clock = { nowMs: Date.parse('2026-11-01T10:00:00Z') }
  const turns = new Map<string, number>()
  const reply = (request: Sent): Reply => {
    const told = routes[request.at]
    if (typeof told === 'function') return told(request)
    if (!Array.isArray(told)) return (told as Reply | undefined) ?? { status: 404, json: {} }
    const turn = turns.get(request.at) ?? 0
    turns.set(request.at, turn + 1)
    return told[Math.min(turn, told.length - 1)]
  }
  const fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname.endsWith('/token'))
      return Response.json({ access_token: 'token', expires_in: 3599, token_type: 'Bearer' })
    const text = await request.text()
    const at = `${request.method} ${url.pathname}`
    const auth = request.headers.get('authorization')
    const one = { at, url, body: text === '' ? undefined : JSON.parse(text), auth }
    sent.push(one)
    const { status = 200, json, text: body, headers = {}, lost } = reply(one)
    if (lost) throw new TypeError('fetch failed')
    return new Response(body ?? JSON.stringify(json), { status, headers })
  }
  const account = {
    settings: settings.parse({
      publisherId: 'contoso',
      tenantId: '8f5d0f3a-2a7e-4c3f-9d10-1f0d0a6b7c01',
      clientId: '5c2d7f10-93f1-4a5e-8a0e-6f1b3f6d2a11',
      endpoints: {
        login: 'http://login.example',
        ingestion: 'http://ms.example/ingestion',
        insights: 'http://ms.example/insights',
        partner: 'http://ms.example/partner',
      },
      ...own.settings,
    }),
    credentials: credentials.parse({ clientSecret: 'secret', ...own.credentials }),
  }
  const azure = new AzureClient(account, { fetch, nowMs: () => clock.nowMs })
  /** The same account in a process that has forgotten everything. */
  const restarted = () => new AzureClient(account, { fetch, nowMs: () => clock.nowMs })
  const later = (minutes: number) => {
    clock.nowMs += minutes * 60_000
  }
  return {
    sent,
    later,
    azure,
    offers: offers(azure),
    revenue: revenue(azure),

    again: () => offers(restarted()),
    revenueAgain: () => revenue(restarted()),

    times: (at: string) => sent.filter((one) => one.at === at).length,
  }
}

const terms: OfferTerms = {
  name: 'Acme 2027',
  contacts: [{ name: 'Deals', email: 'deals@contoso.example' }],
  acceptBy: '2026-12-15',
  start: 'acceptance',
  term: { months: 12 },
  currency: 'USD',
  pricing: { flat: '120000.00' },
  legal: { kind: 'standard', documents: [] },
  renewal: { attested: false },
  native: {},
}

/** An order that breaks no rule, changed as told. */
export const order = (
  change: Partial<OfferTerms> = {},
  rest: Partial<OfferOrder> = {},
): OfferOrder => ({
  terms: { ...terms, ...change },
  listingRef: 'contoso-saas',
  planRef: 'silver',
  planKey: plan,
  planShape: { charge: 'flat', months: [1, 12], meters: ['calls'], hasTrial: false, units: null },
  dimensions: [
    { key: 'seats', name: 'Seats', types: ['contract'] },
    { key: 'calls', name: 'Calls', types: ['usage'] },
  ],
  buyerRefs: ['72f988bf-86f1-41af-91ab-2d7cd011db47', billingAccount],
  documents: [],
  submittedOn: '2026-11-01',
  ...rest,
})

export const seats = (change: Partial<OfferTerms> = {}): OfferOrder =>
  order(
    {
      pricing: { contract: [{ dimension: 'seats', quantity: '100', price: '1200.00' }] },
      ...change,
    },
    { planShape: { charge: 'per_unit', months: [12], meters: [], hasTrial: false, units: null } },
  )

/** What was thrown. */
export const failing = async (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    (value) => {
      throw new Error(`did not fail: ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
