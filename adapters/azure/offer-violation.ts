import { compare } from '../../src/kernel/decimal.ts'
import type { Violation } from '../../src/kernel/problem.ts'

/** A violation when the claim is true. */
export const when = (claim: boolean, path: string, message: string): readonly Violation[] =>
  claim ? [{ path, message }] : []

/** A percentage as Microsoft takes it: 0.01 to 100, at most two decimals. */
export const percentageFault = (percent: string): string | undefined => {
  if ((percent.split('.')[1]?.replace(/0+$/, '').length ?? 0) > 2) return 'at most 2 decimals'
  if (compare(percent, '0.01') < 0 || compare(percent, '100') > 0) return 'must be 0.01 to 100'
  return undefined
}
