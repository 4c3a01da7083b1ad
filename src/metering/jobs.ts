import * as connections from '../connections/service.ts'
import { type Deps, enqueue } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import { dayMs } from '../kernel/time.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import { nextDue } from './claims.ts'
import { closeRests, followEnds } from './ends.ts'
import { readNext } from './read-back.ts'
import { sendDue } from './send.ts'

const sendJob = 'metering.send'
const everyMs = 60_000

/** Wakes the sync when a record falls due between its turns. An account that is gone has none. */
export const handlers: Handlers<Deps> = {
  [sendJob]: async (deps, connection) => {
    try {
      await connections.runNow(deps, 'metering', connection)
    } catch (error) {
      if (asProblem(error).code !== 'not_found') throw error
    }
    return 'done'
  },
}

export const syncs: readonly SyncDefinition[] = [
  {
    name: 'metering',
    port: 'metering',
    everyMs,
    async run(deps, connection, cursor) {
      const { traits } = await connections.port(deps, connection, 'metering')
      const next = await followEnds(deps, connection, traits, cursor)
      const more = await sendDue(deps, connection)
      await closeRests(deps, connection)
      if (!more) await wake(deps, connection)
      return { cursor: next, more }
    },
  },
  { name: 'usage-read-back', port: 'metering', everyMs: dayMs, run: readNext },
]

/** What falls due between two turns is not made to wait for the second. */
async function wake(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const due = await nextDue(deps.db, connection)
  if (due !== null && due > deps.now()) await enqueue(deps, sendJob, connection, due)
}
