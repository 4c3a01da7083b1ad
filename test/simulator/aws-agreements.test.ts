import {
  DescribeAgreementCommand,
  GetAgreementEntitlementsCommand,
  GetAgreementTermsCommand,
  ListAgreementInvoiceLineItemsCommand,
  SearchAgreementsCommand,
} from '@aws-sdk/client-marketplace-agreement'
import { ListEntitiesCommand } from '@aws-sdk/client-marketplace-catalog'
import { GetEntitlementsCommand } from '@aws-sdk/client-marketplace-entitlement-service'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  clientsOf,
  GLOBEX,
  INITECH,
  LEGACY_PUBLIC_OFFER,
  openAws,
  PRODUCT_CODE,
  PUBLIC_OFFER,
  refusal,
  type SimulatedAws,
} from './aws-clients.ts'
import { agreed, goodOffer, offerChanges, publish, released } from './aws-offers.ts'

let aws: SimulatedAws

beforeEach(async () => {
  aws = await openAws()
})
afterEach(() => aws.stop())

const search = (filters: Record<string, string>, more: object = {}, client = aws.agreement) =>
  client.send(
    new SearchAgreementsCommand({
      catalog: 'AWSMarketplace',
      filters: Object.entries({ AgreementType: 'PurchaseAgreement', ...filters }).map(
        ([name, value]) => ({ name, values: [value] }),
      ),
      ...more,
    }),
  )
const mine = { PartyType: 'Proposer' }
const found = async (filters: Record<string, string>, more: object = {}) =>
  (await search({ ...mine, ...filters }, more)).agreementViewSummaries ?? []
const accept = (offerId: string, account: string, more: object = {}) =>
  aws.post('/aws/buyer/accept', { offerId, account, ...more })
const describe = (agreementId: string) =>
  aws.agreement.send(new DescribeAgreementCommand({ agreementId }))
const buyersClients = () =>
  clientsOf(aws.origin, {
    accessKeyId: 'AKIASIMBUYER00000001',
    secretAccessKey: 'simulated-buyer-secret',
  })

it('shows an accepted offer with its value, term and licence', async () => {
  const { agreementId, licenseArn } = await agreed(aws)
  const [one] = await found({ LicenseArn: licenseArn })
  expect(one).toMatchObject({
    agreementId,
    status: 'ACTIVE',
    acceptor: { accountId: INITECH },
    endTimeBehaviorType: 'EXPIRE',
    endTimeBehaviorReasonCode: 'NO_RENEWAL_TERM',
    initialAgreementId: agreementId,
  })
  const full = await describe(agreementId)
  expect(full.estimatedCharges).toEqual({ currencyCode: 'USD', agreementValue: '1200.00' })
  expect(full.endTime).toEqual(new Date('2028-01-10T09:30:05Z'))
  const { acceptedTerms } = await aws.agreement.send(
    new GetAgreementTermsCommand({ agreementId, maxResults: 2 }),
  )
  expect(acceptedTerms?.map((term) => Object.keys(term)[0])).toEqual([
    'fixedUpfrontPricingTerm',
    'usageBasedPricingTerm',
  ])
})

it('is for its buyer only, once, and until it expires', async () => {
  const offerId = await released(aws)
  expect((await accept(offerId, GLOBEX)).error).toBe('the offer is for other accounts')
  expect((await accept(offerId, INITECH, { quantities: { seats: 3 } })).status).toBe(409)
  expect((await accept(offerId, INITECH)).status).toBe(201)
  expect((await accept(offerId, INITECH)).error).toBe('the offer is already accepted')
  const late = await released(aws)
  await aws.advance('P30D')
  expect((await accept(late, INITECH)).error).toBe('the offer has expired')
})

