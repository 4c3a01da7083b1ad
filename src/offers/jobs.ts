import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { asProblem, codes, Problem } from '../kernel/problem.ts'
import type { Handlers, Outcome } from '../platform/jobs.ts'
import type { Offer, OfferOrder, Reason } from './model.ts'
import type { OffersPort } from './port.ts'
import { job, take } from './service.ts'
import * as steps from './steps.ts'
import * as store from './store.ts'

/**
 * Takes an offer one step: sends it, asks how far it is, or lets it expire. Every step may be repeated: the
 * marketplace knows a repeat by the key, and the order it is sent with is frozen.
 */
export async function publish(deps: Deps, id: string): Promise<Outcome> {
  const offer = await store.get(deps.db, id)
  if (offer.dueAt === null) return 'done'
  if (offer.dueAt > deps.now()) return { again: offer.dueAt }
  const step = await next(deps, offer)
  if ('again' in step) return step
  await transact(deps, (tx) => take(tx, offer, step.move))
  return step.move.dueAt === null ? 'done' : { again: step.move.dueAt }
}

type Step = { readonly move: steps.Move } | { readonly again: NonNullable<Offer['dueAt']> }

async function next(deps: Deps, offer: Offer): Promise<Step> {
  const { state } = offer
  switch (state.is) {
    case 'submitting':
    case 'publishing': {
      const progress = await ask(deps, offer, state, (port) =>
        state.is === 'submitting'
          ? port.submit(orderOf(offer), state.key, state.askedAt)
          : port.progress(state.operation),
      )
      if ('again' in progress) return progress
      return settle(deps, offer, state, steps.published({ ...offer, state }, progress, deps.now()))
    }
    case 'withdrawing':
    case 'extending': {
      const progress = await ask(deps, offer, state, (port) => {
        if (state.operation !== null) return port.changeProgress(state.operation)
        return state.is === 'withdrawing'
          ? port.withdraw(state.offerRef, state.on, state.key)
          : port.extend(state.offerRef, state.acceptBy, state.key)
      })
      if ('again' in progress) return progress
      return settle(deps, offer, state, steps.changed({ ...offer, state }, progress, deps.now()))
    }
    case 'live':
      return { move: steps.expired({ ...offer, state }) }
    default:
      throw new Problem('internal', `offer ${offer.id} is ${state.is} and due`)
  }
}

type Underway = Extract<Offer['state'], { readonly since: unknown }>

/** The step to take, or the next look when nothing has changed. */
async function settle(
  deps: Deps,
  offer: Offer,
  { since }: Underway,
  move: steps.Move | undefined,
): Promise<Step> {
  if (move) return { move }
  const again = steps.nextLook(since, deps.now())
  await store.wait(deps.db, offer, again, null)
  return { again }
}

/**
 * Asks the marketplace. What it cannot take now is tried again with the same key and order, for as long as it takes,
 * and shown on the offer; a refusal is an answer; anything else stops the job and is shown too.
 */
async function ask<Progress>(
  deps: Deps,
  offer: Offer,
  state: Underway,
  call: (port: OffersPort) => Promise<Progress>,
): Promise<Progress | Refusal | { readonly again: NonNullable<Offer['dueAt']> }> {
  let isAsked = false
  try {
    const port = await connections.port(deps, offer.connection, 'offers')
    isAsked = true
    return await call(port)
  } catch (error) {
    const problem = asProblem(error)
    const { code, message, details } = problem
    if (isAsked && isAnswer(problem, state)) return { is: 'refused', reasons: reasonsOf(problem) }
    const noted = { at: deps.now(), code, message }
    if (!codes[code].retry) {
      await store.wait(deps.db, offer, offer.dueAt ?? deps.now(), noted)
      throw error
    }
    const again = steps.afterTrouble(state.since, deps.now(), details.retryAfterMs)
    await store.wait(deps.db, offer, again, noted)
    return { again }
  }
}

type Refusal = { readonly is: 'refused'; readonly reasons: readonly Reason[] }

/** Whether a failure tells that nothing was begun and nothing will be: only then may the offer be sent anew. */
function isAnswer({ code }: Problem, state: Underway): boolean {
  const isFirst = state.is === 'submitting' || ('operation' in state && state.operation === null)
  return isFirst && ['rejected', 'invalid', 'not_found', 'unsupported'].includes(code)
}

function reasonsOf({ code, message, details }: Problem): readonly Reason[] {
  const { reasons } = details
  return Array.isArray(reasons) && reasons.length > 0
    ? (reasons as readonly Reason[])
    : [{ part: 'request', code, message }]
}

function orderOf({ id, order }: Offer): OfferOrder {
  if (order === null) throw new Problem('internal', `offer ${id} has no order`)
  return order
}

export const handlers: Handlers<Deps> = { [job]: publish }
