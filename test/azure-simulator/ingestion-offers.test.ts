import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  ACMESOFT,
  customised,
  ENTERPRISE,
  GLOBEX,
  INITECH,
  offer,
  openSeller,
  PARTNER,
  PER_SEAT,
  PRODUCT,
  percent,
  priced,
  SCHEMA,
  type Seller,
  TEAM,
  term,
  UMBRELLA,
} from './seller.ts'

let seller: Seller

beforeEach(async () => {
  seller = await openSeller()
})
afterEach(() => seller.stop())

const idOf = (resource: any) => String(resource.id).replace('private-offer/', '')
const reasons = async (resources: readonly object[]) => {
  const job = await seller.settle(resources)
  expect(job.jobResult).toBe('failed')
  return job.errors
}
const refusals = async (resource: object) => {
  const answer = await seller.configure([resource])
  expect(answer.status).toBe(400)
  return answer.body.error.details.map((one: any) => `${one.target}: ${one.message}`)
}

it('publishes an offer, shows it waiting with its link, and accepted with its start', async () => {
  const published = await seller.publish([offer({ somethingNewer: { kept: 1 } })])
  expect(published).toMatchObject({
    $schema: `${SCHEMA}/private-offer/2023-07-15`,
    name: 'Initech 2027',
    privateOfferType: 'customerPromotion',
    state: 'live',
    subState: 'pendingAcceptance',
    variableStartDate: true,
    beneficiaries: [{ id: INITECH, description: 'Initech', beneficiaryRecipients: null }],
    pricing: [
      { productName: 'Acme Analytics', planName: 'Team', plan: TEAM, discountPercentage: 20 },
    ],
    lastModified: '2027-01-10',
    acceptanceLinks: [{ beneficiaryId: INITECH, link: expect.stringContaining('aka.ms') }],
    eTag: expect.stringMatching(/^"[0-9a-f-]+"$/),
    somethingNewer: { kept: 1 },
  })
  expect(published.start).toBeUndefined()
  await seller.advance('P2D')
  expect((await seller.accept(published.id)).body.status).toBe('Accepted')
  const { body } = await seller.ingest('GET', published.id)
  expect(body).toMatchObject({ state: 'live', subState: 'accepted', start: '2027-01-12' })
})

it('answers in the schema version asked for or the newest older one', async () => {
  const { id } = await seller.publish([offer()])
  const read = async (version: string) => (await seller.ingest('GET', id, { version })).body
  const old = await read('2023-01-01')
  expect(old.$schema).toBe(`${SCHEMA}/private-offer/2022-07-01`)
  expect(old).toHaveProperty('_etag')
  expect(old).not.toHaveProperty('offerPricingType')
  expect((await read('2026-12-31')).$schema).toBe(`${SCHEMA}/private-offer/2026-02-01`)
  expect((await seller.ingest('GET', id, { version: 'newest' })).status).toBe(400)
})

it.each([
  ['draft without anything but a name', { state: 'draft', pricing: [], end: undefined }, null],
  ['no end and deadline', { end: undefined, acceptBy: undefined }, /missing.*end, acceptBy/],
  ['no prices', { pricing: [] }, /missing.*pricing/],
  ['an umlaut in the name', { name: 'Grüße' }, /name/],
  ['a slash in the name', { name: 'a/b' }, /name/],
  ['a long name', { name: 'a'.repeat(129) }, /exceeds the length of 128/],
  ['six contacts', { notificationContacts: Array(6).fill('a@b.example') }, /maximum of 5/],
  ['two billing accounts', { beneficiaries: [{ id: INITECH }, { id: GLOBEX }] }, /maximum of 1/],
  ['a start beside an open start', { start: '2027-02-01' }, /start must be absent/],
  ['neither start nor open start', { variableStartDate: false }, /missing.*start/],
  ['a date that is none', { end: '2028-02-31x' }, /format 'date'/],
  ['no discount', { pricing: [percent(0)] }, /within 0.01 and 100/],
  ['eleven items', { pricing: Array(11).fill(percent(5)) }, /maximum of 10/],
  ['an unknown pricing type', { offerPricingType: 'newCustomizedPlans' }, /not one of/],
  ['an absent pricing type', { offerPricingType: undefined }, /missing.*offerPricingType/],
  [
    'a deadline for CSP partners',
    { privateOfferType: 'cspPromotion', termsAndConditionsDocSasUrl: 'https://a.example/t.pdf' },
    /forbids it/,
  ],
])('judges the shape at once: %s', async (_, changes, message) => {
  if (message === null) {
    expect((await seller.configure([offer(changes)])).status).toBe(202)
    return
  }
  expect((await refusals(offer(changes))).join('\n')).toMatch(message)
})

