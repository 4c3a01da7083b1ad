import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signToken } from '../../simulator/azure/identity/jwt.ts'
import { signingKey } from '../../simulator/azure/identity/keys.ts'
import { ACMESOFT, UMBRELLA } from '../../simulator/azure/seed.ts'
import { MARKETPLACE } from '../azure-simulator/open.ts'
import { dayMs, hourMs, INITECH, type Microsoft, minuteMs, openMicrosoft } from './microsoft.ts'
import { heldBy, recordsOf, statesOf, subscribeTeams, use } from './microsoft-usage.ts'

const without = ['usage-read-back']
const timeout = 90_000

describe('a call to the webhook', { timeout }, () => {
  let microsoft: Microsoft
  let id = ''
  let agreement = ''
  beforeAll(async () => {
    microsoft = await openMicrosoft({ without })
    const [team] = await subscribeTeams(microsoft, 1)
    id = team!.id
    agreement = team!.agreement
  })
  afterAll(() => microsoft?.close())

  const nowSeconds = () => Math.floor(microsoft.clouds.clock.now() / 1000)
  const tokenOf = (claims: object = {}) =>
    signToken(signingKey(microsoft.clouds.world), {
      aud: ACMESOFT.clientId,
      iss: `https://login.microsoftonline.com/${ACMESOFT.tenantId}/v2.0`,
      tid: ACMESOFT.tenantId,
      azp: MARKETPLACE,
      ver: '2.0',
      iat: nowSeconds(),
      nbf: nowSeconds() - 300,
      exp: nowSeconds() + 3600,
      ...claims,
    })
  const bodyOf = (changes: object = {}) => ({
    id: randomUUID(),
    subscriptionId: id,
    publisherId: ACMESOFT.publisherId,
    offerId: ACMESOFT.offerId,
    planId: 'team',
    action: 'Renew',
    status: 'Succeeded',
    timeStamp: microsoft.deps.now(),
    operationRequestSource: 'Azure',
    ...changes,
  })
  const deliver = (body: unknown, authorization = `Bearer ${tokenOf()}`, connection?: string) =>
    fetch(`${microsoft.address}/notices/${microsoft.connection}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization,
        ...(connection && { connection }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const notices = () => microsoft.everything('/v1/notices')

  it.each([
    ['that is stale', () => tokenOf({ exp: nowSeconds() - 360, nbf: nowSeconds() - 4000 })],
    ['that is not good yet', () => tokenOf({ nbf: nowSeconds() + 3600 })],
    ['for another publisher', () => tokenOf({ aud: UMBRELLA.clientId })],
    ['of another tenant', () => tokenOf({ tid: UMBRELLA.tenantId })],
    ['made for somebody else’s call', () => tokenOf({ azp: UMBRELLA.clientId })],
    ['with another’s signature', () => `${tokenOf().slice(0, -20)}${'A'.repeat(20)}`],
    ['that is none', () => 'nonsense'],
  ])('with a token %s is not taken', async (_, token) => {
    const before = (await notices()).length
    const cancel = bodyOf({ action: 'Unsubscribe' })
    expect((await deliver(cancel, `Bearer ${token()}`)).status).toBe(401)
    expect(await notices()).toHaveLength(before)
  })

  it('without any token is not taken, nor at an address of nobody’s', async () => {
    const answer = await fetch(`${microsoft.address}/notices/${microsoft.connection}`, {
      method: 'POST',
      body: JSON.stringify(bodyOf()),
    })
    expect(answer.status).toBe(401)
    const nowhere = await fetch(`${microsoft.address}/notices/conn_${'0'.repeat(32)}`, {
      method: 'POST',
      body: '{}',
    })
    expect(nowhere.status).toBe(404)
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"id":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"Unsubscribe"'],
    ['an operation without a subscription', { subscriptionId: undefined }],
    ['another publisher’s subscription', { publisherId: UMBRELLA.publisherId }],
    [
      'an abyss',
      `{"id":"a","subscriptionId":"b","action":"c","x":${'['.repeat(9000)}${']'.repeat(9000)}}`,
    ],
    ['an id without end', { id: 'x'.repeat(5000) }],
  ])('that says %s is kept, and decides and harms nothing', async (_, said) => {
    const answer = await deliver(typeof said === 'string' ? said : bodyOf(said))
    expect(answer.status).toBe(202)
    await microsoft.pass(minuteMs)
    const newest = (await microsoft.everything('/v1/notices')).at(-1)
    expect(newest).toMatchObject({ kind: 'unreadable', state: 'handled', asks: null })
  })

  it.each([
    ['U+0000', { planId: 'te\u0000am' }],
    ['half a character', { planId: '\ud83d' }],
    ['a number for a word', { action: 7 }],
  ])('with %s in it is no trouble of ours, and changes nothing', async (_, changes) => {
    expect([202, 422]).toContain((await deliver(bodyOf(changes))).status)
    await microsoft.pass(minuteMs)
    expect(await microsoft.agreementOf(id)).toMatchObject({ planRef: 'team' })
    expect(await microsoft.everything('/v1/notices?state=received')).toEqual([])
  })

  it('that is too large is refused', async () => {
    const answer = await deliver(bodyOf({ padding: 'x'.repeat(300_000) }), undefined, 'close')
    expect(answer.status).toBe(413)
  })

  it('replayed to the letter is one notice, and with another body it is only a reason to look', async () => {
    const token = `Bearer ${tokenOf()}`
    const genuine = bodyOf()
    const before = (await notices()).length
    for (let time = 0; time < 3; time++) expect((await deliver(genuine, token)).status).toBe(202)
    expect(await notices()).toHaveLength(before + 1)
    const forged = [
      bodyOf({ action: 'Unsubscribe', timeStamp: '2027-01-04T08:00:00Z' }),
      bodyOf({ action: 'Suspend' }),
      bodyOf({ action: 'ChangePlan', status: 'InProgress', planId: 'enterprise' }),
      bodyOf({ action: 'Brand new', status: 'Whatever' }),
    ]
    for (const body of forged) expect((await deliver(body, token)).status).toBe(202)
    await microsoft.pass(6 * minuteMs)
    const ours = await microsoft.agreementOf(id)
    expect(ours).toMatchObject({ state: { is: 'active' }, planRef: 'team', endedAt: null })
    await use(microsoft, agreement, { storage_gb: '1' })
    await microsoft.pass(2 * hourMs)
    expect(statesOf(await recordsOf(microsoft, agreement))).toEqual({ accepted: 1 })
    const states = (await notices()).map(({ state }) => state)
    expect(states.filter((state) => state !== 'handled')).toEqual([])
  })

  it('about a purchase never seen is stored, looked up, and then acted on', async () => {
    const { subscriptionId } = await microsoft.buyer('buy', {
      offerId: ACMESOFT.offerId,
      planId: 'team',
      billingAccountId: INITECH,
    })
    expect(await microsoft.agreementOf(subscriptionId)).toBeUndefined()
    const body = bodyOf({ subscriptionId, action: 'Subscribe' })
    expect((await deliver(body)).status).toBe(202)
    await microsoft.drain()
    expect(await microsoft.agreementOf(subscriptionId)).toMatchObject({ state: { is: 'pending' } })
  })

  it('about a subscription that nobody has is stored, looked for during a day, and told as failed', async () => {
    const body = bodyOf({ subscriptionId: randomUUID() })
    expect((await deliver(body)).status).toBe(202)
    await microsoft.pass(minuteMs)
    const [waiting] = await microsoft.everything('/v1/notices?state=received')
    expect(waiting.problem).toMatchObject({ code: 'not_found' })
    await microsoft.pass(26 * hourMs, 2 * hourMs)
    const failed = await microsoft.everything('/v1/notices?state=failed')
    expect(failed).toHaveLength(1)
    const [told] = await microsoft.events('notice.failed')
    expect(told.data.about.agreementRef).toBe(body.subscriptionId)
    expect((await microsoft.get('/v1/jobs?state=stopped')).data).toEqual([])
  })
})

describe('what a seller asks wrongly', { timeout }, () => {
  let microsoft: Microsoft
  let team: { id: string; agreement: string }
  beforeAll(async () => {
    microsoft = await openMicrosoft({ without })
    ;[team] = (await subscribeTeams(microsoft, 1)) as [typeof team]
  })
  afterAll(() => microsoft?.close())

  const ask = (agreement: string, path: string, body: object = {}) =>
    microsoft.as('admin').post(`/v1/agreements/${agreement}/${path}`, body)

  it.each([
    [{ plan: 'no-such-plan' }, 'plan', /is no plan of/],
    [{ quantity: '12' }, 'quantity', /no units: its price is flat/],
    [{ quantity: '0' }, 'quantity', /./],
    [{ quantity: '-1' }, 'quantity', /./],
    [{ quantity: 12 }, 'quantity', /./],
    [{ plan: 'per-seat', quantity: '3' }, 'plan', /either/],
    [{}, 'plan', /either/],
  ])('of an agreement is told by its part: %o', async (body, path, why) => {
    const answer = await ask(team.agreement, 'change', body)
    expect(answer.status).toBe(422)
    const told = answer.body.errors.find((one: any) => one.path.endsWith(path))
    expect(told?.message ?? answer.text).toMatch(why)
    expect((await microsoft.calls()).UpdateSubscription ?? 0).toBe(0)
  })

  it('of seats is refused beyond the plan’s bounds, and in halves', async () => {
    const { agreement } = await microsoft.subscribe({
      planId: 'per-seat',
      quantity: 5,
      billingAccountId: INITECH,
    })
    expect((await ask(agreement.id, 'change', { quantity: '501' })).status).toBe(422)
    expect((await ask(agreement.id, 'change', { quantity: '2.5' })).status).toBe(202)
    await microsoft.pass(minuteMs)
    const [asked] = (await microsoft.operations(agreement.id)).slice(-1)
    expect(asked).toMatchObject({
      state: 'refused',
      reasons: [{ message: expect.stringMatching(/whole/) }],
    })
    const used = await microsoft.as('meter').post('/v1/usage-events', {
      events: [
        {
          id: 'seat-usage',
          source: 'product',
          agreement: agreement.id,
          dimension: 'api_calls',
          quantity: '1',
          at: microsoft.deps.now(),
        },
      ],
    })
    expect(used.status).toBe(200)
    await microsoft.pass(2 * hourMs)
    const [record] = await recordsOf(microsoft, agreement.id)
    expect(record.state).toMatchObject({
      is: 'refused',
      reason: expect.stringMatching(/InvalidDimension/),
    })
  })

  it('of usage is told for each event by itself', async () => {
    const event = {
      source: 'product',
      agreement: team.agreement,
      dimension: 'storage_gb',
      quantity: '1',
      at: microsoft.deps.now(),
    }
    const answer = await microsoft.as('meter').post('/v1/usage-events', {
      events: [
        { ...event, id: 'a', agreement: randomUUID() },
        { ...event, id: 'b', dimension: 'no_such_meter' },
        { ...event, id: 'c', quantity: '-3' },
        { ...event, id: 'd', at: '2027-12-01T00:00:00Z' },
        { ...event, id: 'e', quantity: 1 },
        'nothing',
        { ...event, id: 'good' },
      ],
    })
    expect(answer.status).toBe(200)
    expect(answer.body.accepted).toBe(1)
    expect(answer.body.refused.map(({ code }: any) => code)).toEqual([
      'unknown_agreement',
      'unknown_dimension',
      'invalid',
      'in_future',
      'invalid',
      'invalid',
    ])
  })

  const offerWith = async (changes: object) => {
    const listings = await microsoft.everything(`/v1/listings?connection=${microsoft.connection}`)
    const buyers = await microsoft.everything('/v1/buyers')
    const buyer =
      buyers[0]?.id ??
      (
        await microsoft.post('/v1/buyers', {
          name: 'Initech',
          accounts: [{ provider: 'azure', ref: INITECH }],
        })
      ).id
    const listing = listings.find(({ listingRef }) => listingRef === ACMESOFT.offerId)
    return microsoft.post('/v1/offers', {
      connection: microsoft.connection,
      listing: listing.id,
      plan: listing.plans.find(({ planRef }: any) => planRef === 'team').id,
      buyer,
      name: 'Initech 2027',
      contacts: [{ name: 'Bill Lumbergh', email: 'bill@initech.example' }],
      acceptBy: '2027-02-15',
      start: 'acceptance',
      term: { months: 12 },
      currency: 'USD',
      pricing: { flat: '5000.00' },
      legal: { kind: 'standard', documents: [] },
      renewal: { attested: false },
      ...changes,
    })
  }

  it('of an offer is told with every reason, before anything is sent', async () => {
    const offer = await offerWith({
      name: 'Initech 20% off!',
      start: '2027-02-10',
      pricing: {
        contract: [{ dimension: 'seats', quantity: '10', price: '12.00' }],
        usage: [{ dimension: 'api_calls', rate: '0.005' }],
      },
      native: { end: '2028-02-15' },
    })
    const { violations } = await microsoft.post(`/v1/offers/${offer.id}/preview`)
    const paths = violations.map(({ path }: any) => path)
    expect(paths).toEqual(
      expect.arrayContaining(['name', 'start', 'native.end', 'pricing.usage.0.rate']),
    )
    const refused = await microsoft.as('admin').post(`/v1/offers/${offer.id}/submit`)
    expect(refused.status).toBe(422)
    expect(refused.body.errors.map(({ path }: any) => path)).toEqual(paths)
    expect((await microsoft.calls())['ingestion:POST configure'] ?? 0).toBe(0)
  })

  it('of units on a flat plan becomes its one price, and limits on them are told', async () => {
    const units = {
      pricing: { contract: [{ dimension: 'seats', quantity: '10', price: '12.00' }] },
    }
    const offer = await offerWith({ ...units, native: { userLimits: { min: 1, max: 20 } } })
    const { violations } = await microsoft.post(`/v1/offers/${offer.id}/preview`)
    expect(violations).toEqual([
      { path: 'native.userLimits', message: 'the plan is not sold by the seat' },
    ])
    const summed = await offerWith(units)
    const preview = await microsoft.post(`/v1/offers/${summed.id}/preview`)
    expect(preview.violations).toEqual([])
    const sent = JSON.stringify(preview.requests)
    expect(sent).toContain('"recurrentPriceMode":"flatRate"')
    expect(sent).toContain('"pricePerPaymentInUsd":120')
    expect(sent).not.toMatch(/userLimits|quantity/)
  })

  it('of a price on a plan with a free trial is told', async () => {
    const plans = microsoft.clouds.world.table<any>('azure.plans')
    const plan = plans
      .values()
      .find(({ planId, guid }) => planId === 'team' && guid === ACMESOFT.plans[0])
    plans.put(plan.guid, { ...plan, pricing: { ...plan.pricing, hasFreeTrial: true } })
    await microsoft.pass(hourMs, 11 * minuteMs)
    const offer = await offerWith({})
    const { violations } = await microsoft.post(`/v1/offers/${offer.id}/preview`)
    expect(violations).toContainEqual({
      path: 'plan',
      message: expect.stringMatching(/free trial/),
    })
    plans.put(plan.guid, plan)
    await microsoft.pass(hourMs, 11 * minuteMs)
  })

  it.each([1, 2])(
    'of an offer is whole in the end when its job fails after %i of two resources, with every reason',
    async (after) => {
      const name = `Initech in ${after} of two steps`
      await microsoft.cloud('POST', '/azure/control/jobs/fail-next', {
        code: 'Conflict',
        message: 'Another change is under way.',
        after,
      })
      const offer = await offerWith({ name })
      await microsoft.post(`/v1/offers/${offer.id}/submit`)
      await microsoft.pass(20 * minuteMs, minuteMs)
      const first = (await microsoft.get(`/v1/offers/${offer.id}`)).state
      if (first.is !== 'live') {
        expect(first.is).toBe('refused')
        expect(JSON.stringify(first.reasons)).toMatch(/Another change is under way/)
        await microsoft.post(`/v1/offers/${offer.id}/submit`)
        await microsoft.pass(20 * minuteMs, minuteMs)
      }
      const { state } = await microsoft.get(`/v1/offers/${offer.id}`)
      expect(state.is).toBe('live')
      const { privateOffers } = await microsoft.cloud('GET', '/azure/control/private-offers')
      const made = privateOffers.filter(({ resource }: any) => resource.name.startsWith(name))
      const live = made.filter((one: any) => one.state === 'live')
      expect(live.map(({ id }: any) => id)).toEqual([state.offerRef])
      for (const other of made.filter((one: any) => !live.includes(one)))
        expect(['deleted', 'withdrawn']).toContain(other.state)
    },
  )
})

describe('a buyer at the landing page', { timeout }, () => {
  let microsoft: Microsoft
  let subscriptionId = ''
  beforeAll(async () => {
    microsoft = await openMicrosoft({ without })
    const asked = { offerId: ACMESOFT.offerId, planId: 'team', billingAccountId: INITECH }
    ;({ subscriptionId } = await microsoft.buyer('buy', asked))
  })
  afterAll(() => microsoft?.close())

  const open = (token: string) =>
    fetch(
      `${microsoft.address}/register/${microsoft.connection}?token=${encodeURIComponent(token)}`,
      {
        redirect: 'manual',
      },
    )
  const tokenOf = async (id: string): Promise<string> =>
    (await microsoft.cloud('POST', '/azure/control/tokens', { subscriptionId: id })).token

  it('sees what happened and what to do when the token has expired', async () => {
    const token = await tokenOf(subscriptionId)
    await microsoft.pass(25 * hourMs, 6 * hourMs)
    const answer = await open(token)
    expect(answer.status).toBe(410)
    expect(await answer.text()).toContain('This link has expired')
    expect((await open(await tokenOf(subscriptionId))).status).toBe(303)
  })

  it.each([
    ['forged', 'bm90IGEgdG9rZW4='],
    ['made of spaces', '   '],
    ['no text of a header', 'tökén\nx'],
    ['too long for a header', 'A'.repeat(12_000)],
  ])('sees a page when the token is %s', async (_, token) => {
    const answer = await open(token)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
  })

  it('is not let in with the token of another publisher’s purchase', async () => {
    const asked = { offerId: UMBRELLA.offerId, planId: 'team', billingAccountId: INITECH }
    const other = await microsoft.buyer('buy', asked)
    expect((await open(await tokenOf(other.subscriptionId))).status).toBe(400)
    expect(await microsoft.agreementOf(other.subscriptionId)).toBeUndefined()
  })
})

describe('a secret that is revoked', { timeout }, () => {
  let microsoft: Microsoft
  beforeAll(async () => {
    microsoft = await openMicrosoft({ without })
  })
  afterAll(() => microsoft?.close())

  it('shows on the connection and its syncs, loses nothing, and is mended by a new one', async () => {
    const [team] = await subscribeTeams(microsoft, 1)
    const { id, agreement } = team!
    const secret = (value: string, revoke: boolean) =>
      microsoft.cloud('POST', '/azure/control/secrets', {
        clientId: ACMESOFT.clientId,
        value,
        revoke,
      })
    await secret(ACMESOFT.secret, true)
    await microsoft.cloud('POST', '/azure/control/sessions/expire')
    await use(microsoft, agreement, { storage_gb: '40' })
    await microsoft.buyer('change-plan', { subscriptionId: id, planId: 'enterprise' })
    await microsoft.pass(3 * hourMs)

    const { data } = await microsoft.get('/v1/syncs')
    const problems = Object.fromEntries(data.map(({ name, problem }: any) => [name, problem]))
    for (const name of ['listings', 'agreements', 'metering'])
      expect(problems[name], name).toMatchObject({ code: 'unauthenticated', whose: 'ours' })
    expect(problems.agreements.message).toMatch(/client secret/)
    expect(JSON.stringify(data)).not.toContain(ACMESOFT.secret)
    const checked = await microsoft.post(`/v1/connections/${microsoft.connection}/check`)
    expect(checked.ready).toBe(false)
    expect(checked.checks.map(({ outcome }: any) => outcome)).not.toContain('ok')
    expect(await microsoft.agreementOf(id)).toMatchObject({ planRef: 'team' })
    const landing = await microsoft.buyer('configure', { subscriptionId: id })
    expect(landing.body).not.toContain(ACMESOFT.secret)

    await secret('a-new-secret-of-acmesoft', false)
    const amended = await microsoft.as('admin').patch(`/v1/connections/${microsoft.connection}`, {
      credentials: { clientSecret: 'a-new-secret-of-acmesoft' },
    })
    expect(amended.status).toBe(200)
    await microsoft.pass(90 * minuteMs)
    expect(await microsoft.agreementOf(id)).toMatchObject({ planRef: 'enterprise' })
    expect(statesOf(await recordsOf(microsoft, agreement))).toEqual({ accepted: 1 })
    expect(await heldBy(microsoft, id)).toEqual({ events: 1, totals: { storage_gb: '40' } })
    const after = await microsoft.get('/v1/syncs')
    expect(after.data.map(({ problem }: any) => problem).filter(Boolean)).toEqual([])
    const ready = await microsoft.post(`/v1/connections/${microsoft.connection}/check`)
    expect(ready.ready).toBe(true)
    expect(await microsoft.everything('/v1/notices?state=received')).toEqual([])
    await microsoft.pass(dayMs, 6 * hourMs)
    await microsoft.expectNothingStopped()
  })
})
