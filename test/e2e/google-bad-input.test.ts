import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flatOffer } from '../gcp-simulator/offers.ts'
import { offerOf, typed } from './google/deal.ts'
import {
  ACME,
  GLOBEX,
  type Google,
  HOOLI,
  hourMs,
  INITECH,
  minuteMs,
  openGoogle,
  pushAudience,
  secondMs,
  UMBRELLA,
} from './google/google.ts'
import { typeIn } from './google/portal.ts'

const timeout = 60_000
const startAt = '2027-01-08T17:00:00.000Z'

/** What a test needs to make an offer to a buyer with one billing account. */
async function dealOf(google: Google, billingAccount: string, planRef = 'pro') {
  const [listing] = (await google.get(`/v1/listings?connection=${google.connection}`)).data
  const accounts = [{ provider: 'gcp', ref: billingAccount }]
  return {
    connection: google.connection,
    listing: listing.id,
    plan: listing.plans.find((one: any) => one.planRef === planRef).id,
    buyer: (await google.post('/v1/buyers', { name: billingAccount, accounts })).id,
  }
}

describe('a buyer’s user at the sign-up page', { timeout }, () => {
  let google: Google
  let entitlement = ''
  beforeAll(async () => {
    google = await openGoogle({ startAt })
    entitlement = await google.buy('pro', INITECH)
    await google.pass(5 * secondMs)
  })
  afterAll(() => google?.close())
  const arrive = (token: string) =>
    fetch(`${google.address}/register/${google.connection}`, {
      method: 'POST',
      body: new URLSearchParams({ 'x-gcp-marketplace-token': token }),
      redirect: 'manual',
    })
  const tokenOf = async (changes: object): Promise<string> =>
    (await google.buyer('token', { entitlement, ...changes })).token

  it.each([
    ['has expired', { expired: true }, 410],
    ['is for another audience', { audience: 'other.example' }, 400],
    ['is signed by another key', { otherKey: true }, 400],
    ['has another issuer', { issuer: 'https://accounts.google.com' }, 400],
    ['names an account that is nobody’s', { subject: 'nobody' }, 400],
  ])('sees a page when the token %s, and nothing is approved', async (_, changes, status) => {
    const answer = await arrive(await tokenOf(changes))
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    await google.pass(minuteMs)
    expect((await google.calls())['procurement:accounts.approve'] ?? 0).toBe(0)
    expect(await google.agreementOf(entitlement)).toMatchObject({
      state: { is: 'pending' },
      awaits: { what: 'approval' },
    })
  })

  it('is not let in with another seller’s customer, and is with a fresh token', async () => {
    const other = await google.buyer('buy', {
      service: UMBRELLA.service,
      plan: 'pro',
      billingAccount: GLOBEX,
    })
    expect((await arrive(await tokenOf({ subject: other.account }))).status).toBe(400)
    expect((await arrive(await tokenOf({}))).status).toBe(303)
  })

  it('has his order approved once Google knows of the account’s approval', async () => {
    await google.set({ procurement: { approvalSettlesMs: 5 * minuteMs } })
    const id = await google.buy('payg', HOOLI)
    await google.pass(5 * secondMs)
    await google.signUp(id)
    await google.pass(minuteMs)
    const agreement = await google.agreementOf(id)
    expect(agreement).toMatchObject({ state: { is: 'pending' } })
    await google.pass(10 * minuteMs, minuteMs)
    expect(await google.agreementOf(id)).toMatchObject({ state: { is: 'active' } })
    const operations = await google.operations(agreement.id)
    expect(operations.map(({ state }) => state)).toEqual(['done'])
    await google.expectNothingStopped()
  })
})

