import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import * as listings from '../listings/service.ts'
import { record } from '../platform/record.ts'
import { type Command, refuseUnsupported, wantedOf, wordsOf } from './command.ts'
import type { Agreement } from './model.ts'
import { awaitsStart, isSoAlready, type Operation, type Wanted } from './operation.ts'
import * as operations from './operations.ts'
import * as store from './store.ts'

/** The job that tells the marketplace. */
export const job = 'agreements.operate'

/**
 * Records what a seller wants of an agreement; a job tells the marketplace. Asking for what is so already is done at
 * once. Throws `unsupported` for what this marketplace takes from no seller, `invalid` for what this agreement cannot
 * have, `conflict` while the same kind of change is under way.
 */
export async function ask(deps: Deps, id: string, command: Command): Promise<Operation> {
  const agreement = await store.get(deps.db, id)
  const { traits } = await connections.port(deps, agreement.connection, 'agreements')
  refuseUnsupported(command.is, traits.operations)
  const listing = agreement.listing ? await listings.get(deps, agreement.listing) : undefined
  const wanted = wantedOf(command, agreement, listing)
  return transact(deps, async (tx) => {
    const held = await store.hold(tx.db, agreement.connection, agreement.agreementRef)
    await refuseOpposite(tx, agreement, wanted)
    const begun = await begin(tx, held ?? agreement, wanted)
    if (!begun) throw underWay(wanted.is)
    return begun
  })
}

/** What cannot both become of one agreement: who asks for one waits until the other is settled. */
const opposites: Readonly<Partial<Record<Wanted['is'], Wanted['is']>>> = {
  activate: 'reject',
  reject: 'activate',
  approve_change: 'reject_change',
  reject_change: 'approve_change',
}

async function refuseOpposite(tx: Deps, { id }: Agreement, wanted: Wanted): Promise<void> {
  const opposite = opposites[wanted.is]
  if (opposite && (await operations.isUnderWay(tx.db, id, opposite))) throw underWay(opposite)
}

const underWay = (kind: Wanted['is']): Problem =>
  new Problem('conflict', `to ${wordsOf(kind)} is under way already`)

/**
 * Asks for the activation of an agreement that awaits us and whose buyer has registered, where that is all it takes.
 * Once: what became of it, or of one that a person asked for, is not asked for again by itself.
 */
export async function activateRegistered(tx: Deps, agreement: Agreement): Promise<void> {
  if (!isReady(agreement)) return
  const { traits } = await connections.port(tx, agreement.connection, 'agreements')
  if (traits.activation !== 'on_registration' || !traits.operations.includes('activate')) return
  const held = await store.hold(tx.db, agreement.connection, agreement.agreementRef)
  if (!held || !isReady(held) || (await operations.wasAsked(tx.db, held.id, 'activate'))) return
  await begin(tx, held, { is: 'activate' })
}

const isReady = ({ awaits, registeredAt, state }: Agreement): boolean =>
  awaitsStart(awaits) && registeredAt !== null && state.is !== 'ended'

/** Writes a request down, and has it told; undefined while one of its kind is under way. The caller holds the agreement. */
export async function begin(
  tx: Deps,
  agreement: Agreement,
  wanted: Wanted,
): Promise<Operation | undefined> {
  const now = tx.now()
  const isSo = isSoAlready(wanted, agreement)
  const operation: Operation = {
    id: newId('op'),
    agreement: agreement.id,
    wanted,
    state: isSo ? { is: 'done', at: now } : { is: 'waiting' },
    problem: null,
    attempts: 0,
    dueAt: now,
    revision: 1,
    createdAt: now,
    updatedAt: now,
  }
  if (!(await operations.insert(tx.db, operation))) return undefined
  const facts = { operation: operation.id, agreementRef: agreement.agreementRef, wanted }
  await record(tx, 'agreement.operation_asked', agreement.id, facts)
  if (isSo) await record(tx, 'agreement.operation_done', agreement.id, facts)
  else await enqueue(tx, job, operation.id)
  return operation
}
