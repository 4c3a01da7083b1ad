import { afterEach, beforeEach, expect, it } from 'vitest'
import { dealsOf } from './deals.ts'
import { EULA, flatOffer, midnight, priced, SERVICE, usd } from './offers.ts'
import { ACME, GLOBEX, openGcp, type SimulatedGcp, UMBRELLA } from './open.ts'

let gcp: SimulatedGcp
let deals: ReturnType<typeof dealsOf>
const parent = `/v1beta/projects/${ACME.id}/locations/global`

beforeEach(async () => {
  gcp = await openGcp()
  deals = dealsOf(gcp)
})
afterEach(() => gcp.stop())

it('lists services, standard offers, SKUs and SKU groups of the project', async () => {
  const list = async (path: string) => (await gcp.call('GET', parent + path)).body
  expect(await list('/services')).toEqual({
    services: [{ name: SERVICE, productType: 'SOFTWARE_AS_A_SERVICE' }],
  })
  expect((await list(`/services/${ACME.service}?view=SERVICE_VIEW_FULL`)).title).toBe(
    'Acme Analytics',
  )
  const { standardOffers } = await list(`/services/${ACME.service}/standardOffers`)
  expect(standardOffers[0]).toMatchObject({
    name: `${SERVICE}/standardOffers/pro-P1Y`,
    serviceLevel: 'pro',
    termDurationMonths: 12,
  })
  const { skus } = await list(`/services/${ACME.service}/skus`)
  const usage = skus[0].skuPriceTimeline[0].managedServiceMetricUsageFee
  expect(usage.canonicalMetric).toBe(`${ACME.service}/Pro_api_calls`)
  expect(usage.tieredPrice.priceTiers).toEqual([
    { startAmount: { value: '0' }, price: { currencyCode: 'USD', nanos: 50_000_000 } },
  ])
  const fees = skus.flatMap((one: any) => one.skuPriceTimeline[0].flatSubscriptionFee ?? [])
  expect(fees).toEqual([
    { unit: 'mo', pricePerUnit: { currencyCode: 'USD', units: '900' } },
    { unit: 'mo', pricePerUnit: { currencyCode: 'USD', units: '1000' } },
  ])
  expect((await list('/skuGroups')).skuGroups[0].skus).toHaveLength(4)
  expect(
    (await gcp.call('GET', `/v1beta/projects/${ACME.id}/locations`)).body.locations,
  ).toMatchObject([{ locationId: 'global' }])
})

it('belongs to its project, by id or by number', async () => {
  const other = `/v1beta/projects/${UMBRELLA.id}/locations/global/services`
  expect((await gcp.call('GET', other)).status).toBe(403)
  const byNumber = `/v1beta/projects/${ACME.projectNumber}/locations/global/services`
  expect((await gcp.call('GET', byNumber)).body.services).toHaveLength(1)
  expect((await gcp.call('GET', `${parent}/services`, undefined, 'nobody')).status).toBe(401)
})

it('keeps an incomplete draft, and refuses what is too long or no field at all', async () => {
  const { name, state } = await deals.create({})
  expect(state).toBe('DRAFT')
  expect(await deals.read(name)).not.toHaveProperty('title')
  const long = await gcp.call('POST', `${parent}/privateOffers`, {
    title: 'x'.repeat(257),
    customer_note: 'y'.repeat(121),
  })
  expect(long.body.error.status).toBe('INVALID_ARGUMENT')
  const { fieldViolations } = long.body.error.details[0]
  expect(fieldViolations.map((one: any) => one.field)).toEqual(['title', 'customer_note'])
  const unknown = await gcp.call('POST', `${parent}/privateOffers`, {
    colour: 'red',
    term: { x: 1 },
  })
  expect(unknown.body.error.message).toContain('Unknown name "colour"')
  expect(unknown.body.error.details[0].fieldViolations).toHaveLength(2)
})

it('takes snake_case and camelCase, enums by name and number, and answers enums as asked', async () => {
  const body = { offer_deal_type: 4, term: { start_policy: 'IMMEDIATE', duration_months: 12 } }
  const { name } = await deals.create(body)
  expect(await deals.read(name)).toMatchObject({
    offerDealType: 'NEW',
    term: { startPolicy: 'IMMEDIATE', durationMonths: 12 },
  })
  const asInts = await gcp.call('GET', `/v1beta/${name}?$alt=json;enum-encoding=int&view=2`)
  expect(asInts.body).toMatchObject({ state: 1, offerDealType: 4, term: { startPolicy: 1 } })
  const both = await gcp.call('POST', `${parent}/privateOffers`, {
    singleProductOffer: { standardIntervalPrice: {}, customIntervalPrice: {} },
  })
  expect(both.body.error.message).toContain("oneof field 'price' is already set")
})