it('lets the buyer choose quantities, add to them, and keeps the agreement id', async () => {
  const bought = await accept(PUBLIC_OFFER, GLOBEX, { quantities: { seats: 10 }, autoRenew: true })
  await aws.advance('PT2M')
  expect((await describe(bought.agreementId)).estimatedCharges?.agreementValue).toBe('1200.00')
  const before = new Date(aws.simulator.clock.now()).toISOString()
  await aws.advance('PT1H')
  const { agreementId } = bought
  expect(
    (await aws.post('/aws/buyer/amend', { agreementId, quantities: { seats: 4 } })).error,
  ).toBe('units can only be added')
  await aws.post('/aws/buyer/amend', { agreementId, quantities: { seats: 12 } })
  const changed = await found({ AfterLastUpdateTime: before })
  expect(changed.map((one) => one.agreementId)).toEqual([agreementId])
  const { acceptedTerms } = await aws.agreement.send(new GetAgreementTermsCommand({ agreementId }))
  const chosen = acceptedTerms?.find((term) => term.configurableUpfrontPricingTerm)
  expect(chosen?.configurableUpfrontPricingTerm?.configuration?.dimensions).toEqual([
    { dimensionKey: 'seats', dimensionValue: 12 },
  ])
  const { Entitlements } = await aws.entitlement.send(
    new GetEntitlementsCommand({ ProductCode: PRODUCT_CODE }),
  )
  expect(Entitlements?.map((one) => [one.Dimension, one.Value?.IntegerValue])).toEqual([
    ['seats', 12],
  ])
})

it('has no entitlements until the licence is provisioned, and none after it is taken back', async () => {
  const entitlements = async () =>
    (await aws.entitlement.send(new GetEntitlementsCommand({ ProductCode: PRODUCT_CODE })))
      .Entitlements
  expect(await entitlements()).toBeUndefined()
  const { agreementId } = await accept(await released(aws), INITECH)
  const state = async () => {
    const command = new GetAgreementEntitlementsCommand({ agreementId })
    return (await aws.agreement.send(command)).agreementEntitlements?.[0]?.status
  }
  expect([await entitlements(), await state()]).toEqual([undefined, 'PENDING'])
  await aws.advance('PT61S')
  expect([(await entitlements())?.length, await state()]).toEqual([1, 'PROVISIONED'])
  await aws.post('/aws/buyer/cancel', { agreementId })
  expect(await state()).toBe('PROVISIONED')
  await aws.advance('PT31S')
  expect([await entitlements(), await state()]).toEqual([undefined, 'DEPROVISIONED'])
  expect((await describe(agreementId)).status).toBe('CANCELLED')
})

it('filters entitlements by union within a key and intersection between keys', async () => {
  for (const account of [INITECH, GLOBEX]) {
    await accept(PUBLIC_OFFER, account, { quantities: { seats: 1, support: 1 } })
  }
  await aws.advance('PT2M')
  const count = async (Filter: any, MaxResults = 25) =>
    aws.entitlement.send(
      new GetEntitlementsCommand({ ProductCode: PRODUCT_CODE, Filter, MaxResults }),
    )
  const both = { CUSTOMER_AWS_ACCOUNT_ID: [INITECH, GLOBEX] }
  expect((await count(both)).Entitlements).toHaveLength(4)
  expect((await count({ ...both, DIMENSION: ['seats'] })).Entitlements).toHaveLength(2)
  const first = await count(both, 3)
  expect([first.Entitlements?.length, first.NextToken === undefined]).toEqual([3, false])
  const failed = await refusal(count({ ...both, CUSTOMER_IDENTIFIER: ['X01INITECHX'] }))
  expect(failed.name).toBe('InvalidParameterException')
})

