import type { Aws } from '../context.ts'
import type { Entity } from './model.ts'

/** One entry of a failed change's `ErrorDetailList`. */
export type Fault = { readonly code: string; readonly message: string }

/** The same, found at release, with the change type AWS documents it under. */
export type ReleaseFault = Fault & { readonly on?: string }

/** A change set while it is tried out: copies of what it touches, nothing kept until all of it holds. */
export type Draft = {
  readonly aws: Aws
  readonly at: number
  readonly account: string
  get(id: string): Entity | undefined
  /** The entity before this set, or undefined when the set creates it. */
  before(id: string): Entity | undefined
  create(entity: Entity): void
  /** Everything touched: created or taken out to be changed. */
  touched(): readonly Entity[]
  /** Marks an entity as changed, so that it gets a new revision. */
  change(id: string): void
  isReleasing(id: string): boolean
}

export type Handler = {
  /** Changes the draft. What it returns is wrong with this change alone. */
  apply(draft: Draft, entity: Entity, details: any): Fault[]
  /** Judges the entity when all changes of the set have been applied. */
  check?(draft: Draft, entity: Entity, details: any): Fault[]
}

export function createDraft(
  aws: Aws,
  account: string,
  at: number,
  releasing: ReadonlySet<string>,
): Draft {
  const copies = new Map<string, Entity>()
  const changed = new Set<string>()
  return {
    aws,
    at,
    account,
    get(id) {
      const known = copies.get(id)
      if (known) return known
      const stored = aws.entities.get(id)
      if (!stored) return undefined
      const copy = structuredClone(stored)
      copies.set(id, copy)
      return copy
    },
    before: (id) => aws.entities.get(id),
    create: (entity) => {
      copies.set(entity.id, entity)
      changed.add(entity.id)
    },
    touched: () => [...changed].flatMap((id) => copies.get(id) ?? []),
    change: (id) => changed.add(id),
    isReleasing: (id) => releasing.has(id),
  }
}

export function fault(code: string, message: string): Fault {
  return { code, message }
}

export const AFTER_RELEASE = "The requested change can't be performed after the offer is released."
export const AFTER_EXPIRY = "The requested change can't be performed after the offer is expired."