it('overwrites what the mask names, in either spelling, and nothing else', async () => {
  const name = await deals.draft()
  const patch = (mask: string, body: object) =>
    gcp.call('PATCH', `/v1beta/${name}?updateMask=${mask}`, body)
  await patch('title,term.duration_months', { title: 'B', term: { durationMonths: 24 } })
  await patch('customer.contact', { customer: {} })
  const offer = await deals.read(name)
  expect(offer).toMatchObject({ title: 'B', offerDealType: 'NEW' })
  expect(offer.term).toMatchObject({ durationMonths: 24, startPolicy: 'IMMEDIATE' })
  expect(offer.customer).not.toHaveProperty('contact')
  expect((await patch('nonsense', {})).body.error.details[0].fieldViolations[0].field).toBe(
    'update_mask',
  )
})

it('is published after a while, with its value and share, and cannot be edited any more', async () => {
  const term = { ...flatOffer().term, durationMonths: 36, maxRenewalCount: 1 }
  const name = await deals.draft(flatOffer({ term }))
  expect((await deals.read(name)).singleProductOffer.contractValue.totalContractValue.units).toBe(
    '360000',
  )
  await deals.act(name, 'publish')
  expect((await deals.read(name)).state).toBe('PUBLISHING')
  expect((await deals.document(name)).body.error.status).toBe('FAILED_PRECONDITION')
  await gcp.advance('PT1M')
  const offer = await deals.read(name)
  expect(offer).toMatchObject({
    state: 'PUBLISHED',
    publishTime: '2027-01-10T09:30:05.000Z',
    updateTime: '2027-01-10T09:30:05.000Z',
  })
  expect(offer.singleProductOffer).toMatchObject({
    serviceLevel: 'pro',
    contractValue: { totalContractValue: { currencyCode: 'USD', units: '360000' } },
    revenueShare: {
      currentTermVendorNetRevenuePercent: { value: '97' },
      renewalTermVendorNetRevenuePercent: { value: '98.5' },
    },
  })
  const basic = await deals.read(name, 'PRIVATE_OFFER_VIEW_BASIC')
  expect(basic.singleProductOffer).not.toHaveProperty('contractValue')
  expect(basic.singleProductOffer.serviceLevel).toBe('pro')
  await gcp.set({ producer: { basicView: 'metadata' } })
  expect(await deals.read(name, 'PRIVATE_OFFER_VIEW_BASIC')).not.toHaveProperty(
    'singleProductOffer',
  )
  const edit = await gcp.call('PATCH', `/v1beta/${name}?updateMask=title`, { title: 'late' })
  expect(edit.body.error.status).toBe('FAILED_PRECONDITION')
  expect((await gcp.call('DELETE', `/v1beta/${name}`)).body.error.status).toBe(
    'FAILED_PRECONDITION',
  )
})

it('knows the value and share of large, old and additional deals', async () => {
  const value = async (body: object) => {
    const { singleProductOffer } = await deals.read(await deals.published(body))
    const { contractValue, revenueShare } = singleProductOffer
    return [
      contractValue.totalContractValue.units,
      revenueShare.currentTermVendorNetRevenuePercent.value,
    ]
  }
  const standard = (units: string, standardInterval = 'YEARLY_NOT_PRORATED') => ({
    standardIntervalPrice: {
      standardInterval,
      priceModel: { flatFee: { flatFeeOverride: usd(units) } },
    },
  })
  expect(await value(priced(standard('999999')))).toEqual(['999999', '97'])
  expect(await value(priced(standard('1000000')))).toEqual(['1000000', '98'])
  expect(await value(priced(standard('10000000')))).toEqual(['10000000', '98.5'])
  const renewal = { offerDealType: 'NATIVE_RENEWAL' }
  expect(await value(priced(standard('100'), 'pro-P1Y', renewal))).toEqual(['100', '98.5'])
  expect(await value(priced(standard('100', 'QUARTERLY_NOT_PRORATED')))).toEqual(['400', '97'])
  const skus = (await gcp.call('GET', `${parent}/services/${ACME.service}/skus`)).body.skus
  const commitment = { commitmentAmount: usd('10000'), discountPercent: { value: '10' } }
  const cud = {
    standardIntervalPrice: {
      standardInterval: 'MONTHLY_NOT_PRORATED',
      priceModel: { commitment },
    },
    additionalContractValue: { contractValue: usd('5'), eligibleSkus: [skus[0].name] },
  }
  expect(await value(priced(cud, 'payg'))).toEqual(['108005', '97'])
})