it('renews by itself into a new agreement and licence, dearer as agreed', async () => {
  const { ReleaseOffer: last, ...rest } = goodOffer
  const first = await agreed(
    aws,
    {
      ...rest,
      UpdateRenewalTerms: {
        Terms: [
          {
            Type: 'RenewalTerm',
            MaxRenewals: 1,
            PriceIncrease: { Type: 'FixedPercentage', Value: '5.00' },
            TermTemplates: [
              {
                Type: 'PaymentScheduleTermTemplate',
                Schedule: [
                  { ChargeDateOffset: 'P0M', ChargePercentage: '33.33' },
                  { ChargeDateOffset: 'P6M', ChargePercentage: '66.67' },
                ],
              },
            ],
          },
        ],
      },
      ReleaseOffer: last,
    },
    { autoRenew: true },
  )
  expect((await found({}))[0]?.endTimeBehaviorType).toBe('RENEW')
  await aws.advance('P366D')
  const [old, next] = await found({}, { sort: { sortBy: 'StartTime' } })
  expect([old?.status, next?.status]).toEqual(['RENEWED', 'ACTIVE'])
  expect(next?.initialAgreementId).toBe(first.agreementId)
  expect(next?.entitlements?.[0]?.licenseArn).not.toBe(first.licenseArn)
  const renewal = await describe(next?.agreementId ?? '')
  expect(renewal.estimatedCharges?.agreementValue).toBe('1260.00')
  expect(renewal.endTimeBehavior).toEqual({ type: 'EXPIRE', reasonCode: 'RENEWAL_LIMIT_EXHAUSTED' })
  const { acceptedTerms } = await aws.agreement.send(
    new GetAgreementTermsCommand({ agreementId: next?.agreementId }),
  )
  const rows = acceptedTerms?.find((term) => term.paymentScheduleTerm)?.paymentScheduleTerm
    ?.schedule
  expect(rows?.map((row) => row.chargeAmount)).toEqual(['419.95', '840.05'])
  const written = await aws.catalog.send(
    new ListEntitiesCommand({
      Catalog: 'AWSMarketplace',
      EntityType: 'Offer',
      EntityTypeFilters: { OfferFilters: { CreatedBySource: { ValueList: ['AwsMarketplace'] } } },
    }),
  )
  expect(written.EntitySummaryList?.[0]?.OfferSummary?.TargetAgreementIntent).toBe('Renew')
  await aws.advance('P366D')
  expect((await found({ Status: 'EXPIRED' })).map((one) => one.agreementId)).toEqual([
    next?.agreementId,
  ])
})

it('is replaced by an offer made for it', async () => {
  const first = await agreed(aws)
  const set = offerChanges({
    CreateOffer: null,
    UpdateTargeting: null,
    UpdateValidityTerms: { Terms: [{ Type: 'ValidityTerm', AgreementEndDate: '2028-01-10' }] },
    UpdatePaymentScheduleTerms: {
      Terms: [
        {
          Type: 'PaymentScheduleTerm',
          CurrencyCode: 'USD',
          Schedule: [{ ChargeDate: '2027-02-01', ChargeAmount: '2000.00' }],
        },
      ],
    },
  })
  const { offerId, codes } = await publish(aws, [
    {
      ChangeType: 'CreateReplacementOffer',
      ChangeName: 'Create',
      Entity: { Type: 'Offer@1.0' },
      DetailsDocument: { AgreementId: first.agreementId },
    },
    ...set,
  ])
  expect(codes).toEqual([])
  const second = await accept(offerId, INITECH)
  expect((await describe(first.agreementId)).status).toBe('REPLACED')
  const now = await describe(second.agreementId)
  expect([now.status, now.initialAgreementId]).toEqual(['ACTIVE', first.agreementId])
})

it('starts in the future when the offer says so', async () => {
  const { agreementId } = await agreed(aws, {
    UpdateValidityTerms: {
      Terms: [
        {
          Type: 'ValidityTerm',
          AgreementStartDate: '2027-02-15',
          AgreementEndDate: '2028-02-14',
        },
      ],
    },
  })
  const state = async () =>
    (await aws.agreement.send(new GetAgreementEntitlementsCommand({ agreementId })))
      .agreementEntitlements?.[0]
  expect(await state()).toMatchObject({
    status: 'SCHEDULED',
    statusReasonCode: 'FUTURE_START_DATE',
  })
  expect((await describe(agreementId)).endTime).toEqual(new Date('2028-02-14T23:59:59.999Z'))
  await aws.advance('P40D')
  expect((await state())?.status).toBe('PROVISIONED')
})

it('has one agreement an account for legacy products, many for concurrent ones', async () => {
  const quantities = { quantities: { seats: 1 } }
  expect((await accept(LEGACY_PUBLIC_OFFER, GLOBEX, quantities)).status).toBe(201)
  expect((await accept(LEGACY_PUBLIC_OFFER, GLOBEX, quantities)).status).toBe(409)
  expect((await accept(PUBLIC_OFFER, GLOBEX, quantities)).status).toBe(201)
  expect((await accept(PUBLIC_OFFER, GLOBEX, quantities)).status).toBe(201)
  expect(await found({ AcceptorAccountId: GLOBEX })).toHaveLength(3)
})

