import { Problem } from '../../src/kernel/problem.ts'
import { type Instant, later, readInstant } from '../../src/kernel/time.ts'
import type { StandingsPage } from '../../src/offers/port.ts'
import type { GcpClient } from './client.ts'
import { listOffers, standingOf } from './private-offer.ts'
import { lastOf } from './reply.ts'

const epoch: Instant = '1970-01-01T00:00:00.000Z'

/** How far changes were read, or in the midst of which list: Google's page token counts only with its first question. */
type Cursor = {
  readonly since: Instant | null
  readonly newest: Instant | null
  readonly token: string | undefined
}

/**
 * A page of every private offer that changed, whoever made it, by `update_time`. The cursor is the newest change seen;
 * reading goes on from a little before, since changes of one moment may come apart and a list may lag.
 */
export async function changedSince(
  client: GcpClient,
  cursor: string | null,
): Promise<StandingsPage> {
  const at = readCursor(cursor)
  const { offers, next } = await pageAt(client, at)
  const times = offers.flatMap(({ updateTime }) => readInstant(updateTime ?? '') ?? [])
  const newest = times.reduce<Instant | null>(
    (last, time) => (last === null || time > last ? time : last),
    at.newest ?? at.since,
  )
  return {
    standings: offers.map((one) => ({
      offerRef: lastOf(one.name),
      standing: standingOf(one),
    })),
    cursor:
      next === undefined ? (newest ?? epoch) : written({ since: at.since, newest, token: next }),
    more: next !== undefined,
  }
}

/** A page token that Google no longer takes costs the list from its start, and nothing else. */
async function pageAt(client: GcpClient, { since, token }: Cursor) {
  const overlapMs = Math.max(client.settings.offerListLagSeconds * 1000, 1)
  const from = since === null || since === epoch ? null : later(since, -overlapMs)
  try {
    return await listOffers(client, { since: from, token })
  } catch (error) {
    if (token === undefined || !(error instanceof Problem) || error.code !== 'rejected') throw error
    return listOffers(client, { since: from })
  }
}

const nothing = '-'
const written = ({ since, newest, token }: Cursor): string =>
  [since ?? nothing, newest ?? nothing, token].join(' ')

function readCursor(cursor: string | null): Cursor {
  const [since = '', newest = '', ...token] = (cursor ?? '').split(' ')
  return {
    since: readInstant(since) ?? null,
    newest: readInstant(newest) ?? null,
    token: token.length === 0 ? undefined : token.join(' '),
  }
}
