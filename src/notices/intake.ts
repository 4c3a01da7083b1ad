import * as agreements from '../agreements/service.ts'
import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { type Id, isId, newId } from '../kernel/id.ts'
import { asProblem, codes, Problem, refuse } from '../kernel/problem.ts'
import { within } from '../platform/http.ts'
import { record } from '../platform/record.ts'
import {
  type Asked,
  type Notice,
  type ReceivedNotice,
  unkeepable,
  unreadable,
  type Verdict,
  verdictOn,
} from './model.ts'
import type { IncomingNotice, NoticesPort } from './port.ts'
import * as store from './store.ts'

const noticesPerCallMax = 100
const intakeTimeoutMs = 8_000

/** How many notices a call held, and which changes that they asked about were refused. */
export type Received = { readonly received: number; readonly refused: readonly Asked[] }

/**
 * Takes what a provider pushed: verified, stored under the provider's own message id with what was decided on what it
 * asks, and left to jobs. A repeat adds nothing and finds what was decided at first. Throws `not_found` for no such
 * connection or one without notices, `unauthenticated` when it is not the provider.
 * Our own trouble, slowness included, is always `unavailable` or `internal`: a provider may take any refusal for the
 * answer to what it asked.
 */
export async function receive(
  deps: Deps,
  connection: string,
  read: () => Promise<IncomingNotice>,
  timeoutMs = intakeTimeoutMs,
): Promise<Received> {
  if (!isId('conn', connection)) throw new Problem('not_found', 'no such connection')
  return within(timeoutMs, 'this server', async () => {
    const port = await portOf(deps, connection)
    const { notices: secret } = await ours(connections.sharedSecrets(deps, connection))
    const received = await port.receive(await read(), secret)
    refuse(tooMany(received))
    return ours(keepAll(deps, connection, await Promise.all(received.map(keepable))))
  })
}

async function keepAll(
  deps: Deps,
  connection: Id<'conn'>,
  received: readonly ReceivedNotice[],
): Promise<Received> {
  const refused = await transact(deps, async (tx) => {
    const no: Asked[] = []
    // In one order everywhere, so that two deliveries of the same notices cannot wait for each other.
    for (const one of received.toSorted((a, b) => (a.noticeRef < b.noticeRef ? -1 : 1)))
      if ((await keep(tx, connection, one)) === 'refused' && one.asks) no.push(one.asks)
    return no
  })
  return { received: received.length, refused }
}

/** Stores a notice that is new. Returns what is decided on what it asks: now, or when it first came. */
async function keep(
  tx: Deps,
  connection: Id<'conn'>,
  received: ReceivedNotice,
): Promise<Verdict | null> {
  const now = tx.now()
  const verdict = received.asks ? await decide(tx, connection, received.asks) : null
  const state = { is: 'received', attempts: 0, dueAt: now, problem: null } as const
  const added = { id: newId('ntc'), connection, verdict, state, receivedAt: now }
  const notice: Notice = { ...received, ...added }
  if (!(await store.insert(tx.db, notice)))
    return store.verdictOf(tx.db, connection, received.noticeRef)
  await enqueue(tx, 'notices.handle', notice.id)
  if (received.asks && verdict) await tell(tx, notice, received.asks, verdict)
  return verdict
}

async function decide(tx: Deps, connection: Id<'conn'>, asked: Asked): Promise<Verdict> {
  const { traits } = await connections.port(tx, connection, 'agreements')
  const isOurs = await agreements.isOurs(tx, connection, asked)
  const { plan, quantity } = traits.buyerChanges
  if (plan === 'ask')
    throw new Problem(
      'internal',
      'a notice asks for an answer at once, and a person was to give it',
    )
  return verdictOn(asked, { plan, quantity }, isOurs)
}

/** Under the agreement where it is known here, or else under the notice. */
async function tell(tx: Deps, { id, connection, noticeRef }: Notice, asked: Asked, is: Verdict) {
  const agreement = await agreements.byReportedRef(tx, connection, asked.agreementRef)
  const facts = { ...asked, connection, notice: id, noticeRef }
  await record(tx, `agreement.change_${is}`, agreement?.id ?? id, facts)
}

const tooMany = ({ length }: readonly ReceivedNotice[]) =>
  length > noticesPerCallMax
    ? [{ path: '', message: `at most ${noticesPerCallMax} notices at a time` }]
    : []

/** A notice as it can be stored; of one that cannot be, what it was called and why. */
async function keepable(received: ReceivedNotice): Promise<ReceivedNotice> {
  const why = unkeepable(received)
  return why === undefined ? received : unreadable(received.noticeRef, why, received.at)
}

/** At most so many notices are fetched at a time, and each turn of the sync fetches so often. */
export const pulledMax = 100
const pullTimeoutMs = 60_000

/**
 * Fetches notices where they are fetched: stored in one transaction, and acknowledged only then, so that a crash
 * between the two has them come again and add nothing. Returns how many came.
 */
export async function pull(deps: Deps, connection: Id<'conn'>): Promise<number> {
  const port = await connections.port(deps, connection, 'notices')
  if (!port.pull || !port.acknowledge) return 0
  const pulled = await within(pullTimeoutMs, 'the marketplace', async () => port.pull?.(pulledMax))
  if (!pulled || pulled.length === 0) return 0
  const notices = await Promise.all(pulled.map(({ notice }) => keepable(notice)))
  await keepAll(deps, connection, notices)
  const receipts = pulled.map(({ receipt }) => receipt)
  await within(pullTimeoutMs, 'the marketplace', async () => port.acknowledge?.(receipts))
  return pulled.length
}

const portOf = (deps: Deps, connection: string): Promise<NoticesPort> =>
  connections.port(deps, connection, 'notices').catch((error) => {
    const { code } = asProblem(error)
    if (code === 'not_found') throw error
    if (code === 'unsupported') throw new Problem('not_found', 'this connection takes no notices')
    throw notTheirs(error)
  })

const ours = <T>(act: Promise<T>): Promise<T> =>
  act.catch((error) => {
    throw notTheirs(error)
  })

/** Our own trouble as such, whatever it was called. */
function notTheirs(error: unknown): Problem {
  const problem = asProblem(error)
  if (codes[problem.code].status >= 500 && problem.code !== 'unsupported') return problem
  return new Problem('unavailable', 'this server cannot take notices now', {}, { cause: error })
}
