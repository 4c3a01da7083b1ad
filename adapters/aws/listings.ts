import {
  BatchDescribeEntitiesCommand,
  type EntitySummary,
  ListEntitiesCommand,
} from '@aws-sdk/client-marketplace-catalog'
import { z } from 'zod'
import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, readInstant } from '../../src/kernel/time.ts'
import type { Dimension, DimensionType, RemoteListing } from '../../src/listings/model.ts'
import type { ListingsPage, ListingsPort } from '../../src/listings/port.ts'
import { type AwsClient, catalogName } from './client.ts'
import { advance, news, type Position, readPosition, toSeconds, writePosition } from './window.ts'

/** BatchDescribeEntities takes no more at a time. */
const pageMax = 20

const text = z.string().nullish()
/** Details of SaaSProduct@1.0 as DescribeEntity tells them; what we do not read passes through in `native`. */
const product = z.looseObject({
  Description: z.looseObject({ ProductTitle: text, ProductCode: text, Visibility: text }).nullish(),
  Dimensions: z
    .array(
      z.looseObject({
        Key: z.string(),
        Name: text,
        Description: text,
        Unit: text,
        Types: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
})

/** SaaS products of the seller, by Catalog API ListEntities and BatchDescribeEntities: one call when nothing changed. */
export const listings = (aws: AwsClient): ListingsPort => ({
  async changedSince(cursor): Promise<ListingsPage> {
    const at = readPosition(cursor)
    const { summaries, token } = await list(aws, at)
    const page = summaries.flatMap((summary) => {
      const changed = readInstant(summary.LastModifiedDate ?? '')
      return summary.EntityId && changed ? [{ ref: summary.EntityId, at: changed, summary }] : []
    })
    const fresh = news(at, page)
    const details = await describe(
      aws,
      fresh.map(({ ref }) => ref),
    )
    return {
      listings: fresh.flatMap(({ ref, at: modifiedAt, summary }) => {
        const detail = details.get(ref)
        return detail === undefined ? [] : [readListing(ref, modifiedAt, summary, detail)]
      }),
      cursor: writePosition(advance(at, page, token)),
      more: token !== undefined,
    }
  },
})

async function list(
  aws: AwsClient,
  at: Position,
): Promise<{ summaries: readonly EntitySummary[]; token?: string | undefined }> {
  const since = at.after === null ? undefined : { LastModifiedDate: afterValue(at.after) }
  const command = new ListEntitiesCommand({
    Catalog: catalogName,
    EntityType: 'SaaSProduct',
    MaxResults: pageMax,
    NextToken: at.token,
    ...(since ? { EntityTypeFilters: { SaaSProductFilters: since } } : {}),
    EntityTypeSort: { SaaSProductSort: { SortBy: 'LastModifiedDate', SortOrder: 'ASCENDING' } },
  })
  const answer = await aws.call('ListEntities', (options) => aws.catalog.send(command, options))
  return { summaries: answer.EntitySummaryList ?? [], token: answer.NextToken }
}

const afterValue = (after: Instant) => ({ DateRange: { AfterValue: toSeconds(after) } })

/** The documents of at most 20 products; one that is gone since it was listed is left out. */
export async function describe(
  aws: AwsClient,
  refs: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  if (refs.length === 0) return new Map()
  const command = new BatchDescribeEntitiesCommand({
    EntityRequestList: refs.map((EntityId) => ({ Catalog: catalogName, EntityId })),
  })
  const answer = await aws.call('BatchDescribeEntities', (options) =>
    aws.catalog.send(command, options),
  )
  for (const [ref, fault] of Object.entries(answer.Errors ?? {})) {
    if (fault.ErrorCode?.startsWith('ResourceNotFound')) continue
    const said = `${fault.ErrorCode}: ${fault.ErrorMessage}`
    throw new Problem('unavailable', `AWS BatchDescribeEntities could not tell ${ref} (${said})`)
  }
  const told = Object.entries(answer.EntityDetails ?? {})
  return new Map(told.map(([ref, { DetailsDocument }]) => [withoutRevision(ref), DetailsDocument]))
}

/** `offer-abc@3` → `offer-abc`. */
export const withoutRevision = (identifier: string): string => identifier.split('@')[0] ?? ''

/** What metering and entitlements call a product, or null when the catalogue does not say; asked once per product. */
export async function productCode(aws: AwsClient, listingRef: string): Promise<string | null> {
  const known = aws.productCodes.get(listingRef)
  if (known !== undefined) return known
  const detail = (await describe(aws, [listingRef])).get(listingRef)
  const code = product.safeParse(detail).data?.Description?.ProductCode ?? null
  if (code !== null) aws.productCodes.set(listingRef, code)
  return code
}

function readListing(
  listingRef: string,
  modifiedAt: Instant,
  summary: EntitySummary,
  detail: unknown,
): RemoteListing {
  const { Description, Dimensions } = product.safeParse(detail).data ?? {}
  return {
    listingRef,
    name: Description?.ProductTitle ?? summary.Name ?? listingRef,
    kind: 'saas',
    visibility: Description?.Visibility ?? summary.Visibility ?? 'unknown',
    meteringRef: Description?.ProductCode ?? null,
    dimensions: (Dimensions ?? []).map(readDimension),
    plans: [],
    modifiedAt,
    native: { summary, details: detail },
  }
}

type NativeDimension = NonNullable<NonNullable<z.infer<typeof product>['Dimensions']>[number]>

const readDimension = ({ Key, Name, Description, Unit, Types }: NativeDimension): Dimension => ({
  key: Key,
  name: Name ?? Key,
  description: Description ?? undefined,
  unit: Unit ?? undefined,
  types: (Types ?? []).flatMap((type) => dimensionTypes[type] ?? []),
})

/** Working with SaaS products: entitled is bought up front, externally metered is reported by the seller. */
const dimensionTypes: Readonly<Record<string, DimensionType>> = {
  Entitled: 'contract',
  ExternallyMetered: 'usage',
  Metered: 'instance',
}
