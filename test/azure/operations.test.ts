import { describe, expect, it } from 'vitest'
import type { Wanted } from '../../src/agreements/port.ts'
import { cloud, failing, open, type Replies, recording, replay } from './cloud.ts'
import { sampleId as id, sample } from './subscription.ts'

const base = `/api/saas/subscriptions/${id}`
const operationId = '74dfb4db-c193-4891-827d-eb05fbdc64b0'
const one = `${base}/operations/${operationId}`

function market(changes: object = {}, more: Replies = {}) {
  const { agreements, calls } = cloud({
    [`GET ${base}`]: { json: { ...sample, ...changes } },
    [`GET ${base}/operations`]: { text: '' },
    [`POST ${base}/activate`]: { text: '' },
    [`PATCH ${base}`]: { status: 202, headers: { 'operation-id': operationId } },
    [`DELETE ${base}`]: {
      status: 202,
      headers: {
        'operation-location': `https://main.prod.marketplaceapi.azure.com${one}?api-version=2018-08-31`,
      },
    },
    ...more,
  })
  const writes = () => calls.filter(({ method }) => method !== 'GET')
  return {
    writes,
    operate: (wanted: Wanted) => agreements.operate!(id, wanted, 'key'),
    progress: () => agreements.progress!(id, operationId),
    answer: (verdict: 'accepted' | 'refused') => agreements.answer!(id, operationId, verdict),
  }
}

describe('asking for a change', () => {
  it('activates with the plan and quantity that were bought', async () => {
    const { operate, writes } = market({ saasSubscriptionStatus: 'PendingFulfillmentStart' })
    expect(await operate({ is: 'activate' })).toEqual({ is: 'running', operationRef: null })
    expect(writes().map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', `${base}/activate`, { planId: 'silver', quantity: 20 }],
    ])
  })

  it.each([
    [{ is: 'change_plan', planRef: 'gold' }, 'PATCH', { planId: 'gold' }],
    [{ is: 'change_quantity', quantity: '25' }, 'PATCH', { quantity: 25 }],
    [{ is: 'cancel' }, 'DELETE', ''],
  ] as const)('starts %o and names the operation', async (wanted, method, body) => {
    const { operate, writes } = market()
    expect(await operate(wanted)).toEqual({ is: 'running', operationRef: operationId })
    expect(writes().map((call) => [call.method, call.path, call.body])).toEqual([
      [method, base, body],
    ])
  })

  it.each([
    [{ is: 'activate' }, {}],
    [{ is: 'change_plan', planRef: 'silver' }, {}],
    [{ is: 'change_quantity', quantity: '20' }, {}],
    [{ is: 'cancel' }, { saasSubscriptionStatus: 'Unsubscribed' }],
  ] as const)('starts nothing when it is so already: %o', async (wanted, changes) => {
    const { operate, writes } = market(changes)
    expect(await operate(wanted)).toEqual({ is: 'done' })
    expect(writes()).toEqual([])
  })

  it('starts nothing when the same is under way, and does when it is another', async () => {
    const under = (planId: string) =>
      market(
        {},
        {
          [`GET ${base}/operations`]: {
            json: {
              operations: [{ id: 'known', action: 'ChangePlan', status: 'InProgress', planId }],
            },
          },
        },
      )
    const same = under('gold')
    expect(await same.operate({ is: 'change_plan', planRef: 'gold' })).toEqual({
      is: 'running',
      operationRef: 'known',
    })
    expect(same.writes()).toEqual([])
    const other = under('bronze')
    await other.operate({ is: 'change_plan', planRef: 'gold' })
    expect(other.writes()).toHaveLength(1)
  })

  it.each([
    [409, { error: { code: 'Conflict', message: 'Another operation is in progress.' } }],
    [400, { error: { details: [{ message: 'Another operation is in progress.' }] } }],
  ])('is in conflict while the one under way does not show: %i', async (status, json) => {
    const { operate } = market({}, { [`PATCH ${base}`]: { status, json } })
    const refused = await failing(operate({ is: 'change_plan', planRef: 'gold' }))
    expect(refused.code).toBe('conflict')
  })

  it.each([
    [{ is: 'cancel' }, { allowedCustomerOperations: ['Read'] }, /Cloud Solution Provider/],
    [{ is: 'change_plan', planRef: 'gold' }, { allowedCustomerOperations: ['Read'] }, /Provider/],
    [{ is: 'change_plan', planRef: 'gold' }, { saasSubscriptionStatus: 'Suspended' }, /Suspended/],
    [{ is: 'change_quantity', quantity: '2.5' }, {}, /whole/],
    [{ is: 'activate' }, { saasSubscriptionStatus: 'Suspended' }, /Suspended/],
  ] as const)('refuses what cannot be, without asking: %o %o', async (wanted, changes, why) => {
    const { operate, writes } = market(changes)
    const problem = await failing(operate(wanted))
    expect(problem.code).toBe('rejected')
    expect(problem.details.reasons).toMatchObject([{ message: expect.stringMatching(why) }])
    expect(writes()).toEqual([])
  })

  it('hands on Microsoft’s refusal, and waits where another operation is pending', async () => {
    const refused = market(
      {},
      {
        [`PATCH ${base}`]: {
          status: 400,
          json: { error: { code: 'BadRequest', message: 'no seats' } },
        },
      },
    )
    expect(
      await failing(refused.operate({ is: 'change_quantity', quantity: '900' })),
    ).toMatchObject({
      code: 'rejected',
      details: { reasons: [{ code: 'BadRequest', message: 'no seats' }] },
    })
    const busy = market({}, { [`DELETE ${base}`]: { status: 409, json: {} } })
    expect((await failing(busy.operate({ is: 'cancel' }))).code).toBe('conflict')
  })

  it('finds the one under way that the list showed too late', async () => {
    let looks = 0
    const { operate } = market(
      {},
      {
        [`PATCH ${base}`]: { status: 409, json: {} },
        [`GET ${base}/operations`]: () => {
          looks += 1
          const known = { id: 'known', action: 'ChangePlan', status: 'NotStarted', planId: 'gold' }
          return { json: looks === 1 ? {} : { operations: [known] } }
        },
      },
    )
    expect(await operate({ is: 'change_plan', planRef: 'gold' })).toEqual({
      is: 'running',
      operationRef: 'known',
    })
  })

  it('goes as it really went with Microsoft', async () => {
    const entries = recording('UpdateSubscriptionAsync')
    const patch = entries.find(({ RequestMethod }) => RequestMethod === 'PATCH')!
    const ref = /subscriptions\/([^/?]+)/.exec(patch.RequestUri)![1]!
    const known = entries.flatMap((entry) => entry.ResponseBody?.subscriptions ?? [])
    const { fetch, asked } = replay('UpdateSubscriptionAsync')
    const { agreements } = open(async (request) => {
      if (request.method !== 'GET' || !request.url.includes(`/${ref}`)) return fetch(request)
      if (request.url.includes('/operations?')) return new Response('{}')
      if (request.url.includes('/operations/')) return fetch(request)
      return Response.json(known.find((one) => one.id === ref) ?? { ...sample, id: ref })
    }, {})
    const wanted = { is: 'change_plan', planRef: 'another-plan' } as const
    const started = await agreements.operate!(ref, wanted, 'key')
    const operationRef = patch.ResponseHeaders['Operation-Id'] as string
    expect(started).toEqual({ is: 'running', operationRef })
    expect(await agreements.progress!(ref, operationRef)).toEqual({ is: 'running', operationRef })
    expect(asked.some((call) => call.startsWith('PATCH'))).toBe(true)
  })
})

