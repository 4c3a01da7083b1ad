import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EULA, flatOffer, midnight, priced, SERVICE, usd } from './offers.ts'
import { ACME, GLOBEX, INITECH, openGcp, type SimulatedGcp } from './open.ts'

const OFFERS = `/v1beta/projects/${ACME.id}/locations/global/privateOffers`

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

/** A published offer's name. */
async function published(offer: object): Promise<string> {
  const { body } = await gcp.call('POST', OFFERS, offer)
  await gcp.call('POST', `/v1beta/${body.name}/documents`, EULA)
  const answer = await gcp.call('POST', `/v1beta/${body.name}:publish`, {})
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  await gcp.advance('PT1M')
  return body.name
}

const accept = (offer: string, billingAccount = INITECH) =>
  gcp.post('/buyer/accept', { offer, billingAccount })
const idOf = (name: string) => name.split('/').at(-1)
const types = async () => (await gcp.events()).map((event) => event.eventType)
const approveAccount = (id: string) => gcp.call('POST', gcp.account(id, ':approve'), {})
const stateOf = async (offer: string) => (await gcp.call('GET', `/v1beta/${offer}`)).body.state

const yearly = {
  standardIntervalPrice: {
    standardInterval: 'YEARLY_NOT_PRORATED',
    priceModel: {
      flatFee: { flatFeeOverride: usd('130000') },
    },
  },
}
const usageOnly = {
  standardIntervalPrice: {
    priceModel: { usage: { defaultDiscountPercent: { value: '15' } } },
  },
}

describe('a private offer', () => {
  it('becomes an order that names it, waits for approval, and starts', async () => {
    const offer = await published(flatOffer())
    const { status, body } = await accept(offer)
    expect(status).toBe(201)
    const requested = await gcp.read(body.id)
    expect(requested).toMatchObject({
      state: 'ENTITLEMENT_ACTIVATION_REQUESTED',
      plan: 'pro-P1Y',
      product: requested.offer,
      offerDuration: 'P1Y',
      entitlementBenefitIds: [expect.any(String)],
    })
    expect(requested.offer).toMatch(
      new RegExp(`^projects/${ACME.projectNumber}/services/[^/]+/privateOffers/${idOf(offer)}$`),
    )
    expect(await stateOf(offer)).toBe('ACCEPTED')
    await approveAccount(body.account)
    await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
    await gcp.advance('PT1M')
    expect(await gcp.read(body.id)).toMatchObject({
      state: 'ENTITLEMENT_ACTIVE',
      offerEndTime: '2028-01-11T08:00:00Z',
    })
    const told = (await gcp.events()).find((one) => one.entitlement?.newOffer)
    expect(told).toMatchObject({
      eventType: 'ENTITLEMENT_CREATION_REQUESTED',
      entitlement: { newOffer: requested.offer, newOfferDuration: 'P1Y', newOfferEndTime: '' },
    })
  })

  it('is refused to another billing account, a second time, and beside an open order', async () => {
    const offer = await published(flatOffer())
    expect((await accept(offer, GLOBEX)).status).toBe(409)
    const { id } = await gcp.bought({ plan: 'payg' })
    expect((await accept(offer)).body.error).toMatch(/does not amend/)
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect((await accept(offer)).status).toBe(201)
    expect((await accept(offer)).status).toBe(409)
    expect((await accept('nothing')).status).toBe(404)
  })

  it('needs no approval where that is automatic, and starts at its Pacific midnight', async () => {
    await gcp.post(`/control/products/${ACME.service}`, { automaticApproval: true })
    const term = {
      startPolicy: 'SCHEDULED_START_TIME',
      scheduledStartTime: midnight('2027-03-01'),
      endPolicy: 'SCHEDULED_END_TIME',
      scheduledEndTime: midnight('2028-03-01'),
    }
    const priceModel = { flatFee: { flatFeeOverride: usd('120000') } }
    const installments = [{ startTime: midnight('2027-03-01'), priceModel }]
    const single = { customIntervalPrice: { installments } }
    const offer = await published(priced(single, 'pro-P1Y', { term }))
    const { body } = await accept(offer)
    expect(await gcp.read(body.id)).toMatchObject({
      state: 'ENTITLEMENT_ACTIVATION_REQUESTED',
      newOfferStartTime: '2027-03-01T08:00:00Z',
      offerEndTime: '2028-03-01T08:00:00Z',
    })
    expect((await gcp.read(body.id)).offerDuration).toBeUndefined()
    expect((await types()).slice(-2)).toEqual([
      'ENTITLEMENT_CREATION_REQUESTED',
      'ENTITLEMENT_OFFER_ACCEPTED',
    ])
    const approved = await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
    expect(approved.body.error.status).toBe('FAILED_PRECONDITION')
    await approveAccount(body.account)
    await gcp.advance('P49DT14H')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_ACTIVATION_REQUESTED')
    await gcp.advance('PT9H')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_ACTIVE')
  })

  it('tells only of the acceptance when the switch says so, and starts after its account is approved', async () => {
    const procurement = { automaticActivationMs: 120_000 }
    await gcp.set({ notices: { creationBesideAccepted: false }, procurement })
    await gcp.post(`/control/products/${ACME.service}`, { automaticApproval: true })
    const { body } = await accept(await published(flatOffer()))
    expect(await types()).not.toContain('ENTITLEMENT_CREATION_REQUESTED')
    await gcp.advance('P1D')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_ACTIVATION_REQUESTED')
    await approveAccount(body.account)
    await gcp.advance('PT1M')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_ACTIVATION_REQUESTED')
    await gcp.advance('PT1M')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_ACTIVE')
  })

  it('ends a subscription when its term does, without a renewal', async () => {
    const offer = await published(flatOffer())
    const { body } = await accept(offer)
    await approveAccount(body.account)
    await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
    await gcp.advance('P1Y')
    await gcp.advance('P2D')
    expect(await gcp.read(body.id)).toMatchObject({
      state: 'ENTITLEMENT_CANCELLED',
      cancellationReason: 'expired',
      offerEndTime: '2028-01-11T08:00:00Z',
    })
    expect(await stateOf(offer)).toBe('ENDED')
    expect((await types()).slice(-2)).toEqual(['ENTITLEMENT_OFFER_ENDED', 'ENTITLEMENT_CANCELLED'])
  })

  it('renews as often as it says', async () => {
    const term = {
      startPolicy: 'IMMEDIATE',
      endPolicy: 'AFTER_DURATION',
      durationMonths: 12,
      maxRenewalCount: 1,
    }
    const { body } = await accept(await published(flatOffer({ term })))
    await approveAccount(body.account)
    await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
    await gcp.advance('P1Y2D')
    expect((await gcp.read(body.id)).offerEndTime).toBe('2029-01-11T08:00:00Z')
    await gcp.advance('P1Y2D')
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_CANCELLED')
    expect(await types()).toContain('ENTITLEMENT_RENEWED')
  })

  it('leaves a usage plan at list price when it ends, its end in the past', async () => {
    const { body } = await accept(await published(priced(usageOnly, 'payg')))
    await approveAccount(body.account)
    await gcp.call('POST', gcp.entitlement(body.id, ':approve'), {})
    await gcp.advance('P1Y2D')
    const after = await gcp.read(body.id)
    expect(after).toMatchObject({
      state: 'ENTITLEMENT_ACTIVE',
      offerEndTime: '2028-01-11T08:00:00Z',
      usageReportingId: expect.any(String),
    })
    expect((await types()).at(-1)).toBe('ENTITLEMENT_OFFER_ENDED')
    await gcp.post('/buyer/cancel', { entitlement: body.id, when: 'now' })
    expect((await gcp.read(body.id)).state).toBe('ENTITLEMENT_CANCELLED')
  })
})

