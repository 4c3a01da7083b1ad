import * as connections from '../connections/service.ts'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { asProblem } from '../kernel/problem.ts'
import { later } from '../kernel/time.ts'
import { within } from '../platform/http.ts'
import { type BuyerChange, isSame } from './operation.ts'
import * as operations from './operations.ts'
import { refresh } from './refresh.ts'
import * as store from './store.ts'

const answerTimeoutMs = 20_000
const lookAgainMs = 60_000

/** Whether a change that a marketplace asks about is one that we asked it for. */
export async function isOurs(
  tx: Deps,
  connection: Id<'conn'>,
  { agreementRef, operationRef, change }: BuyerChange,
): Promise<boolean> {
  const agreement = await store.byRef(tx.db, connection, agreementRef)
  if (!agreement) return false
  const asked = await operations.underWay(tx.db, agreement.id, operationRef)
  return asked.some(({ wanted }) => isSame(wanted, change))
}

const tooLate = new Set(['not_found', 'rejected', 'conflict'])

/**
 * Tells the marketplace what became of a change, for jobs, since it calls out. That it is settled there already, one
 * way or the other, is no trouble: the agreement is looked at again in a minute, when what stands shows.
 */
export async function answer(
  deps: Deps,
  connection: Id<'conn'>,
  { agreementRef, operationRef }: BuyerChange,
  verdict: 'accepted' | 'refused',
): Promise<void> {
  const port = await connections.port(deps, connection, 'agreements')
  const told = within(answerTimeoutMs, 'the marketplace', async () =>
    port.answer?.(agreementRef, operationRef, verdict),
  )
  await told.catch((error) => {
    const { code, message } = asProblem(error)
    if (!tooLate.has(code)) throw error
    deps.log.warn(
      { agreement: agreementRef, operationRef, code, problem: message },
      'answered late',
    )
  })
  await refresh(deps, connection, agreementRef, later(deps.now(), lookAgainMs))
}
