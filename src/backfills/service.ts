import { type Deps, enqueue, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import { hourOf, type Instant, readInstant } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import {
  type Asked,
  type Backfill,
  type CreateBackfill,
  noCounts,
  type Row,
  spanFaults,
} from './model.ts'
import * as store from './store.ts'
import { subjectOf } from './subject.ts'

export { attempt } from './attempt.ts'

export const runJob = 'backfills.run'

/**
 * Asks for stored events to be read anew. Throws `invalid` with everything that is wrong, and `conflict` while another
 * backfill changes some of the same hours.
 */
export async function create(deps: Deps, command: CreateBackfill): Promise<Backfill> {
  const asked = await askedOf(deps, command)
  const now = deps.now()
  const backfill: Backfill = {
    id: newId('bkf'),
    asked,
    isDry: command.dryRun,
    state: { is: 'running' },
    cursor: null,
    counts: noCounts,
    unreadable: [],
    actor: deps.actor,
    revision: 1,
    createdAt: now,
    finishedAt: null,
  }
  await transact(deps, async (tx) => {
    const other = backfill.isDry ? undefined : await store.overlapping(tx.db, asked)
    if (other) throw new Problem('conflict', `${other} reads some of the same hours: wait for it`)
    await store.insert(tx.db, backfill)
    await record(tx, 'backfill.started', backfill.id, { ...asked, isDry: backfill.isDry })
    await enqueue(tx, runJob, backfill.id)
  })
  return backfill
}

export const get = (deps: Deps, id: string): Promise<Backfill> => store.get(deps.db, id)

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Backfill[]> => store.list(deps.db, limit, after, filter)

/** What a backfill found and did, by hour, agreement and dimension; throws `not_found` for no backfill. */
export async function rows(
  deps: Deps,
  id: string,
  limit: number,
  filter: store.RowFilter & { readonly after: readonly string[] | undefined },
): Promise<Row[]> {
  await store.get(deps.db, id)
  return store.rowsOf(deps.db, id, limit, filter)
}

async function askedOf(deps: Deps, command: CreateBackfill): Promise<Asked> {
  const { from, to, useVersionsOf, acceptLoss } = command
  const spans = spanFaults(from, to, deps.now())
  const subject = await subjectOf(deps, command)
  refuse([...('faults' in subject ? subject.faults : []), ...spans])
  if ('faults' in subject) throw new Problem('internal', 'a backfill without a subject')
  const hour = (at: string) => hourOf(readInstant(at) as Instant)
  return { ...subject, from: hour(from), to: hour(to), useVersionsOf, acceptLoss }
}
