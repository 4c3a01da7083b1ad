import { z } from 'zod'
import type { Instant } from '../../src/kernel/time.ts'
import type { Dimension, PlanShape, RemoteListing, RemotePlan } from '../../src/listings/model.ts'
import type { Settings } from './settings.ts'

const text = z.string().nullish()
/** Preview schemas write `externalID`, 2022-07-01 writes `externalId`. */
const identity = z.looseObject({ externalID: text, externalId: text }).nullish()
const period = z.looseObject({ type: z.string(), value: z.number() })
const count = z.number().int().nullish().catch(null)

/** Any resource of a tree; what we do not read passes through in `native`. */
export const resource = z.looseObject({
  $schema: text,
  id: text,
  identity,
  type: text,
  alias: text,
  title: text,
  name: text,
  plan: z.unknown().optional(),
  lifecycleState: text,
})
export type Resource = z.infer<typeof resource>

const price = z.looseObject({
  visibility: text,
  privateAudiences: z.array(z.unknown()).nullish(),
  audience: text,
  trial: z.looseObject({ value: z.number().nullish() }).nullish(),
  pricing: z
    .looseObject({
      recurrentPrice: z
        .looseObject({
          recurrentPriceMode: text,
          prices: z.array(z.looseObject({ billingTerm: period.nullish() })).nullish(),
          userLimits: z.looseObject({ min: count, max: count }).nullish(),
        })
        .nullish(),
      customMeters: z
        .looseObject({
          meters: z
            .record(z.string(), z.looseObject({ isEnabled: z.boolean().nullish() }))
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
})
type Price = z.infer<typeof price>

const meters = z.looseObject({
  customMeters: z
    .record(z.string(), z.looseObject({ displayName: text, unitOfMeasure: text }))
    .nullish(),
})

/** Where a tree was read: what is live, or the newest that is not. */
export type Target = 'live' | 'preview' | 'draft'
export type Tree = { readonly target: Target; readonly resources: readonly Resource[] }

/**
 * A SaaS product in our words.
 *
 * `listingRef` is the offer ID that the publisher chose (`externalId`), since that is what subscriptions, usage and
 * reports call it. `planRef` is the external plan ID for the same reason; `planKey` is the plan's durable id, which
 * holds the product's (`plan/{product}/{plan}`), as private offers want both. The product's own durable id stands in
 * `native.product`. No resource says when it changed, so `modifiedAt` is the reading that showed it.
 */
export function readListing(
  product: Resource,
  tree: Tree,
  settings: Settings,
  readAt: Instant,
): RemoteListing {
  const of = (kind: string) => tree.resources.filter((one) => kindOf(one) === kind)
  const plans = of('plan').filter(({ lifecycleState }) => lifecycleState !== 'deleted')
  const prices = new Map(
    of('price-and-availability-plan').map((one) => [planOf(one), price.safeParse(one).data]),
  )
  const own = of('product')[0] ?? product
  const names = new Map(of('plan-listing').map((one) => [planOf(one), one.name]))
  const known = plans.map((plan) => ({ plan, price: prices.get(plan.id ?? '') }))
  return {
    listingRef: externalId(own) ?? externalId(product) ?? product.id ?? '',
    // A draft may have a listing without a title yet.
    name: of('listing')[0]?.title || own.alias || product.alias || externalId(product) || '',
    kind: 'saas',
    visibility: visibilityOf(
      own,
      tree.target,
      known.map((one) => one.price),
    ),
    meteringRef: null,
    dimensions: dimensionsOf(of('price-and-availability-custom-meter'), known, settings),
    plans: known.map((one) => readPlan(one.plan, names.get(one.plan.id ?? ''), one.price)),
    modifiedAt: readAt,
    native: { product, target: tree.target, resources: tree.resources },
  }
}

/** `https://schema.mp.microsoft.com/schema/plan/2022-07-01` → `plan`; without a schema, by the durable id. */
const kindOf = ({ $schema, id }: Resource): string =>
  $schema?.split('/').at(-2) ?? id?.split('/')[0] ?? ''

export const externalId = ({ identity: known }: Resource): string | undefined =>
  known?.externalId ?? known?.externalID ?? undefined

/** Which plan a resource belongs to: its reference, or the end of its own id, `…/{product}/{plan}`. */
function planOf({ id, plan }: Resource): string {
  if (typeof plan === 'string') return plan
  const [, product, own] = id?.split('/') ?? []
  return `plan/${product}/${own}`
}

/** A live product is as public as its most public plan; what is not live or no longer sold says so itself. */
function visibilityOf(
  { lifecycleState }: Resource,
  target: Target,
  prices: readonly (Price | undefined)[],
): string {
  if (lifecycleState && lifecycleState !== 'generallyAvailable') return lifecycleState
  if (target !== 'live') return target
  const isPrivate = (one: Price | undefined) =>
    one !== undefined &&
    (one.visibility === 'hidden' ||
      /private/i.test(one.audience ?? '') ||
      (one.privateAudiences?.length ?? 0) > 0)
  return prices.length > 0 && prices.every(isPrivate) ? 'private' : 'public'
}

type Known = { readonly plan: Resource; readonly price: Price | undefined }

/**
 * Meters are usage. What a recurring price sells is units of the seats dimension, a contract; a SaaS plan always has
 * such a price, even if it is zero ("Plan a SaaS offer for the commercial marketplace"), so unless its price says
 * otherwise the dimension is there.
 */
function dimensionsOf(
  described: readonly Resource[],
  known: readonly Known[],
  { seatsDimension }: Settings,
): readonly Dimension[] {
  const found = new Map<string, Dimension>()
  for (const one of described)
    for (const [key, meter] of Object.entries(meters.safeParse(one).data?.customMeters ?? {}))
      found.set(key, {
        key,
        name: meter.displayName ?? key,
        unit: meter.unitOfMeasure ?? undefined,
        types: ['usage'],
      })
  for (const key of known.flatMap((one) => metersOf(one.price) ?? []))
    if (!found.has(key)) found.set(key, { key, name: key, types: ['usage'] })
  const hasRecurring = known.some(
    (one) => one.price?.pricing == null || one.price.pricing.recurrentPrice != null,
  )
  if (!hasRecurring) return [...found.values()]
  const seats: Dimension = { key: seatsDimension, name: 'Units of the plan', types: ['contract'] }
  const meter = found.get(seatsDimension)
  found.delete(seatsDimension)
  return [meter ? { ...meter, types: ['contract', 'usage'] } : seats, ...found.values()]
}

/** Meters that a plan enables; null where its price is not told. */
function metersOf(one: Price | undefined): readonly string[] | null {
  if (!one?.pricing) return null
  return Object.entries(one.pricing.customMeters?.meters ?? {})
    .filter(([, { isEnabled }]) => isEnabled !== false)
    .map(([key]) => key)
}

const readPlan = (
  plan: Resource,
  name: string | null | undefined,
  known: Price | undefined,
): RemotePlan => ({
  planRef: externalId(plan) ?? plan.id ?? '',
  planKey: plan.id ?? null,
  name: name ?? plan.alias ?? externalId(plan) ?? '',
  shape: known?.pricing ? shapeOf(known) : null,
})

function shapeOf(known: Price): PlanShape {
  const recurrent = known.pricing?.recurrentPrice
  const mode = recurrent?.recurrentPriceMode
  const terms = (recurrent?.prices ?? []).flatMap(({ billingTerm }) => billingTerm ?? [])
  const charge = mode === 'perUser' ? 'per_unit' : mode === 'flatRate' ? 'flat' : null
  const { min, max } = recurrent?.userLimits ?? {}
  return {
    charge,
    months: recurrent ? [...new Set(terms.flatMap(monthsOf))].toSorted((a, b) => a - b) : null,
    meters: metersOf(known),
    hasTrial: known.trial != null && known.trial.value !== 0,
    units: charge === 'per_unit' ? { min: min ?? null, max: max ?? null } : null,
  }
}

const monthsIn: Readonly<Record<string, number>> = { month: 1, year: 12 }
const monthsOf = ({ type, value }: z.infer<typeof period>): number[] => {
  const each = monthsIn[type]
  return each === undefined ? [] : [each * value]
}
