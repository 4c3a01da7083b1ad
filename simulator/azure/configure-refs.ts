import type { Plan, PrivateOffer, Product } from './catalog-model.ts'
import type { AzureState } from './state.ts'

/** What one job may refer to: the publisher's own resources, and those it made itself by their names. */
export type JobScope = {
  readonly state: AzureState
  readonly publisherId: string
  /** Simulated milliseconds at which the job's work takes effect. */
  readonly at: number
  /** Durable ids of this job's resources by `resourceName`. */
  readonly made: Map<string, string>
}

/** An error of a job as its status shows it; thrown by the rules while a job is applied. */
export class JobFault extends Error {
  readonly code: string
  readonly resourceId: string | undefined
  constructor(code: string, message: string, resourceId?: string) {
    super(message)
    this.code = code
    this.resourceId = resourceId
  }
}

/** The product a reference means: a durable id, `{ resourceName }` or `{ externalID }` in either casing. */
export function productOf(scope: JobScope, reference: unknown): Product {
  const wanted = spelled(scope, reference)
  const found = wanted.isExternal
    ? scope.state.products
        .values()
        .find((one) => one.publisherId === scope.publisherId && one.offerId === wanted.id)
    : scope.state.products.get(wanted.id.replace(/^product\//, ''))
  if (!found || found.publisherId !== scope.publisherId) throw missing(reference)
  return found
}

/** The plan of a product a reference means; its own product must be that product. */
export function planOf(scope: JobScope, product: Product, reference: unknown): Plan {
  const wanted = spelled(scope, reference)
  const [, parent, guid = ''] =
    /^plan\/(?:([^/]+)\/)?([^/]+)$/.exec(wanted.id) ?? ([] as readonly string[])
  const found = wanted.isExternal
    ? scope.state.plans
        .values()
        .find((one) => one.product === product.guid && one.planId === wanted.id)
    : scope.state.plans.get(guid)
  const isForeign = parent !== undefined && parent !== product.guid
  if (!found || isForeign || found.product !== product.guid) throw missing(reference)
  return found
}

/** A private offer by its durable id or bare guid, of whatever publisher. */
export function offerOf(state: AzureState, reference: unknown): PrivateOffer | undefined {
  return state.privateOffers.get(String(reference).replace(/^private-offer\//, ''))
}

export function planRef(plan: Plan): string {
  return `plan/${plan.product}/${plan.guid}`
}

/** The text of a reference, for `resourceId` of an error. */
export function textOf(reference: unknown): string {
  if (typeof reference === 'string') return reference
  const { resourceName, externalID, externalId } = (reference ?? {}) as Record<string, unknown>
  return String(resourceName ?? externalID ?? externalId ?? '')
}

function spelled(scope: JobScope, reference: unknown) {
  if (typeof reference === 'string') return { id: reference, isExternal: false }
  const { resourceName, externalID, externalId } = (reference ?? {}) as Record<string, unknown>
  if (typeof resourceName === 'string') {
    return { id: scope.made.get(resourceName) ?? '', isExternal: false }
  }
  return { id: String(externalID ?? externalId ?? ''), isExternal: true }
}

function missing(reference: unknown): JobFault {
  const name = textOf(reference)
  return new JobFault('notFound', `The resource '${name}' was not found.`, name)
}