it('cuts calendar months of a prorated term by their days, to the cent', async () => {
  const standardIntervalPrice = {
    standardInterval: 'MONTHLY_PRORATED',
    priceModel: { flatFee: { flatFeeOverride: usd('310') } },
  }
  const term = {
    startPolicy: 'SCHEDULED_START_TIME',
    scheduledStartTime: midnight('2027-04-15'),
    endPolicy: 'AFTER_DURATION',
    durationMonths: 3,
  }
  const { singleProductOffer: single, term: shown } = await deals.read(
    await deals.published(priced({ standardIntervalPrice }, 'pro', { term })),
  )
  const rows = single.effectiveInstallmentTimeline.map((one: any) => {
    const { units, nanos = 0 } = one.priceModel.flatFee.flatFeeOverride
    return [one.startTime.month, one.startTime.day, `${units}.${nanos / 10_000_000}`]
  })
  expect(rows).toEqual([
    [4, 15, '165.33'],
    [5, 1, '310.0'],
    [6, 1, '310.0'],
    [7, 1, '140.0'],
  ])
  expect(shown.effectiveTermEndTime).toMatchObject({ year: 2027, month: 7, day: 15 })
})

it('is reviewed by Google when the switch says so, and waits for it', async () => {
  const old = flatOffer({ offerDealType: 'MIGRATION' })
  expect((await deals.read(await deals.published(old))).state).toBe('PUBLISHED')
  await gcp.set({ producer: { review: 'either' } })
  const name = await deals.published({ ...old, title: 'Reviewed' })
  expect(await deals.read(name)).toMatchObject({
    state: 'PUBLISHING',
    publishRequirementGoogleReview: {},
  })
  await gcp.advance('PT20H')
  const offer = await deals.read(name)
  expect(offer.state).toBe('PUBLISHED')
  expect(offer.publishRequirementGoogleReview.reviewApproveTime).toBe(offer.publishTime)
})

it('expires at its deadline, which can be moved later within three months of publishing', async () => {
  const name = await deals.published()
  const extend = (day: string) =>
    gcp.call('PATCH', `/v1beta/${name}?updateMask=accept_deadline_time`, {
      acceptDeadlineTime: midnight(day),
    })
  expect((await extend('2027-02-01')).status).toBe(400)
  expect((await extend('2027-04-11')).status).toBe(400)
  expect((await extend('2027-03-01')).body.acceptDeadlineTime).toMatchObject({ month: 3, day: 1 })
  await gcp.advance('P31D')
  expect((await deals.read(name)).state).toBe('PUBLISHED')
  await gcp.advance('P19D')
  expect(await deals.read(name)).toMatchObject({
    state: 'EXPIRED',
    updateTime: '2027-03-01T08:00:00.000Z',
  })
  expect((await deals.accept(name)).status).toBe(409)
})

it('is cancelled with a note before it is accepted, and not after', async () => {
  const name = await deals.published()
  const { body } = await deals.act(name, 'cancel', { cancellationNote: 'wrong price' })
  expect(body).toMatchObject({ state: 'CANCELLED', cancellationNote: 'wrong price' })
  expect((await deals.accept(name)).status).toBe(409)
  const other = await deals.published()
  await deals.accept(other)
  expect((await deals.act(other, 'cancel')).body.error.status).toBe('FAILED_PRECONDITION')
  expect((await deals.act(await deals.draft(), 'cancel')).body.error.status).toBe(
    'FAILED_PRECONDITION',
  )
})

it('is accepted once, by its billing account, and becomes an order', async () => {
  const name = await deals.published()
  expect((await deals.accept(name, GLOBEX)).status).toBe(409)
  const id = await deals.ordered(name)
  expect(await gcp.read(id)).toMatchObject({
    state: 'ENTITLEMENT_ACTIVE',
    plan: 'pro-P1Y',
    offer: expect.stringMatching(
      new RegExp(
        `^projects/${ACME.projectNumber}/services/service\\..+/privateOffers/${name.split('/').at(-1)}$`,
      ),
    ),
    offerDuration: 'P1Y',
  })
  expect(await deals.read(name)).toMatchObject({
    state: 'ACCEPTED',
    acceptTime: expect.any(String),
  })
  expect((await deals.accept(name)).status).toBe(409)
})

it('names the parent of an order by the product when the switch says so', async () => {
  await gcp.set({ producer: { offerParent: 'service' } })
  const { body } = await deals.accept(await deals.published())
  expect(body.entitlement.offer).toContain(`/services/${ACME.service}/privateOffers/`)
})

