import * as z from 'zod'
import { connectionId } from '../connections/model.ts'
import { idField, instantField } from '../kernel/fields.ts'
import { type Listing, listingId, type Plan } from './model.ts'

const dimensionView = z.object({
  key: z.string().meta({ description: 'Its name in requests; never changes', example: 'seats' }),
  name: z.string().meta({ description: 'What the buyer reads', example: 'Seats' }),
  description: z
    .string()
    .optional()
    .meta({ description: 'What the buyer reads about it', example: 'Named users' }),
  unit: z.string().optional().meta({ description: 'The marketplace’s unit', example: 'Users' }),
  dimensionRef: z.string().optional().meta({
    description: 'Its address for offers, where that is another than its key',
    example: 'sku-example1',
  }),
  listRate: z
    .object({
      rate: z.string().meta({ description: 'Price of one unit', example: '0.05' }),
      currency: z.string().meta({ description: 'ISO 4217 currency', example: 'USD' }),
    })
    .optional()
    .meta({ description: 'What one unit costs without an offer, where the marketplace tells' }),
  types: z.array(z.enum(['contract', 'usage', 'instance'])).meta({
    description:
      '`contract`: sold as a quantity up front; `usage`: metered through us; `instance`: by the buyer’s machines',
    example: ['contract'],
  }),
})
const bound = (description: string, example: number) =>
  z.int().nullable().meta({ description, example })
const shapeView = z
  .object({
    charge: z.enum(['flat', 'per_unit']).nullable().meta({
      description: '`flat`: one price for the term; `per_unit`: a price for each seat',
      example: 'flat',
    }),
    months: z
      .array(z.int())
      .nullable()
      .meta({ description: 'Lengths of term; empty for pay as you go', example: [1, 12] }),
    meters: z
      .array(z.string())
      .nullable()
      .meta({ description: 'Metered dimensions that are enabled on it', example: ['api_calls'] }),
    hasTrial: z.boolean().nullable().meta({ description: 'It has a free trial', example: false }),
    units: z
      .object({ min: bound('At least', 1), max: bound('At most', 1_000) })
      .nullable()
      .meta({ description: 'How many units one buyer can have' }),
  })
  .meta({ description: 'How it is sold; null is what the marketplace does not say' })
const planView = z.object({
  id: idField('plan', 'A plan of this listing'),
  planRef: z.string().meta({ description: 'The marketplace’s own id', example: 'gold' }),
  planKey: z.string().nullable().meta({
    description: 'Its address for offers, where that is another',
    example: null,
  }),
  name: z.string().meta({ description: 'What the buyer reads', example: 'Gold' }),
  shape: shapeView.nullable(),
})
const removedAt = instantField('When we first saw it gone')

export const listingView = z
  .object({
    id: listingId,
    connection: connectionId,
    listingRef: z
      .string()
      .meta({ description: 'The marketplace’s own id of the product', example: 'prod-example1' }),
    name: z.string().meta({ description: 'What the buyer reads', example: 'Acme Analytics' }),
    kind: z.enum(['saas', 'other']).meta({ description: 'What it is', example: 'saas' }),
    visibility: z
      .string()
      .meta({ description: 'The marketplace’s word for who can see it', example: 'Public' }),
    meteringRef: z.string().nullable().meta({
      description: 'What metering calls it, where that differs',
      example: 'abcdefghijklmnopqrstuvwxy',
    }),
    dimensions: z.array(dimensionView).meta({ description: 'Units sold or metered' }),
    plans: z
      .array(planView)
      .meta({ description: 'Priced variants, where the marketplace has any' }),
    removed: z
      .object({
        dimensions: z.array(dimensionView.extend({ removedAt })).meta({ description: 'Units' }),
        plans: z.array(planView.extend({ removedAt })).meta({ description: 'Plans' }),
      })
      .meta({ description: 'What it once had; agreements sold with it go on' }),
    facts: z.record(z.string(), z.union([z.string(), z.boolean()])).meta({
      description: 'Facts that decide drawdown and fees, as people stated them; absent is unknown',
      example: { 'product.type': 'saas', deployedOnCloud: true },
    }),
    modifiedAt: instantField('When the marketplace last changed it'),
    readAt: instantField('When we last read it'),
    revision: z.int().meta({ description: 'Counts changes; also the ETag', example: 1 }),
    createdAt: instantField('When we first saw it'),
    updatedAt: instantField('When it last changed here'),
  })
  .meta({ id: 'Listing' })

export const listingDetailView = listingView
  .extend({
    native: z
      .unknown()
      .meta({ description: 'The marketplace’s own document, verbatim', example: {} }),
  })
  .meta({ id: 'ListingDetail' })

export function viewListing(listing: Listing): z.input<typeof listingView> {
  const { native: _, ...shown } = listing
  return {
    ...shown,
    dimensions: shown.dimensions.map((d) => ({ ...d, types: [...d.types] })),
    plans: shown.plans.map(viewPlan),
    removed: {
      dimensions: shown.removed.dimensions.map((d) => ({ ...d, types: [...d.types] })),
      plans: shown.removed.plans.map(viewPlan),
    },
  }
}
const viewPlan = <Row extends Plan>({ shape, ...plan }: Row) => ({
  ...plan,
  shape: shape && {
    ...shape,
    months: shape.months && [...shape.months],
    meters: shape.meters && [...shape.meters],
  },
})

export const viewListingDetail = (listing: Listing): z.input<typeof listingDetailView> => ({
  ...viewListing(listing),
  native: listing.native,
})
