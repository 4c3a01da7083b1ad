import { type Context, Hono } from 'hono'
import type { Product, Target } from './catalog-model.ts'
import { pricingBody, type Resource, resourcesOf, resourceView } from './catalog-resources.ts'
import { submissions } from './catalog-submission.ts'
import { schemaOf, versionWithin } from './catalog-versions.ts'
import { type Asked, answer, asked, IngestionFailure, notFound, page } from './configure-answer.ts'
import { planRef } from './configure-refs.ts'
import { durableView, submissionView } from './configure-view.ts'
import type { AzureState } from './state.ts'
import { ticks } from './time.ts'

const TARGETS = ['draft', 'preview', 'live']
const PRICE = 'price-and-availability-private-offer-plan'

/** Reads of products and plans ("Product ingestion API for the commercial marketplace": retrieve). */
export function catalogRoutes(state: AzureState): Hono {
  const routes = new Hono()
  listRoutes(state, routes)
  routes.get('/resource-tree/product/:id', (c) => {
    const who = asked(state, c)
    const product = ownProduct(state, who, c.req.param('id'))
    const target = targetOf(c) ?? 'draft'
    const version = versionWithin('resource-tree', who.version) ?? who.version
    const resources = resourcesOf(state, product, target)
    const isRefused = state.settings().ingestion.unpublishedTree === '404'
    if (resources.length === 0 && isRefused) throw notFound()
    return answer({
      $schema: schemaOf(state, 'resource-tree', version),
      root: `product/${product.guid}`,
      target: { targetType: target },
      resources: views(state, who, resources),
    })
  })
  routes.get('/submission/:product', (c) => {
    const who = asked(state, c)
    const product = ownProduct(state, who, c.req.param('product'))
    const target = targetOf(c)
    const value = history(state, who, product).filter(
      (one) => target === undefined || one.target.targetType === target,
    )
    return answer({ value })
  })
  routes.get(`/${PRICE}/:product`, (c) => answer(priceTemplate(state, asked(state, c), c)))
  routes.get('/:type/*', (c) => {
    const who = asked(state, c)
    const type = c.req.param('type')
    const id = c.req.path.slice(c.req.path.indexOf(`/${type}/`) + 1)
    const view = durableView(state, who, decodeURIComponent(id))
    if (view === undefined) throw notFound()
    return answer(view)
  })
  return routes
}

function listRoutes(state: AzureState, routes: Hono): void {
  routes.get('/product', (c) => {
    const who = asked(state, c)
    const { externalID, externalId = externalID, type } = c.req.query()
    const mine = state.products
      .values()
      .filter((product) => product.publisherId === who.publisherId)
      .filter((product) => externalId === undefined || product.offerId === externalId)
      .filter((product) => type === undefined || product.type === type)
      .flatMap((product) => ofType(state, product, 'product'))
    return listed(state, c, who, mine)
  })
  routes.get('/plan', (c) => {
    const who = asked(state, c)
    const { product, externalID, externalId = externalID } = c.req.query()
    if (product === undefined) {
      throw new IngestionFailure(400, 'badRequest', "The query parameter 'product' is required.")
    }
    const owner = ownProduct(state, who, product.replace(/^product\//, ''))
    const plans = ofType(state, owner, 'plan').filter(
      ({ body }) => externalId === undefined || externalOf(body) === externalId,
    )
    return listed(state, c, who, plans)
  })
}

function listed(state: AzureState, c: Context, who: Asked, all: readonly Resource[]): Response {
  const { items, nextLink } = page(state, c, views(state, who, all))
  return answer({ value: items, ...(nextLink === null ? {} : { '@nextLink': nextLink }) })
}

function ofType(state: AzureState, product: Product, type: string): Resource[] {
  return resourcesOf(state, product, 'draft').filter((one) => one.type === type)
}

function externalOf(body: any): unknown {
  return body.identity?.externalID ?? body.identity?.externalId
}

function views(state: AzureState, who: Asked, resources: readonly Resource[]): any[] {
  return resources
    .map((one) => resourceView(state, one, who.version))
    .filter((view) => view !== undefined)
}

function ownProduct(state: AzureState, who: Asked, guid: string): Product {
  const product = state.products.get(guid)
  if (product?.publisherId !== who.publisherId) throw notFound()
  return product
}

function targetOf(c: Context): Target | undefined {
  const wanted = c.req.query('targetType')
  if (wanted === undefined) return undefined
  if (!TARGETS.includes(wanted)) {
    throw new IngestionFailure(400, 'badRequest', `The target '${wanted}' is not valid.`)
  }
  return wanted as Target
}

/** The draft line every product has, then what was published; a product on sale from the start counts. */
function history(state: AzureState, who: Asked, product: Product): any[] {
  const version = versionWithin('submission', who.version) ?? who.version
  const line = (number: string, target: Target, more: object) => ({
    $schema: schemaOf(state, 'submission', version),
    id: `submission/${product.guid}/${number}`,
    product: `product/${product.guid}`,
    target: { targetType: target },
    ...more,
  })
  const published = submissions(state)
    .values()
    .filter((one) => one.product === product.guid)
    .map((one) => submissionView(state, who, one.id))
  const isSold = state.plans
    .values()
    .some((plan) => plan.product === product.guid && !plan.isStopSell)
  const created = ticks(product.createdAt)
  const first = { status: 'completed', result: 'succeeded', created }
  return [
    line('0', 'draft', {}),
    ...(published.length === 0 && isSold ? [line('1', 'live', first)] : []),
    ...published,
  ]
}

/** Prices of a public plan in the form a private offer sends them back in. */
function priceTemplate(state: AzureState, who: Asked, c: Context): any {
  const product = ownProduct(state, who, c.req.param('product') ?? '')
  const wanted = (c.req.query('plan') ?? '').split('/').at(-1) ?? ''
  const plan = state.plans.get(wanted)
  const version = versionWithin(PRICE, who.version)
  if (plan?.product !== product.guid || version === undefined) throw notFound()
  return {
    $schema: schemaOf(state, PRICE, version),
    id: `${PRICE}/${product.guid}/${plan.guid}`,
    product: `product/${product.guid}`,
    plan: planRef(plan),
    offerPricingType: 'editExistingOfferPricingOnly',
    visibility: 'visible',
    pricing: pricingBody(plan.pricing),
  }
}
