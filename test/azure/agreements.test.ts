import { describe, expect, it } from 'vitest'
import { cloud, failing, open, type Replies, recording, replay } from './cloud.ts'
import { sampleId as id, sample, buyerTenant as tenant } from './subscription.ts'

const base = '/api/saas/subscriptions'

const plan = {
  planId: 'silver',
  displayName: 'Silver',
  isPricePerSeat: true,
  planComponents: {
    recurrentBillingTerms: [
      { currency: 'USD', price: 9.99, termUnit: 'P1M' },
      {
        currency: 'USD',
        price: 240.1,
        termUnit: 'P1Y',
        meteredQuantityIncluded: [
          { dimensionId: 'dim1', units: '10' },
          { dimensionId: 'dim2', units: 'Infinite' },
          { dimensionId: 'dim3', units: 'some' },
        ],
      },
    ],
    meteringDimensions: [{ id: 'dim1', currency: 'USD', pricePerUnit: 0.25 }],
  },
}

function market(
  changes: object = {},
  plans: readonly object[] = [plan],
  more: Replies = {},
  settings: object = {},
) {
  return cloud(
    {
      [`GET ${base}/${id}`]: { json: { ...sample, ...changes } },
      [`GET ${base}/${id}/listAvailablePlans`]: { json: { plans } },
      [`GET ${base}/${id}/operations`]: { text: '' },
      ...more,
    },
    { settings },
  )
}

