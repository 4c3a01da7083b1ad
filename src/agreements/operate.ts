import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { within } from '../platform/http.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import { read } from './intake.ts'
import type { Agreement } from './model.ts'
import {
  afterProgress,
  afterTrouble,
  type Operation,
  type Standing,
  type Step,
  standingOf,
} from './operation.ts'
import * as operations from './operations.ts'
import type { OperationProgress } from './port.ts'
import { refresh } from './refresh.ts'
import * as store from './store.ts'

const callTimeoutMs = 60_000
const looksBeforeAskingAgain = 8

/**
 * Takes what was asked of an agreement one step further: begins it, or asks how far it is. May be repeated at any
 * point, since beginning what is under way starts nothing. Once it is settled the agreement is read again.
 */
export async function operate(deps: Deps, id: string): Promise<Outcome> {
  const operation = await operations.get(deps.db, id)
  const { state, dueAt } = operation
  if (state.is === 'done' || state.is === 'refused') return 'done'
  if (dueAt > deps.now()) return { again: dueAt }
  const agreement = await store.get(deps.db, operation.agreement)
  const step = await look(deps, agreement, operation).then(
    (progress) => afterProgress(operation, progress, deps.now()),
    (error) => {
      const problem = asProblem(error)
      if (problem.code === 'internal') tellLog(deps, operation, problem)
      return afterTrouble(operation, problem, deps.now())
    },
  )
  await transact(deps, (tx) => take(tx, agreement, operation, step))
  return isSettled(step) ? 'done' : { again: step.dueAt }
}

const isSettled = ({ state }: Step) => state.is === 'done' || state.is === 'refused'

async function look(
  deps: Deps,
  { id, connection, agreementRef }: Agreement,
  { id: key, wanted, state, attempts }: Operation,
): Promise<OperationProgress | Standing> {
  const port = await connections.port(deps, connection, 'agreements')
  if (state.is === 'running' && state.operationRef !== null) {
    const { operationRef } = state
    return inTime(() => port.progress?.(agreementRef, operationRef) ?? nobody())
  }
  if (state.is === 'running') {
    await inTime(() => read(deps, connection, agreementRef))
    const standing = standingOf(wanted, await store.get(deps.db, id))
    if (standing.is !== 'open' || attempts < looksBeforeAskingAgain) return standing
  }
  return inTime(() => port.operate?.(agreementRef, wanted, key) ?? nobody())
}

const nobody = (): Promise<never> =>
  Promise.reject(new Problem('unsupported', 'this marketplace takes no such request'))

const inTime = <T>(act: () => Promise<T>): Promise<T> =>
  within(callTimeoutMs, 'the marketplace', act)

async function take(tx: Deps, agreement: Agreement, operation: Operation, step: Step) {
  const { state } = step
  await operations.advance(tx.db, operation, step, tx.now())
  if (state.is !== 'done' && state.is !== 'refused') return
  const { connection, agreementRef } = agreement
  await record(tx, `agreement.operation_${state.is}`, agreement.id, {
    operation: operation.id,
    agreementRef,
    wanted: operation.wanted,
    ...(state.is === 'refused' && { reasons: state.reasons }),
  })
  await refresh(tx, connection, agreementRef)
}

function tellLog(deps: Deps, { id }: Operation, { message, cause }: Problem): void {
  const trace = cause instanceof Error ? cause.stack : undefined
  deps.log.error({ operation: id, problem: message, cause: trace }, 'operation')
}
