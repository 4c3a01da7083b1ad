import { type Deps, transact } from '../deps.ts'
import { asProblem } from '../kernel/problem.ts'
import { sqlState } from '../platform/db.ts'
import type { Handlers } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import type { Backfill } from './model.ts'
import { runJob } from './service.ts'
import { step } from './step.ts'
import * as store from './store.ts'

/** Steps of one run of the job: a worker has other work too. */
const stepsMax = 20

export const handlers: Handlers<Deps> = {
  [runJob]: async (deps, id) => {
    for (let done = 0; done < stepsMax; done++) {
      const { state } = await stepOnce(deps, id)
      if (state.is !== 'running') return 'done'
    }
    return { again: deps.now() }
  },
}

/** One step and how far it got, together or not at all. What cannot go on is failed by name. */
async function stepOnce(deps: Deps, id: string): Promise<Backfill> {
  try {
    return await transact(deps, async (tx) => {
      const before = await store.hold(tx.db, id)
      if (before.state.is !== 'running') return before
      const after = await step(tx, before)
      await store.save(tx.db, after)
      if (after.state.is === 'done') await finished(tx, after)
      return after
    })
  } catch (cause) {
    // Two that waited for each other: the step was undone, and is done again.
    if (sqlState(cause) === '40P01') return store.get(deps.db, id)
    const problem = asProblem(cause)
    if (problem.code !== 'invalid' && problem.code !== 'not_found') throw problem
    return transact(deps, async (tx) => {
      const before = await store.hold(tx.db, id)
      const state = { is: 'failed', problem: problem.message } as const
      const failed: Backfill = { ...before, state, finishedAt: tx.now() }
      await store.save(tx.db, failed)
      await finished(tx, failed)
      return failed
    })
  }
}

const finished = (tx: Deps, { id, state, counts }: Backfill): Promise<void> =>
  record(tx, state.is === 'done' ? 'backfill.done' : 'backfill.failed', id, {
    ...counts,
    ...(state.is === 'failed' && { problem: state.problem }),
  })
