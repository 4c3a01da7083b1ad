import * as agreements from '../agreements/service.ts'
import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { type Id, isId, newId } from '../kernel/id.ts'
import { asProblem, Problem, refuse } from '../kernel/problem.ts'
import * as offers from '../offers/service.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import {
  afterTrouble,
  type Notice,
  type NoticeState,
  type ReceivedNotice,
  unkeepable,
} from './model.ts'
import type { IncomingNotice, NoticesPort } from './port.ts'
import * as store from './store.ts'

const noticesPerCallMax = 100

/**
 * Takes what a provider pushed: verified, stored under the provider's own message id, and left to jobs.
 * Returns how many notices it held; a repeat adds nothing. Throws `not_found` for no such connection or one
 * without notices, `unauthenticated` when it is not the provider, `invalid` when it is not a notice.
 */
export async function receive(
  deps: Deps,
  connection: string,
  incoming: IncomingNotice,
): Promise<number> {
  if (!isId('conn', connection)) throw new Problem('not_found', 'no such connection')
  const port = await portOf(deps, connection)
  const { notices: secret } = await connections.sharedSecrets(deps, connection)
  const received = await port.receive(incoming, secret)
  refuse(violations(received))
  await transact(deps, async (tx) => {
    // In one order everywhere, so that two deliveries of the same notices cannot wait for each other.
    for (const one of received.toSorted((a, b) => (a.noticeRef < b.noticeRef ? -1 : 1)))
      await keep(tx, connection, one)
  })
  return received.length
}

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

async function act(deps: Deps, { connection, about }: Notice): Promise<void> {
  if (about.is === 'offer') return offers.poke(deps, connection, about)
  if (about.is === 'license_ended')
    await agreements.licenseEnded(deps, connection, about.licenseRef, about.at)
  if (about.is !== 'other') await agreements.read(deps, connection, about.agreementRef)
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

async function settle(deps: Deps, notice: Notice, next: NoticeState): Promise<void> {
  await transact(deps, async (tx) => {
    if (!(await store.advance(tx.db, notice, next)) || next.is !== 'failed') return
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

async function keep(tx: Deps, connection: Id<'conn'>, received: ReceivedNotice): Promise<void> {
  const now = tx.now()
  const state = { is: 'received', attempts: 0, dueAt: now, problem: null } as const
  const notice: Notice = { ...received, id: newId('ntc'), connection, state, receivedAt: now }
  if (await store.insert(tx.db, notice)) await enqueue(tx, 'notices.handle', notice.id)
}

function violations(received: readonly ReceivedNotice[]) {
  if (received.length > noticesPerCallMax)
    return [{ path: '', message: `at most ${noticesPerCallMax} notices at a time` }]
  return received.flatMap((notice) => {
    const message = unkeepable(notice)
    return message === undefined ? [] : [{ path: '', message }]
  })
}

async function portOf(deps: Deps, connection: string): Promise<NoticesPort> {
  return connections.port(deps, connection, 'notices').catch((error) => {
    if (error instanceof Problem && error.code === 'unsupported')
      throw new Problem('not_found', 'this connection takes no notices')
    throw error
  })
}