describe('following an operation', () => {
  const operation = { id: operationId, action: 'ChangePlan', planId: 'gold', status: 'NotStarted' }
  const told = (changes: object, subscription: object = {}, more: Replies = {}) =>
    market(subscription, { [`GET ${one}`]: { json: { ...operation, ...changes } }, ...more })

  it.each([
    [{ status: 'NotStarted' }, { is: 'running', operationRef: operationId }],
    [{ status: 'Succeeded' }, { is: 'done' }],
    [
      { status: 'Failed', errorStatusCode: '400', errorMessage: 'no seats left' },
      { is: 'refused', reasons: [{ part: 'ChangePlan', code: '400', message: 'no seats left' }] },
    ],
  ])('tells %o', async (changes, progress) => {
    expect(await told(changes).progress()).toEqual(progress)
  })

  it('takes a conflict for done where the subscription shows it', async () => {
    expect(await told({ status: 'Conflict' }, { planId: 'gold' }).progress()).toEqual({
      is: 'done',
    })
    expect(await told({ status: 'Conflict' }).progress()).toMatchObject({ is: 'refused' })
  })

  it.each([{ status: 200 }, { status: 500, json: {} }, { status: 404, json: {} }])(
    'consents to a change of our own, whatever comes of it: %o',
    async (reply) => {
      const changes = { status: 'InProgress', operationRequestSource: 'Partner' }
      const { progress, writes } = told(changes, {}, { [`PATCH ${one}`]: reply })
      expect(await progress()).toEqual({ is: 'running', operationRef: operationId })
      expect(writes().map(({ method, body }) => [method, body])).toEqual([
        ['PATCH', { status: 'Success' }],
      ])
    },
  )

  it('leaves a buyer’s change to whoever answers it', async () => {
    const { progress, writes } = told({ status: 'InProgress', operationRequestSource: 'Azure' })
    expect(await progress()).toMatchObject({ is: 'running' })
    expect(writes()).toEqual([])
  })

  it.each([{ text: '' }, { json: {} }, { status: 404, json: {} }, { status: 400, json: {} }])(
    'asks the subscription where the operation is not told: %o',
    async (reply) => {
      const more = { [`GET ${one}`]: reply }
      const over = market({ saasSubscriptionStatus: 'Unsubscribed' }, more)
      expect(await over.progress()).toEqual({ is: 'done' })
      expect((await failing(market({}, more).progress())).code).toBe('not_found')
    },
  )

  it('does not guess at a status it does not know', async () => {
    expect((await failing(told({ status: 'Dreaming' }).progress())).code).toBe('internal')
  })

  it.each([
    ['accepted', 'Success'],
    ['refused', 'Failure'],
  ] as const)('tells that a buyer’s change is %s', async (verdict, status) => {
    const { answer, writes } = told({ status: 'InProgress' }, {}, { [`PATCH ${one}`]: {} })
    await answer(verdict)
    expect(writes().map(({ body }) => body)).toEqual([{ status }])
  })

  it('tells nothing of an operation that is decided or unknown', async () => {
    const decided = told({ status: 'Succeeded' })
    await decided.answer('accepted')
    expect(decided.writes()).toEqual([])
    expect((await failing(market().answer('accepted'))).code).toBe('not_found')
  })
})
