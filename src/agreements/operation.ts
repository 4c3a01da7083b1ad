import type { Decimal } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Reason } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'

/** What a seller can ask of an agreement. `activate` begins it, which some marketplaces wait for. */
export type Wanted =
  | { readonly is: 'activate' }
  | { readonly is: 'change_plan'; readonly planRef: string }
  | { readonly is: 'change_quantity'; readonly quantity: Decimal }
  | { readonly is: 'cancel' }

export const wantedKinds = [
  'activate',
  'change_plan',
  'change_quantity',
  'cancel',
] as const satisfies readonly Wanted['is'][]

/** Where one such request stands. `operationRef` null: nothing was begun yet, or the marketplace gives it no name. */
export type OperationState =
  | { readonly is: 'waiting' }
  | { readonly is: 'running'; readonly operationRef: string | null }
  | { readonly is: 'done'; readonly at: Instant }
  | { readonly is: 'refused'; readonly at: Instant; readonly reasons: readonly Reason[] }

export type Operation = {
  readonly id: Id<'op'>
  readonly agreement: Id<'agr'>
  readonly wanted: Wanted
  readonly state: OperationState
  /** What the newest attempt ran into; it is tried again. */
  readonly problem: { readonly code: string; readonly message: string } | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
}
