import type { Table } from '../../world.ts'
import type { Aws } from '../context.ts'

/** Usage AWS has accepted. Never changed, never summed: the first quantity of an hour is what is billed. */
export type Usage = {
  readonly key: string
  readonly agreementId: string
  readonly licenseArn: string
  readonly account: string
  readonly customerIdentifier: string
  readonly productId: string
  readonly dimension: string
  /** Start of the UTC hour. */
  readonly hour: number
  readonly quantity: number
  readonly recordId: string
  readonly acceptedAt: number
  readonly allocations: readonly any[]
}

/** Accepted usage by its deduplication key. */
export function usageTable(aws: Aws): Table<Usage> {
  return aws.world.table('aws.usage')
}
