import { describe, expect, it } from 'vitest'
import {
  type Answer,
  accountId,
  type Call,
  denied,
  entitlement,
  entitlementId,
  entitlementPath,
  failing,
  google,
  listPath,
  offerId,
  privateOffer,
  refused,
  service,
} from './google.ts'

const at = (row: object, settings: object = {}, now = '2026-03-10T09:01:00.000Z' as const) =>
  google({ [`GET ${entitlementPath}`]: { json: row } }, { settings, now }).agreements.get(
    entitlementId,
  )
const offerFields = { offer: privateOffer, product: privateOffer, offerDuration: 'P1Y' }

describe('an entitlement as an agreement', () => {
  it('is one of its service and plan, by a buyer’s account', async () => {
    const told = await at(entitlement({ usageReportingId: 'project_number:625643682501' }))
    expect(told).toMatchObject({
      agreementRef: entitlementId,
      initialRef: entitlementId,
      offerRef: null,
      listingRef: service,
      planRef: 'pro',
      buyerRef: accountId,
      licenseRefs: ['project_number:625643682501'],
      state: { is: 'active' },
      nativeStatus: 'ENTITLEMENT_ACTIVE',
      awaits: null,
      acceptedAt: '2026-01-21T00:06:19.000Z',
      startsAt: '2026-01-21T00:06:19.000Z',
      endsAt: null,
      changedAt: '2026-01-21T00:06:19.754Z',
      value: null,
      charges: [],
      usageRates: [
        { dimension: 'api_calls', rate: '0.05', currency: 'USD' },
        { dimension: 'storage_gb', rate: '0.02', currency: 'USD' },
      ],
    })
    expect(told.native).toMatchObject({ entitlement: { orderId: entitlementId } })
  })

  it('has the plan without its length of term, unless a plan is called so', async () => {
    expect((await at(entitlement({ plan: 'pro-P1Y' }))).planRef).toBe('pro')
    expect((await at(entitlement({ plan: 'pro-P1Y2M' }))).planRef).toBe('pro')
    expect((await at(entitlement({ plan: 'top-Pick' }))).planRef).toBe('top-Pick')
    const products = [{ service, name: 'A', plans: [{ id: 'pro-P1Y', name: 'Pro' }] }]
    expect((await at(entitlement({ plan: 'pro-P1Y' }), { products })).planRef).toBe('pro-P1Y')
  })

  it('is of a private offer by the last part of its name, whatever stands before', async () => {
    const told = await at(entitlement({ ...offerFields, productExternalName: service }))
    expect([told.offerRef, told.listingRef]).toEqual([offerId, service])
    const standard = `projects/528009937268/services/${service}/standardOffers/pro-P1Y`
    expect((await at(entitlement({ offer: standard }))).offerRef).toBeNull()
  })

  it('tells no rates of a private offer that nobody tells', async () => {
    const running = { ...offerFields, offerEndTime: '2027-01-21T08:00:00Z' }
    expect((await at(entitlement(running))).usageRates).toEqual([])
  })

  it('awaits approval until it was approved, and its day when it was', async () => {
    const requested = { state: 'ENTITLEMENT_ACTIVATION_REQUESTED' }
    expect(await at(entitlement(requested))).toMatchObject({
      state: { is: 'pending' },
      awaits: { what: 'approval', by: null },
    })
    const scheduled = await at(
      entitlement({
        ...requested,
        ...offerFields,
        newOfferStartTime: '2026-04-01T07:00:00Z',
        offerEndTime: '2027-04-01T07:00:00Z',
      }),
    )
    expect(scheduled).toMatchObject({
      state: { is: 'pending' },
      awaits: null,
      startsAt: '2026-04-01T07:00:00.000Z',
      endsAt: '2027-04-01T07:00:00.000Z',
    })
  })

  it('awaits a word on a change of plan, by Google’s name for it', async () => {
    const told = await at(
      entitlement({
        state: 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
        newPendingPlan: 'ultimate-P2Y',
        newPendingOffer: privateOffer,
      }),
    )
    expect(told).toMatchObject({
      state: { is: 'active' },
      awaits: { what: 'change', by: null, planRef: 'ultimate-P2Y', offerRef: offerId },
    })
  })

  it('has a state for each of Google’s, and keeps a word it does not know', async () => {
    for (const [word, is] of [
      ['ENTITLEMENT_PENDING_PLAN_CHANGE', 'active'],
      ['ENTITLEMENT_PENDING_CANCELLATION', 'cancelling'],
      ['ENTITLEMENT_SUSPENDED', 'suspended'],
    ])
      expect((await at(entitlement({ state: word }))).state).toEqual({ is })
    expect((await at(entitlement({ state: 'ENTITLEMENT_FROZEN' }))).state).toEqual({
      is: 'unknown',
      word: 'ENTITLEMENT_FROZEN',
    })
  })

  it('expired or was cancelled by its dates, whatever reason is given', async () => {
    const how = async (change: object) =>
      (await at(entitlement({ state: 'ENTITLEMENT_CANCELLED', ...change }))).state
    const ended = { offerEndTime: '2026-01-21T00:00:00Z', cancellationReason: 'user-cancelled' }
    expect(await how(ended)).toEqual({ is: 'ended', how: 'expired' })
    const early = { offerEndTime: '2026-06-01T07:00:00Z', cancellationReason: 'expired' }
    expect(await how(early)).toEqual({ is: 'ended', how: 'cancelled' })
    expect(await how({})).toEqual({ is: 'ended', how: 'cancelled' })
    const longAfter = { offerEndTime: '2025-06-01T07:00:00Z' }
    expect(await how(longAfter)).toEqual({ is: 'ended', how: 'cancelled' })
  })

  it('goes on at list price and without end once a usage-based offer is over', async () => {
    const over = { ...offerFields, offerEndTime: '2026-03-01T08:00:00Z' }
    const told = await at(entitlement(over))
    expect([told.state.is, told.endsAt]).toEqual(['active', null])
    expect(told.usageRates[0]).toEqual({ dimension: 'api_calls', rate: '0.05', currency: 'USD' })
  })

  it('that Google does not know is not found, nor one whose name leads elsewhere', async () => {
    const { agreements, calls } = google({})
    expect((await failing(agreements.get('nobody'))).code).toBe('not_found')
    for (const ref of ['..', 'a/b', 'a?x=1', ''])
      expect((await failing(agreements.get(ref))).code).toBe('not_found')
    expect(calls).toHaveLength(1)
  })
})

