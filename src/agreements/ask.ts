import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import * as listings from '../listings/service.ts'
import { record } from '../platform/record.ts'
import type { Agreement } from './model.ts'
import {
  type Command,
  isSoAlready,
  type Operation,
  refuseUnsupported,
  type Wanted,
  wantedOf,
} from './operation.ts'
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
    return begin(tx, held ?? agreement, wanted)
  })
}

/**
 * Asks for the activation of an agreement that awaits it and whose buyer has registered, where that is all it takes.
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
  awaits?.what === 'activation' && registeredAt !== null && state.is !== 'ended'

async function begin(tx: Deps, agreement: Agreement, wanted: Wanted): Promise<Operation> {
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
  if (!(await operations.insert(tx.db, operation)))
    throw new Problem('conflict', `to ${wanted.is.replace('_', ' ')} is under way already`)
  const facts = { operation: operation.id, agreementRef: agreement.agreementRef, wanted }
  await record(tx, 'agreement.operation_asked', agreement.id, facts)
  if (isSo) await record(tx, 'agreement.operation_done', agreement.id, facts)
  else await enqueue(tx, job, operation.id)
  return operation
}
