import { sql } from 'kysely'
import { type Deps, transact } from '../deps.ts'

/** Does all of it and then undoes all of it: what is answered is what would have been. */
export const rehearse = <T>(deps: Deps, act: (tx: Deps) => Promise<T>): Promise<T> =>
  transact(deps, async (tx) => {
    await sql`savepoint rehearsal`.execute(tx.db)
    try {
      return await act(tx)
    } finally {
      await sql`rollback to savepoint rehearsal`.execute(tx.db)
    }
  })
