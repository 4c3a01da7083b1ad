import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import { pull } from './intake.ts'
import { handle } from './service.ts'

const everyMs = 60_000

export const handlers: Handlers<Deps> = { 'notices.handle': handle }

export const syncs: readonly SyncDefinition[] = [
  {
    name: 'notices-pull',
    port: 'notices',
    everyMs,
    async isNeeded(deps, connection) {
      return (await connections.port(deps, connection, 'notices')).pull !== undefined
    },
    run: async (deps, connection) => ({ cursor: null, more: (await pull(deps, connection)) > 0 }),
  },
]
