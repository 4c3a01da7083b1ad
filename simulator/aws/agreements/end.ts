import type { Aws } from '../context.ts'
import { agreementEvent, licenseEvent } from '../events-agreement.ts'
import type { Agreement, AgreementStatus } from './model.ts'

/** Ends an agreement; the licence follows half a minute later, and then the last hour of metering. */
export function endAgreement(
  aws: Aws,
  agreement: Agreement,
  status: AgreementStatus,
  at: number,
): void {
  if (agreement.status !== 'ACTIVE') return
  agreement.status = status
  agreement.end = at
  agreement.lastUpdate = at
  aws.agreements.put(agreement.id, agreement)
  aws.timers.cancel(`end:${agreement.id}`)
  agreementEvent(aws, agreement, 'Ended', at)
  const due = at + aws.settings().timers.deprovisionMs
  aws.timers.set('license.deprovision', due, { id: agreement.id })
}

/** Timer: the licence can be used and metered from now on. */
export function provision(aws: Aws, { id }: { id: string }, at: number): void {
  const agreement = aws.agreements.get(id)
  const product = agreement && aws.entities.get(agreement.productId)
  if (!agreement || !product || agreement.status !== 'ACTIVE') return
  const known = aws.licenses.get(agreement.licenseArn)
  aws.licenses.put(agreement.licenseArn, {
    arn: agreement.licenseArn,
    agreementId: id,
    account: agreement.acceptor,
    productId: product.id,
    productCode: product.details.Description.ProductCode,
    provisionedAt: known?.provisionedAt ?? at,
    deprovisionedAt: null,
  })
  licenseEvent(aws, agreement, 'Updated', at)
}

/** Timer: the licence is taken back; usage is taken for one more hour. */
export function deprovision(aws: Aws, { id }: { id: string }, at: number): void {
  const agreement = aws.agreements.get(id)
  const license = agreement && aws.licenses.get(agreement.licenseArn)
  if (!agreement || !license || license.deprovisionedAt !== null) return
  license.deprovisionedAt = at
  aws.licenses.put(license.arn, license)
  licenseEvent(aws, agreement, 'Deprovisioned', at)
}
