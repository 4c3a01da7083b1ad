import {
  BatchDescribeEntitiesCommand,
  CancelChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeEntityCommand,
  ListChangeSetsCommand,
  ListEntitiesCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  StartChangeSetCommand,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-marketplace-catalog'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { clientsOf, openAws, PRODUCT, refusal, type SimulatedAws } from './aws-clients.ts'
import { goodOffer, offerChanges, publish, released } from './aws-offers.ts'

const Catalog = 'AWSMarketplace'
let aws: SimulatedAws

beforeEach(async () => {
  aws = await openAws()
})
afterEach(() => aws.stop())

const start = (ChangeSet: any[], more: object = {}) =>
  aws.catalog.send(new StartChangeSetCommand({ Catalog, ChangeSet, ...more }))
const describe = async (ChangeSetId: string | undefined) =>
  aws.catalog.send(new DescribeChangeSetCommand({ Catalog, ChangeSetId }))
const rename = (id: string, Name = 'Renamed') => [
  {
    ChangeType: 'UpdateInformation',
    Entity: { Type: 'Offer@1.0', Identifier: id },
    DetailsDocument: { Name },
  },
]

it('passes through PREPARING and APPLYING before it succeeds', async () => {
  const { ChangeSetId } = await start(offerChanges())
  expect(ChangeSetId).toMatch(/^[a-z0-9]{25}$/)
  const first = await describe(ChangeSetId)
  expect(first.Status).toBe('PREPARING')
  expect(first.ChangeSet?.[0]?.Entity?.Identifier).toBeUndefined()
  expect(first.ChangeSetName).toBe('Submitted by 777788889999')
  await aws.advance('PT2S')
  expect((await describe(ChangeSetId)).Status).toBe('APPLYING')
  await aws.advance('PT3S')
  const last = await describe(ChangeSetId)
  expect(last.Status).toBe('SUCCEEDED')
  expect(last.StartTime).toBe('2027-01-10T09:30:00Z')
  expect(last.EndTime).toBe('2027-01-10T09:30:05Z')
  expect(last.ChangeSet?.[0]?.Entity?.Identifier).toMatch(/^offer-[a-z0-9]{13}@1$/)
})

it('shows the released offer with times where dates were written', async () => {
  const id = await released(aws)
  const shown: any = await aws.catalog.send(new DescribeEntityCommand({ Catalog, EntityId: id }))
  expect(shown.EntityIdentifier).toBe(`${id}@1`)
  expect(JSON.parse(shown.Details)).toEqual(shown.DetailsDocument)
  const { State, Terms, Rules } = shown.DetailsDocument
  expect(State).toBe('Released')
  expect(Terms.find((term: any) => term.Type === 'PaymentScheduleTerm').Schedule[0]).toEqual({
    ChargeDate: '2027-01-10T00:00:00.000Z',
    ChargeAmount: '700.00',
  })
  expect(Rules).toContainEqual({
    Type: 'AvailabilityRule',
    AvailabilityEndDate: '2027-01-31T23:59:59.999Z',
  })
})

it('starts nothing the second time a token is used, and refuses it with other content', async () => {
  const token = { ClientRequestToken: 'offer_1' }
  const first = await start(offerChanges(), token)
  expect((await start(offerChanges(), token)).ChangeSetId).toBe(first.ChangeSetId)
  await aws.advance('PT1M')
  expect((await start(offerChanges(), token)).ChangeSetId).toBe(first.ChangeSetId)
  const other = offerChanges({ UpdateAvailability: { AvailabilityEndDate: '2027-01-30' } })
  const failed = await refusal(start(other, token))
  expect(failed).toBeInstanceOf(ValidationException)
  expect(failed.$metadata.httpStatusCode).toBe(422)
})

it('locks what an open change set names, and nothing else', async () => {
  const id = await released(aws)
  await start(rename(id))
  const failed = await refusal(start(rename(id, 'Again')))
  expect(failed).toBeInstanceOf(ResourceInUseException)
  expect(failed.$metadata.httpStatusCode).toBe(423)
  await start(offerChanges())
  await aws.advance('PT5S')
  await start(rename(id, 'Again'))
})

it('refuses a revision that is not the newest and names the newest', async () => {
  const id = await released(aws)
  expect((await publish(aws, rename(`${id}@1`))).Status).toBe('SUCCEEDED')
  const failed = await refusal(start(rename(`${id}@1`, 'Third')))
  expect(failed).toBeInstanceOf(ValidationException)
  expect(failed.message).toContain(`${id}@2`)
  const old: any = await aws.catalog.send(
    new DescribeEntityCommand({ Catalog, EntityId: `${id}@1` }),
  )
  expect(old.DetailsDocument.Name).toBe(goodOffer.UpdateInformation.Name)
})

it('cancels while PREPARING only', async () => {
  const { ChangeSetId } = await start(offerChanges())
  await aws.catalog.send(new CancelChangeSetCommand({ Catalog, ChangeSetId }))
  await aws.advance('PT1M')
  expect((await describe(ChangeSetId)).Status).toBe('CANCELLED')
  const second = await start(offerChanges())
  await aws.advance('PT2S')
  const command = new CancelChangeSetCommand({ Catalog, ChangeSetId: second.ChangeSetId })
  expect(await refusal(aws.catalog.send(command))).toBeInstanceOf(ResourceInUseException)
})

it('keeps nothing of a set in which one change fails, and reports every failing change', async () => {
  const ended = await publish(
    aws,
    offerChanges({
      UpdateTargeting: { PositiveTargeting: { BuyerAccounts: ['000000000000'] } },
      UpdateLegalTerms: {
        Terms: [
          {
            Type: 'LegalTerm',
            Documents: [{ Type: 'CustomEula', Url: 'https://eula.invalid/a.pdf' }],
          },
        ],
      },
    }),
  )
  expect(ended.Status).toBe('FAILED')
  expect(ended.FailureCode).toBe('CLIENT_ERROR')
  expect(ended.codes).toEqual([
    'UpdateTargeting/INVALID_BUYER_ACCOUNTS',
    'UpdateLegalTerms/INVALID_LEGAL_DOCUMENTS',
  ])
  expect(ended.offerId).toBeUndefined()
  const listed = await aws.catalog.send(new ListEntitiesCommand({ Catalog, EntityType: 'Offer' }))
  expect(listed.EntitySummaryList).toHaveLength(2)
})

it('fails with SERVER_FAULT when told to', async () => {
  await aws.post('/aws/control/change-sets/fail', { code: 'SERVER_FAULT' })
  const failed = await publish(aws, offerChanges())
  expect([failed.Status, failed.FailureCode, failed.codes]).toEqual(['FAILED', 'SERVER_FAULT', []])
  expect((await publish(aws, offerChanges())).Status).toBe('SUCCEEDED')
})

it('takes details as text or as a document, never both', async () => {
  const changes = offerChanges()
  const asText = changes.map(({ DetailsDocument, ...change }) => ({
    ...change,
    Details: JSON.stringify(DetailsDocument),
  }))
  expect((await publish(aws, asText)).Status).toBe('SUCCEEDED')
  const both = changes.map((change) => ({ ...change, Details: '{}' }))
  expect(await refusal(start(both))).toBeInstanceOf(ValidationException)
})

it.each([
  ['an unknown change type', [{ ...offerChanges()[0], ChangeType: 'CreateOffers' }]],
  ['a reference to nothing', rename('$Nothing.Entity.Identifier')],
  [
    'a create with an identifier',
    [{ ...offerChanges()[0], Entity: { Type: 'Offer@1.0', Identifier: 'x' } }],
  ],
  ['a change type said twice', [...offerChanges(), offerChanges()[1]]],
  ['details of the wrong shape', offerChanges({ CreateOffer: { Product: PRODUCT } })],
  [
    'an account that is not 12 digits',
    offerChanges({ UpdateTargeting: { PositiveTargeting: { BuyerAccounts: ['12'] } } }),
  ],
  [
    'three decimals in a charge',
    offerChanges({
      UpdatePaymentScheduleTerms: {
        Terms: [
          {
            Type: 'PaymentScheduleTerm',
            CurrencyCode: 'USD',
            Schedule: [{ ChargeDate: '2027-02-01', ChargeAmount: '1.005' }],
          },
        ],
      },
    }),
  ],
  [
    'a resale authorization, which is not simulated',
    [
      {
        ChangeType: 'CreateResaleAuthorization',
        Entity: { Type: 'ResaleAuthorization@1.0' },
        DetailsDocument: { ProductId: PRODUCT, Name: 'a', ResellerAccountId: '123456789012' },
      },
    ],
  ],
])('refuses %s at once', async (_, changes: any[]) => {
  const failed = await refusal(start(changes))
  expect(failed).toBeInstanceOf(ValidationException)
  expect(failed.ValidationExceptionFieldList.length).toBeGreaterThan(0)
})

it('tells entities that do not exist from those of others', async () => {
  expect(await refusal(start(rename('offer-nosuchthing1')))).toBeInstanceOf(
    ResourceNotFoundException,
  )
  const id = await released(aws)
  const other = clientsOf(aws.origin, {
    accessKeyId: 'AKIASIMSELLER0000002',
    secretAccessKey: 'simulated-other-secret',
  })
  const failed = await refusal(
    other.catalog.send(new StartChangeSetCommand({ Catalog, ChangeSet: rename(id) })),
  )
  expect([failed.name, failed.$metadata.httpStatusCode]).toEqual(['AccessDeniedException', 403])
})

it('allows 250 open change sets and 20 offers in work', async () => {
  await aws.set({ quotas: { enforced: true, burstSeconds: 1000, openChangeSetsMax: 3 } })
  for (let open = 0; open < 3; open += 1) await start(offerChanges())
  const failed = await refusal(start(offerChanges()))
  expect(failed).toBeInstanceOf(ServiceQuotaExceededException)
  expect(failed.$metadata.httpStatusCode).toBe(402)
  await aws.advance('PT5S')
  await aws.set({ quotas: { openChangeSetsMax: 250 } })
  for (let open = 0; open < 20; open += 1) await start(offerChanges())
  expect(await refusal(start(offerChanges()))).toBeInstanceOf(ServiceQuotaExceededException)
})

it('throttles calls above the documented rate', async () => {
  await aws.set({ quotas: { enforced: true } })
  const calls = Array.from({ length: 8 }, () => refusal(start([{ ...offerChanges()[0] }])))
  const failures = await Promise.all(calls.map((call) => call.catch(() => undefined)))
  const throttled = failures.filter((failed) => failed instanceof ThrottlingException)
  expect(throttled.length).toBeGreaterThanOrEqual(2)
  expect(throttled[0]?.$metadata.httpStatusCode).toBe(429)
})

it('lists in pages, filtered and sorted, and an empty page can have a successor', async () => {
  for (const Name of ['B deal', 'A deal', 'C deal']) {
    await released(aws, { UpdateInformation: { Name, Description: 'x' } })
  }
  const query = {
    Catalog,
    EntityType: 'Offer',
    MaxResults: 2,
    EntityTypeFilters: { OfferFilters: { Targeting: { ValueList: ['BuyerAccounts' as const] } } },
    EntityTypeSort: { OfferSort: { SortBy: 'Name' as const, SortOrder: 'ASCENDING' as const } },
  }
  const first = await aws.catalog.send(new ListEntitiesCommand(query))
  expect(first.EntitySummaryList?.map((one) => one.Name)).toEqual(['A deal', 'B deal'])
  const NextToken = first.NextToken
  const second = await aws.catalog.send(new ListEntitiesCommand({ ...query, NextToken }))
  expect(second.EntitySummaryList?.map((one) => one.OfferSummary?.BuyerAccounts)).toEqual([
    ['111122223333'],
  ])
  expect(second.NextToken).toBeUndefined()
  await aws.set({ catalog: { emptyFirstPage: true } })
  const empty = await aws.catalog.send(new ListEntitiesCommand(query))
  expect([empty.EntitySummaryList, empty.NextToken === undefined]).toEqual([[], false])
  const foreign = new ListEntitiesCommand({ Catalog, EntityType: 'Offer', NextToken })
  expect(await refusal(aws.catalog.send(foreign))).toBeInstanceOf(ValidationException)
})

it('describes many entities at once and says which it cannot', async () => {
  const answer = await aws.catalog.send(
    new BatchDescribeEntitiesCommand({
      EntityRequestList: [
        { Catalog, EntityId: PRODUCT },
        { Catalog, EntityId: 'prod-nosuchthing1' },
      ],
    }),
  )
  expect(Object.keys(answer.EntityDetails ?? {})).toEqual([PRODUCT])
  expect(answer.Errors?.['prod-nosuchthing1']?.ErrorCode).toBe('ResourceNotFoundException')
})

it('lists change sets by status and entity', async () => {
  const id = await released(aws)
  await start(rename(id))
  const list = async (FilterList: any[]) =>
    (await aws.catalog.send(new ListChangeSetsCommand({ Catalog, FilterList })))
      .ChangeSetSummaryList
  expect(await list([{ Name: 'Status', ValueList: ['PREPARING'] }])).toHaveLength(1)
  expect(await list([{ Name: 'EntityId', ValueList: [id] }])).toHaveLength(2)
  expect(
    await list([{ Name: 'AfterStartTime', ValueList: ['2027-01-10T09:30:00Z'] }]),
  ).toHaveLength(1)
})
