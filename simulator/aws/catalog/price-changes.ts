import Big from 'big.js'
import { type Draft, type Fault, fault } from './draft.ts'
import { type Entity, isPrivate, isReleased, termOf } from './model.ts'

const FREEZE_MS = 120 * 86_400_000
const TYPES = ['UsageBasedPricingTerm', 'ConfigurableUpfrontPricingTerm']

/**
 * What may change about the prices of a released public offer: nothing removed, no currency changed,
 * increases neither together with decreases nor with new dimensions, and none within 120 days of the last.
 */
export function publicPriceFaults(draft: Draft, offer: Entity): Fault[] {
  const before = draft.before(offer.id)
  if (!before || !isReleased(before) || isPrivate(before)) return []
  return TYPES.flatMap((type) => termFaults(draft, before, offer, type))
}

function termFaults(draft: Draft, before: Entity, offer: Entity, type: string): Fault[] {
  const was = termOf(before, type)
  const is = termOf(offer, type)
  if (!was && !is) return []
  if (!was || !is) {
    const verb = was ? 'removed' : 'added'
    return [
      fault(
        'INCOMPATIBLE_TERMS',
        `The following terms can't be ${verb} after the offer is released: [${type}].`,
      ),
    ]
  }
  const faults: Fault[] = []
  if (was.CurrencyCode !== is.CurrencyCode) {
    faults.push(
      fault(
        'INCOMPATIBLE_CURRENCY_CODE',
        "CurrencyCode can't be changed after the offer is released.",
      ),
    )
  }
  const old = rates(was)
  const now = rates(is)
  const removed = [...old.keys()].filter((key) => !now.has(key))
  const durations = (term: any) => term.RateCards.map((card: any) => card.Selector?.Value)
  if (durations(was).some((one: string) => !durations(is).includes(one))) {
    faults.push(
      fault(
        'INCOMPATIBLE_SELECTOR_DURATION',
        "Durations aren't allowed to be removed from rate cards in ConfigurableUpfrontPricingTerm after the offer released.",
      ),
    )
  } else if (removed.length > 0) {
    faults.push(
      fault(
        'INVALID_RATE_CARD',
        `Rates can't be removed from ${type}. Provide prices for all dimensions in the existing rate card.`,
      ),
    )
  }
  return [...faults, ...moveFaults(draft, before, offer, { type, old, now })]
}

function moveFaults(
  draft: Draft,
  before: Entity,
  offer: Entity,
  move: { type: string; old: Map<string, string>; now: Map<string, string> },
): Fault[] {
  const { type, old, now } = move
  const moved = [...now].filter(([key]) => old.has(key))
  const up = moved.some(([key, price]) => Big(price).gt(old.get(key) ?? price))
  const down = moved.some(([key, price]) => Big(price).lt(old.get(key) ?? price))
  if (!up) return []
  const last = before.facts.priceIncreaseAt
  offer.facts.priceIncreaseAt = draft.at
  const say = (message: string) => [fault('INVALID_PRICE_CHANGE', message)]
  if (last !== undefined && draft.at < last + FREEZE_MS) {
    const until = new Date(last + FREEZE_MS).toISOString().slice(0, 10)
    return say(
      `${type} can't be updated until ${until} because you have requested a price increase in the past 120 days. To cancel your previous price increase request or for more information, contact the AWS Marketplace Managed Catalog Operations Team.`,
    )
  }
  if ([...now.keys()].some((key) => !old.has(key))) {
    return say(
      `Price increase and dimension addition in ${type} isn't supported in the same request. Add dimensions first.`,
    )
  }
  if (!down) return []
  return say(
    "Price increase and decrease in UsageBasedPricingTerm isn't supported in the same request. Decrease prices first.",
  )
}

function rates(term: any): Map<string, string> {
  return new Map(
    term.RateCards.flatMap((card: any) =>
      card.RateCard.map((row: any) => [
        `${card.Selector?.Value ?? ''}/${row.DimensionKey}`,
        row.Price,
      ]),
    ),
  )
}
