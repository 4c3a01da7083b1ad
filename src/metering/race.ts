import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import { Problem } from '../kernel/problem.ts'
import { isRace } from './roll-up.ts'

const attemptsMax = 5

/**
 * Does what adds to records, again when a record was sent meanwhile; from the second time on it is to be `careful`, and
 * look also where nothing should have been sent yet.
 */
export async function repeated<T>(deps: Deps, act: (careful: boolean) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await undoable(deps, () => act(attempt > 1))
    } catch (cause) {
      if (!isRace(cause)) throw cause
      if (attempt === attemptsMax)
        throw new Problem('unavailable', 'these hours are being sent right now; try again', {
          retryAfterMs: 1_000,
        })
    }
  }
}

/** Inside somebody's transaction, a statement that failed is undone alone. */
async function undoable<T>(deps: Deps, act: () => Promise<T>): Promise<T> {
  if (!deps.db.isTransaction) return act()
  await sql`savepoint usage`.execute(deps.db)
  try {
    return await act()
  } catch (error) {
    await sql`rollback to savepoint usage`.execute(deps.db)
    throw error
  }
}
