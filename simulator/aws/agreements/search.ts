import { type Aws, epoch } from '../context.ts'
import { AwsFailure } from '../failure.ts'
import type { Caller } from '../identity.ts'
import { page } from '../pages.ts'
import { pick } from '../pick.ts'
import { type Agreement, endBehavior } from './model.ts'

const PAGE_MAX = 50
const FILTERS_MAX = 10

type Values = ReadonlyMap<string, string>

/**
 * SearchAgreements ("AWS Marketplace Agreement Service API reference"): proposers may combine the
 * filters, acceptors only as listed there.
 */
export function searchAgreements(aws: Aws, input: any, caller: Caller) {
  if ((input.catalog ?? 'AWSMarketplace') !== 'AWSMarketplace') {
    throw invalid('INVALID_CATALOG', 'catalog', 'Use AWSMarketplace.')
  }
  const values = readFilters(input.filters ?? [])
  const party = values.get('PartyType')
  if (party === undefined) throw invalid('MISSING_PARTY_TYPE', 'filters', 'Provide PartyType.')
  if (!['Proposer', 'Acceptor'].includes(party)) {
    throw invalid('INVALID_PARTY_TYPE', 'filters', 'Use Proposer or Acceptor.')
  }
  if (values.get('AgreementType') !== 'PurchaseAgreement') {
    throw invalid('INVALID_AGREEMENT_TYPE', 'filters', 'Filter by AgreementType PurchaseAgreement.')
  }
  checkCombination(aws, party, [...values.keys()])
  const sortBy = input.sort?.sortBy ?? 'EndTime'
  if (
    !['EndTime', ...(party === 'Proposer' ? ['StartTime', 'LastUpdateTime'] : [])].includes(sortBy)
  ) {
    throw invalid('INVALID_SORT_BY', 'sort.sortBy', `${sortBy} is not supported.`)
  }
  const sign = input.sort?.sortOrder === 'DESCENDING' ? -1 : 1
  const found = aws.agreements
    .values()
    .filter((one) => (party === 'Proposer' ? one.proposer : one.acceptor) === caller.account)
    .filter((one) => [...values].every(([name, value]) => FILTERS[name]?.(one, value, aws)))
    .sort((a, b) => sign * order(SORTS[sortBy]?.(a) ?? 0, SORTS[sortBy]?.(b) ?? 0))
  const { items, NextToken } = page(found, input, {
    max: PAGE_MAX,
    usual: PAGE_MAX,
    emptyFirst: aws.settings().catalog.emptyFirstPage,
  })
  return {
    agreementViewSummaries: items.map((one) => summary(aws, one)),
    ...(NextToken === undefined ? {} : { nextToken: NextToken }),
  }
}

/** What the Agreement API answers bad requests with. */
export function invalid(reason: string, name: string, message: string): AwsFailure {
  return new AwsFailure('ValidationException', message, { reason, fields: [{ name, message }] })
}

/** Parts that SearchAgreements and DescribeAgreement show alike. */
export function shown(aws: Aws, agreement: Agreement) {
  const type = aws.entities.get(agreement.productId)?.type ?? 'SaaSProduct'
  return {
    agreementId: agreement.id,
    acceptanceTime: epoch(agreement.acceptance),
    startTime: epoch(agreement.start),
    ...(agreement.end === null ? {} : { endTime: epoch(agreement.end) }),
    agreementType: 'PurchaseAgreement',
    acceptor: { accountId: agreement.acceptor },
    proposer: { accountId: agreement.proposer },
    proposalSummary: {
      resources: [{ id: agreement.productId, type }],
      offerId: agreement.offerId,
      ...(agreement.offerSetId === null ? {} : { offerSetId: agreement.offerSetId }),
    },
    status: agreement.status,
    initialAgreementId: agreement.initialId,
  }
}

function summary(aws: Aws, agreement: Agreement) {
  const { type, reasonCode } = endBehavior(agreement)
  const ends = agreement.end !== null && agreement.status === 'ACTIVE'
  return {
    ...shown(aws, agreement),
    lastUpdateTime: epoch(agreement.lastUpdate),
    entitlements: [{ licenseArn: agreement.licenseArn }],
    ...(ends ? { endTimeBehaviorType: type } : {}),
    ...(ends && reasonCode ? { endTimeBehaviorReasonCode: reasonCode } : {}),
  }
}

