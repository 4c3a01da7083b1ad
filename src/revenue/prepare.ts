import { type Deps, transact } from '../deps.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { storableText } from '../kernel/text.ts'
import { hourMs, type Instant, later, millis } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import type { RevenueImport } from './model.ts'
import type { Preparation, RevenuePort } from './port.ts'
import * as store from './store.ts'

/** A marketplace that has not made its reports by then will not. */
const waitHoursMax = 48
const waitMsMax = waitHoursMax * hourMs
const askAgainMsMin = 1_000
const askAgainMsMax = hourMs
/** After an answer that did not say how long to wait. */
const askAgainMs = 5 * 60_000
const detailMax = 500

/**
 * Asks once for the reports of an import that have to be made, under the import's id: the note to read them with, or
 * when to ask again, with what the port holds kept. Throws `rejected` once the marketplace has taken 48 hours.
 */
export async function prepared(
  deps: Deps,
  current: RevenueImport,
  port: RevenuePort,
): Promise<{ readonly held: unknown } | { readonly again: Instant }> {
  if (!port.prepare) return { held: null }
  const answer = await port.prepare(current.id, current.held).catch((error) => busy(error, current))
  if (answer.is === 'ready') return { held: answer.held ?? null }
  const { state } = current
  const since = state.is === 'preparing' ? state.since : deps.now()
  const detail = storableText(answer.detail).slice(0, detailMax)
  const waitedMs = millis(deps.now()) - millis(since)
  if (waitedMs >= waitMsMax) throw gaveUp(detail)
  await transact(deps, async (tx) => {
    const held = answer.held ?? null
    await store.advance(tx.db, { ...current, held }, { is: 'preparing', detail, since }, null)
    if (state.is === 'waiting')
      await record(tx, 'revenue_import.preparing', current.id, { connection: current.connection })
  })
  const waitMs = Math.min(Math.max(answer.retryAfterMs, askAgainMsMin), askAgainMsMax)
  return { again: later(deps.now(), Math.min(waitMs, waitMsMax - waitedMs)) }
}

/** A marketplace that is busy has the import wait, within the same bound; any other trouble is thrown. */
function busy(error: unknown, { held }: RevenueImport): Preparation {
  const { code, message, details } = asProblem(error)
  if (code !== 'throttled' && code !== 'unavailable') throw error
  const retryAfterMs = details.retryAfterMs ?? askAgainMs
  return { is: 'preparing', held, retryAfterMs, detail: message }
}

const gaveUp = (detail: string): Problem =>
  new Problem('rejected', `the reports were not ready after ${waitHoursMax} hours: ${detail}`)