describe('an agreement', () => {
  it('is a subscription with its plan', async () => {
    const { agreements, calls } = market({}, [plan], {}, { longTerms: 'paid_at_once' })
    expect(await agreements.get(id)).toEqual({
      agreementRef: id,
      initialRef: id,
      offerRef: null,
      listingRef: 'contoso-saas',
      planRef: 'silver',
      buyerRef: tenant,
      licenseRefs: [id],
      state: { is: 'active' },
      nativeStatus: 'Subscribed',
      awaits: null,
      acceptedAt: '2026-02-02T17:39:13.566Z',
      startsAt: '2026-02-03T00:00:00.000Z',
      endsAt: '2027-02-03T00:00:00.000Z',
      changedAt: null,
      value: { currency: 'USD', amount: '4802.00' },
      usageRates: [{ dimension: 'dim1', rate: '0.25', currency: 'USD' }],
      charges: [{ at: '2026-02-03T00:00:00.000Z', amount: { currency: 'USD', amount: '4802.00' } }],
      entitlements: [
        {
          dimension: 'seats',
          quantity: '20',
          licenseRef: id,
          expiresAt: '2027-02-03T00:00:00.000Z',
        },
      ],
      included: [
        {
          dimension: 'dim1',
          quantity: '10',
          from: '2026-02-03T00:00:00.000Z',
          until: '2027-02-03T00:00:00.000Z',
        },
        {
          dimension: 'dim2',
          quantity: null,
          from: '2026-02-03T00:00:00.000Z',
          until: '2027-02-03T00:00:00.000Z',
        },
      ],
      fingerprint: expect.any(String),
      native: {
        subscription: { ...sample, allowedCustomerOperations: ['Delete', 'Read', 'Update'] },
        plans: { plans: [plan] },
      },
    })
    expect(calls.map(({ path }) => path)).toEqual([
      `${base}/${id}`,
      `${base}/${id}/listAvailablePlans`,
    ])
    expect(calls[1]!.url.searchParams.get('planId')).toBe('silver')
  })

  it('awaits activation for 30 days, has no end and starts when it was bought', async () => {
    const { agreements } = market({
      saasSubscriptionStatus: 'PendingFulfillmentStart',
      term: { termUnit: 'P1Y' },
    })
    expect(await agreements.get(id)).toMatchObject({
      state: { is: 'pending' },
      awaits: { what: 'activation', by: '2026-03-04T17:39:13.566Z' },
      startsAt: '2026-02-02T17:39:13.566Z',
      endsAt: null,
      charges: [],
      included: [],
      entitlements: [{ quantity: '20', expiresAt: null }],
    })
  })

  it.each([
    [{ saasSubscriptionStatus: 'Suspended' }, { is: 'suspended' }],
    [{ saasSubscriptionStatus: 'Unsubscribed' }, { is: 'ended', how: 'cancelled' }],
    [
      {
        saasSubscriptionStatus: 'Unsubscribed',
        autoRenew: false,
        term: { ...sample.term, endDate: '2026-03-02T00:00:00Z' },
      },
      { is: 'ended', how: 'expired' },
    ],
    [
      { saasSubscriptionStatus: 'Unsubscribed', autoRenew: false },
      { is: 'ended', how: 'cancelled' },
    ],
    [{ saasSubscriptionStatus: 'Dreaming' }, { is: 'unknown', word: 'Dreaming' }],
  ])('is in the state that Microsoft’s word means: %o', async (changes, state) => {
    expect((await market(changes).agreements.get(id)).state).toEqual(state)
  })

  it('names the private offer behind it and then claims no list price', async () => {
    const bought = {
      ...plan,
      sourceOffers: [{ externalId: '456ea345-c457-4d0e-9b3a-2c1f0f6f1234' }],
    }
    expect(await market({}, [bought]).agreements.get(id)).toMatchObject({
      offerRef: '456ea345-c457-4d0e-9b3a-2c1f0f6f1234',
      value: null,
      usageRates: [],
      charges: [],
    })
  })

  it.each([
    ['paid in parts', { term: { ...sample.term, chargeDuration: 'P1M' } }, [plan]],
    ['perhaps paid in parts', {}, [plan]],
    ['on trial', { isFreeTrial: true }, [plan]],
    ['without its plan', {}, []],
    [
      'of a term that the plan does not name',
      { term: { ...sample.term, termUnit: 'P3Y' } },
      [plan],
    ],
  ])('has no value that is only guessed: %s', async (_, changes, plans) => {
    expect((await market(changes, plans).agreements.get(id)).value).toBeNull()
  })

  it.each([
    ['a month', { term: { ...sample.term, termUnit: 'P1M' } }, '199.80'],
    [
      'a year that is charged by the year',
      { term: { ...sample.term, chargeDuration: 'P1Y' } },
      '4802.00',
    ],
  ])('has the list price of what is paid at once: %s', async (_, changes, amount) => {
    const { value, charges } = await market(changes).agreements.get(id)
    expect(value).toEqual({ currency: 'USD', amount })
    expect(charges).toHaveLength(1)
  })

  it('needs no plan and no quantity', async () => {
    const { quantity: _, ...flat } = sample
    const replies = {
      [`GET ${base}/${id}`]: {
        json: { ...flat, quantity: '', saasSubscriptionStatus: 'Unsubscribed' },
      },
      [`GET ${base}/${id}/listAvailablePlans`]: { status: 404, json: {} },
    }
    expect(await cloud(replies).agreements.get(id)).toMatchObject({ entitlements: [], value: null })
  })

  it('is not found where it is another publisher’s, and forbidden where we are nobody', async () => {
    const denied = { [`GET ${base}/${id}`]: { status: 403, json: {} } }
    const foreign = cloud({ ...denied, [`GET ${base}`]: { text: '' } })
    expect((await failing(foreign.agreements.get(id))).code).toBe('not_found')
    const nobody = cloud({ ...denied, [`GET ${base}`]: { status: 403, json: {} } })
    expect(await failing(nobody.agreements.get(id))).toMatchObject({
      code: 'forbidden',
      details: { whose: 'ours' },
    })
  })
})