describe('an amendment', () => {
  const amendment = (change: object = {}) =>
    priced({
      ...yearly,
      amendedStandardOffer: `${SERVICE}/standardOffers/pro-P1Y`,
      ...change,
    })

  it('is a change of the order it amends, which the seller approves', async () => {
    const { id } = await gcp.active()
    const offer = await published(amendment())
    const { body } = await accept(offer)
    expect(body.id).toBe(id)
    const waiting = await gcp.read(id)
    expect(waiting).toMatchObject({
      state: 'ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL',
      newPendingPlan: 'pro-P1Y',
      newPendingOffer: expect.stringContaining(`/privateOffers/${idOf(offer)}`),
      newPendingOfferDuration: 'P1Y',
    })
    const told = (await gcp.events()).at(-1)
    expect(told).toMatchObject({
      eventType: 'ENTITLEMENT_PLAN_CHANGE_REQUESTED',
      entitlement: { newPendingOffer: waiting.newPendingOffer },
    })
    const filter = encodeURIComponent(`change_history.new_offer:"${waiting.newPendingOffer}"`)
    const list = await gcp.call('GET', `/v1/providers/${ACME.id}/entitlements?filter=${filter}`)
    expect(list.body.entitlements).toHaveLength(1)
    const plan = { pendingPlanName: 'pro-P1Y' }
    await gcp.call('POST', gcp.entitlement(id, ':approvePlanChange'), plan)
    await gcp.advance('PT1M')
    expect(await gcp.read(id)).toMatchObject({
      state: 'ENTITLEMENT_ACTIVE',
      offer: waiting.newPendingOffer,
    })
  })

  it('is over when the seller refuses it', async () => {
    const { id } = await gcp.active()
    const offer = await published(amendment())
    await accept(offer)
    const plan = { pendingPlanName: 'pro-P1Y', reason: 'No' }
    await gcp.call('POST', gcp.entitlement(id, ':rejectPlanChange'), plan)
    const kept = await gcp.read(id)
    expect(kept.newPendingOffer).toBeUndefined()
    expect(kept.offer).toMatch(/standardOffers\/pro-P1Y$/)
    expect(await stateOf(offer)).toBe('ENDED')
  })

  it('takes place by itself where approval is automatic', async () => {
    const { id } = await gcp.active()
    await gcp.post(`/control/products/${ACME.service}`, { automaticApproval: true })
    const offer = await published(amendment())
    await accept(offer)
    expect((await gcp.read(id)).state).toBe('ENTITLEMENT_PENDING_PLAN_CHANGE')
    await gcp.advance('PT1M')
    expect((await gcp.read(id)).offer).toContain(idOf(offer))
    expect((await types()).slice(-2)).toEqual([
      'ENTITLEMENT_OFFER_ACCEPTED',
      'ENTITLEMENT_PLAN_CHANGED',
    ])
  })

  it('is refused while the order it amends is not active', async () => {
    const { id } = await gcp.active()
    const offer = await published(amendment())
    await gcp.post('/buyer/cancel', { entitlement: id })
    expect((await accept(offer)).body.error).toMatch(/PENDING_CANCELLATION/)
    expect(await stateOf(offer)).toBe('PUBLISHED')
  })
})
