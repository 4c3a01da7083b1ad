import { AwsFailure } from '../failure.ts'

/** What is wrong with the allocations of a usage record, or nothing. */
export function allocationFault(record: any): AwsFailure | undefined {
  const allocations: any[] | undefined = record.UsageAllocations
  if (!allocations) return undefined
  const sum = allocations.reduce((total, one) => total + one.AllocatedUsageQuantity, 0)
  if (sum !== (record.Quantity ?? 0)) {
    return new AwsFailure(
      'InvalidUsageAllocationsException',
      'Sum of allocated usage quantities is not equal to the usage quantity.',
    )
  }
  const sets = new Set<string>()
  for (const { Tags: tags = [] } of allocations) {
    const keys = tags.map((tag: any) => tag.Key)
    if (new Set(keys).size !== keys.length) {
      return new AwsFailure('InvalidTagException', 'Provide each tag key once in an allocation.')
    }
    const set = JSON.stringify(tags.map((tag: any) => [tag.Key, tag.Value]).sort())
    if (sets.has(set)) {
      return new AwsFailure(
        'InvalidUsageAllocationsException',
        'Usage allocations need different sets of tags; one may have none.',
      )
    }
    sets.add(set)
  }
  return undefined
}