describe('what nobody expects of Google', { timeout }, () => {
  let google: Google
  beforeAll(async () => {
    google = await openGoogle({
      startAt,
      settings: { reports: { kind: 'bucket', bucket: ACME.reportBucket } },
    })
  })
  afterAll(() => google?.close())

  it('is an order of a private offer that we never made: it is kept, of no offer of ours', async () => {
    const offer = await typeIn(google, flatOffer())
    const { id } = await google.buyer('accept', { offer, billingAccount: INITECH })
    await google.pass(minuteMs)
    await google.signUp(id)
    await google.pass(2 * minuteMs)
    expect(await google.agreementOf(id)).toMatchObject({
      offerRef: offer,
      offer: null,
      state: { is: 'active' },
      value: { currency: 'USD', amount: '120000.00' },
    })
    expect(await google.everything('/v1/offers')).toEqual([])
  })

  it('is a push with a token of another’s: it is not taken, comes again, and is taken with the right one', async () => {
    const push = (audience: string, serviceAccountEmail: string) =>
      google.cloud('POST', '/gcp/control/push', {
        subscription: ACME.subscription,
        endpoint: `${google.address}/notices/${google.connection}`,
        audience,
        serviceAccountEmail,
      })
    const before = (await google.everything('/v1/notices')).length
    const wrong = [
      ['https://other.example', ACME.pushIdentity],
      [pushAudience, UMBRELLA.pushIdentity],
    ] as const
    await google.buyer('buy', {
      service: ACME.service,
      plan: 'payg',
      billingAccount: GLOBEX,
    })
    for (const [audience, account] of wrong) {
      await push(audience, account)
      await google.pass(2 * minuteMs)
      const waiting = (await google.messages()).filter(({ state }) => state !== 'acknowledged')
      expect(new Set(waiting.map(({ lastAnswer }) => lastAnswer))).toEqual(new Set(['401']))
    }
    for (const authorization of ['Bearer nonsense', 'Bearer a.b.c', ''])
      expect(
        await fetch(`${google.address}/notices/${google.connection}`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: '{"message":{"data":"e30=","messageId":"1"}}',
        }).then(({ status }) => status),
      ).toBe(401)
    expect(await google.everything('/v1/notices')).toHaveLength(before)
    await push(pushAudience, ACME.pushIdentity)
    await google.pass(3 * minuteMs)
    expect(await google.everything('/v1/notices')).toHaveLength(before + 3)
  })

  it('is a change of plan while an order is being cancelled: nobody makes it, and that is said', async () => {
    const { id, agreement } = await google.subscribe('pro', HOOLI)
    await google.buyer('cancel', { entitlement: id, when: 'term_end' })
    expect((await google.tries('change-plan', { entitlement: id, plan: 'payg' })).status).toBe(409)
    await google.cloud('POST', '/gcp/control/notices', {
      provider: ACME.id,
      type: 'ENTITLEMENT_PLAN_CHANGE_REQUESTED',
      id,
      fields: { newPlan: 'payg' },
    })
    await google.pass(minuteMs)
    expect(await google.agreementOf(id)).toMatchObject({
      state: { is: 'cancelling' },
      awaits: null,
      planRef: 'pro',
    })
    const answer = await google
      .as('admin')
      .post(`/v1/agreements/${agreement}/approve-change`, { plan: 'payg' })
    expect(answer.status).toBe(422)
    expect(answer.body.errors.length).toBeGreaterThan(0)
  })

  it('is a report without a column: its file says so, the others are read, and a mended one is too', async () => {
    google.advance(Date.parse('2027-02-02T17:00:00Z') - Date.parse(google.deps.now()))
    await google.pass(minuteMs)
    const make = () => google.cloud('POST', '/gcp/control/reports', { month: '2027-01' })
    await google.set({ reports: { columns: 'dropped', column: 'Due Vendor' } })
    await make()
    const imported = async () => {
      const { id } = await google.post('/v1/revenue-imports', { connection: google.connection })
      await google.pass(minuteMs)
      return google.get(`/v1/revenue-imports/${id}`)
    }
    const found = await imported()
    const broken = found.files.filter(({ rowsBroken }: any) => rowsBroken > 0)
    expect(broken.map(({ name }: any) => name)).toEqual(['20270101 Charges and Usage.csv'])
    const [fault] = await google.everything(`/v1/revenue-imports/${found.id}/faults`)
    expect(fault.message).toMatch(/the header cannot be read: it lacks Due Vendor/)
    const lines = () => google.everything(`/v1/revenue-lines?connection=${google.connection}`)
    expect(new Set((await lines()).map(({ kind }) => kind))).toEqual(new Set(['payout']))
    await google.set({ reports: { columns: 'usual' } })
    await make()
    expect((await imported()).state).toBe('done')
    expect(new Set((await lines()).map(({ kind }) => kind))).toEqual(
      new Set(['payout', 'gross', 'fee']),
    )
  })

  it('is a service account that was unlinked: what to check is said, nothing is lost, and all goes on', async () => {
    const link = (procurement: boolean) =>
      google.cloud('POST', '/gcp/control/service-accounts', {
        email: ACME.serviceAccount,
        linked: { procurement },
      })
    const [order] = (await google.entitlements()).filter(({ billingAccount }) =>
      [GLOBEX].includes(billingAccount),
    )
    await link(false)
    await google.signUp(order.id)
    await google.pass(10 * minuteMs)
    const { data } = await google.get('/v1/syncs')
    const { problem } = data.find(({ name }: any) => name === 'agreements')
    expect(problem).toMatchObject({ code: 'forbidden', whose: 'ours' })
    expect(problem.message).toMatch(/Producer Portal \(product, Technical integration, Billing/)
    const checked = await google.post(`/v1/connections/${google.connection}/check`)
    expect(checked.ready).toBe(false)
    const missing = checked.checks.filter(({ outcome }: any) => outcome === 'missing')
    expect(missing.map(({ call }: any) => call)).toEqual(['accounts.list, entitlements.list'])
    expect(missing[0].detail).toMatch(/link the service account/)
    expect(JSON.stringify(data)).not.toMatch(/PRIVATE KEY|ya29|eyJ/)
    await link(true)
    await google.pass(hourMs)
    await google.signUp(order.id)
    await google.pass(10 * minuteMs)
    expect(await google.agreementOf(order.id)).toMatchObject({ state: { is: 'active' } })
    await google.expectNothingStopped()
  })
})

