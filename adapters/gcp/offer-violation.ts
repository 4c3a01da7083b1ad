import type { Violation } from '../../src/kernel/problem.ts'

/** A violation when the claim is true. */
export const when = (claim: boolean, path: string, message: string): readonly Violation[] =>
  claim ? [{ path, message }] : []
