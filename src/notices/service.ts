import * as agreements from '../agreements/service.ts'
import * as buyers from '../buyers/service.ts'
import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { asProblem } from '../kernel/problem.ts'
import * as offers from '../offers/service.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import { afterTrouble, type Notice, type NoticeState } from './model.ts'
import * as store from './store.ts'

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  state: NoticeState['is'] | undefined,
): Promise<Notice[]> => store.list(deps.db, limit, after, state)

/** Acts on one stored notice; what it cannot do yet it puts off, visibly. */
export async function handle(deps: Deps, id: string): Promise<Outcome> {
  const notice = await store.get(deps.db, id)
  const { state } = notice
  if (state.is !== 'received') return 'done'
  if (state.dueAt > deps.now()) return { again: state.dueAt }
  const next = await act(deps, notice).then(
    (): NoticeState => ({ is: 'handled', at: deps.now() }),
    (error) => {
      const problem = asProblem(error)
      if (problem.code === 'internal')
        deps.log.error(
          { notice: id, problem: problem.message, cause: traceOf(problem.cause) },
          'notice',
        )
      return afterTrouble({ ...notice, attempts: state.attempts }, problem, deps.now())
    },
  )
  await settle(deps, notice, next)
  return next.is === 'received' ? { again: next.dueAt } : 'done'
}

async function act(deps: Deps, notice: Notice): Promise<void> {
  const { connection, about, asks, verdict } = notice
  if (asks && verdict) await agreements.answer(deps, connection, asks, verdict)
  switch (about.is) {
    case 'offer':
      return offers.poke(deps, connection, about)
    case 'account':
      await agreements.refreshAccount(deps, connection, about.buyerRef)
      return
    case 'license_ended':
      await agreements.licenseEnded(deps, connection, about.licenseRef, about.at)
      return agreements.read(deps, connection, about.agreementRef)
    case 'agreement':
      return agreements.read(deps, connection, about.agreementRef)
    case 'other':
  }
}

/** Forgets the people of an account that is gone, and says so once. */
async function forget(tx: Deps, { id, connection, noticeRef, about }: Notice): Promise<void> {
  if (about.is !== 'account' || !about.isGone) return
  const { buyerRef } = about
  const registrations = await agreements.erasePeople(tx, connection, buyerRef)
  const { provider } = await connections.get(tx, connection)
  const buyer = await buyers.findByAccount(tx, provider, buyerRef)
  const facts = { connection, noticeRef, buyerRef, registrations }
  await record(tx, 'buyer.account_deleted', buyer?.id ?? id, facts)
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

async function settle(deps: Deps, notice: Notice, next: NoticeState): Promise<void> {
  await transact(deps, async (tx) => {
    if (!(await store.advance(tx.db, notice, next))) return
    if (next.is === 'handled') await forget(tx, notice)
    if (next.is !== 'failed') return
    const { noticeRef, kind, connection, about } = notice
    await record(tx, 'notice.failed', notice.id, {
      noticeRef,
      kind,
      connection,
      about,
      problem: next.problem,
    })
  })
}