it('belongs to its proposer and its acceptor', async () => {
  const { agreementId } = await agreed(aws)
  const other = clientsOf(aws.origin, {
    accessKeyId: 'AKIASIMSELLER0000002',
    secretAccessKey: 'simulated-other-secret',
  })
  expect((await search(mine, {}, other.agreement)).agreementViewSummaries).toEqual([])
  const failed = await refusal(other.agreement.send(new DescribeAgreementCommand({ agreementId })))
  expect(failed.name).toBe('ResourceNotFoundException')
  expect(failed.resourceType).toBe('Agreement')
  const bought = await search({ PartyType: 'Acceptor' }, {}, buyersClients().agreement)
  expect(bought.agreementViewSummaries).toHaveLength(1)
})

it.each<[string, Record<string, string>, object, string]>([
  ['no party', {}, {}, 'MISSING_PARTY_TYPE'],
  ['a strange party', { PartyType: 'Seller' }, {}, 'INVALID_PARTY_TYPE'],
  ['a strange filter', { ...mine, Colour: 'red' }, {}, 'INVALID_FILTER_NAME'],
  ['a strange date', { ...mine, AfterEndTime: 'soon' }, {}, 'INVALID_FILTER_VALUES'],
  ['a strange token', mine, { nextToken: 'bm9uc2Vuc2U' }, 'INVALID_NEXT_TOKEN'],
  [
    'an acceptor with free filters',
    { PartyType: 'Acceptor', LicenseArn: 'x' },
    {},
    'UNSUPPORTED_FILTERS',
  ],
  [
    'an acceptor sorting by start',
    { PartyType: 'Acceptor' },
    { sort: { sortBy: 'StartTime' } },
    'INVALID_SORT_BY',
  ],
  ['a page of 51', mine, { maxResults: 51 }, 'INVALID_MAX_RESULTS'],
])('refuses a search with %s', async (_, filters, more, reason) => {
  const failed = await refusal(search(filters, more))
  expect([failed.name, failed.reason]).toEqual(['ValidationException', reason])
})

it('pages through agreements without losing or repeating one', async () => {
  for (let count = 0; count < 5; count += 1) {
    await accept(PUBLIC_OFFER, GLOBEX, { quantities: { seats: 1 } })
    await aws.advance('PT1M')
  }
  await aws.set({ catalog: { emptyFirstPage: true } })
  const ids: (string | undefined)[] = []
  let nextToken: string | undefined
  do {
    const page = await search(mine, { maxResults: 2, ...(nextToken ? { nextToken } : {}) })
    ids.push(...(page.agreementViewSummaries ?? []).map((one) => one.agreementId))
    nextToken = page.nextToken
  } while (nextToken)
  expect([ids.length, new Set(ids).size]).toEqual([5, 5])
})

it('lists what was invoiced', async () => {
  const { agreementId } = await agreed(aws)
  const list = async (more: object = {}) =>
    (
      await aws.agreement.send(
        new ListAgreementInvoiceLineItemsCommand({ agreementId, groupBy: 'INVOICE_ID', ...more }),
      )
    ).agreementInvoiceLineItemGroupSummaries ?? []
  const [first] = await list()
  expect(first?.pricingCurrencyAmount).toEqual({
    amount: '700.00',
    maxAdjustmentAmount: '700.00',
    currencyCode: 'USD',
  })
  await aws.post('/aws/control/refunds', { invoiceId: first?.invoiceId, amount: '100.5' })
  expect(
    (await list({ invoiceType: 'INVOICE' }))[0]?.pricingCurrencyAmount?.maxAdjustmentAmount,
  ).toBe('599.50')
  expect((await list({ invoiceType: 'CREDIT_MEMO' }))[0]?.pricingCurrencyAmount?.amount).toBe(
    '-100.50',
  )
  expect(await list({ invoiceBillingPeriod: { month: 3, year: 2027 } })).toEqual([])
})