it.each([
  ['start in mid month', { variableStartDate: false, start: '2027-02-15' }, /first day of a month/],
  ['end in mid month', { end: '2028-01-30' }, /last day of a month/],
  ['a deadline gone by', { acceptBy: '2027-01-09' }, /past/],
  ['a billing account that is none', { beneficiaries: [{ id: 'initech' }] }, /billing account/],
  ['an unknown product', { pricing: [{ ...percent(5), product: 'product/none' }] }, /not found/],
  ['an unknown plan', { pricing: [percent(5, `plan/${ACMESOFT.product}/none`)] }, /not found/],
  ['no start at all', { variableStartDate: undefined }, /The start date should be defined/],
])('ends the job with the reason: %s', async (_, changes, message) => {
  const [error] = await reasons([offer(changes)])
  expect(error.message).toMatch(message)
})

it('names the resource in an error, and keeps what was done before it', async () => {
  const [price, item] = priced({
    recurrentPrice: {
      priceInputOption: 'usd',
      prices: [{ billingTerm: term('month'), pricePerPaymentInUsd: 450.5 }],
    },
  })
  const bad = { ...item, plan: ENTERPRISE }
  const { body } = await seller.configure([price, offer({ resourceName: 'deal', pricing: [bad] })])
  await seller.advance('PT5M')
  const job = await seller.status(body.jobId)
  expect(job).toMatchObject({
    jobStatus: 'completed',
    jobResult: 'failed',
    errors: [{ code: 'invalidResource', resourceId: 'deal' }],
  })
  expect(job).not.toHaveProperty('resourceUri')
  const { resources } = await seller.detail(body.jobId)
  expect(resources).toHaveLength(1)
  expect(resources[0].pricing.recurrentPrice.prices[0].pricePerPaymentInUsd).toBe(450.5)
})

it('refuses absolute prices where Microsoft has none', async () => {
  const prices = (one: object) => ({ recurrentPrice: { priceInputOption: 'usd', prices: [one] } })
  const monthly = { billingTerm: term('month'), pricePerPaymentInUsd: 450 }
  const refused = async (pricing: object, changes: object = {}) => {
    const [price, item] = priced(pricing, changes)
    const [error] = await reasons([price, offer({ pricing: [item] })])
    return error.message
  }
  expect(await refused(prices({ ...monthly, billingTerm: term('year', 3) }))).toMatch(/no price/)
  expect(await refused({ ...prices(monthly), customMeters: { meters: { none: {} } } })).toMatch(
    /not part of the plan/,
  )
  const perUser = { recurrentPriceMode: 'perUser', priceInputOption: 'usd', prices: [monthly] }
  expect(await refused({ recurrentPrice: perUser })).toMatch(/flatRate/)
  expect(await refused(prices({ ...monthly, paymentOption: term('year') }))).toMatch(
    /longer than the billing term/,
  )
  const team = seller.simulator.world.table<any>('azure.plans').get(TEAM?.split('/')[2] ?? '')
  team.pricing.hasFreeTrial = true
  expect(await refused(prices(monthly))).toMatch(/free trial/)
})

