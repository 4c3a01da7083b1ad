import { afterEach, beforeEach, expect, it } from 'vitest'
import { dealsOf } from './deals.ts'
import { flatOffer, midnight, priced, SERVICE, usd } from './offers.ts'
import { ACME, INITECH, openGcp, type SimulatedGcp } from './open.ts'

let gcp: SimulatedGcp
let deals: ReturnType<typeof dealsOf>
const parent = `/v1beta/projects/${ACME.id}/locations/global`

beforeEach(async () => {
  gcp = await openGcp()
  deals = dealsOf(gcp)
})
afterEach(() => gcp.stop())

it('names every fault of an empty offer at once', async () => {
  const { name } = await deals.create({})
  const { body, status } = await deals.act(name, 'publish')
  expect([status, body.error.status]).toEqual([400, 'FAILED_PRECONDITION'])
  const fields = body.error.details[0].fieldViolations.map((one: any) => one.field)
  expect(fields).toEqual([
    'title',
    'customer.entity_title',
    'customer.contact',
    'partner_contact.contact',
    'offer_deal_type',
    'customer.target_billing_account',
    'term',
    'accept_deadline_time',
    'documents',
    'single_product_offer',
  ])
  await gcp.set({ producer: { publishStatus: 'INVALID_ARGUMENT' } })
  expect((await deals.act(name, 'publish')).body.error.status).toBe('INVALID_ARGUMENT')
})

it('wants midnights of Los Angeles, and a deadline within three months', async () => {
  const deadline = (time: object) => deals.complaints(flatOffer({ acceptDeadlineTime: time }))
  const field = 'accept_deadline_time'
  expect(await deadline({ ...midnight('2027-02-10'), hours: 1 })).toEqual([field])
  expect(await deadline({ ...midnight('2027-02-10'), timeZone: { id: 'UTC' } })).toEqual([field])
  expect(await deadline(midnight('2027-01-10'))).toEqual([field])
  expect(await deadline(midnight('2027-04-10'))).toEqual([])
  expect(await deadline(midnight('2027-04-11'))).toEqual([field])
})

it('holds the term to what the reference says', async () => {
  const term = (change: object) =>
    deals.complaints(flatOffer({ term: { ...flatOffer().term, ...change } }))
  expect(await term({ scheduledStartTime: midnight('2027-03-01') })).toEqual([
    'term.scheduled_start_time',
  ])
  const scheduled = { startPolicy: 'SCHEDULED_START_TIME' }
  expect(await term(scheduled)).toEqual(['term.scheduled_start_time'])
  expect(await term({ ...scheduled, scheduledStartTime: midnight('2028-02-01') })).toEqual([
    'term.scheduled_start_time',
  ])
  expect(await term({ ...scheduled, scheduledStartTime: midnight('2027-02-01') })).toEqual([
    'accept_deadline_time',
  ])
  expect(await term({ ...scheduled, scheduledStartTime: midnight('2027-02-10') })).toEqual([])
  expect(await term({ durationMonths: 36, maxRenewalCount: 2 })).toEqual(['term.duration_months'])
  expect(await term({ durationMonths: 42, maxRenewalCount: 1 })).toEqual([])
  expect(await term({ durationMonths: 0 })).toEqual(['term.duration_months'])
  expect(await term({ endPolicy: 'MATCH_AMENDED_OFFER' })).toEqual(['term.end_policy'])
  const until = (day: string) => ({
    startPolicy: 'IMMEDIATE',
    endPolicy: 'SCHEDULED_END_TIME',
    scheduledEndTime: midnight(day),
  })
  expect(await deals.complaints(flatOffer({ term: until('2028-01-01') }))).toEqual([
    'term.duration_months',
  ])
  const priceModel = { flatFee: { flatFeeOverride: usd('10') } }
  const once = { customIntervalPrice: { installments: [{ priceModel }] } }
  const ending = (day: string) => deals.complaints(priced(once, 'pro-P1Y', { term: until(day) }))
  expect(await ending('2028-01-01')).toEqual([])
  expect(await ending('2034-02-01')).toEqual(['term.scheduled_end_time'])
  expect(await ending('2027-02-01')).toEqual(['accept_deadline_time'])
})

