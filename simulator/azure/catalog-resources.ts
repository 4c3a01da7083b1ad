import type { Plan, Pricing, Product, Target, TermPrice, WrittenResource } from './catalog-model.ts'
import { compareVersions, schemaOf, versionWithin } from './catalog-versions.ts'
import { planRef } from './configure-refs.ts'
import { durationOf } from './private-offer-price.ts'
import type { AzureState } from './state.ts'

/** A resource without its `$schema`: its type and everything else. */
export type Resource = { readonly type: string; readonly id: string; readonly body: any }

/** What publishers wrote through `configure`, by target and durable id. */
export function written(state: AzureState) {
  return state.world.table<WrittenResource>('azure.writtenResources')
}

/** Everything of a product in one target: what is known of it, overlaid with what was written; nothing before it is there. */
export function resourcesOf(state: AzureState, product: Product, target: Target): Resource[] {
  const isThere = (one: { readonly isMade: boolean }, id: string) =>
    !one.isMade || target === 'draft' || written(state).has(`${target}|${id}`)
  if (!isThere(product, `product/${product.guid}`)) return []
  const plans = state.plans
    .values()
    .filter((plan) => plan.product === product.guid && plan.privateOffer === null)
    .filter((plan) => isThere(plan, planRef(plan)))
  const found = new Map<string, Resource>()
  for (const one of [...ofProduct(product, target), ...plans.flatMap(ofPlan)]) {
    found.set(one.id, one)
  }
  for (const one of written(state).values()) {
    if (one.product !== product.guid || one.target !== target) continue
    const [type = ''] = one.id.split('/')
    const before = found.get(one.id)
    found.set(one.id, { type, id: one.id, body: { ...before?.body, ...one.resource, id: one.id } })
  }
  return [...found.values()]
}

/** A resource in the newest schema not newer than `bound`; undefined when it has none that old. */
export function resourceView(state: AzureState, resource: Resource, bound: string): any {
  const version = versionWithin(resource.type, bound)
  if (version === undefined) return undefined
  const { identity, ...rest } = resource.body
  const isOld = compareVersions(version, '2022-07-01') < 0
  const externalId = identity?.externalID ?? identity?.externalId
  return {
    $schema: schemaOf(state, resource.type, version),
    id: resource.id,
    ...(identity === undefined
      ? {}
      : { identity: isOld ? { externalID: externalId } : { externalId } }),
    ...rest,
  }
}

/** The `pricing` part of a price resource, amounts as exact text. */
export function pricingBody(pricing: Pricing): any {
  const meters = Object.entries(pricing.meters)
  return {
    recurrentPrice: {
      recurrentPriceMode: pricing.mode,
      priceInputOption: 'usd',
      ...(pricing.userLimits ? { userLimits: pricing.userLimits } : {}),
      prices: pricing.prices.map(priceBody),
    },
    ...(meters.length === 0
      ? {}
      : {
          customMeters: {
            priceInputOption: 'usd',
            meters: Object.fromEntries(
              meters.map(([id, meter]) => [
                id,
                {
                  pricePerPaymentInUsd: meter.pricePerUnit,
                  includedQuantities: meter.included.map((one) => ({
                    billingTerm: durationOf(one.termUnit),
                    ...(one.quantity === null ? {} : { quantity: one.quantity }),
                    isInfinite: one.quantity === null,
                  })),
                },
              ]),
            ),
          },
        }),
  }
}

function priceBody(one: TermPrice) {
  if (!one.schedule) {
    return {
      billingTerm: durationOf(one.termUnit),
      paymentOption: durationOf(one.paymentUnit ?? one.termUnit),
      pricePerPaymentInUsd: one.price,
    }
  }
  const { initialCharge, charges } = one.schedule
  return {
    contractDuration: durationOf(one.termUnit),
    flexibleSchedule: {
      price: one.price,
      ...(initialCharge
        ? {
            initialCharge: {
              pricePerPaymentInUsd: initialCharge.amount,
              note: initialCharge.note,
            },
          }
        : {}),
      billingSchedule: charges.map(({ day, amount, note }) => ({
        chargeDate: day,
        pricePerPaymentInUsd: amount,
        note,
      })),
    },
  }
}

function ofProduct(product: Product, target: Target): Resource[] {
  const parent = { product: `product/${product.guid}` }
  const technical = target === 'live' ? product.live : product.preview
  const of = (type: string, path: string, body: object): Resource => ({
    type,
    id: `${type}/${product.guid}${path}`,
    body,
  })
  return [
    of('product', '', {
      identity: { externalId: product.offerId },
      type: product.type,
      alias: product.alias,
    }),
    of('listing', '/public/main/default/en-us', {
      ...parent,
      kind: 'azureSaaS',
      languageId: 'en-us',
      title: product.listing.title,
      searchResultSummary: product.listing.summary,
      description: product.listing.description,
    }),
    of('property', '/public/main', {
      ...parent,
      kind: 'azureSaaS',
      categories: Object.fromEntries(product.listing.categories.map((name) => [name, []])),
      standardContract: true,
    }),
    of('price-and-availability-custom-meter', '', { ...parent, customMeters: product.meters }),
    of('software-as-a-service-technical-configuration', '', {
      ...parent,
      landingPageUri: technical.landingPageUrl,
      connectionWebhook: technical.connectionWebhook,
      azureAdTenantId: technical.tenantId,
      azureAdAppId: technical.appId,
    }),
  ]
}

function ofPlan(plan: Plan): Resource[] {
  const parents = { product: `product/${plan.product}`, plan: planRef(plan) }
  const listing = `plan-listing/${plan.product}/public/main/${plan.guid}/en-us`
  return [
    {
      type: 'plan',
      id: planRef(plan),
      body: {
        product: parents.product,
        identity: { externalId: plan.planId },
        alias: plan.name,
        azureRegions: ['azureGlobal'],
      },
    },
    {
      type: 'plan-listing',
      id: listing,
      body: { ...parents, languageId: 'en-us', name: plan.name, description: plan.description },
    },
    {
      type: 'price-and-availability-plan',
      id: `price-and-availability-plan/${plan.product}/${plan.guid}`,
      body: {
        ...parents,
        visibility: plan.isStopSell ? 'hidden' : 'visible',
        audience: plan.isPrivate ? 'private' : 'public',
        trial: plan.pricing.hasFreeTrial ? { type: 'month', value: 1 } : null,
        pricing: { licenseModel: licenseModel(plan), ...pricingBody(plan.pricing) },
      },
    },
  ]
}

function licenseModel(plan: Plan): string {
  return plan.pricing.mode === 'perUser' ? 'perUser' : 'flatRate'
}