describe('an agreement of a private offer, where the API tells of it', () => {
  const offerPath = `/v1beta/projects/acme-public/locations/global/privateOffers/${offerId}`
  const skusPath = `/v1beta/projects/acme-public/locations/global/services/${service}/skus`
  const skuName = (id: string) => `${skusPath.slice('/v1beta/'.length)}/${id}`
  const usd = (units: string, nanos = 0) => ({ currencyCode: 'USD', units, nanos })
  const day = (year: number, month: number) => ({
    year,
    month,
    day: 1,
    timeZone: { id: 'America/Los_Angeles' },
  })
  const skuOf = (id: string, metric: string, nanos: number) => ({
    name: skuName(id),
    description: metric,
    skuPriceTimeline: [
      {
        effectiveTime: '2025-01-01T00:00:00Z',
        managedServiceMetricUsageFee: {
          canonicalMetric: `${service}/${metric}`,
          tieredPrice: {
            unit: '1',
            priceUnitCount: { value: '1' },
            priceTiers: [{ startAmount: { value: '0' }, price: usd('0', nanos) }],
          },
        },
      },
    ],
  })
  const model = (fee: string) => ({ flatFee: { flatFeeOverride: usd(fee) } })
  const offer = (single: object, change: object = {}) => ({
    name: offerPath.slice('/v1beta/'.length),
    state: 'ACCEPTED',
    term: { startPolicy: 'IMMEDIATE' },
    singleProductOffer: {
      contractValue: { totalContractValue: usd('120000') },
      customIntervalPrice: {
        installments: [
          { priceModel: model('60000') },
          { startTime: day(2026, 7), priceModel: model('60000') },
        ],
      },
      ...single,
    },
    ...change,
  })
  const world = (told: Answer, change: object = {}) =>
    google(
      {
        [`GET ${entitlementPath}`]: { json: entitlement({ ...offerFields, ...change }) },
        [`GET ${offerPath}`]: told,
        [`GET ${skusPath}`]: {
          json: {
            skus: [
              skuOf('a', 'Pro_api_calls', 50_000_000),
              skuOf('b', 'Payg_api_calls', 70_000_000),
              skuOf('c', 'Pro_storage_gb', 20_000_000),
            ],
          },
        },
      },
      { settings: { offers: 'api' } },
    )

  it('has its value and its instalments, Pacific midnights and the first as it begins', async () => {
    const told = await world({ json: offer({}) }).agreements.get(entitlementId)
    expect(told.value).toEqual({ currency: 'USD', amount: '120000.00' })
    expect(told.charges).toEqual([
      { at: '2026-01-21T00:06:19.000Z', amount: { currency: 'USD', amount: '60000.00' } },
      { at: '2026-07-01T07:00:00.000Z', amount: { currency: 'USD', amount: '60000.00' } },
    ])
    expect(told.native).toMatchObject({ privateOffer: { state: 'ACCEPTED' } })
  })

  it('has the effective timeline of a standard interval, and starts when it was scheduled', async () => {
    const single = {
      customIntervalPrice: null,
      effectiveInstallmentTimeline: [
        { startTime: day(2026, 3), priceModel: model('120000') },
        { startTime: day(2027, 3), priceModel: model('120000') },
      ],
    }
    const term = { startPolicy: 'SCHEDULED_START_TIME', scheduledStartTime: day(2026, 3) }
    const told = await world({ json: offer(single, { term }) }).agreements.get(entitlementId)
    expect(told.startsAt).toBe('2026-03-01T08:00:00.000Z')
    expect(told.charges.map(({ at: on }) => on)).toEqual([
      '2026-03-01T08:00:00.000Z',
      '2027-03-01T08:00:00.000Z',
    ])
  })

  it('tells none of the charges when it cannot tell all, and what a commitment costs after its discount', async () => {
    const installments = [
      { priceModel: model('60000') },
      { startTime: day(2026, 7), priceModel: { flatFee: {} } },
    ]
    const part = await world({
      json: offer({ customIntervalPrice: { installments } }),
    }).agreements.get(entitlementId)
    expect(part.charges).toEqual([])
    const commitment = { commitmentAmount: usd('100000'), discountPercent: { value: '12.5' } }
    const committed = await world({
      json: offer({ customIntervalPrice: { installments: [{ priceModel: { commitment } }] } }),
    }).agreements.get(entitlementId)
    expect(committed.charges[0]?.amount.amount).toBe('87500.00')
    expect(committed.usageRates[0]?.rate).toBe('0.05')
  })

  it('has the plan’s list rates less its discounts', async () => {
    const usage = {
      defaultDiscountPercent: { value: '10' },
      skuDiscounts: [{ sku: skuName('c'), discountPercent: { value: '12.5' } }],
    }
    const single = {
      customIntervalPrice: null,
      standardIntervalPrice: { priceModel: { ...model('10000'), usage } },
    }
    const told = await world({ json: offer(single) }).agreements.get(entitlementId)
    expect(told.usageRates).toEqual([
      { dimension: 'api_calls', rate: '0.045', currency: 'USD' },
      { dimension: 'storage_gb', rate: '0.0175', currency: 'USD' },
    ])
  })

  it('is told without them where the API does not know the offer or may not be asked', async () => {
    for (const reply of [refused(404, 'NOT_FOUND', 'no'), denied]) {
      const told = await world(reply).agreements.get(entitlementId)
      expect([told.offerRef, told.value, told.charges, told.usageRates]).toEqual([
        offerId,
        null,
        [],
        [],
      ])
    }
    const down = await failing(
      world(refused(503, 'UNAVAILABLE', 'no')).agreements.get(entitlementId),
    )
    expect(down.code).toBe('unavailable')
  })
})

