import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { dayMs } from '../kernel/time.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import * as claims from './claims.ts'
import { closeRests, followEnds } from './ends.ts'
import { expire } from './expire.ts'
import { review } from './holds.ts'
import * as lanes from './lanes.ts'
import { rateRipe } from './rating.ts'
import { readNext } from './read-back.ts'
import { sendJob, takeTurn, wake } from './senders.ts'

const everyMs = 60_000

export const handlers: Handlers<Deps> = { [sendJob]: takeTurn }

export const syncs: readonly SyncDefinition[] = [
  {
    name: 'metering',
    port: 'metering',
    everyMs,
    async run(deps, connection, cursor) {
      await lanes.ensure(deps.db, connection)
      // First, and whatever else goes wrong: a deadline waits for nobody.
      await expire(deps, connection)
      const { traits } = await connections.port(deps, connection, 'metering')
      const next = await followEnds(deps, connection, traits, cursor)
      const unrated = await rateRipe(deps, connection).then(() => undefined, asProblem)
      await claims.ripen(deps.db, connection, deps.now())
      await review(deps, connection)
      await closeRests(deps, connection)
      await wake(deps)
      return { cursor: next, more: false, problem: unrated ?? (await troubleOf(deps, connection)) }
    },
  },
  { name: 'usage-read-back', port: 'metering', everyMs: dayMs, run: readNext },
]

/** What keeps an account's usage from being sent, as its circuit has it. */
async function troubleOf(deps: Deps, connection: Id<'conn'>): Promise<Problem | undefined> {
  const circuit = await lanes.find(deps.db, connection)
  const trouble = circuit?.problem ?? Object.values(circuit?.blocked ?? {})[0]?.problem
  // Only our own credentials are at stake there.
  return (
    trouble &&
    new Problem(trouble.code, trouble.message, isOurs(trouble.code) ? { whose: 'ours' } : {})
  )
}

const isOurs = (code: string) => code === 'unauthenticated' || code === 'forbidden'
