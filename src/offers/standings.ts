import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import type { SyncDefinition } from '../sync.ts'
import { judged, seenAccepted } from './acceptance.ts'
import { clockOf, note } from './look.ts'
import { holders, matchWaiting } from './match.ts'
import type { Looked, Offer } from './model.ts'
import type { StandingsPage } from './port.ts'
import { job, take } from './service.ts'
import type { Move } from './steps.ts'
import * as store from './store.ts'
import type { Clock } from './times.ts'

const everyMs = 5 * 60_000
const attemptsMax = 3

/** Keeps up with what becomes of offers where one list tells, and with agreements that no offer is known by. */
export const syncs: readonly SyncDefinition[] = [
  {
    name: 'offers',
    port: 'offers',
    everyMs,
    async isNeeded(deps, connection) {
      const port = await connections.port(deps, connection, 'offers')
      return port.changedSince !== undefined || (await holders(deps, connection)) !== undefined
    },
    async run(deps, connection, cursor) {
      const port = await connections.port(deps, connection, 'offers')
      const page = await port.changedSince?.(cursor)
      if (page) await takeAll(deps, connection, page.standings, clockOf(port, deps.now()))
      if (!page?.more) await matchWaiting(deps, connection)
      return { cursor: page?.cursor ?? cursor, more: page?.more ?? false }
    },
  },
]

async function takeAll(
  deps: Deps,
  connection: Id<'conn'>,
  standings: StandingsPage['standings'],
  clock: Clock,
): Promise<void> {
  const refs = standings.map(({ offerRef }) => offerRef)
  const ours = await store.knownRefs(deps.db, connection, refs)
  for (const { offerRef, standing } of standings) {
    const id = ours.get(offerRef)
    if (id !== undefined) await takeOne(deps, id, { at: clock.now, standing }, clock)
  }
}

/** What is told of an offer is taken like a look at it. Somebody else may move it meanwhile: then it is judged anew. */
async function takeOne(deps: Deps, id: string, looked: Looked, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const offer = await store.get(deps.db, id)
      if (!watched.has(offer.state.is)) return
      const move = moveOf(offer, looked, clock)
      if (!move)
        return await note(deps, offer, { dueAt: offer.dueAt, problem: offer.problem, looked })
      return await transact(deps, async (tx) => {
        await take(tx, offer, move)
        if (move.dueAt !== null) await enqueue(tx, job, offer.id)
      })
    } catch (error) {
      if (asProblem(error).code !== 'conflict' || attempt === attemptsMax) throw error
    }
  }
}

/** In these it matters what the marketplace says. */
const watched: ReadonlySet<Offer['state']['is']> = new Set([
  'live',
  'withdrawing',
  'extending',
  'expired',
  'withdrawn',
])

function moveOf(offer: Offer, looked: Looked, clock: Clock): Move | undefined {
  const { state } = offer
  switch (state.is) {
    case 'live':
      return judged({ ...offer, state }, looked, clock)
    case 'withdrawing':
    case 'extending':
    case 'expired':
    case 'withdrawn':
      return seenAccepted({ ...offer, state }, looked, clock)
    default:
      return undefined
  }
}
