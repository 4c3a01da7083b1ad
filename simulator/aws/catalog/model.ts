/** A thing in the catalogue: `Offer`, `SaaSProduct`, `OfferSet`. */
export type Entity = {
  readonly id: string
  readonly type: string
  readonly owner: string
  /** Rises by one with every change set that changes the entity. */
  revision: number
  readonly createdAt: number
  modifiedAt: number
  /** What DescribeEntity shows. */
  details: any
  /** What AWS knows and does not show. */
  facts: Facts
}

export type Facts = {
  pricingModel?: string
  releasedAt?: number
  createdBy?: 'Seller' | 'AwsMarketplace'
  /** The agreement a replacement or renewal offer is about. */
  targetAgreementId?: string
  targetAgreementIntent?: 'Replace' | 'Renew'
  /** Products made since June 2026 allow several agreements an account, keyed by licence. */
  mode?: 'concurrent' | 'legacy'
  restrictedDimensions?: string[]
  /** When the last public price increase was asked for. */
  priceIncreaseAt?: number
}

export type Change = {
  readonly ChangeType: string
  readonly ChangeName?: string
  readonly Entity: { readonly Type: string; Identifier?: string }
  readonly Details: any
  errors: { ErrorCode: string; ErrorMessage: string }[]
}

export type ChangeSet = {
  readonly id: string
  readonly account: string
  readonly name: string
  readonly intent: string
  readonly token: string | null
  /** Hash of everything asked for, to tell a repeat from a reuse of the token. */
  readonly content: string
  readonly startedAt: number
  endedAt: number | null
  status: 'PREPARING' | 'APPLYING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  failureCode: 'CLIENT_ERROR' | 'SERVER_FAULT' | null
  failureDescription: string | null
  changes: Change[]
  /** Entities nobody else may change while this set is open. */
  readonly locks: readonly string[]
}

export const CATALOG = 'AWSMarketplace'

export function isOpen(set: ChangeSet): boolean {
  return set.status === 'PREPARING' || set.status === 'APPLYING'
}

export function entityArn(entity: Entity): string {
  return `arn:aws:aws-marketplace:us-east-1:${entity.owner}:${CATALOG}/${entity.type}/${entity.id}`
}

export function changeSetArn(set: ChangeSet): string {
  return `arn:aws:aws-marketplace:us-east-1:${set.account}:${CATALOG}/ChangeSet/${set.id}`
}

/** The offer's rule or term of that type, if any. */
export function ruleOf(offer: Entity, type: string): any {
  return offer.details.Rules?.find((rule: any) => rule.Type === type)
}

export function termOf(offer: Entity, type: string): any {
  return offer.details.Terms?.find((term: any) => term.Type === type)
}

export function buyersOf(offer: Entity): readonly string[] {
  return ruleOf(offer, 'TargetingRule')?.PositiveTargeting?.BuyerAccounts ?? []
}

/** Private offers are those aimed at accounts. */
export function isPrivate(offer: Entity): boolean {
  return buyersOf(offer).length > 0
}

export function isReleased(offer: Entity): boolean {
  return offer.details.State === 'Released'
}

/** The last millisecond in which the offer can be accepted, or null when it does not end. */
export function availableUntil(offer: Entity): number | null {
  const end = ruleOf(offer, 'AvailabilityRule')?.AvailabilityEndDate
  return end === undefined ? null : Date.parse(end)
}

export function isExpired(offer: Entity, now: number): boolean {
  const until = availableUntil(offer)
  return until !== null && until < now
}

export function visibilityOf(product: Entity): string {
  return product.details.Description.Visibility
}
