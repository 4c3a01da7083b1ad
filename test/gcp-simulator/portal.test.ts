import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { midnight, SERVICE } from './offers.ts'
import { ACME, INITECH, openGcp, type SimulatedGcp } from './open.ts'

const form = {
  service: ACME.service,
  plan: 'pro',
  title: 'Acme for Initech',
  customer: 'Initech',
  contact: 'Bo Buyer',
  email: 'bo@initech.example',
  billingAccount: INITECH,
  acceptBy: '2027-02-09',
  months: 12,
  flatFee: '120000.50',
  discounts: { pro_api_calls: '20' },
  features: { seats: '100' },
}

let gcp: SimulatedGcp

beforeEach(async () => {
  gcp = await openGcp()
})
afterEach(() => gcp.stop())

const typeIn = (change: object = {}) => gcp.post('/portal/offers', { ...form, ...change })
const offers = async () => (await gcp.get('/control/offers')).body.offers

describe('Producer Portal', () => {
  it('publishes what is typed in, as the API would show it', async () => {
    const { status, body } = await typeIn()
    expect(status).toBe(201)
    await gcp.advance('PT1M')
    const { body: shown } = await gcp.call('GET', `/v1beta/${body.name}?view=2`)
    expect(shown).toMatchObject({
      state: 'PUBLISHED',
      acceptDeadlineTime: midnight('2027-02-10'),
      singleProductOffer: {
        baseStandardOffer: `${SERVICE}/standardOffers/pro-P1Y`,
        standardIntervalPrice: {
          standardInterval: 'YEARLY_NOT_PRORATED',
          priceModel: {
            flatFee: { flatFeeOverride: { units: '120000', nanos: 500_000_000 } },
            usage: {
              skuDiscounts: [
                { sku: `${SERVICE}/skus/PROAPICALLS`, discountPercent: { value: '20' } },
              ],
            },
          },
        },
        features: [{ displayName: 'seats', value: '100' }],
      },
    })
  })

  it('takes instalments, the first as the agreement starts', async () => {
    const instalments = [{ amount: '60000.00' }, { on: '2027-07-01', amount: '60000.00' }]
    const { body } = await typeIn({ instalments })
    const { body: shown } = await gcp.call('GET', `/v1beta/${body.name}?view=2`)
    const { installments } = shown.singleProductOffer.customIntervalPrice
    expect(installments).toHaveLength(2)
    expect(installments[0]).not.toHaveProperty('startTime')
    expect(installments[1]).toMatchObject({ startTime: midnight('2027-07-01') })
  })

  it('is accepted by the buyer like any other offer', async () => {
    const { body } = await typeIn()
    await gcp.advance('PT1M')
    const accepted = await gcp.post('/buyer/accept', { offer: body.id, billingAccount: INITECH })
    expect(accepted.status).toBe(201)
  })

  it('refuses by the rules of the API, and keeps nothing of it', async () => {
    const { status, body } = await typeIn({ acceptBy: '2027-08-31' })
    expect(status).toBe(409)
    expect(JSON.stringify(body.details)).toContain('accept_deadline_time')
    expect(await offers()).toEqual([])
  })

  it.each([
    [{ plan: 'gold' }, 404],
    [{ service: 'nobody' }, 404],
    [{ discounts: { seats: '5' } }, 404],
    [{ flatFee: 12 }, 422],
    [{ acceptBy: 'soon' }, 422],
  ])('says what is odd: %j', async (change, status) => {
    expect((await typeIn(change)).status).toBe(status)
    expect(await offers()).toEqual([])
  })
})