it('checks whom the offer is for', async () => {
  const target = (name: string) => {
    const customer = { ...flatOffer().customer, targetBillingAccount: name }
    return deals.complaints(flatOffer({ customer }))
  }
  const field = ['customer.target_billing_account']
  expect(await target('billingAccounts/nonsense')).toEqual(field)
  expect(await target('billingAccounts/AAAAAA-AAAAAA-AAAAAA')).toEqual(field)
  const [child, up] = ['AAAAAA-000000-000001', 'AAAAAA-000000-000002']
  await gcp.post('/control/billing-accounts', { id: up })
  await gcp.post('/control/billing-accounts', { id: child, resellerParent: up })
  expect(await target(`billingAccounts/${up}`)).toEqual(field)
  expect(await target(`billingAccounts/${child}`)).toEqual(field)
  await gcp.post(`/control/products/${ACME.service}`, { isResellable: true })
  expect(await target(`billingAccounts/${child}`)).toEqual([])
  const customer = { ...flatOffer().customer, email: 'nobody' }
  expect(await deals.complaints(flatOffer({ customer }))).toEqual(['customer.email'])
})

it('checks amounts: dollars, cents, bounds', async () => {
  const fee = (flatFeeOverride: object) =>
    deals.complaints(
      priced({
        standardIntervalPrice: {
          standardInterval: 'YEARLY_NOT_PRORATED',
          priceModel: { flatFee: { flatFeeOverride } },
        },
      }),
    )
  const field = [
    'single_product_offer.standard_interval_price.price_model.flat_fee.flat_fee_override',
  ]
  expect(await fee({ currencyCode: 'EUR', units: '10' })).toEqual(field)
  expect(await fee(usd('10', 1))).toEqual(field)
  expect(await fee(usd('-10'))).toEqual(field)
  expect(await fee(usd('1000000001'))).toEqual(field)
  expect(await fee(usd('1000000000'))).toEqual([])
  expect(await fee(usd('10', 990_000_000))).toEqual([])
})

it('checks commitments and usage discounts against each other and the plan', async () => {
  const model = (priceModel: object, base = 'payg', standardInterval?: string) =>
    deals.complaints(
      priced(
        {
          standardIntervalPrice: { ...(standardInterval ? { standardInterval } : {}), priceModel },
        },
        base,
      ),
    )
  const here = 'single_product_offer.standard_interval_price'
  const monthly = 'MONTHLY_NOT_PRORATED'
  const commitment = { commitmentAmount: usd('10000') }
  const usage = { defaultDiscountPercent: { value: '12.34' } }
  expect(await model({ usage })).toEqual([])
  expect(await model({ usage }, 'payg', monthly)).toEqual([`${here}.standard_interval`])
  expect(await model({ commitment, usage }, 'payg', monthly)).toEqual([])
  expect(await model({ commitment, usage })).toEqual([`${here}.standard_interval`])
  expect(await model({ commitment }, 'payg', monthly)).toEqual([
    `${here}.price_model.commitment.discount_percent`,
  ])
  const both = { commitment: { ...commitment, discountPercent: { value: '10' } }, usage }
  expect(await model(both, 'payg', monthly)).toEqual([
    `${here}.price_model.commitment.discount_percent`,
  ])
  expect(await model({ commitment, usage }, 'pro-P1Y', monthly)).toEqual([
    `${here}.price_model.commitment`,
  ])
  expect(await model({ usage: { defaultDiscountPercent: { value: '100.1' } } })).toEqual([
    `${here}.price_model.usage.default_discount_percent`,
  ])
  const skuDiscounts = [{ sku: `${SERVICE}/skus/NONE`, discountPercent: { value: '5' } }]
  expect(await model({ usage: { skuDiscounts } })).toEqual([
    `${here}.price_model.usage.sku_discounts[0].sku`,
  ])
  expect(await model({ flatFee: { flatFeeOverride: usd('1') } }, 'payg', monthly)).toEqual([
    `${here}.price_model.flat_fee`,
  ])
  expect(await model({ flatFee: { flatFeeOverride: usd('1') } }, 'pro', 'MONTHLY_POSTPAY')).toEqual(
    [`${here}.standard_interval`],
  )
})

it('checks instalments: order, first start, deadline, end, one form', async () => {
  const fee = (units: string) => ({ flatFee: { flatFeeOverride: usd(units) } })
  const on = (startTime: object | undefined, priceModel: object = fee('10')) => ({
    ...(startTime ? { startTime } : {}),
    priceModel,
  })
  const custom = (...installments: object[]) =>
    deals.complaints(priced({ customIntervalPrice: { installments } }))
  const at = (index: number, what = 'start_time') =>
    `single_product_offer.custom_interval_price.installments[${index}].${what}`
  expect(await custom(on(undefined), on(midnight('2027-07-01')))).toEqual([])
  expect(await custom(on(midnight('2027-03-01')))).toEqual([at(0)])
  expect(await custom(on(undefined), on(midnight('2027-02-09')))).toEqual([at(1)])
  expect(
    await custom(on(undefined), on(midnight('2027-07-01')), on(midnight('2027-06-01'))),
  ).toEqual([at(2)])
  expect(await custom(on(undefined), on(midnight('2028-03-01')))).toEqual([at(1)])
  expect(await custom(on(undefined), on({ ...midnight('2027-07-01'), hours: 5 }))).toEqual([at(1)])
  const usage = { usage: { defaultDiscountPercent: { value: '1' } } }
  expect(
    await custom(on(undefined), on(midnight('2027-07-01'), { ...fee('1'), ...usage })),
  ).toEqual(['single_product_offer.custom_interval_price.installments'])
  expect(await custom(on(undefined, usage))).toEqual([at(0, 'price_model')])
  expect(await custom()).toEqual(['single_product_offer.custom_interval_price.installments'])
})