it('guards every move of an offer', async () => {
  const published = await seller.publish([offer()])
  const same = { id: published.id }
  const [locked] = await reasons([offer({ ...same, name: 'Other' })])
  expect(locked).toMatchObject({ code: 'Conflict', message: expect.stringMatching(/withdrawn/) })
  expect((await reasons([offer({ ...same, state: 'deleted' })]))[0].message).toMatch(/draft/)
  expect((await seller.settle([offer({ ...same, state: 'withdrawn' })])).jobResult).toBe(
    'succeeded',
  )
  const withdrawn = (await seller.ingest('GET', published.id)).body
  expect(withdrawn.state).toBe('withdrawn')
  expect((await seller.accept(published.id)).body.error).toMatch(/withdrawn/)
  const stale = offer({ ...same, state: 'draft', eTag: published.eTag })
  expect((await reasons([stale]))[0].message).toMatch(/eTag/)
  const fresh = offer({ ...same, state: 'draft', eTag: withdrawn.eTag, name: 'Second try' })
  expect((await seller.settle([fresh])).jobResult).toBe('succeeded')
  const renewal = offer({ ...same, state: 'draft', customerContractRenewal: true })
  expect((await reasons([renewal]))[0].message).toMatch(/only when the private offer is created/)
  const job = await seller.settle([offer({ ...same, state: 'deleted' })])
  expect(job).toMatchObject({ jobResult: 'succeeded' })
  expect(job).not.toHaveProperty('resourceUri')
  expect((await seller.ingest('GET', published.id)).status).toBe(404)
})

it('binds both sides once accepted, and upgrades only what was accepted', async () => {
  const { id, name } = await seller.publish([offer({ end: '2027-03-31' })])
  const upgradedFrom = { id, name }
  const fixed = { variableStartDate: false, acceptBy: '2027-02-15', end: '2027-12-31' }
  const upgrade = (start: string) =>
    offer({ ...fixed, start, name: 'Initech more', upgradedFrom, pricing: undefined })
  expect((await reasons([upgrade('2027-04-01')]))[0].message).toMatch(/Only an accepted/)
  await seller.accept(id)
  expect((await reasons([offer({ id, state: 'withdrawn' })]))[0].message).toMatch(/accepted/)
  expect((await reasons([upgrade('2027-03-01')]))[0].message).toMatch(/overlap/)
  const next = await seller.publish([upgrade('2027-04-01')])
  expect(next).toMatchObject({ start: '2027-04-01', pricing: [{ discountPercentage: 20 }] })
})

it('tells a customer why an offer cannot be accepted', async () => {
  const { id } = await seller.publish([offer()])
  expect((await seller.accept(id, GLOBEX)).body.error).toMatch(/another billing account/)
  expect((await seller.accept('none')).status).toBe(404)
  await seller.advance('P40D')
  expect((await seller.accept(id)).body.error).toMatch(/had to be accepted by 2027-02-15/)
  const { body } = await seller.ingest('GET', id)
  expect(body).toMatchObject({ state: 'live', subState: 'pendingAcceptance' })
  const mine = await seller.get(`/buyer/private-offers?billingAccountId=${INITECH}`)
  expect(mine.body.privateOffers).toMatchObject([{ offerId: idOf({ id }), status: 'Expired' }])
})

