import type { PortName } from './adapter.ts'
import type { Deps } from './deps.ts'
import type { Id } from './kernel/id.ts'
import type { Problem } from './kernel/problem.ts'

/** Something that is kept up with for every connection whose provider has the port. */
export type SyncDefinition = {
  readonly name: string
  readonly port: PortName
  readonly everyMs: number
  /** Whether this account has anything to keep up with, by its settings; absent: whoever has the port. Calls nobody. */
  isNeeded?(deps: Deps, connection: Id<'conn'>): Promise<boolean>
  /**
   * Takes one page after `cursor` and stores it. Repeating a cursor must change nothing.
   * `cursor` is kept once this returns; `more` asks for the next page at once.
   */
  run(
    deps: Deps,
    connection: Id<'conn'>,
    cursor: string | null,
  ): Promise<{
    readonly cursor: string | null
    readonly more: boolean
    /** What is in the way of it though the turn itself ended well. */
    readonly problem?: Problem | undefined
  }>
}
