import { readFileSync } from 'node:fs'
import { StartChangeSetCommand } from '@aws-sdk/client-marketplace-catalog'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAws, refusal, type SimulatedAws } from './aws-clients.ts'
import { publish } from './aws-offers.ts'
import { signedFetch } from './aws-signer.ts'

type ChangeSet = { ChangeSet: any[] }

const load = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8'))
const samples: Record<string, ChangeSet> = load('aws-samples')
const SIMULATED = /^(SaaSProduct|Offer|OfferSet)@1\.0$/

// What AWS's own samples call the product and the buyers.
const PLACEHOLDER_PRODUCT = /"prod-1{12,13}"/g

let aws: SimulatedAws
let productId = ''

beforeAll(async () => {
  aws = await openAws({ startAt: '2023-06-01T12:00:00Z' })
  const made = await publish(
    aws,
    samples[
      'products__saas__create_limited_saas_product_and_public_offer_with_contract_with_pay_as_you_go_pricing/changeset'
    ]?.ChangeSet ?? [],
  )
  expect(made.codes).toEqual([])
  productId = made.offerId
})
afterAll(() => aws.stop())

const prepared = (name: string): any[] =>
  JSON.parse(
    JSON.stringify(samples[name]?.ChangeSet).replace(PLACEHOLDER_PRODUCT, `"${productId}"`),
  )

describe('change sets of SaaS products and offers as AWS publishes them', () => {
  it.each([
    'products__saas__create_limited_saas_product_and_public_offer_with_contract_pricing/changeset',
    'products__saas__create_limited_saas_product_and_public_offer_with_subscription_pricing/changeset',
    'products__saas__create_draft_saas_product_with_draft_public_offer/changeset',
    'products__saas__publish_saas_product_public_offer/changeset1',
    'products__saas__update_name_dimension_saas_product/changeset',
    'offers__create_draft_private_offer/changeset',
    'offers__create_private_offer_with_contract_pricing_with_flexible_payment_schedule_for_saas_product/changeset',
    'offers__create_private_offer_with_contract_with_pay_as_you_go_pricing_for_saas_product/changeset',
    'offers__create_private_offer_with_tiered_contract_pricing_for_saas_product/changeset',
    'offers__create_saas_product_custom_dimension_and_private_offer/changeset',
    'offers__create_public_free_trial_offer_with_subscription_pricing_for_saas_product/changeset',
  ])('accepts %s', async (name) => {
    expect((await publish(aws, prepared(name))).codes).toEqual([])
  })

  it('makes a product public after a review of a day', async () => {
    const set = prepared('products__saas__publish_saas_product_public_offer/changeset2')
    expect((await publish(aws, set)).Status).toBe('APPLYING')
    await aws.advance('P1D')
    const { entities } = await aws.get('/aws/control/entities')
    const product = entities.find((one: any) => one.id === productId)
    expect(product.details.Description.Visibility).toBe('Public')
  })

  it('finds no agreement to replace where there is none', async () => {
    const set = samples['offers__create_replacement_private_offer_with_contract_pricing/changeset']
    const command = { Catalog: 'AWSMarketplace', ChangeSet: set?.ChangeSet }
    const failed = await refusal(aws.catalog.send(new StartChangeSetCommand(command)))
    expect(failed.name).toBe('ResourceNotFoundException')
  })
})

describe('change sets of what is not simulated', () => {
  const foreign = Object.entries(samples).filter(([name, { ChangeSet }]) => {
    return (
      !name.includes('list_solutions') && ChangeSet.some((one) => !SIMULATED.test(one.Entity.Type))
    )
  })
  it.each(foreign.map(([name]) => name))('refuses %s by name', async (name) => {
    const command = { Catalog: 'AWSMarketplace', ChangeSet: prepared(name) }
    const failed = await refusal(aws.catalog.send(new StartChangeSetCommand(command)))
    expect(failed.name).toBe('ValidationException')
    const reasons = failed.ValidationExceptionFieldList.map((one: any) => [one.Reason, one.Message])
    const known = reasons.every(
      ([reason, message]: string[]) =>
        reason === 'UnknownOperation' || /not simulated/.test(message ?? ''),
    )
    expect(known, JSON.stringify(reasons)).toBe(true)
  })
})

describe('requests recorded from the SDK', () => {
  const captures: any[] = load('aws-wire-captures')
  const ends: Record<string, [number, string]> = {
    'catalog.StartChangeSet': [404, 'ResourceNotFoundException'],
    'catalog.DescribeChangeSet': [404, 'ResourceNotFoundException'],
    'catalog.CancelChangeSet': [404, 'ResourceNotFoundException'],
    'catalog.ListChangeSets': [200, ''],
    'catalog.DescribeEntity': [404, 'ResourceNotFoundException'],
    'catalog.BatchDescribeEntities': [200, ''],
    'catalog.ListEntities': [200, ''],
    'catalog.GetResourcePolicy': [404, 'UnknownOperationException'],
    'agreement.SearchAgreements': [200, ''],
    'agreement.DescribeAgreement': [400, 'ResourceNotFoundException'],
    'agreement.GetAgreementTerms': [400, 'ResourceNotFoundException'],
    'agreement.SendAgreementPaymentRequest': [400, 'UnknownOperationException'],
    'agreement.ListAgreementInvoiceLineItems': [400, 'ResourceNotFoundException'],
    'metering.BatchMeterUsage.legacy': [400, 'TimestampOutOfBoundsException'],
    'metering.BatchMeterUsage.license': [400, 'TimestampOutOfBoundsException'],
    'metering.MeterUsage': [400, 'UnknownOperationException'],
    'metering.ResolveCustomer': [400, 'InvalidTokenException'],
    'entitlement.GetEntitlements': [400, 'InvalidParameterException'],
    'sts.AssumeRole': [400, 'ValidationError'],
  }
  it.each(captures.map((one) => [one.name, one]))('answers %s', async (name, capture) => {
    const answer = await signedFetch(`${aws.origin}/aws`, capture)
    const text = await answer.text()
    const said = answer.headers.get('x-amzn-errortype') ?? /<Code>(\w+)</.exec(text)?.[1] ?? ''
    expect([answer.status, said], text).toEqual(ends[name])
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  })
})