it('makes a plan only its customer can buy', async () => {
  const resources = customised({
    recurrentPrice: {
      recurrentPriceMode: 'flatRate',
      priceInputOption: 'usd',
      prices: [
        { billingTerm: term('year'), paymentOption: term('month'), pricePerPaymentInUsd: 10000.25 },
      ],
    },
    customMeters: {
      priceInputOption: 'usd',
      meters: {
        api_calls: {
          includedQuantities: [{ billingTerm: term('year'), quantity: 15000, isInfinite: false }],
        },
      },
    },
  })
  const published = await seller.publish(resources)
  const [item] = published.pricing
  expect(item).toMatchObject({ planName: 'Initech Enterprise', basePlan: ENTERPRISE })
  const plan = (await seller.get('/control/private-offers')).body.privateOffers[0].items[0].plan
  const planId = (await seller.get(`/buyer/private-offers?billingAccountId=${INITECH}`)).body
    .privateOffers[0].items[0].planId
  expect(item.plan).toBe(`plan/${ACMESOFT.product}/${plan}`)
  const buy = () =>
    seller.post('/buyer/buy', { offerId: 'acme-analytics', planId, billingAccountId: INITECH })
  expect((await buy()).status).toBe(409)
  await seller.accept(published.id)
  const { subscriptionId } = (await buy()).body
  const plans = await seller.call(
    'GET',
    `/saas/subscriptions/${subscriptionId}/listAvailablePlans?planId=${planId}`,
  )
  expect(plans.body.plans).toMatchObject([
    {
      planId,
      isPrivate: true,
      sourceOffers: [{ externalId: idOf(published) }],
      planComponents: { recurrentBillingTerms: [{ termUnit: 'P1Y', price: 10000.25 }] },
    },
  ])
  expect((await seller.ingest('GET', item.priceDetails)).body.plan).toBe(ENTERPRISE)
})

it('takes flexible schedules as documented', async () => {
  const days = (count: number) =>
    Array.from({ length: count }, (_, at) => new Date(Date.UTC(2027, 2, 1 + at)))
  const schedule = (count: number, price: number, changes: object = {}) => ({
    recurrentPrice: {
      recurrentPriceMode: 'flatRate',
      priceInputOption: 'usd',
      prices: [
        {
          contractDuration: term('year', 3),
          flexibleSchedule: {
            price,
            initialCharge: { pricePerPaymentInUsd: 0, note: 'At purchase' },
            billingSchedule: days(count).map((day) => ({
              chargeDate: day.toISOString().slice(0, 10),
              pricePerPaymentInUsd: 100.1,
              note: '',
              ...changes,
            })),
          },
        },
      ],
    },
  })
  const at = { $schema: `${SCHEMA}/price-and-availability-private-offer-plan/2025-06-01` }
  const published = await seller.publish(customised(schedule(70, 7007), at))
  const { body } = await seller.ingest('GET', published.pricing[0].priceDetails, {
    version: '2026-02-01',
  })
  expect(body.pricing.recurrentPrice.prices[0].flexibleSchedule.billingSchedule).toHaveLength(70)
  const refused = async (pricing: object, changes: object = at) =>
    (await reasons(customised(pricing, changes)))[0].message
  expect(await refused(schedule(71, 7107.1))).toMatch(/at most 70/)
  expect(await refused(schedule(2, 200.2, { chargeDate: '2027-03-01' }))).toMatch(/of its own/)
  expect(await refused(schedule(2, 200.1))).toMatch(/add up/)
  expect(await refused(schedule(2, 200.2), {})).toMatch(/not supported here/)
  const seats = { ...at, plan: PER_SEAT }
  const perUser = schedule(2, 200.2)
  const mode = { ...perUser.recurrentPrice, recurrentPriceMode: 'perUser' }
  expect(await refused({ recurrentPrice: mode }, seats)).toMatch(/flat rate plans only/)
})

