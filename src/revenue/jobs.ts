import type { Deps } from '../deps.ts'
import { hourMs } from '../kernel/time.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import { importJob, run, startIfNew } from './import.ts'

export const handlers: Handlers<Deps> = { [importJob]: run }

/** Report files grow once a day; looking for new content is one listing, and reports on demand are asked for daily. */
export const syncs: readonly SyncDefinition[] = [
  {
    name: 'revenue',
    port: 'revenue',
    everyMs: 6 * hourMs,
    async run(deps, connection) {
      await startIfNew(deps, connection)
      return { cursor: null, more: false }
    },
  },
]
