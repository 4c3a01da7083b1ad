import type { Plan, Pricing, Product, Target } from './catalog-model.ts'
import { resourcesOf, written } from './catalog-resources.ts'
import { JobFault, type JobScope, planOf, planRef, productOf } from './configure-refs.ts'
import { readPrice } from './private-offer-price.ts'
import type { AzureState } from './state.ts'

/** Paths that complete a durable id after the guids it starts with. */
const PATHS: Readonly<Record<string, string>> = {
  listing: '/public/main/default/en-us',
  property: '/public/main',
  'price-and-availability-custom-meter': '',
  'software-as-a-service-technical-configuration': '',
}
const METERS_MAX = 30
const PLAN_ID = /^[a-z0-9][a-z0-9_-]{0,49}$/

/**
 * Writes one product resource into the draft ("Product ingestion API for the commercial marketplace") and
 * returns its durable id. Nothing of it shows to buyers before a submission to live.
 */
export function writeDraft(scope: JobScope, type: string, resource: any): string {
  const product =
    type === 'product' ? draftProduct(scope, resource) : productOf(scope, resource.product)
  const id = draftId(scope, type, product, resource)
  const { $schema: _, id: __, resourceName: ___, validations: ____, ...body } = resource
  if (type === 'price-and-availability-custom-meter') checkMeters(body, resource)
  if (type === 'price-and-availability-plan') {
    pricingOf(product, planOf(scope, product, resource.plan), body, resource)
  }
  const key = `draft|${id}`
  const before = written(scope.state).get(key)?.resource
  written(scope.state).put(key, {
    key,
    product: product.guid,
    target: 'draft',
    id,
    resource: { ...before, ...body, ...parents(scope, product, type, resource) },
  })
  return id
}

/** Copies what is written in one target to the next; going live changes what buyers see. */
export function publishTo(scope: JobScope, product: Product, from: Target, to: Target): void {
  for (const one of written(scope.state).values()) {
    if (one.product !== product.guid || one.target !== from) continue
    const key = `${to}|${one.id}`
    written(scope.state).put(key, { ...one, key, target: to })
  }
  const next = structuredClone(product)
  for (const { type, body } of resourcesOf(scope.state, product, to)) {
    if (type === 'software-as-a-service-technical-configuration') technical(next, to, body)
    if (to === 'live') show(next, type, body)
  }
  scope.state.products.put(next.guid, next)
  if (to === 'live') showPlans(scope, next)
}

/** Stops the sale of a live plan or opens it again, as a button of Partner Center does, without publishing anew. */
export function stopSelling(state: AzureState, plan: Plan, isStopSell: boolean): Plan {
  const key = `live|price-and-availability-plan/${plan.product}/${plan.guid}`
  const known = written(state).get(key)
  const visibility = isStopSell ? 'hidden' : 'visible'
  if (known) written(state).put(key, { ...known, resource: { ...known.resource, visibility } })
  return state.plans.put(plan.guid, { ...plan, isStopSell })
}

function draftProduct(scope: JobScope, resource: any): Product {
  const externalId = resource.identity?.externalID ?? resource.identity?.externalId
  if (resource.id !== undefined) return productOf(scope, resource.id)
  const isTaken = scope.state.products
    .values()
    .some((one) => one.publisherId === scope.publisherId && one.offerId === externalId)
  if (typeof externalId !== 'string' || isTaken) {
    throw new JobFault(
      'Conflict',
      'A product needs an external id nobody has.',
      resource.resourceName,
    )
  }
  if (resource.type !== 'softwareAsAService') {
    throw new JobFault(
      'invalidResource',
      'This simulator sells software as a service only.',
      resource.resourceName,
    )
  }
  const empty = { landingPageUrl: '', connectionWebhook: '', tenantId: '', appId: '' }
  const product: Product = {
    guid: scope.state.ids.guid(),
    publisherId: scope.publisherId,
    offerId: externalId,
    type: 'softwareAsAService',
    alias: String(resource.alias ?? externalId),
    createdAt: scope.at,
    isMade: true,
    live: empty,
    preview: { ...empty },
    meters: {},
    listing: { title: '', summary: '', description: '', categories: [] },
  }
  return scope.state.products.put(product.guid, product)
}

function draftId(scope: JobScope, type: string, product: Product, resource: any): string {
  if (type === 'product') return `product/${product.guid}`
  if (type === 'plan') return planRef(draftPlan(scope, product, resource))
  const path = PATHS[type]
  if (path !== undefined) return `${type}/${product.guid}${path}`
  const plan = planOf(scope, product, resource.plan)
  return type === 'plan-listing'
    ? `plan-listing/${product.guid}/public/main/${plan.guid}/en-us`
    : `${type}/${product.guid}/${plan.guid}`
}

