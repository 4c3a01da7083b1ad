import { generateKeyPairSync } from 'node:crypto'
import { openClient } from '../../adapters/gcp/client.ts'
import { offers } from '../../adapters/gcp/offers.ts'
import { credentials, settings } from '../../adapters/gcp/settings.ts'
import { asProblem, type Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { OfferOrder, OfferTerms } from '../../src/offers/model.ts'
import type { OfferProgress, OffersPort } from '../../src/offers/port.ts'
import type { Fetch } from '../../src/platform/http.ts'

export const service = 'acme-analytics.endpoints.acme-public.cloud.goog'
export const parent = 'projects/acme-public/locations/global'
export const standardOffer = `${parent}/services/${service}/standardOffers/pro-P1Y`
export const sku = `${parent}/services/${service}/skus/SKU1`
export const contract = 'https://contracts.acme.example/terms.pdf'
export const started: Instant = '2026-11-01T18:00:00.000Z'

type Call = { readonly at: string; readonly query: URLSearchParams; readonly body: any }
export type Stored = Record<string, any>
type Answer = { readonly status: number; readonly json: unknown }

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()

const ok = (json: unknown): Answer => ({ status: 200, json })
export const refusal = (status: number, word: string, violations: object[] = []): Answer => ({
  status,
  json: {
    error: {
      code: status,
      status: word,
      message: 'Request contains an invalid argument.',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations },
      ],
    },
  },
})

