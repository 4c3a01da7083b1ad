import { atomically, type Org, objectOf } from './org.ts'
import { save } from './rows.ts'
import type { Row } from './schema.ts'

/** A row whose transaction has stamped it and not yet committed. */
type Pending = { readonly object: string; readonly row: Row; readonly dueAtMs: number }

const pendingOf = (org: Org) => org.world.table<Pending>('salesforce.pending')

class Held extends Error {
  readonly row: Row

  constructor(row: Row) {
    super('held')
    this.row = row
  }
}

/**
 * Does a write whose row carries the stamp of now but is seen by others only after `delayMs`, as at the
 * end of a long transaction. Answers the row's id.
 */
export function writeLater(org: Org, object: string, delayMs: number, write: () => string): string {
  try {
    atomically(org, () => {
      throw new Held(org.rows(object).get(write())!)
    })
  } catch (cause) {
    if (!(cause instanceof Held)) throw cause
    const dueAtMs = org.world.clock.now() + delayMs
    pendingOf(org).put(`${cause.row.Id}:${dueAtMs}`, { object, row: cause.row, dueAtMs })
    return cause.row.Id
  }
  throw new Error('a held write ends by being held')
}

/** Commits what has fallen due. */
export function commitDue(org: Org): void {
  for (const [key, { object, row, dueAtMs }] of pendingOf(org).entries()) {
    const known = objectOf(org, object)
    if (dueAtMs > org.world.clock.now()) continue
    if (known) save(org, known, row)
    pendingOf(org).delete(key)
  }
}

export function nextCommit(org: Org): number | null {
  const dues = pendingOf(org)
    .values()
    .map((each) => each.dueAtMs)
  return dues.length === 0 ? null : Math.min(...dues)
}
