import { resourcesOf, resourceView } from './catalog-resources.ts'
import { submissions } from './catalog-submission.ts'
import { schemaOf, versionWithin } from './catalog-versions.ts'
import type { Asked } from './configure-answer.ts'
import { offerOf } from './configure-refs.ts'
import { offerPrices } from './private-offer-items.ts'
import { offerView } from './private-offer-view.ts'
import type { AzureState } from './state.ts'
import { ticks } from './time.ts'

/**
 * The resource a durable id names, as the caller may see it: its own, or a multiparty offer that names it
 * as selling partner. Undefined when there is none, or none in a schema as old as the one asked for.
 */
export function durableView(state: AzureState, who: Asked, id: string): any {
  const [type = '', product = ''] = id.split('/')
  if (type === 'private-offer') return privateOfferView(state, who, id)
  if (type === 'price-and-availability-private-offer-plan') return priceView(state, who, id)
  const owner = state.products.get(product)
  if (owner?.publisherId !== who.publisherId) return undefined
  if (type === 'submission') return submissionView(state, who, id)
  const found = resourcesOf(state, owner, 'draft').find((one) => one.id === id)
  return found && resourceView(state, found, who.version)
}

/** One line of a publish history. */
export function submissionView(state: AzureState, who: Asked, id: string): any {
  const one = submissions(state).get(id)
  const version = versionWithin('submission', who.version)
  if (!one || version === undefined) return undefined
  return {
    $schema: schemaOf(state, 'submission', version),
    id,
    product: `product/${one.product}`,
    target: { targetType: one.target },
    status: one.status,
    result: one.result,
    created: ticks(one.createdAt),
  }
}

function privateOfferView(state: AzureState, who: Asked, id: string): any {
  const offer = offerOf(state, id)
  const version = versionWithin('private-offer', who.version)
  if (!offer || offer.state === 'deleted' || version === undefined) return undefined
  const seller = state.publishers.get(who.publisherId)?.sellerId
  const isPartner = offer.partner?.sellerId === seller && offer.state === 'live'
  if (offer.publisherId !== who.publisherId && !isPartner) return undefined
  return offerView(state, offer, { publisherId: who.publisherId, version })
}

function priceView(state: AzureState, who: Asked, id: string): any {
  const price = offerPrices(state).get(id)
  const version = versionWithin('price-and-availability-private-offer-plan', who.version)
  if (price?.publisherId !== who.publisherId || version === undefined) return undefined
  return {
    $schema: schemaOf(state, 'price-and-availability-private-offer-plan', version),
    ...price.resource,
    id,
    visibility: 'visible',
    lifecycleState: 'generallyAvailable',
    validations: [],
  }
}
