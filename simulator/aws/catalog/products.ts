import { type Draft, type Fault, fault, type Handler } from './draft.ts'
import { type Entity, visibilityOf } from './model.ts'

const ENTITLED_MAX = 200
const METERED_MAX = 200

export function createProduct(draft: Draft, id: string, details: any): Entity {
  return {
    id,
    type: 'SaaSProduct',
    owner: draft.account,
    revision: 0,
    createdAt: draft.at,
    modifiedAt: draft.at,
    details: {
      Description: {
        ProductTitle: details.ProductTitle ?? '',
        ProductCode: draft.aws.ids.word('', 25),
        ShortDescription: '',
        LongDescription: '',
        Sku: '',
        Highlights: [],
        SearchKeywords: [],
        Visibility: 'Draft',
        ProductState: 'Active',
        Categories: [],
      },
      PromotionalResources: { LogoUrl: '', Videos: [], AdditionalResources: [] },
      SupportInformation: { Description: '' },
      Dimensions: [],
      Versions: [],
      Targeting: { PositiveTargeting: { BuyerAccounts: [] } },
    },
    // Listings made since June 2026 are in concurrent-agreements mode.
    facts: { mode: 'concurrent', restrictedDimensions: [] },
  }
}

/** Change types of SaaS products ("AWS Marketplace Catalog API reference", work with SaaS products). */
export const productChanges: Record<string, Handler> = {
  UpdateInformation: { apply: updateInformation },
  UpdateTargeting: {
    apply: (_, product, details) => {
      product.details.Targeting = details
      return []
    },
  },
  AddDimension: { apply: (_, product, details) => addDimensions(product, [details]) },
  AddDimensions: { apply: (_, product, details) => addDimensions(product, details) },
  UpdateDimension: { apply: (_, product, details) => updateDimensions(product, [details]) },
  UpdateDimensions: { apply: (_, product, details) => updateDimensions(product, listOf(details)) },
  RestrictDimension: { apply: (_, product, details) => restrictDimensions(product, [details.Key]) },
  RestrictDimensions: {
    apply: (_, product, details) =>
      restrictDimensions(
        product,
        listOf(details).map((one) => one.Key ?? one),
      ),
  },
  AddDeliveryOptions: { apply: addDeliveryOptions },
  UpdateDeliveryOptions: { apply: updateDeliveryOptions },
  UpdateDeliveryOptionsVisibility: {
    apply: (_, product, details) =>
      onOptions(product, details.DeliveryOptions, (option, wanted) => {
        option.Visibility = wanted.TargetVisibility
      }),
  },
  UpdateVisibility: { apply: updateVisibility },
  ReleaseProduct: { apply: () => [], check: release },
}

export function dimensionsOf(product: Entity): readonly any[] {
  const restricted = product.facts.restrictedDimensions ?? []
  return product.details.Dimensions.filter((one: any) => !restricted.includes(one.Key))
}

export function isEntitled(dimension: any): boolean {
  return dimension.Types.includes('Entitled')
}

export function isMetered(dimension: any): boolean {
  return dimension.Types.includes('ExternallyMetered') || dimension.Types.includes('Metered')
}

/** Where a buyer's browser is sent after the purchase. */
export function fulfillmentUrlOf(product: Entity): string | undefined {
  const options = product.details.Versions.flatMap((version: any) => version.DeliveryOptions)
  return options.find((option: any) => option.FulfillmentUrl)?.FulfillmentUrl
}

function updateInformation(_: Draft, product: Entity, details: any): Fault[] {
  const { LogoUrl, VideoUrls, AdditionalResources, SupportDescription, ...description } = details
  Object.assign(product.details.Description, description)
  const promotion = product.details.PromotionalResources
  if (LogoUrl !== undefined) promotion.LogoUrl = LogoUrl
  if (VideoUrls !== undefined) {
    promotion.Videos = VideoUrls.map((Url: string) => ({
      Type: 'Link',
      Title: 'Product Video',
      Url,
    }))
  }
  if (AdditionalResources !== undefined) promotion.AdditionalResources = AdditionalResources
  if (SupportDescription !== undefined) {
    product.details.SupportInformation.Description = SupportDescription
  }
  return []
}

