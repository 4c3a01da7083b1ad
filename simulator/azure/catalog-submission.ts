import type { Submission, Target } from './catalog-model.ts'
import { publishTo } from './catalog-write.ts'
import { JobFault, type JobScope, productOf } from './configure-refs.ts'
import type { AzureState } from './state.ts'

/** Publish histories, by durable id. */
export function submissions(state: AzureState) {
  return state.world.table<Submission>('azure.submissions')
}

/**
 * Applies a `submission`: a preview is made of the draft, live of a preview that succeeded; straight to
 * live is refused ("Product ingestion API": publish). Returns the durable id.
 */
export function applySubmission(scope: JobScope, resource: any): string {
  const product = productOf(scope, resource.product)
  const target = resource.target?.targetType as Target
  if (target !== 'preview' && target !== 'live') {
    throw new JobFault('invalidResource', 'targetType must be preview or live.', resource.id)
  }
  const preview = submissions(scope.state).get(String(resource.id))
  if (target === 'live' && !(preview?.product === product.guid && preview.target === 'preview')) {
    throw new JobFault('Conflict', 'A live submission must name a preview submission.', resource.id)
  }
  publishTo(scope, product, target === 'live' ? 'preview' : 'draft', target)
  const id = `submission/${product.guid}/${scope.state.ids.digits(19)}`
  submissions(scope.state).put(id, {
    id,
    product: product.guid,
    target,
    createdAt: scope.at,
    status: 'completed',
    result: 'succeeded',
  })
  return id
}
