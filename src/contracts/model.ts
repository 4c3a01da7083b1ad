import type { Id } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Book } from './book.ts'
import type { ContractTerms } from './terms.ts'

export { type Advanced, advance, close, open } from './advance.ts'
export { amend } from './amend.ts'
export { type Book, billable, everRated, nextAt, type Posting, post, prices } from './book.ts'
export { type Rating, rate } from './rate.ts'
export { type ContractTerms, contractTerms } from './terms.ts'

/**
 * What a contract says from an hour on. Nothing is edited: a newer version replaces what older ones say of the time
 * from its hour on, as far as that was not rated yet.
 */
export type Version = {
  readonly number: number
  readonly from: Instant
  readonly terms: ContractTerms
  readonly recordedAt: Instant
}

/** A contract that usage of one agreement is priced by. */
export type Contract = {
  readonly id: Id<'ctr'>
  readonly agreement: Id<'agr'>
  readonly currency: string
  readonly revision: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
  /** By number, the oldest first. */
  readonly versions: readonly Version[]
}

/** A contract's book as it is kept. Changed only while its row is locked, and written before the lock is let go. */
export type HeldBook = {
  readonly agreement: Id<'agr'>
  readonly connection: Id<'conn'>
  /** The newest version it knows of. */
  readonly version: number
  readonly book: Book
}
