import type { Agreement } from './agreements/model.ts'
import { type Aws, millis } from './context.ts'
import { emit } from './events.ts'

const SOURCE = 'aws.agreement-marketplace'
const NO_END = '9999-01-01T00:00:00Z'

/**
 * `Purchase Agreement Created`, `Amended` or `Ended - Proposer`. Names neither product nor licence, as
 * the real events do not.
 */
export function agreementEvent(
  aws: Aws,
  agreement: Agreement,
  what: 'Created' | 'Amended' | 'Ended',
  at: number,
): void {
  const times = {
    intent: agreement.intent,
    status: 'ACTIVE',
    acceptanceTime: millis(agreement.acceptance),
    startTime: millis(agreement.start),
    endTime: agreement.end === null ? NO_END : millis(agreement.end),
  }
  plan(aws, agreement, at, `Purchase Agreement ${what} - Proposer`, {
    agreement: {
      id: agreement.id,
      ...(what === 'Ended' ? { status: agreement.status } : times),
    },
    resaleAuthorization: { id: null },
    acceptor: { accountId: agreement.acceptor },
    proposer: { accountId: agreement.proposer },
    ...(what === 'Ended' ? {} : { offer: { id: agreement.offerId } }),
  })
}

/** `License Updated` or `License Deprovisioned - Manufacturer`: agreement, product and licence together. */
export function licenseEvent(
  aws: Aws,
  agreement: Agreement,
  what: 'Updated' | 'Deprovisioned',
  at: number,
): void {
  const product = aws.entities.get(agreement.productId)
  plan(aws, agreement, at, `License ${what} - Manufacturer`, {
    agreement: { id: agreement.id },
    product: { code: product?.details.Description.ProductCode, id: agreement.productId },
    license: { arn: agreement.licenseArn },
    acceptor: { accountId: agreement.acceptor },
    proposer: { accountId: agreement.proposer },
    offer: { id: agreement.offerId },
  })
}

/** Timer: puts a planned event on the bus. */
export function publish(aws: Aws, event: any, at: number): void {
  emit(aws, at, event)
}

function plan(
  aws: Aws,
  agreement: Agreement,
  at: number,
  detailType: string,
  detail: object,
): void {
  aws.timers.set('event.publish', at, {
    account: agreement.proposer,
    source: SOURCE,
    detailType,
    resources: [`arn:aws:aws-marketplace::aws:agreement:${agreement.id}`],
    detail: { requestId: aws.ids.uuid(), catalog: 'AWSMarketplace', ...detail },
  })
}