describe('an offer at Google that cannot be', { timeout }, () => {
  let google: Google
  beforeAll(async () => {
    google = await openGoogle({ startAt })
  })
  afterAll(() => google?.close())

  it('is told by its part when its deadline is an instant and not a Pacific day', async () => {
    const deal = await dealOf(google, INITECH)
    const instant = await google
      .as('admin')
      .post('/v1/offers', { ...offerOf(deal), acceptBy: '2027-01-31T08:00:00Z' })
    expect(instant.status).toBe(422)
    expect(instant.body.errors).toMatchObject([{ path: 'acceptBy' }])
    const native = { acceptDeadlineTime: '2027-01-31T08:00:00Z' }
    const offer = await google.post('/v1/offers', { ...offerOf(deal), native })
    const { violations } = await google.post(`/v1/offers/${offer.id}/preview`)
    expect(violations).toMatchObject([{ path: 'native.acceptDeadlineTime' }])
    expect(violations[0].message).toMatch(/Pacific/)
  })

  it('is refused with every reason when it amends a commitment to less, and the order stays', async () => {
    const deal = await dealOf(google, GLOBEX, 'payg')
    const offer = async (amount: string) => {
      const made = await google.post('/v1/offers', {
        ...offerOf(deal),
        name: `Commitment of ${amount}`,
        pricing: { commitment: { amount, discountPercent: '5', overage: 'list' } },
        payments: undefined,
      })
      expect((await google.post(`/v1/offers/${made.id}/preview`)).violations).toEqual([])
      await google.post(`/v1/offers/${made.id}/submit`)
      await google.pass(3 * minuteMs)
      return google.get(`/v1/offers/${made.id}`)
    }
    const { state: live } = await offer('10000.00')
    expect(live.is).toBe('live')
    const { id } = await google.buyer('accept', { offer: live.offerRef, billingAccount: GLOBEX })
    await google.pass(minuteMs)
    await google.signUp(id)
    await google.pass(2 * minuteMs)
    const { state: lower } = await offer('5000.00')
    expect(lower.is).toBe('refused')
    expect(JSON.stringify(lower.reasons)).toMatch(/commitment/i)
    expect(await google.agreementOf(id)).toMatchObject({
      offerRef: live.offerRef,
      state: { is: 'active' },
    })
    await google.expectNothingStopped()
  })
})

describe('an offer that a person typed in and named wrongly', { timeout }, () => {
  let google: Google
  const offers: any[] = []
  beforeAll(async () => {
    google = await openGoogle({ startAt, mode: 'handoff' })
    for (const billingAccount of [INITECH, GLOBEX]) {
      const offer = await google.post('/v1/offers', offerOf(await dealOf(google, billingAccount)))
      await google.post(`/v1/offers/${offer.id}/submit`)
      offers.push(offer)
    }
    await google.pass(minuteMs)
  })
  afterAll(() => google?.close())
  const published = (offer: any, body: object) =>
    google.as('deal_desk').post(`/v1/offers/${offer.id}/published`, body)
  const stateOf = async (offer: any) => (await google.get(`/v1/offers/${offer.id}`)).state

  it('is not taken without a name, nor under one that another offer has', async () => {
    const [first, second] = offers
    const wrong = [
      {},
      { offerRef: '' },
      { offerRef: 7 },
      { offerRef: 'a', buyUrl: 'no' },
      { offerRef: 'Initech 2027' },
      { offerRef: 'projects/acme-public/locations/global/services/acme' },
    ]
    for (const body of wrong) {
      const answer = await published(first, body)
      expect(answer.status, answer.text).toBe(422)
      expect(answer.body.errors.length).toBeGreaterThan(0)
    }
    const whole = 'projects/acme-public/locations/global/privateOffers/offer-2'
    const { status, body } = await published(second, { offerRef: whole })
    expect([status, body.state.offerRef]).toEqual([200, 'offer-2'])
    const taken = await published(first, { offerRef: 'offer-2' })
    expect(taken.status).toBe(422)
    expect(taken.body.errors).toMatchObject([{ path: 'offerRef' }])
    expect(await stateOf(first)).toMatchObject({ is: 'handed_off' })
  })

  it('is found all the same by the account it was made to, and then has its true name', async () => {
    const [first] = offers
    const said = { offerRef: 'no-such-offer' }
    expect((await published(first, said)).body.state).toMatchObject({ is: 'live', ...said })
    const offerRef = await typeIn(google, typed)
    const { id } = await google.buyer('accept', { offer: offerRef, billingAccount: INITECH })
    await google.pass(16 * minuteMs)
    const { id: agreement } = await google.agreementOf(id)
    expect(await stateOf(first)).toMatchObject({ is: 'accepted', offerRef, agreement })
    expect((await google.events('offer.accepted'))[0].data).toMatchObject({
      offerRefBefore: 'no-such-offer',
      matchedBy: 'account',
    })
  })
})
