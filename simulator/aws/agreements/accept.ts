import {
  availableUntil,
  buyersOf,
  type Entity,
  isPrivate,
  isReleased,
  termOf,
  visibilityOf,
} from '../catalog/model.ts'
import type { Aws } from '../context.ts'
import { conclude } from './conclude.ts'
import { endAgreement } from './end.ts'
import type { Agreement } from './model.ts'
import type { Choice } from './terms.ts'

/** Why the buyer cannot do this. Shown to whoever plays the buyer. */
export class BuyerRefusal extends Error {}

export type Acceptance = {
  readonly offerId: string
  readonly account: string
  readonly quantities?: Record<string, number>
  /** Which of the offer's durations, when there are several: `P12M`. */
  readonly duration?: string
  readonly autoRenew?: boolean
}

/** A buyer accepts an offer: an agreement, a licence soon after, charges, and events to the seller. */
export function accept(aws: Aws, wanted: Acceptance): Agreement {
  const offer = aws.entities.get(wanted.offerId)
  if (offer?.type !== 'Offer') throw new BuyerRefusal('there is no such offer')
  const product = aws.entities.get(offer.details.ProductId)
  if (!product) throw new BuyerRefusal('the product is gone')
  checkOffer(aws, offer, product, wanted.account)
  const choice = choose(offer, wanted)
  const replaced = replacedBy(aws, offer)
  const agreement = conclude(aws, offer, choice, {
    account: wanted.account,
    at: aws.now(),
    intent: replaced ? 'REPLACE' : 'NEW',
    preceding: replaced ?? null,
  })
  if (replaced) endAgreement(aws, replaced, 'REPLACED', aws.now())
  return agreement
}

function checkOffer(aws: Aws, offer: Entity, product: Entity, account: string): void {
  if (!isReleased(offer)) throw new BuyerRefusal('the offer is not released')
  if ((availableUntil(offer) ?? Infinity) < aws.now())
    throw new BuyerRefusal('the offer has expired')
  if (isPrivate(offer) && !buyersOf(offer).includes(account)) {
    throw new BuyerRefusal('the offer is for other accounts')
  }
  const visibility = visibilityOf(product)
  const allowed: string[] = product.details.Targeting?.PositiveTargeting?.BuyerAccounts ?? []
  if (visibility === 'Limited' && !isPrivate(offer) && !allowed.includes(account)) {
    throw new BuyerRefusal('the product is limited to other accounts')
  }
  if (visibility === 'Draft') throw new BuyerRefusal('the product is not released')
  const active = aws.agreements
    .values()
    .filter((one) => one.acceptor === account && one.status === 'ACTIVE')
  const mine = active.filter((one) => one.productId === product.id)
  if (visibility === 'Restricted' && mine.length === 0) {
    throw new BuyerRefusal('the product is restricted to those who have it')
  }
  if (
    isPrivate(offer) &&
    aws.agreements.values().some((one) => one.offerId === offer.id && one.acceptor === account)
  ) {
    throw new BuyerRefusal('the offer is already accepted')
  }
  const replaces = offer.facts.targetAgreementId !== undefined
  if (product.facts.mode === 'legacy' && mine.length > 0 && !replaces) {
    throw new BuyerRefusal('the account already has an agreement for this product')
  }
}

function choose(offer: Entity, wanted: Acceptance): Choice {
  const autoRenew = wanted.autoRenew ?? false
  if (autoRenew && !termOf(offer, 'RenewalTerm')) {
    throw new BuyerRefusal('the offer does not renew by itself')
  }
  const term = termOf(offer, 'ConfigurableUpfrontPricingTerm')
  if (!term) {
    if (wanted.quantities) throw new BuyerRefusal('the offer leaves no quantities to choose')
    return { selector: null, quantities: {}, autoRenew }
  }
  const card = term.RateCards.find(
    (one: any) => wanted.duration === undefined || one.Selector.Value === wanted.duration,
  )
  if (!card) throw new BuyerRefusal('the offer does not have that duration')
  const known: string[] = card.RateCard.map((row: any) => row.DimensionKey)
  const quantities = wanted.quantities ?? {}
  const entries = Object.entries(quantities)
  if (entries.some(([key]) => !known.includes(key))) {
    throw new BuyerRefusal(`the dimensions are ${known.join(', ')}`)
  }
  if (entries.length === 0 || entries.some(([, n]) => !Number.isSafeInteger(n) || n < 1)) {
    throw new BuyerRefusal('choose positive whole quantities')
  }
  const fixed = card.Constraints.QuantityConfiguration === 'Disallowed'
  if (fixed && (entries.length > 1 || entries[0]?.[1] !== 1)) {
    throw new BuyerRefusal('choose one unit of one dimension')
  }
  return { selector: card.Selector.Value, quantities, autoRenew }
}

function replacedBy(aws: Aws, offer: Entity): Agreement | undefined {
  if (offer.facts.targetAgreementIntent !== 'Replace') return undefined
  const old = aws.agreements.get(offer.facts.targetAgreementId ?? '')
  if (old?.status !== 'ACTIVE') throw new BuyerRefusal('the agreement to replace is not active')
  return old
}