/** The Commerce Producer API as far as offers need it, in memory; what `told` says it says instead. */
export function google(own: object = {}) {
  const stored = new Map<string, Stored>()
  const documents = new Map<string, object[]>()
  const calls: Call[] = []
  const told: Record<string, Answer> = {}
  const clock = { nowMs: Date.parse(started) }
  const state = {
    lagMs: 0,
    isBrief: true,
    target: {} as object,
    pdf: '%PDF-1.7 terms' as string | null,
  }
  let broken: { at: number; does: boolean } | null = null
  let made = 0
  const now = () => new Date(clock.nowMs).toISOString()
  const touch = (offer: Stored, change: Stored) => {
    Object.assign(offer, change, { updateTime: now() })
    return ok(offer)
  }

  const act = ({ at, query, body }: Call): Answer => {
    const [method = '', path = ''] = at.split(' ')
    const name = path.replace('/v1beta/', '').replace(/(:\w+|\/documents)$/, '')
    const verb = `${method} ${/(:\w+|\/documents)$/.exec(path)?.[1] ?? ''}`
    const answer = told[verb] ?? told[at]
    if (answer) return answer
    if (verb === 'GET :resolveAmendmentTarget') return ok(state.target)
    if (path === `/v1beta/${parent}/privateOffers`)
      return method === 'POST' ? create(body) : ok(list(query))
    const offer = stored.get(name)
    if (!offer) return refusal(404, 'NOT_FOUND')
    const isDraft = offer.state === 'DRAFT'
    const onlyDraft = (then: () => Answer) =>
      isDraft ? then() : refusal(400, 'FAILED_PRECONDITION')
    switch (verb) {
      case 'GET ':
        return ok(offer)
      case 'GET /documents':
        return ok({ privateOfferDocuments: documents.get(name) })
      case 'POST /documents':
        return onlyDraft(() => {
          documents.set(name, [...(documents.get(name) ?? []), body])
          return ok(body)
        })
      case 'POST :publish':
        return onlyDraft(() =>
          body.validateOnly ? ok(offer) : touch(offer, { state: 'PUBLISHING' }),
        )
      case 'POST :cancel':
        return ['PUBLISHED', 'PUBLISHING'].includes(offer.state)
          ? touch(offer, { state: 'CANCELLED', ...body })
          : refusal(400, 'FAILED_PRECONDITION')
      case 'PATCH ':
        return offer.state === 'PUBLISHED' || isDraft
          ? touch(offer, { acceptDeadlineTime: body.acceptDeadlineTime })
          : refusal(400, 'FAILED_PRECONDITION')
      case 'DELETE ':
        return onlyDraft(() => ok(stored.delete(name) ? {} : {}))
      default:
        return refusal(404, 'NOT_FOUND')
    }
  }
  const create = (body: object): Answer => {
    made += 1
    const name = `${parent}/privateOffers/offer-${made}`
    stored.set(name, { ...body, name, state: 'DRAFT', createTime: now(), updateTime: now() })
    return ok(stored.get(name))
  }
  const list = (query: URLSearchParams) => {
    const since = /update_time > "(.*)"/.exec(query.get('filter') ?? '')?.[1] ?? ''
    const shown = [...stored.values()]
      .filter((one) => one.updateTime > since)
      .filter((one) => Date.parse(one.createTime) + state.lagMs <= clock.nowMs)
      .toSorted((a, b) => (a.updateTime < b.updateTime ? -1 : 1))
    const from = Number(query.get('pageToken') ?? '0')
    const size = Number(query.get('pageSize'))
    const page = shown.slice(from, from + size).map((one) => {
      const { internalNote, ...brief } = one
      return state.isBrief ? brief : { ...brief, internalNote }
    })
    const next = from + size < shown.length ? { nextPageToken: String(from + size) } : {}
    return { privateOffers: page, ...next }
  }

  const fetch: Fetch = async (request) => {
    const url = new URL(request.url)
    if (url.pathname === '/token')
      return Response.json({ access_token: 'token', expires_in: 3599, token_type: 'Bearer' })
    if (url.origin === new URL(contract).origin)
      return state.pdf === null ? new Response('', { status: 404 }) : new Response(state.pdf)
    const text = await request.text()
    const body = text === '' ? undefined : JSON.parse(text)
    const call = {
      at: `${request.method} ${decodeURIComponent(url.pathname)}`,
      query: url.searchParams,
      body,
    }
    const turn = calls.push(call)
    const isBroken = broken !== null && turn >= broken.at
    if (isBroken && !(broken?.does && turn === broken.at)) throw new TypeError('fetch failed')
    const { status, json } = act(call)
    if (isBroken) throw new TypeError('fetch failed')
    return Response.json(json ?? {}, { status })
  }
  const account = {
    settings: settings.parse({
      projectId: 'acme-public',
      offers: 'api',
      audiences: ['acme.example'],
      endpoint: 'http://google.test',
      ...own,
    }),
    credentials: credentials.parse({
      kind: 'key',
      clientEmail: 'tradepost@acme-public.iam.gserviceaccount.com',
      privateKey,
    }),
  }
  /** The port in a process that knows nothing of what was before. */
  const open = (): OffersPort => offers(openClient(account, { fetch, nowMs: () => clock.nowMs }))
  return {
    open,
    port: open(),
    stored,
    documents,
    calls,
    told,
    clock,
    state,
    times: (at: string) => calls.filter((one) => one.at.includes(at)).length,
    /** From its nth call on nobody answers; the nth may be done all the same. */
    breakAt: (at: number, does: boolean) => {
      broken = { at: calls.length + at, does }
    },
    heal: () => {
      broken = null
    },
    /** Submits as a job does: again and again while it is told to wait. */
    async insist(port: OffersPort, wanted: OfferOrder, mine: string): Promise<OfferProgress> {
      for (let attempt = 0; attempt < 20; attempt += 1) {
        const answer = await port.submit(wanted, mine, started).catch(asProblem)
        if (!(answer instanceof Error)) return answer
        if (answer.code !== 'unavailable') throw answer
        clock.nowMs += answer.details.retryAfterMs ?? 1_000
      }
      throw new Error('no end of waiting')
    },
  }
}

export const failing = (act: Promise<unknown>): Promise<Problem> =>
  act.then(() => {
    throw new Error('did not fail')
  }, asProblem)

const terms: OfferTerms = {
  name: 'Initech 2027',
  contacts: [{ name: 'Bo Buyer', email: 'bo@initech.example' }],
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
  listingRef: service,
  planRef: 'pro',
  planKey: standardOffer,
  planShape: null,
  dimensions: [
    {
      key: 'api_calls',
      name: 'API calls',
      types: ['usage'],
      dimensionRef: sku,
      listRate: { rate: '0.05', currency: 'USD' },
    },
  ],
  buyerRefs: ['E-1234-5678', '012345-6789AB-CDEF01'],
  documents: [],
  submittedOn: '2026-11-01',
  ...rest,
})

/** The same with a contract of the seller's own. */
export const withContract = (change: Partial<OfferTerms> = {}): OfferOrder =>
  order({ legal: { kind: 'custom', documents: ['doc_1'] }, ...change }, { documents: [contract] })