describe('the list', () => {
  it('is told in glimpses, a page a call, also as Microsoft really pages it', async () => {
    const { fetch, asked } = replay('GetAllSubscriptionsPagedAsync')
    const { agreements } = open(fetch, {})
    const glimpses = []
    let cursor: string | null = null
    for (let more = true; more; ) {
      const page = await agreements.changedSince(cursor)
      expect(page.agreements).toEqual([])
      glimpses.push(...(page.glimpses ?? []))
      ;({ cursor, more } = page)
    }
    const told = recording('GetAllSubscriptionsPagedAsync').flatMap(
      ({ ResponseBody }) => ResponseBody.subscriptions,
    )
    expect(asked).toHaveLength(5)
    expect(asked[1]).toContain('https://main.prod.marketplaceapi.azure.com/')
    expect(glimpses.map((one) => one.agreementRef)).toEqual(told.map((one) => one.id))
    const again = await agreements.changedSince(cursor)
    expect(again.glimpses?.[0]).toEqual(glimpses[0])
  })

  it('is empty where the body is', async () => {
    const { agreements } = cloud({ [`GET ${base}`]: { text: '' } })
    expect(await agreements.changedSince(null)).toMatchObject({ glimpses: [], more: false })
  })

  it('begins again when the link to the next page is too old', async () => {
    const { agreements } = cloud({
      [`GET ${base}`]: ({ url }) =>
        url.searchParams.has('continuationToken')
          ? { status: 400, json: {} }
          : { json: { subscriptions: [sample] } },
    })
    const link = `https://marketplaceapi.microsoft.com${base}?continuationToken=old`
    const page = await agreements.changedSince(JSON.stringify({ link }))
    expect(page.glimpses).toHaveLength(1)
    expect((await failing(agreements.changedSince('x'))).code).toBe('invalid')
  })

  const printOf = async (changes: object) => {
    const { agreements } = cloud({
      [`GET ${base}`]: { json: { subscriptions: [{ ...sample, ...changes }] } },
    })
    return (await agreements.changedSince(null)).glimpses?.[0]?.fingerprint
  }

  it.each([
    { saasSubscriptionStatus: 'Suspended' },
    { planId: 'gold' },
    { quantity: 21 },
    { autoRenew: false },
    { term: { ...sample.term, endDate: '2028-02-02T00:00:00Z' } },
    { beneficiary: { tenantId: 'another' } },
    { allowedCustomerOperations: ['Read'] },
  ])('shows another fingerprint when %o', async (changes) => {
    expect(await printOf(changes)).not.toBe(await printOf({}))
  })

  it('shows the fingerprint that `get` tells, whatever the order of words and what is new', async () => {
    const shuffled = { allowedCustomerOperations: ['Update', 'Read', 'Delete'], storeFront: 'x' }
    expect(await printOf(shuffled)).toBe(await printOf({}))
    expect((await market().agreements.get(id)).fingerprint).toBe(await printOf({}))
  })

  it('leaves out what is no subscription, and keeps the rest', async () => {
    const { agreements } = cloud({
      [`GET ${base}`]: { json: { subscriptions: [{ nonsense: 1 }, sample] } },
    })
    expect((await agreements.changedSince(null)).glimpses).toHaveLength(1)
  })
})

describe('registration', () => {
  it('finds the purchase token, as a browser sends it', () => {
    const { agreements } = cloud({})
    expect(agreements.readToken({ token: 'a b+c=' })).toBe('a+b+c=')
    expect(agreements.readToken({ token: ' ' })).toBeUndefined()
    expect(agreements.readToken({})).toBeUndefined()
  })

  it('resolves it as Microsoft really answers', async () => {
    const { fetch } = replay('ResolveSubscriptionAsync')
    const told = recording('ResolveSubscriptionAsync')[0]!.ResponseBody
    expect(await open(fetch, {}).agreements.resolve('token')).toMatchObject({
      agreementRef: told.id,
      licenseRef: told.id,
      buyerRef: told.subscription.beneficiary.tenantId,
    })
  })

  it.each([
    [{ message: 'The token has expired.' }, 'expired'],
    [{ error: { code: 'BadRequest', message: 'The token is malformed.' } }, 'invalid'],
    [undefined, 'invalid'],
  ])('says why a token is refused: %o', async (json, token) => {
    const { agreements, calls } = cloud({ [`POST ${base}/resolve`]: { status: 400, json } })
    expect(await failing(agreements.resolve('abc'))).toMatchObject({
      code: 'rejected',
      details: { token },
    })
    expect(calls[0]!.headers.get('x-ms-marketplace-token')).toBe('abc')
    expect(calls[0]!.text).toBe('')
  })

  it('sends no header that a browser made up', async () => {
    const { agreements, calls } = cloud({})
    for (const token of ['a\r\nx: y', 'ä', '\0'])
      expect((await failing(agreements.resolve(token))).details.token).toBe('invalid')
    expect(calls).toEqual([])
  })
})