it('deletes a draft, one with documents only by force', async () => {
  const name = await deals.draft()
  expect((await gcp.call('DELETE', `/v1beta/${name}`)).body.error.status).toBe(
    'FAILED_PRECONDITION',
  )
  expect((await gcp.call('DELETE', `/v1beta/${name}?force=true`)).body).toEqual({})
  expect((await gcp.call('GET', `/v1beta/${name}`)).status).toBe(404)
})

it('holds documents to their types, and to one EULA', async () => {
  const { name } = await deals.create(flatOffer())
  const attach = (body: object) => gcp.call('POST', `/v1beta/${name}/documents`, body)
  const custom = { documentType: 'CUSTOM_END_USER_LICENSE_AGREEMENT' }
  expect((await attach(custom)).body.error.details[0].fieldViolations).toHaveLength(2)
  expect((await attach({ documentType: 'STATEMENT_OF_WORK' })).status).toBe(400)
  expect((await attach({ ...EULA, mimeType: 'application/pdf' })).status).toBe(400)
  const content = Buffer.from('%PDF-1.7\n').toString('base64')
  const pdf = { ...custom, mimeType: 'application/pdf', inlineContent: content }
  const { body } = await attach(pdf)
  expect(body).toMatchObject({ documentType: custom.documentType, inlineContent: content })
  expect((await attach(EULA)).status).toBe(400)
  const large = Buffer.alloc(4 * 1024 * 1024 + 1).toString('base64')
  const replace = (mask: string, wanted: object) =>
    gcp.call('PATCH', `/v1beta/${body.name}?updateMask=${mask}`, wanted)
  expect((await replace('inline_content', { inlineContent: large })).status).toBe(400)
  const standard = await replace('documentType,mimeType,inlineContent', EULA)
  expect(standard.body).toMatchObject(EULA)
  expect(
    (await gcp.call('GET', `/v1beta/${name}/documents`)).body.privateOfferDocuments,
  ).toHaveLength(1)
  expect((await gcp.call('DELETE', `/v1beta/${body.name}`)).body).toEqual({})
})

it('pages lists with the same parameters only, by update time, and late where a switch says so', async () => {
  const first = await deals.draft()
  await gcp.advance('PT1H')
  await deals.draft()
  await deals.draft()
  const list = async (query: string) => gcp.call('GET', `${parent}/privateOffers?${query}`)
  const filter = encodeURIComponent('update_time > "2027-01-10T10:00:00Z"')
  const page = (await list(`pageSize=1&filter=${filter}`)).body
  expect(page.privateOffers).toHaveLength(1)
  const token = page.nextPageToken
  expect((await list(`pageSize=5&filter=${filter}&pageToken=${token}`)).body).toEqual({
    privateOffers: [expect.objectContaining({ state: 'DRAFT' })],
  })
  expect((await list(`pageToken=${token}`)).body.error.status).toBe('INVALID_ARGUMENT')
  expect((await list('filter=title="x"')).status).toBe(400)
  expect((await list('view=2')).body.error.message).toContain('Unknown name "view"')
  const names = (await list('orderBy=update_time desc')).body.privateOffers
  expect(names.at(-1).name).toBe(first)
  await gcp.set({ producer: { listLagMs: 1_000 } })
  expect((await list('')).body.privateOffers).toHaveLength(1)
})

it('makes products that sell nothing by use, with the plans that are asked for; a list may begin with an empty page', async () => {
  const name = `acme-desk.endpoints.${ACME.id}.cloud.goog`
  const offer = { id: 'desk', months: 1, fee: '10' }
  const plan = { id: 'desk', title: 'Desk', kind: 'subscription', hasUsage: false }
  const plans = [{ ...plan, standardOffers: [offer] }]
  expect((await gcp.post(`/control/products/${name}`, { plans })).status).toBe(404)
  await gcp.post(`/control/products/${name}`, { provider: ACME.id, plans })
  const services = `/v1beta/projects/${ACME.id}/locations/global/services`
  const { body } = await gcp.call('GET', `${services}/${name}/standardOffers`)
  expect(body.standardOffers).toMatchObject([{ serviceLevel: 'desk', termDurationMonths: 1 }])
  expect((await gcp.call('GET', `${services}/${name}/skus`)).body.skus).toHaveLength(1)
  await gcp.set({ producer: { emptyFirstPage: true } })
  const first = await gcp.call('GET', services)
  expect(first.body.services).toBeUndefined()
  const rest = await gcp.call('GET', `${services}?pageToken=${first.body.nextPageToken}`)
  expect(rest.body.services).toHaveLength(2)
  expect(rest.body.nextPageToken).toBeUndefined()
})