describe('the list', () => {
  const row = (id: string, change: object = {}) =>
    entitlement({ name: `providers/acme-public/entitlements/${id}`, ...change })
  const pages = (rows: object[][]) => (call: Call) => {
    const index = Number(call.url.searchParams.get('pageToken') ?? 0)
    const nextPageToken = index + 1 < rows.length ? String(index + 1) : undefined
    return { json: { entitlements: rows[index], nextPageToken } }
  }

  it('is walked from page to page, one call each, and told whole', async () => {
    const { agreements, calls } = google({
      [`GET ${listPath}`]: pages([[row('a'), row('b')], [row('c')]]),
    })
    const first = await agreements.changedSince(null)
    expect(first.agreements.map(({ agreementRef }) => agreementRef)).toEqual(['a', 'b'])
    expect(first.more).toBe(true)
    const second = await agreements.changedSince(first.cursor)
    expect(second.agreements.map(({ agreementRef }) => agreementRef)).toEqual(['c'])
    expect([second.more, calls.length]).toEqual([false, 2])
    const again = await agreements.changedSince(first.cursor)
    expect(again).toEqual(second)
    expect((await agreements.changedSince(second.cursor)).agreements).toHaveLength(2)
  })

  it('does not tell again what ended long before the last walk', async () => {
    const over = { state: 'ENTITLEMENT_CANCELLED' }
    const { agreements } = google({
      [`GET ${listPath}`]: pages([
        [row('old', over), row('new', { ...over, updateTime: '2026-03-10T08:00:00Z' }), row('on')],
      ]),
    })
    const first = await agreements.changedSince(null)
    expect(first.agreements).toHaveLength(3)
    const next = await agreements.changedSince(first.cursor)
    expect(next.agreements.map(({ agreementRef }) => agreementRef)).toEqual(['new', 'on'])
  })

  it('begins again when a page token is no longer good, and refuses a cursor of somebody else', async () => {
    const { agreements } = google({
      [`GET ${listPath}`]: ({ url }) =>
        url.searchParams.has('pageToken')
          ? refused(400, 'INVALID_ARGUMENT', 'Page token is invalid.')
          : { json: { entitlements: [row('a')] } },
    })
    const page = await agreements.changedSince(JSON.stringify({ token: 'old' }))
    expect(page.agreements).toHaveLength(1)
    expect((await failing(agreements.changedSince('{"x":1}'))).code).toBe('invalid')
  })

  it('shows orders in brief where another API tells what they cost', async () => {
    const reply = (change: object) => ({
      [`GET ${listPath}`]: pages([[row('plain'), row('offered', { ...offerFields, ...change })]]),
    })
    const read = async (change: object, now = '2026-03-10T09:01:00.000Z' as const) =>
      google(reply(change), { settings: { offers: 'api' }, now }).agreements.changedSince(null)
    const page = await read({})
    expect(page.agreements).toEqual([])
    expect(page.glimpses).toEqual([
      { agreementRef: 'plain', fingerprint: expect.stringMatching(/^[\w-]{22}$/) },
      { agreementRef: 'offered', fingerprint: expect.stringMatching(/^[\w-]{22}$/) },
    ])
    expect((await read({})).glimpses).toEqual(page.glimpses)
    for (const change of [
      { state: 'ENTITLEMENT_PENDING_CANCELLATION' },
      { usageReportingId: 'project_number:1' },
      { updateTime: '2026-02-01T00:00:00Z' },
    ])
      expect((await read(change)).glimpses).not.toEqual(page.glimpses)
  })

  it('goes on past an order that cannot be read, which is asked for by itself', async () => {
    const { agreements } = google({
      [`GET ${listPath}`]: pages([[row('odd', { account: undefined }), row('good')]]),
    })
    const page = await agreements.changedSince(null)
    expect(page.agreements.map(({ agreementRef }) => agreementRef)).toEqual(['good'])
    expect(page.glimpses?.map(({ agreementRef }) => agreementRef)).toEqual(['odd'])
  })

  it('is filtered by the billing account that an offer was made to', async () => {
    const { agreements, calls } = google({ [`GET ${listPath}`]: pages([[row('a')], [row('b')]]) })
    expect(await agreements.heldBy?.('012345-6789ab-CDEF01')).toEqual(['a', 'b'])
    expect(calls.map(({ url }) => url.searchParams.get('filter'))).toEqual([
      'customer_billing_account="billingAccounts/012345-6789AB-CDEF01"',
      'customer_billing_account="billingAccounts/012345-6789AB-CDEF01"',
    ])
    expect(await agreements.heldBy?.('nonsense" OR state=active')).toEqual([])
    expect(calls).toHaveLength(2)
  })
})
