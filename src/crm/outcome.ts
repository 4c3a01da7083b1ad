import type { Instant } from '../kernel/time.ts'
import { attemptsMax, type MirrorRow, retryAt, toldBy } from './mirror.ts'
import type { CrmOutcome } from './model.ts'
import type { Settled } from './store.ts'

/** What an answer about one row means for it. */
export function settlement(row: MirrorRow, outcome: CrmOutcome, now: Instant): Settled {
  const { id, hash, crmRef, told } = row
  const same = { id, hash, crmRef, told, sentAt: null, attempts: row.attempts }
  if (outcome.is === 'saved') return saved(row, outcome.crmRef, now)
  if (outcome.is === 'refused') {
    // What it lacks is asked next; until then the row is not to blame.
    if (outcome.lacking) return putOff(row, outcome.reason, now)
    return { ...same, state: 'refused', dueAt: null, problem: outcome.reason }
  }
  return putOff(row, outcome.reason, now)
}

/** A row that was gone there has been made anew, without the links that we leave to people: they are told again. */
function saved(row: MirrorRow, crmRef: string | null, now: Instant): Settled {
  const { id, hash } = row
  const remade = row.crmRef !== null && crmRef !== null && row.crmRef !== crmRef
  const done = { id, hash, attempts: 0, problem: null, crmRef, sentAt: now }
  return remade
    ? { ...done, state: 'due', dueAt: now, told: {} }
    : { ...done, state: 'clean', dueAt: null, told: toldBy(row) }
}

function putOff(row: MirrorRow, reason: string, now: Instant): Settled {
  const attempts = row.attempts + 1
  const dueAt = retryAt(now, attempts)
  const { id, hash, crmRef, told } = row
  const same = { id, hash, crmRef, told, sentAt: null, attempts }
  return dueAt === undefined
    ? { ...same, state: 'refused', dueAt: null, problem: `${attemptsMax} attempts: ${reason}` }
    : { ...same, state: 'waiting', dueAt, problem: reason }
}
