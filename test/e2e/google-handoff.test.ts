import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { offerOf, typed } from './google/deal.ts'
import { dayMs, type Google, hourMs, INITECH, minuteMs, openGoogle } from './google/google.ts'
import { typeIn } from './google/portal.ts'

/** Two offers to one buyer for one product: which of them an order came of only a person can say. */
describe('two deals at Google that a person typed in', { timeout: 60_000 }, () => {
  let google: Google
  const deal: Record<string, any> = {}
  const offers: any[] = []
  const stateOf = async (offer: any) => google.get(`/v1/offers/${offer.id}`)
  beforeAll(async () => {
    google = await openGoogle({ startAt: '2027-01-25T09:00:00.000Z', mode: 'handoff' })
    const [listing] = (await google.get(`/v1/listings?connection=${google.connection}`)).data
    const accounts = [{ provider: 'gcp', ref: INITECH }]
    deal.connection = google.connection
    deal.listing = listing.id
    deal.plan = listing.plans.find((one: any) => one.planRef === 'pro').id
    deal.buyer = (await google.post('/v1/buyers', { name: 'Initech', accounts })).id
    for (const name of ['Initech 2027', 'Initech 2027, second']) {
      const offer = await google.post('/v1/offers', { ...offerOf(deal), name })
      await google.post(`/v1/offers/${offer.id}/submit`)
      offers.push(offer)
    }
    await google.pass(minuteMs)
  })
  afterAll(() => google?.close())

  it('are not told apart by guessing: both say which order they may have become', async () => {
    deal.offerRef = await typeIn(google, { ...typed, title: 'Initech 2027, second' })
    const { id } = await google.buyer('accept', { offer: deal.offerRef, billingAccount: INITECH })
    await google.pass(16 * minuteMs)
    deal.agreement = (await google.agreementOf(id)).id
    for (const offer of offers)
      expect(await stateOf(offer)).toMatchObject({
        state: { is: 'handed_off' },
        mayBe: [deal.agreement],
      })
    expect(await google.agreementOf(id)).toMatchObject({ offer: null })
    expect(await google.events('offer.may_be')).toHaveLength(2)
  })

  it('are told apart by a person, once', async () => {
    const [first, second] = offers
    const match = (offer: any) =>
      google.as('deal_desk').post(`/v1/offers/${offer.id}/match`, { agreement: deal.agreement })
    expect((await match(second)).status).toBe(200)
    await google.drain()
    expect((await stateOf(second)).state).toMatchObject({
      is: 'accepted',
      offerRef: deal.offerRef,
      agreement: deal.agreement,
    })
    expect(await google.get(`/v1/agreements/${deal.agreement}`)).toMatchObject({
      offer: second.id,
      buyer: deal.buyer,
    })
    const again = await match(first)
    expect(again.status).toBe(422)
    expect(again.body.errors[0].message).toMatch(`came of ${second.id}`)
    await google.pass(11 * minuteMs)
    expect(await stateOf(first)).toMatchObject({ state: { is: 'handed_off' }, mayBe: [] })
  })

  it('end apart: the one nobody accepted expires on its day in the Pacific', async () => {
    const [first] = offers
    await google.pass(Date.parse('2027-02-01T07:50:00Z') - Date.parse(google.deps.now()), dayMs)
    expect((await stateOf(first)).state).toMatchObject({ is: 'handed_off' })
    await google.pass(2 * hourMs)
    expect((await stateOf(first)).state).toMatchObject({ is: 'expired', offerRef: null })
    await google.expectNothingStopped()
  })
})
