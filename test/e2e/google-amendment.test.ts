import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { usd as googleUsd, priced } from '../gcp-simulator/offers.ts'
import { offerOf, usd } from './google/deal.ts'
import { ACME, type Google, INITECH, minuteMs, openGoogle, secondMs } from './google/google.ts'
import { typeIn } from './google/portal.ts'

/** A second offer to a buyer who has an order: it changes that order. */
describe('an amendment at Google', { timeout: 60_000 }, () => {
  let google: Google
  const deal: Record<string, any> = {}
  const offers: any[] = []
  beforeAll(async () => {
    google = await openGoogle({ startAt: '2027-01-11T17:00:00.000Z' })
    const [listing] = (await google.get(`/v1/listings?connection=${google.connection}`)).data
    const accounts = [{ provider: 'gcp', ref: INITECH }]
    deal.connection = google.connection
    deal.listing = listing.id
    deal.plan = listing.plans.find((one: any) => one.planRef === 'pro').id
    deal.buyer = (await google.post('/v1/buyers', { name: 'Initech', accounts })).id
  })
  afterAll(() => google?.close())

  async function publish(name: string, flat: string) {
    const terms = { ...offerOf(deal), name, pricing: { flat }, payments: undefined }
    const { id } = await google.post('/v1/offers', terms)
    await google.post(`/v1/offers/${id}/submit`)
    await google.pass(2 * minuteMs)
    const offer = await google.get(`/v1/offers/${id}`)
    expect(offer.state).toMatchObject({ is: 'live' })
    offers.push(offer)
    const accepted = { offer: offer.state.offerRef, billingAccount: INITECH }
    return (await google.buyer('accept', accepted)).id as string
  }

  it('of ours changes the order without a question: its seller agreed on it', async () => {
    deal.order = await publish('First', '10000.00')
    await google.pass(5 * secondMs)
    await google.signUp(deal.order)
    await google.pass(2 * minuteMs)
    const before = await google.agreementOf(deal.order)
    expect(before).toMatchObject({ offer: offers[0].id, value: usd('10000.00') })
    deal.agreement = before.id
    expect(await publish('Second', '24000.00')).toBe(deal.order)
    await google.pass(6 * minuteMs)
    expect(await google.agreementOf(deal.order)).toMatchObject(second())
    for (const { id } of offers)
      expect((await google.get(`/v1/offers/${id}`)).state).toMatchObject({
        is: 'accepted',
        agreement: deal.agreement,
      })
    const operations = await google.operations(deal.agreement)
    expect(operations.at(-1)).toMatchObject({ state: 'done' })
  })

  it('of somebody else’s waits for the seller, who may turn it down: the order is as it was', async () => {
    const amendedPrivateOffer = `projects/${ACME.id}/locations/global/privateOffers/${offers[1].state.offerRef}`
    const priceModel = { flatFee: { flatFeeOverride: googleUsd('36000') } }
    const foreign = await typeIn(
      google,
      priced({ amendedPrivateOffer, customIntervalPrice: { installments: [{ priceModel }] } }),
    )
    await google.buyer('accept', { offer: foreign, billingAccount: INITECH })
    await google.pass(minuteMs)
    expect(await google.agreementOf(deal.order)).toMatchObject({
      ...second(),
      awaits: { what: 'change', offerRef: foreign },
    })
    expect(await google.events('agreement.change_asked')).toHaveLength(1)
    await google.post(`/v1/agreements/${deal.agreement}/reject-change`, { reason: 'not agreed' })
    await google.pass(2 * minuteMs)
    expect(await google.agreementOf(deal.order)).toMatchObject(second())
    await google.expectNothingStopped()
  })

  const second = () => ({
    state: { is: 'active' },
    offer: offers[1].id,
    offerRef: offers[1].state.offerRef,
    value: usd('24000.00'),
    awaits: null as object | null,
  })
})