it('checks features and additional contract value', async () => {
  const single = flatOffer().singleProductOffer
  const feature = (displayName: string, value = '') => ({ displayName, value })
  const here = 'single_product_offer'
  const features = [feature('Seats', '100'), feature('Seats', '200'), feature(''), feature('a\nb')]
  expect(await deals.complaints(priced({ ...single, features }))).toEqual([
    `${here}.features[1].display_name`,
    `${here}.features[2].display_name`,
    `${here}.features[3]`,
  ])
  const additionalContractValue = { contractValue: usd('100000') }
  expect(await deals.complaints(priced({ ...single, additionalContractValue }))).toEqual([
    `${here}.additional_contract_value.eligible_skus`,
  ])
})

it('resolves what an offer must amend, and refuses one that does not', async () => {
  const target = async () => {
    const base = encodeURIComponent(`${SERVICE}/standardOffers/pro-P1Y`)
    const buyer = encodeURIComponent(`billingAccounts/${INITECH}`)
    const query = `targetBillingAccount=${buyer}&baseStandardOffer=${base}`
    return (await gcp.call('GET', `${parent}/privateOffers:resolveAmendmentTarget?${query}`)).body
  }
  expect(await target()).toEqual({})
  const standard = await gcp.active()
  const standardOffer = `${SERVICE}/standardOffers/pro-P1Y`
  expect(await target()).toEqual({ requiredStandardOffer: standardOffer })
  expect(await deals.complaints(flatOffer())).toEqual([
    'single_product_offer.amended_standard_offer',
  ])
  const single = { ...flatOffer().singleProductOffer, amendedStandardOffer: standardOffer }
  const name = await deals.published(priced(single))
  await deals.accept(name)
  expect((await gcp.read(standard.id)).state).toBe('ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL')
  const approve = gcp.entitlement(standard.id, ':approvePlanChange')
  await gcp.call('POST', approve, { pendingPlanName: 'pro-P1Y' })
  await gcp.advance('PT1M')
  expect(await target()).toEqual({ requiredPrivateOffer: name })
  await gcp.post(`/control/products/${ACME.service}`, { multipleOrders: true })
  expect(await target()).toEqual({ optionalOffers: { privateOffers: [name] } })
  expect(await deals.complaints(flatOffer())).toEqual([])
})

it('holds an amendment to the running terms of what it amends', async () => {
  const cud = (units: string, standardInterval = 'QUARTERLY_NOT_PRORATED') => ({
    standardIntervalPrice: {
      standardInterval,
      priceModel: {
        commitment: { commitmentAmount: usd(units) },
        usage: { defaultDiscountPercent: { value: '5' } },
      },
    },
  })
  const deal = { offerDealType: 'MIGRATION' }
  const amendedPrivateOffer = await deals.published(priced(cud('1000'), 'payg', deal))
  await deals.ordered(amendedPrivateOffer)
  const amending = (price: object, change: object = deal) =>
    deals.complaints(priced({ ...price, amendedPrivateOffer }, 'payg', change))
  const here = 'single_product_offer'
  expect(await amending(cud('1000'))).toEqual([])
  expect(await amending(cud('999'))).toEqual([
    `${here}.standard_interval_price.price_model.commitment.commitment_amount`,
  ])
  expect(await amending(cud('1000', 'MONTHLY_NOT_PRORATED'))).toEqual([
    `${here}.standard_interval_price.standard_interval`,
  ])
  expect(await amending(cud('1000'), { offerDealType: 'NEW' })).toEqual(['offer_deal_type'])
  const listPrice = {
    commitment: { commitmentAmount: usd('1000'), discountPercent: { value: '1' } },
  }
  const other = { standardInterval: 'QUARTERLY_NOT_PRORATED', priceModel: listPrice }
  expect(await amending({ standardIntervalPrice: other })).toEqual([here])
  const late = { ...deal, term: { ...flatOffer().term, durationMonths: 24 } }
  expect(await amending(cud('2000'), late)).toEqual([])
})
