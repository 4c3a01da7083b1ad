import { type Aws, seconds } from '../context.ts'
import { AwsFailure } from '../failure.ts'
import type { Caller } from '../identity.ts'
import { page } from '../pages.ts'
import {
  availableUntil,
  buyersOf,
  CATALOG,
  type Entity,
  entityArn,
  ruleOf,
  visibilityOf,
} from './model.ts'
import { invalid } from './read-changes.ts'

const PAGE_MAX = 50
const PAGE_USUAL = 20
const TYPES = [
  'AmiProduct',
  'ContainerProduct',
  'DataProduct',
  'SaaSProduct',
  'MachineLearningProduct',
  'ProfessionalServicesProduct',
  'ProcurementPolicy',
  'Experience',
  'Audience',
  'BrandingSettings',
  'Offer',
  'OfferSet',
  'Seller',
  'ResaleAuthorization',
  'Solution',
]

/** ListEntities: filters, sorting and pages as the type's summary has fields for. */
export function listEntities(aws: Aws, input: any, caller: Caller) {
  if (input.Catalog !== CATALOG) throw bad(`Use ${CATALOG}.`)
  if (!TYPES.includes(input.EntityType)) {
    throw new AwsFailure('ResourceNotFoundException', `Entity type ${input.EntityType} is unknown.`)
  }
  const tests = readFilters(input)
  const shared = input.OwnershipType === 'SHARED'
  const rows = aws.entities
    .values()
    .filter((one) => one.type === input.EntityType && one.owner === caller.account && !shared)
    .map((entity) => ({ entity, summary: summarise(entity) }))
    .filter((row) => tests.every((test) => test(row)))
  sort(rows, input)
  const { items, NextToken } = page(rows, input, {
    max: PAGE_MAX,
    usual: PAGE_USUAL,
    emptyFirst: aws.settings().catalog.emptyFirstPage,
  })
  return {
    EntitySummaryList: items.map(({ entity, summary }) => view(entity, summary)),
    ...(NextToken === undefined ? {} : { NextToken }),
  }
}

type Row = { readonly entity: Entity; readonly summary: Record<string, any> }
type Test = (row: Row) => boolean

function view(entity: Entity, summary: Record<string, any>) {
  const name = summary.Name ?? summary.ProductTitle
  return {
    ...(name ? { Name: name } : {}),
    EntityType: entity.type,
    EntityId: entity.id,
    EntityArn: entityArn(entity),
    LastModifiedDate: seconds(entity.modifiedAt),
    ...(summary.Visibility ? { Visibility: summary.Visibility } : {}),
    [`${entity.type}Summary`]: summary,
  }
}

function summarise(entity: Entity): Record<string, any> {
  const { details, facts } = entity
  const released = facts.releasedAt === undefined ? {} : { ReleaseDate: seconds(facts.releasedAt) }
  if (entity.type === 'SaaSProduct') {
    const title = details.Description.ProductTitle
    return { ...(title ? { ProductTitle: title } : {}), Visibility: visibilityOf(entity) }
  }
  if (entity.type === 'OfferSet') {
    return {
      Name: details.Name,
      State: details.State,
      ...released,
      AssociatedOfferIds: details.AssociatedOffers.map((one: any) => one.OfferId),
    }
  }
  const until = availableUntil(entity)
  return {
    ...(details.Name ? { Name: details.Name } : {}),
    ProductId: details.ProductId,
    ...released,
    ...(until === null ? {} : { AvailabilityEndDate: seconds(until) }),
    BuyerAccounts: buyersOf(entity),
    State: details.State,
    Targeting: targeting(entity),
    ...(details.OfferSetId ? { OfferSetId: details.OfferSetId } : {}),
    ...(facts.targetAgreementId ? { TargetAgreementId: facts.targetAgreementId } : {}),
    ...(facts.targetAgreementIntent === 'Renew' ? { TargetAgreementIntent: 'Renew' } : {}),
    CreatedBySource: facts.createdBy,
  }
}

function targeting(offer: Entity): string[] {
  const rule = ruleOf(offer, 'TargetingRule')
  const countries = rule?.PositiveTargeting?.CountryCodes ?? rule?.NegativeTargeting?.CountryCodes
  const found = [
    ...(buyersOf(offer).length > 0 ? ['BuyerAccounts'] : []),
    ...(countries ? ['CountryCodes'] : []),
  ]
  return found.length > 0 ? found : ['None']
}

function readFilters(input: any): Test[] {
  if (input.FilterList && input.EntityTypeFilters) {
    throw bad('Use either FilterList or EntityTypeFilters.')
  }
  const list: Test[] = (input.FilterList ?? []).map((filter: any) => {
    return (row: Row) => oneOf(fieldOf(row, filter.Name), filter.ValueList ?? [])
  })
  const typed = Object.entries<any>(input.EntityTypeFilters ?? {})
  const wildcards = typed.flatMap(([, filters]) =>
    Object.values<any>(filters).filter((filter) => filter.WildCardValue !== undefined),
  )
  if (wildcards.length > 1) throw bad('Use at most one wildcard filter.')
  for (const [name] of typed) {
    if (name !== `${input.EntityType}Filters`) throw bad(`${name} does not fit the EntityType.`)
  }
  return [
    ...list,
    ...typed.flatMap(([, filters]) =>
      Object.entries<any>(filters).map(
        ([field, filter]): Test =>
          (row) =>
            matches(row, field, filter),
      ),
    ),
  ]
}

function matches(row: Row, field: string, filter: any): boolean {
  const value = fieldOf(row, field)
  if (filter.ValueList) return oneOf(value, filter.ValueList)
  if (filter.WildCardValue !== undefined) {
    const wanted = filter.WildCardValue.replaceAll('*', '').toLowerCase()
    return [value ?? []].flat().some((one) => String(one).toLowerCase().includes(wanted))
  }
  if (!filter.DateRange) return true
  if (value === undefined) return false
  const { AfterValue: after, BeforeValue: before } = filter.DateRange
  return (after === undefined || value > after) && (before === undefined || value < before)
}

function fieldOf(row: Row, field: string): any {
  if (field === 'EntityId') return row.entity.id
  if (field === 'LastModifiedDate') return seconds(row.entity.modifiedAt)
  return row.summary[field]
}

function oneOf(value: any, wanted: readonly string[]): boolean {
  return [value ?? []].flat().some((one) => wanted.includes(String(one)))
}

function sort(rows: Row[], input: any): void {
  const typed = input.EntityTypeSort?.[`${input.EntityType}Sort`]
  if (input.EntityTypeSort && !typed) throw bad('EntityTypeSort does not fit the EntityType.')
  const { SortBy = 'LastModifiedDate', SortOrder = 'DESCENDING' } = typed ?? input.Sort ?? {}
  const sign = SortOrder === 'ASCENDING' ? 1 : -1
  const key = (row: Row) => String([fieldOf(row, SortBy) ?? ''].flat()[0] ?? '')
  rows.sort((a, b) => (key(a) < key(b) ? -sign : key(a) > key(b) ? sign : 0))
}

function bad(message: string): AwsFailure {
  return invalid([{ Reason: 'Other', Message: message }])
}
