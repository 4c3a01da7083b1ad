import type { PrivateOffer } from './catalog-model.ts'
import { JobFault, type JobScope, offerOf } from './configure-refs.ts'
import { kindOf } from './private-offer-shape.ts'
import { DAY_MS, dayOf } from './time.ts'

const CUSTOMER_AGREEMENT =
  /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}_\d{4}-\d{2}-\d{2}$/i
const ENROLMENT = /^\d{5,10}$/

/**
 * What a job finds wrong with an offer on its way to `live`: dates on months' edges, deadlines, whom it is
 * for ("Create a direct ISV to customer private offer": start and end; "Job status": the Conflict sample).
 */
export function checkLive(scope: JobScope, resource: any): void {
  const kind = kindOf(resource)
  const name = resource.resourceName ?? resource.id
  const fail = (code: string, message: string): never => {
    throw new JobFault(code, message, name)
  }
  if (resource.variableStartDate !== true && !resource.start) {
    throw new JobFault('Conflict', 'The start date should be defined')
  }
  const today = dayOf(scope.at)
  const { start, end, acceptBy } = resource
  if (start && !start.endsWith('-01')) {
    fail('invalidResource', 'The start date must be the first day of a month.')
  }
  if (start && start < `${today.slice(0, 7)}-01`) {
    fail('invalidResource', 'The start date must not lie in the past.')
  }
  if (dayOf(Date.parse(end) + DAY_MS).slice(8) !== '01') {
    fail('invalidResource', 'The end date must be the last day of a month.')
  }
  if (end < (start ?? today)) fail('invalidResource', 'The end date must lie after the start date.')
  if (acceptBy && acceptBy < today) {
    fail('invalidResource', 'The acceptance deadline must not lie in the past.')
  }
  if (acceptBy && acceptBy > end) {
    fail('invalidResource', 'The acceptance deadline must not lie after the end date.')
  }
  for (const one of resource.beneficiaries ?? []) {
    const isKnown = CUSTOMER_AGREEMENT.test(one.id) || ENROLMENT.test(one.id)
    if (kind !== 'cspPromotion' && !isKnown) {
      fail('invalidResource', `The billing account '${one.id}' is not valid.`)
    }
  }
}

/** Whether an existing offer may be changed to the wanted state by its publisher. Throws when not. */
export function checkMove(offer: PrivateOffer, wanted: string): void {
  const conflict = (message: string): never => {
    throw new JobFault('Conflict', message, `private-offer/${offer.id}`)
  }
  if (offer.state === 'deleted') {
    throw new JobFault('notFound', 'The resource was not found.', `private-offer/${offer.id}`)
  }
  if (offer.subState === 'accepted') conflict('The private offer has been accepted already.')
  if (wanted === 'deleted') {
    if (offer.state !== 'draft') conflict('Only a draft can be deleted.')
    return
  }
  if (wanted === 'withdrawn') {
    if (offer.state !== 'live') conflict('Only a live private offer can be withdrawn.')
    if (offer.partner?.state === 'live') {
      conflict('The partner has published the private offer and must withdraw it first.')
    }
    return
  }
  if (offer.state === 'live') conflict('A submitted private offer must be withdrawn first.')
}

/** An upgrade renews an accepted offer of the same customer and begins after it ends. */
export function checkUpgrade(scope: JobScope, resource: any): PrivateOffer {
  const { id } = resource.upgradedFrom
  const old = offerOf(scope.state, id)
  if (!old || old.publisherId !== scope.publisherId) {
    throw new JobFault('notFound', `The resource '${id}' was not found.`, id)
  }
  const fail = (message: string): never => {
    throw new JobFault('Conflict', message, id)
  }
  if (old.subState !== 'accepted') fail('Only an accepted private offer can be upgraded.')
  const start = resource.start ?? dayOf(scope.at)
  if (old.endsOn !== null && start <= old.endsOn) {
    fail('The dates overlap with those of the private offer being upgraded.')
  }
  if (kindOf(resource) !== kindOf(old.resource)) fail('An upgrade keeps the type of its offer.')
  const ids = (one: any) => (one.beneficiaries ?? []).map((each: any) => each.id).join()
  if (resource.beneficiaries && ids(resource) !== ids(old.resource)) {
    fail('An upgrade keeps the beneficiaries of its offer.')
  }
  return old
}

/** Two multiparty offers must not cover one plan for one customer at the same time. */
export function checkOverlap(scope: JobScope, candidate: PrivateOffer): void {
  const keys = (offer: PrivateOffer) =>
    offer.items.map((item) => ({ product: item.product, plan: item.plan }))
  const customer = candidate.resource.beneficiaries?.[0]?.id
  const rival = scope.state.privateOffers.values().find((other) => {
    if (other.id === candidate.id || other.partner === null || other.state !== 'live') return false
    if (other.resource.beneficiaries?.[0]?.id !== customer) return false
    const from = candidate.startsOn ?? dayOf(scope.at)
    const isApart =
      (other.endsOn ?? '9999') < from ||
      (candidate.endsOn ?? '9999') < (other.startsOn ?? dayOf(scope.at))
    return !isApart && keys(candidate).some((one) => keys(other).some((two) => meets(one, two)))
  })
  if (rival) {
    throw new JobFault(
      'Conflict',
      `The private offer overlaps with private-offer/${rival.id}.`,
      `private-offer/${candidate.id}`,
    )
  }
}

function meets(
  one: { readonly product: string; readonly plan: string | null },
  two: { readonly product: string; readonly plan: string | null },
): boolean {
  const samePlan = one.plan === null || two.plan === null || one.plan === two.plan
  return one.product === two.product && samePlan
}
