import * as z from 'zod'
import type { Decimal } from '../kernel/decimal.ts'
import { idField } from '../kernel/fields.ts'
import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'

/** `contract`: sold as a quantity up front. `usage`: metered through us. `instance`: metered by the buyer's machines. */
export type DimensionType = 'contract' | 'usage' | 'instance'

/** A unit sold or metered. The key never changes. */
export type Dimension = {
  readonly key: string
  readonly name: string
  readonly description?: string | undefined
  readonly unit?: string | undefined
  /** Its address for offers, where they name it by another than its key. */
  readonly dimensionRef?: string | undefined
  /** What one unit costs without an offer, where the marketplace tells one price of it. */
  readonly listRate?: { readonly rate: Decimal; readonly currency: string } | undefined
  readonly types: readonly DimensionType[]
}

/** How a plan is sold; a part is null where its marketplace does not say. */
export type PlanShape = {
  /** `flat`: one price for the term. `per_unit`: a price for each seat. */
  readonly charge: 'flat' | 'per_unit' | null
  /** Lengths of term it is sold for; empty for pay as you go. */
  readonly months: readonly number[] | null
  /** Metered dimensions that are enabled on it. */
  readonly meters: readonly string[] | null
  readonly hasTrial: boolean | null
  readonly units: { readonly min: number | null; readonly max: number | null } | null
}

/** A product as its marketplace describes it, in our words; `native` is the marketplace's own document. */
export type RemoteListing = {
  readonly listingRef: string
  readonly name: string
  readonly kind: 'saas' | 'other'
  /** Marketplace's word for who can see it: `Public`, `Limited` … */
  readonly visibility: string
  /** What metering calls it, where that differs from `listingRef`. */
  readonly meteringRef: string | null
  readonly dimensions: readonly Dimension[]
  readonly plans: readonly RemotePlan[]
  readonly modifiedAt: Instant
  readonly native: unknown
}

/** `planRef` is what agreements and metering call it; `planKey` its address for offers, where that differs. */
export type RemotePlan = {
  readonly planRef: string
  readonly planKey: string | null
  readonly name: string
  readonly shape: PlanShape | null
}
export type Plan = RemotePlan & { readonly id: Id<'plan'> }

/** What a listing once had: agreements sold with it go on. */
export type Removed = {
  readonly dimensions: readonly (Dimension & { readonly removedAt: Instant })[]
  readonly plans: readonly (Plan & { readonly removedAt: Instant })[]
}

/** Facts that decide drawdown and fees, as people stated them; a fact that is absent is unknown. */
export type StatedFacts = Readonly<Record<string, string | boolean>>

export type Listing = Omit<RemoteListing, 'plans'> & {
  readonly id: Id<'lst'>
  readonly connection: Id<'conn'>
  readonly plans: readonly Plan[]
  readonly removed: Removed
  readonly readAt: Instant
  readonly facts: StatedFacts
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** What a marketplace's newer description makes of a listing we know: ids stay, what is gone becomes history. */
export function merged(
  known: Listing,
  { plans: remotePlans, ...remote }: RemoteListing,
  at: Instant,
  newPlan: () => Id<'plan'>,
): Listing {
  const everPlans = [...known.plans, ...known.removed.plans]
  const plans = remotePlans.map((plan) => {
    const id = everPlans.find(({ planRef }) => planRef === plan.planRef)?.id ?? newPlan()
    return { ...plan, id }
  })
  const gone = <Row>(
    before: readonly Row[],
    history: readonly (Row & { readonly removedAt: Instant })[],
    remains: (row: Row) => boolean,
  ) => [
    ...history.filter((row) => !remains(row)),
    ...before.filter((row) => !remains(row)).map((row) => ({ ...row, removedAt: at })),
  ]
  const removed: Removed = {
    dimensions: gone(known.dimensions, known.removed.dimensions, ({ key }) =>
      remote.dimensions.some((dimension) => dimension.key === key),
    ),
    plans: gone(known.plans, known.removed.plans, ({ planRef }) =>
      plans.some((plan) => plan.planRef === planRef),
    ),
  }
  return { ...known, ...remote, plans, removed, readAt: at }
}

const described = [
  'name',
  'kind',
  'visibility',
  'meteringRef',
  'dimensions',
  'plans',
] as const satisfies readonly (keyof Listing)[]

/** Which parts of a listing, in our words, two readings differ in. */
export const differences = (a: Listing, b: Listing): string[] =>
  described.filter((part) => canonical(a[part]) !== canonical(b[part]))

/** JSON with its keys in order: a database hands them back in one of its own. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** What is known about a product for the fee and drawdown rules: what people stated, over what its kind tells. */
export const factsOf = ({ kind, facts }: Pick<Listing, 'kind' | 'facts'>): StatedFacts => ({
  ...(kind === 'saas' && { 'product.type': 'saas', 'product.deployment': 'saas' }),
  ...facts,
})

const factsMax = 50
const factName = /^[a-z][A-Za-z0-9]{0,39}(\.[a-z][A-Za-z0-9]{0,39})?$/

export const amendListing = z.strictObject({
  facts: z
    .record(
      z.string(),
      z.union([z.string().min(1).max(100), z.boolean(), z.null()], {
        error: 'must be text, true, false, or null to forget it',
      }),
    )
    .superRefine((facts, context) => {
      const names = Object.keys(facts)
      if (names.length > factsMax)
        context.addIssue({ code: 'custom', message: `must have at most ${factsMax} facts` })
      for (const name of names.filter((text) => !factName.test(text)))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'is not a fact’s name, such as deployedOnCloud or product.type',
        })
    })
    .meta({
      description:
        'Facts to state, by the names the fee and drawdown rules ask for; null makes one unknown again, others stay',
      example: { 'product.type': 'saas', deployedOnCloud: true },
    }),
})
export type AmendListing = z.infer<typeof amendListing>

export const listingId = idField('lst', 'A listing')