it('passes a multiparty offer from publisher to partner to customer', async () => {
  const asMultiparty = (changes: object = {}) =>
    offer({
      privateOfferType: 'multipartyPromotionOriginator',
      partners: [PARTNER],
      notes: 'ours',
      ...changes,
    })
  const published = await seller.publish([asMultiparty()])
  expect(published).toMatchObject({ subState: 'pendingPartnerAction', notes: 'ours' })
  expect(published).not.toHaveProperty('acceptanceLinks')
  expect((await seller.accept(published.id)).body.error).toMatch(/selling partner/)
  const theirs = (await seller.ingest('GET', published.id, { as: UMBRELLA })).body
  expect(theirs).toMatchObject({
    privateOfferType: 'multiPartyPromotionChannelPartner',
    state: 'draft',
    originatorPricing: [{ discountPercentage: 20, markupPercentage: 0 }],
  })
  expect(theirs).not.toHaveProperty('notes')
  const step = (changes: object) => ({
    ...theirs,
    state: 'live',
    originatorPricing: [{ ...theirs.originatorPricing[0], markupPercentage: 8 }],
    ...changes,
  })
  const cheaper = [{ ...theirs.originatorPricing[0], discountPercentage: 50 }]
  const cut = await seller.settle([step({ originatorPricing: cheaper })], UMBRELLA)
  expect(cut.errors[0].message).toMatch(/cannot change the pricing/)
  expect((await seller.settle([step({})], UMBRELLA)).jobResult).toBe('succeeded')
  const withdraw = asMultiparty({ id: published.id, state: 'withdrawn' })
  expect((await reasons([withdraw]))[0].message).toMatch(/partner has published/)
  const [overlap] = await reasons([asMultiparty({ name: 'Once more' })])
  expect(overlap.message).toMatch(/overlaps/)
  expect((await seller.accept(published.id)).status).toBe(200)
  expect((await seller.ingest('GET', published.id)).body.subState).toBe('accepted')
})

it('lets the control endpoint play the partner', async () => {
  const resource = offer({ privateOfferType: 'multipartyPromotionOriginator', partners: [PARTNER] })
  const { id } = await seller.publish([resource])
  const answer = await seller.post('/control/partner/publish', { offerId: id, markupPercentage: 5 })
  expect(answer.body).toMatchObject({ subState: 'pendingAcceptance', partner: { markups: ['5'] } })
  expect((await seller.post('/control/partner/publish', { offerId: id })).status).toBe(409)
  await seller.post('/control/partner/publish', { offerId: id, state: 'withdrawn' })
  const withdraw = { ...resource, id, state: 'withdrawn' }
  expect((await seller.settle([withdraw])).jobResult).toBe('succeeded')
})

it('offers CSP partners a margin that nobody accepts', async () => {
  const published = await seller.publish([
    offer({
      privateOfferType: 'cspPromotion',
      acceptBy: undefined,
      beneficiaries: [{ id: '0f7a9d7e-0a32-4b44-b904-39dd964dd790', description: 'Northwind' }],
    }),
  ])
  expect(published).not.toHaveProperty('subState')
  expect((await seller.accept(published.id)).body.error).toMatch(/need no acceptance/)
  expect(await refusals(offer({ privateOfferType: 'cspPromotion' }))).toEqual([
    '#/resources/0/acceptBy: Property is not defined and the schema forbids it',
  ])
})

it('finds all private offers of the account, in pages and in both envelopes', async () => {
  for (const name of ['One', 'Two', 'Three']) await seller.publish([offer({ name })])
  await seller.set({ ingestion: { pageSize: 2 } })
  const first = (await seller.ingest('GET', 'private-offer/query')).body
  expect(first.value.map((one: any) => one.name)).toEqual(['One', 'Two'])
  const link = new URL(first['@nextLink'])
  expect(link.origin).toBe(seller.origin)
  const rest = await seller.ingest('GET', `private-offer/query${link.search}`)
  expect(rest.body).toMatchObject({ value: [{ name: 'Three' }], '@nextLink': null })
  expect((await seller.ingest('GET', 'private-offer/query', { as: UMBRELLA })).body.value).toEqual(
    [],
  )
  await seller.set({ ingestion: { queryEnvelope: 'bare' } })
  expect((await seller.ingest('GET', 'private-offer/query')).body).toHaveLength(2)
  expect(PRODUCT).toContain(ACMESOFT.product)
})
