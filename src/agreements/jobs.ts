import type { Deps } from '../deps.ts'
import { dayMs, later } from '../kernel/time.ts'
import type { Handlers } from '../platform/jobs.ts'
import type { SyncDefinition } from '../sync.ts'
import { remind } from './awaiting.ts'
import { read } from './intake.ts'
import { operate } from './operate.ts'
import { readPage } from './poll.ts'
import * as registrations from './registrations.ts'

const everyMs = 5 * 60_000
const uselessArrivalsKeptMs = 30 * dayMs

export const syncs: readonly SyncDefinition[] = [
  {
    name: 'agreements',
    port: 'agreements',
    everyMs,
    async run(deps, connection, cursor) {
      const page = await readPage(deps, connection, cursor)
      const before = later(deps.now(), -uselessArrivalsKeptMs)
      if (!page.more) await registrations.forget(deps.db, connection, before)
      return page
    },
  },
]

export const handlers: Handlers<Deps> = {
  async 'agreements.refresh'(deps, subject) {
    const slash = subject.indexOf('/')
    await read(deps, subject.slice(0, slash), subject.slice(slash + 1))
    return 'done'
  },
  'agreements.operate': operate,
  'agreements.remind': remind,
}