function draftPlan(scope: JobScope, product: Product, resource: any): Plan {
  const externalId = resource.identity?.externalID ?? resource.identity?.externalId
  if (resource.id !== undefined) return planOf(scope, product, resource.id)
  const isTaken = scope.state.plans
    .values()
    .some((one) => one.product === product.guid && one.planId === externalId)
  if (!PLAN_ID.test(String(externalId)) || isTaken) {
    throw new JobFault('Conflict', 'A plan needs an external id of its own.', resource.resourceName)
  }
  const plan: Plan = {
    guid: scope.state.ids.guid(),
    product: product.guid,
    planId: externalId,
    name: String(resource.alias ?? externalId),
    description: '',
    isPrivate: false,
    isStopSell: true,
    isMade: true,
    privateOffer: null,
    basePlan: null,
    pricing: { mode: 'flatRate', userLimits: null, hasFreeTrial: false, prices: [], meters: {} },
  }
  return scope.state.plans.put(plan.guid, plan)
}

function parents(scope: JobScope, product: Product, type: string, resource: any) {
  return {
    ...(type === 'product' ? {} : { product: `product/${product.guid}` }),
    ...(resource.plan === undefined
      ? {}
      : { plan: planRef(planOf(scope, product, resource.plan)) }),
  }
}

function checkMeters(body: any, resource: any): void {
  if (Object.keys(body.customMeters ?? {}).length > METERS_MAX) {
    throw new JobFault(
      'invalidResource',
      `An offer has at most ${METERS_MAX} custom meters.`,
      resource.resourceName,
    )
  }
}

/** Prices as a plan resource has them. A plan that was ever priced keeps its mode. */
function pricingOf(product: Product, plan: Plan, body: any, resource: any): Pricing {
  const isNew = plan.pricing.prices.length === 0
  const mode = isNew ? body.pricing?.recurrentPrice?.recurrentPriceMode : plan.pricing.mode
  const meters = Object.keys({ ...product.meters, ...body.pricing?.customMeters?.meters })
  const base = {
    mode: mode ?? 'flatRate',
    userLimits: plan.pricing.userLimits,
    hasFreeTrial: false,
    prices: [],
    meters: Object.fromEntries(meters.map((id) => [id, { pricePerUnit: '0', included: [] }])),
  }
  const named = { ...resource, offerPricingType: 'saasNewCustomizedPlans' }
  const known = { ...product, meters: Object.fromEntries(meters.map((id) => [id, METER])) }
  const pricing = readPrice(named, {
    product: known,
    plan: { ...plan, pricing: base },
    version: '2022-07-01',
    installmentsMax: 0,
  })
  return { ...pricing, hasFreeTrial: body.trial !== undefined && body.trial !== null }
}

const METER = { displayName: '', unitOfMeasure: '' }

function technical(product: Product, target: Target, body: any): void {
  const next = {
    landingPageUrl: String(body.landingPageUri ?? ''),
    connectionWebhook: String(body.connectionWebhook ?? ''),
    tenantId: String(body.azureAdTenantId ?? ''),
    appId: String(body.azureAdAppId ?? ''),
  }
  if (target === 'live') product.live = next
  if (target === 'preview') product.preview = next
}

function show(product: Product, type: string, body: any): void {
  if (type === 'product') product.alias = body.alias
  if (type === 'price-and-availability-custom-meter') product.meters = body.customMeters ?? {}
  if (type === 'property') {
    product.listing = { ...product.listing, categories: Object.keys(body.categories ?? {}) }
  }
  if (type !== 'listing') return
  product.listing = {
    ...product.listing,
    title: String(body.title ?? ''),
    summary: String(body.searchResultSummary ?? ''),
    description: String(body.description ?? ''),
  }
}

function showPlans(scope: JobScope, product: Product): void {
  for (const { type, body } of resourcesOf(scope.state, product, 'live')) {
    const plan = scope.state.plans.get(String(body.plan ?? body.id).split('/')[2] ?? '')
    if (!plan) continue
    const next = structuredClone(plan)
    if (type === 'plan') next.name = body.alias ?? next.name
    if (type === 'plan-listing') next.description = body.description ?? next.description
    if (type === 'price-and-availability-plan') {
      next.pricing = pricingOf(product, plan, body, body)
      next.isPrivate = body.audience === 'private'
      next.isStopSell = body.visibility === 'hidden' && written(scope.state).has(`live|${body.id}`)
    }
    scope.state.plans.put(next.guid, next)
  }
}
