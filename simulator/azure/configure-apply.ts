import { applySubmission } from './catalog-submission.ts'
import { readSchema } from './catalog-versions.ts'
import { writeDraft } from './catalog-write.ts'
import { JobFault, type JobScope, planOf, planRef, productOf } from './configure-refs.ts'
import { applyOffer } from './private-offer-apply.ts'
import { offerPrices } from './private-offer-items.ts'
import { readPrice } from './private-offer-price.ts'
import type { AzureState } from './state.ts'

/**
 * Does the work of one resource of a `configure` job and returns the durable id it now has. Throws a
 * `JobFault` when the job must end there; what came before it stays.
 */
export function applyResource(scope: JobScope, resource: any): string {
  const schema = readSchema(scope.state, resource.$schema)
  const id = applied(scope, schema?.type ?? '', schema?.version ?? '', resource)
  if (typeof resource.resourceName === 'string') scope.made.set(resource.resourceName, id)
  return id
}

function applied(scope: JobScope, type: string, version: string, resource: any): string {
  switch (type) {
    case 'private-offer':
      return `private-offer/${applyOffer(scope, resource).id}`
    case 'price-and-availability-private-offer-plan':
      return writePrice(scope, resource, version)
    case 'submission':
      return applySubmission(scope, resource)
    default:
      return writeDraft(scope, type, resource)
  }
}

function writePrice(scope: JobScope, resource: any, version: string): string {
  const product = productOf(scope, resource.product)
  const plan = planOf(scope, product, resource.plan)
  const pricing = readPrice(resource, {
    product,
    plan,
    version,
    installmentsMax: scope.state.settings().ingestion.installmentsMax,
  })
  const known = offerPrices(scope.state).get(String(resource.id))
  if (resource.id !== undefined && known?.publisherId !== scope.publisherId) {
    throw new JobFault('notFound', 'The requested resource was not found.', String(resource.id))
  }
  const id =
    known?.id ??
    `price-and-availability-private-offer-plan/${product.guid}/${scope.state.ids.digits(19)}`
  const { $schema: _, resourceName: __, ...body } = resource
  offerPrices(scope.state).put(id, {
    id,
    publisherId: scope.publisherId,
    product: product.guid,
    plan: plan.guid,
    offerPricingType: String(resource.offerPricingType),
    resource: { ...body, product: `product/${product.guid}`, plan: planRef(plan) },
    pricing,
  })
  return id
}

/** The product or private offer a resource changes; jobs on one subject follow each other. */
export function subjectOf(state: AzureState, resource: any): string | undefined {
  const type = readSchema(state, resource.$schema)?.type
  if (type === 'private-offer') return typeof resource.id === 'string' ? resource.id : undefined
  if (type === 'price-and-availability-private-offer-plan') return undefined
  const product = type === 'product' ? resource.id : resource.product
  return typeof product === 'string' ? product : undefined
}
