import {
  buyersOf,
  type ChangeSet,
  changeSetArn,
  type Entity,
  entityArn,
  ruleOf,
} from './catalog/model.ts'
import { type Aws, seconds } from './context.ts'
import { emit } from './events.ts'
import { accountOf } from './identity.ts'

const SOURCE = 'aws.marketplacecatalog'

/** `Change Set Succeeded`, `Change Set Failed` or `Change Set Cancelled`, to the account that started it. */
export function changeSetEvent(aws: Aws, set: ChangeSet, at: number): void {
  const word = set.status.charAt(0) + set.status.slice(1).toLowerCase()
  emit(aws, at, {
    account: set.account,
    source: SOURCE,
    detailType: `Change Set ${word}`,
    resources: [changeSetArn(set)],
    detail: {
      requestId: aws.ids.uuid(),
      Catalog: 'AWSMarketplace',
      ChangeSetId: set.id,
      ChangeSetName: set.name,
      StartTime: seconds(set.startedAt),
      EndTime: seconds(set.endedAt ?? at),
      ...(set.failureCode === null ? {} : { FailureCode: set.failureCode }),
    },
  })
}

/** `Offer Released`, to the offer's owner. */
export function offerReleasedEvent(aws: Aws, offer: Entity, at: number): void {
  const product = aws.entities.get(offer.details.ProductId)
  if (!product) return
  const seller = accountOf(aws, offer.owner)
  emit(aws, at, {
    account: offer.owner,
    source: SOURCE,
    detailType: 'Offer Released',
    resources: [entityArn(offer)],
    detail: {
      requestId: aws.ids.uuid(),
      catalog: 'AWSMarketplace',
      offer: {
        id: offer.id,
        arn: entityArn(offer),
        name: offer.details.Name,
        expirationDate: ruleOf(offer, 'AvailabilityRule')?.AvailabilityEndDate ?? null,
      },
      product: {
        id: product.id,
        arn: entityArn(product),
        title: product.details.Description.ProductTitle,
      },
      manufacturer: { accountId: seller.id, name: seller.name },
      sellerOfRecord: { accountId: seller.id, name: seller.name },
      targetedBuyerAccountIds: buyersOf(offer),
    },
  })
}