function readFilters(filters: readonly any[]): Values {
  if (filters.length > FILTERS_MAX)
    throw invalid('INVALID_FILTERS', 'filters', 'At most 10 filters.')
  const values = new Map<string, string>()
  for (const { name, values: [value, ...more] = [] } of filters) {
    if (name === undefined) throw invalid('MISSING_FILTER_NAME', 'filters', 'Provide filter names.')
    if (!pick(FILTERS, name))
      throw invalid('INVALID_FILTER_NAME', 'filters', `Unknown filter ${name}.`)
    if (value === undefined) throw invalid('MISSING_FILTER_VALUES', name, 'Provide one value.')
    if (more.length > 0) throw invalid('INVALID_FILTER_VALUES', name, 'Provide exactly one value.')
    if (name.endsWith('Time') && Number.isNaN(Date.parse(value))) {
      throw invalid('INVALID_FILTER_VALUES', name, 'Provide a date and time.')
    }
    values.set(name, value)
  }
  return values
}

// What may stand beside PartyType and AgreementType; a plus allows the end time filters too.
const ACCEPTOR = ['', 'Status', '+', 'Status+', 'ResourceIdentifier', 'ResourceIdentifier+']
  .concat([
    'ResourceIdentifier,Status',
    'ResourceIdentifier,Status+',
    'ResourceType',
    'ResourceType+',
  ])
  .concat(['OfferId', 'OfferId+', 'OfferId,Status', 'OfferId,Status+'])
  .concat(['OfferSetId', 'OfferSetId+', 'OfferSetId,Status', 'OfferSetId,Status+'])
const STRICT_PROPOSER = ACCEPTOR.concat(['AcceptorAccountId', 'AcceptorAccountId+'])
  .concat(['AcceptorAccountId,Status', 'AcceptorAccountId,Status+'])
  .concat(['AcceptorAccountId,ResourceIdentifier', 'AcceptorAccountId,OfferId'])

function checkCombination(aws: Aws, party: string, names: readonly string[]): void {
  const strict = aws.settings().agreement.strictProposerFilters
  if (party === 'Proposer' && !strict) return
  const ends = names.some((name) => name === 'BeforeEndTime' || name === 'AfterEndTime')
  const rest = names.filter(
    (name) => !['PartyType', 'AgreementType', 'BeforeEndTime', 'AfterEndTime'].includes(name),
  )
  const key = rest.sort().join(',') + (ends ? '+' : '')
  if ((party === 'Acceptor' ? ACCEPTOR : STRICT_PROPOSER).includes(key)) return
  throw invalid('UNSUPPORTED_FILTERS', 'filters', 'The combination of filters is not supported.')
}

const FILTERS: Record<string, (one: Agreement, value: string, aws: Aws) => boolean> = {
  PartyType: () => true,
  AgreementType: () => true,
  ResourceIdentifier: (one, value) => one.productId === value,
  ResourceType: (one, value, aws) => aws.entities.get(one.productId)?.type === value,
  AcceptorAccountId: (one, value) => one.acceptor === value,
  OfferId: (one, value) => one.offerId === value,
  OfferSetId: (one, value) => one.offerSetId === value,
  Status: (one, value) => one.status === value,
  BeforeEndTime: (one, value) => (one.end ?? Infinity) < Date.parse(value),
  AfterEndTime: (one, value) => (one.end ?? Infinity) > Date.parse(value),
  BeforeStartTime: (one, value) => one.start < Date.parse(value),
  AfterStartTime: (one, value) => one.start > Date.parse(value),
  BeforeLastUpdateTime: (one, value) => one.lastUpdate < Date.parse(value),
  AfterLastUpdateTime: (one, value) => one.lastUpdate > Date.parse(value),
  EndTimeBehaviorType: (one, value) => one.end !== null && endBehavior(one).type === value,
  EndTimeBehaviorReasonCode: (one, value) =>
    one.end !== null && endBehavior(one).reasonCode === value,
  InitialAgreementId: (one, value) => one.initialId === value,
  LicenseArn: (one, value) => one.licenseArn === value,
}

const SORTS: Record<string, (one: Agreement) => number> = {
  EndTime: (one) => one.end ?? Infinity,
  StartTime: (one) => one.start,
  LastUpdateTime: (one) => one.lastUpdate,
}

function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