function addDimensions(product: Entity, added: readonly any[]): Fault[] {
  const faults: Fault[] = []
  for (const one of added) {
    if (product.details.Dimensions.some((known: any) => known.Key === one.Key)) {
      faults.push(fault('DUPLICATE_DIMENSION_KEYS', `Dimension ${one.Key} already exists.`))
      continue
    }
    if (one.Types.includes('Metered')) {
      faults.push(
        fault('INCOMPATIBLE_PRODUCT', "Metered dimensions aren't supported for the product."),
      )
      continue
    }
    product.details.Dimensions.push(one)
  }
  const all = dimensionsOf(product)
  if (all.filter(isEntitled).length > ENTITLED_MAX || all.filter(isMetered).length > METERED_MAX) {
    faults.push(fault('TOO_MANY_DIMENSIONS', 'Provide up to 200 dimensions of each type.'))
  }
  return faults
}

function updateDimensions(product: Entity, updates: readonly any[]): Fault[] {
  return updates.flatMap((one) => {
    const known = product.details.Dimensions.find((other: any) => other.Key === one.Key)
    if (!known) return [fault('INVALID_DIMENSION_KEYS', `Dimension ${one.Key} doesn't exist.`)]
    if (one.Types && JSON.stringify(one.Types) !== JSON.stringify(known.Types)) {
      return [fault('INVALID_DIMENSION_TYPES', `The types of ${one.Key} can't be changed.`)]
    }
    Object.assign(known, one)
    return []
  })
}

function restrictDimensions(product: Entity, keys: readonly string[]): Fault[] {
  const known = dimensionsOf(product).map((one) => one.Key)
  const unknown = keys.filter((key) => !known.includes(key))
  if (unknown.length > 0) {
    return [fault('INVALID_DIMENSION_KEYS', `Use existing dimensions: ${unknown.join(', ')}.`)]
  }
  product.facts.restrictedDimensions = [...(product.facts.restrictedDimensions ?? []), ...keys]
  return []
}

function addDeliveryOptions(draft: Draft, product: Entity, details: any): Fault[] {
  const options = details.DeliveryOptions.map((one: any) => ({
    Id: draft.aws.ids.word('do-', 13),
    Type: 'SaaS',
    Visibility: 'Public',
    ...Object.values<any>(one.Details)[0],
  }))
  product.details.Versions = [{ Id: draft.aws.ids.word('version-', 13), DeliveryOptions: options }]
  return []
}

function updateDeliveryOptions(_: Draft, product: Entity, details: any): Fault[] {
  return onOptions(product, details.DeliveryOptions, (option, wanted) => {
    Object.assign(option, Object.values<any>(wanted.Details)[0])
  })
}

function onOptions(
  product: Entity,
  wanted: readonly any[],
  change: (option: any, wanted: any) => void,
): Fault[] {
  const options = product.details.Versions.flatMap((version: any) => version.DeliveryOptions)
  return wanted.flatMap((one) => {
    const option = options.find((known: any) => known.Id === (one.Id ?? one.DeliveryOptionId))
    if (!option) return [fault('INVALID_DELIVERY_OPTION_ID', "The delivery option doesn't exist.")]
    change(option, one)
    return []
  })
}

function updateVisibility(_: Draft, product: Entity, details: any): Fault[] {
  const now = visibilityOf(product)
  if (now === 'Draft') return [fault('INCOMPATIBLE_PRODUCT', 'Release the product first.')]
  if (now === details.TargetVisibility) {
    return [fault('INVALID_VISIBILITY', `The product is already ${now}.`)]
  }
  product.details.Description.Visibility = details.TargetVisibility
  return []
}

function release(_: Draft, product: Entity): Fault[] {
  if (visibilityOf(product) !== 'Draft') {
    return [fault('INVALID_UPDATE_REQUEST', 'The product is already released.')]
  }
  const faults: Fault[] = []
  const { ProductTitle, ShortDescription, LongDescription } = product.details.Description
  if (!ProductTitle || !ShortDescription || !LongDescription) {
    faults.push(fault('MISSING_INFORMATION', 'Provide title and descriptions before releasing.'))
  }
  if (product.details.Dimensions.length === 0) {
    faults.push(fault('MISSING_DIMENSIONS', 'Add at least one dimension before releasing.'))
  }
  if (fulfillmentUrlOf(product) === undefined) {
    faults.push(fault('MISSING_DELIVERY_OPTIONS', 'Add a delivery option before releasing.'))
  }
  if (faults.length === 0) product.details.Description.Visibility = 'Limited'
  return faults
}

function listOf(details: any): any[] {
  if (Array.isArray(details)) return details
  return details.Dimensions ?? details.Keys ?? [details]
}
