import { port } from '../connections/service.ts'
import type { SyncDefinition } from '../sync.ts'
import { take } from './service.ts'

const everyMs = 600_000

export const syncs: readonly SyncDefinition[] = [
  {
    name: 'listings',
    port: 'listings',
    everyMs,
    async run(deps, connection, cursor) {
      const listings = await port(deps, connection, 'listings')
      const page = await listings.changedSince(cursor)
      await take(deps, connection, page.listings)
      return { cursor: page.cursor, more: page.more }
    },
  },
]
