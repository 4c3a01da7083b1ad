import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import { asProblem, codes, Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import type { Handlers, Outcome } from '../platform/jobs.ts'
import { expired, judged, reminded, reminderAt, seenAccepted } from './acceptance.ts'
import { endByHand } from './hand.ts'
import { clockOf, look, lookMeanwhile, note } from './look.ts'
import type { Offer, OfferOrder, Reason } from './model.ts'
import type { OfferProgress, OffersPort } from './port.ts'
import { job, take } from './service.ts'
import * as steps from './steps.ts'
import * as store from './store.ts'
import { afterTrouble, type Clock, dueLive, expiresAt, lastDayToAccept, nextPoll } from './times.ts'

/**
 * Takes an offer one step: sends it, asks how far it is, looks what became of it, or reminds people of it. Every step
 * may be repeated: the order it is sent with is frozen, and the marketplace knows a repeat by the key, or by looking
 * for what came of a request that was written down before it was sent.
 */
export async function publish(deps: Deps, id: string): Promise<Outcome> {
  const offer = await store.get(deps.db, id)
  if (offer.dueAt === null) return 'done'
  if (offer.dueAt > deps.now()) return { again: offer.dueAt }
  const step = await next(deps, offer)
  if ('again' in step) return step.again === null ? 'done' : { again: step.again }
  await transact(deps, (tx) => take(tx, offer, step.move))
  return step.move.dueAt === null ? 'done' : { again: step.move.dueAt }
}

type Step = { readonly move: steps.Move } | { readonly again: Instant | null }

async function next(deps: Deps, offer: Offer): Promise<Step> {
  const { state } = offer
  switch (state.is) {
    case 'submitting':
    case 'publishing':
      return publishing(deps, { ...offer, state })
    case 'withdrawing':
    case 'extending':
      return state.sheet
        ? inHand(deps, { ...offer, state }, endByHand({ ...offer, state }))
        : changing(deps, { ...offer, state })
    case 'handed_off':
      return inHand(deps, { ...offer, state }, expiresAt(lastDayToAccept(offer)))
    case 'live':
      return watching(deps, { ...offer, state })
    case 'expired':
    case 'withdrawn':
      return lookingBack(deps, { ...offer, state })
    case 'accepted':
      return reminding(deps, { ...offer, state })
    default:
      throw new Problem('internal', `offer ${offer.id} is ${state.is} and due`)
  }
}

/** People tell how it went; until then only time passes. */
async function inHand(
  deps: Deps,
  offer: steps.Moved<'handed_off' | 'withdrawing' | 'extending'>,
  end: Instant,
): Promise<Step> {
  const clock = { now: deps.now(), lookMs: null }
  return clock.now < end ? putOff(deps, offer, { dueAt: end }) : { move: expired(offer, clock) }
}

async function publishing(
  deps: Deps,
  offer: steps.Moved<'submitting' | 'publishing'>,
): Promise<Step> {
  const { state } = offer
  const answer = await ask(deps, offer, (port) =>
    state.is === 'submitting'
      ? send(deps, port, { ...offer, state })
      : port.progress(state.operation),
  )
  if ('again' in answer) return answer
  return settle(deps, offer, steps.published(offer, answer.progress, answer.clock), answer)
}

/** What may be at work unseen is written down before it is sent, for marketplaces that know no keys. */
async function send(
  deps: Deps,
  port: OffersPort,
  offer: steps.Moved<'submitting'>,
): Promise<OfferProgress> {
  const { key, askedAt } = offer.state
  if (askedAt === null) await store.asked(deps.db, offer, deps.now())
  return port.submit(orderOf(offer), key, askedAt)
}

async function changing(
  deps: Deps,
  offer: steps.Moved<'withdrawing' | 'extending'>,
): Promise<Step> {
  const { state } = offer
  const seen = await lookMeanwhile(deps, offer)
  const looked = seen.is === 'seen' ? seen.looked : null
  const accepted = seenAccepted(offer, looked, { now: deps.now() })
  if (accepted) return { move: accepted }
  const answer = await ask(deps, offer, (port) => {
    if (state.operation !== null) return port.changeProgress(state.operation)
    return state.is === 'withdrawing'
      ? port.withdraw(state.offerRef, state.on, state.key)
      : port.extend(state.offerRef, state.acceptBy, state.key)
  })
  if ('again' in answer) return answer
  const move = steps.changed(offer, answer.progress, answer.clock)
  const problem = seen.is === 'trouble' ? seen.problem : null
  const next = move && { ...move, ...(looked && { looked }) }
  return settle(deps, offer, next, { clock: answer.clock, seen: { problem, looked } })
}

/** A live offer whose marketplace does not tell is looked at; at its end that decides. */
async function watching(deps: Deps, offer: steps.Moved<'live'>): Promise<Step> {
  const seen = await look(deps, offer)
  if (seen.is === 'trouble')
    return putOff(deps, offer, { dueAt: seen.again, problem: seen.problem })
  const looked = seen.is === 'seen' ? seen.looked : null
  const clock = { now: deps.now(), lookMs: seen.lookMs }
  const move = judged(offer, looked, clock)
  return move
    ? { move }
    : putOff(deps, offer, { dueAt: dueLive(lastDayToAccept(offer), clock), looked })
}

/** The last look at what is over in our eyes. */
async function lookingBack(deps: Deps, offer: steps.Moved<'expired' | 'withdrawn'>): Promise<Step> {
  const seen = await look(deps, offer)
  if (seen.is === 'trouble') {
    const { problem, again } = seen
    return putOff(deps, offer, { dueAt: codes[problem.code].retry ? again : null, problem })
  }
  const looked = seen.is === 'seen' ? seen.looked : null
  const move = seenAccepted(offer, looked, { now: deps.now() })
  return move ? { move } : putOff(deps, offer, { dueAt: null, looked })
}

async function reminding(deps: Deps, offer: steps.Moved<'accepted'>): Promise<Step> {
  const { acceptedAt, reminders } = offer.state
  const move = reminded(offer, deps.now())
  return move ? { move } : putOff(deps, offer, { dueAt: reminderAt(acceptedAt, reminders) })
}

async function putOff(deps: Deps, offer: Offer, waiting: store.Waiting): Promise<Step> {
  await note(deps, offer, waiting)
  return { again: waiting.dueAt }
}

/** An offer with an operation under way. */
type Underway = steps.Moved<'submitting' | 'publishing' | 'withdrawing' | 'extending'>

/** The step to take, or the next question when nothing has changed. */
async function settle(
  deps: Deps,
  offer: Underway,
  move: steps.Move | undefined,
  { clock, seen = {} }: { readonly clock: Clock; readonly seen?: Omit<store.Waiting, 'dueAt'> },
): Promise<Step> {
  if (move) return { move }
  return putOff(deps, offer, { ...seen, dueAt: nextPoll(offer.state.since, clock) })
}

type Answer<Progress> = { readonly progress: Progress | Refusal; readonly clock: Clock }

/**
 * Asks the marketplace. What it cannot take now is tried again with the same key and order, for as long as it takes,
 * and shown on the offer; a refusal is an answer; anything else stops the job and is shown too.
 */
async function ask<Progress>(
  deps: Deps,
  offer: Underway,
  call: (port: OffersPort) => Promise<Progress>,
): Promise<Answer<Progress> | { readonly again: Instant }> {
  const { state } = offer
  let clock: Clock | undefined
  try {
    const port = await connections.port(deps, offer.connection, 'offers')
    clock = clockOf(port, deps.now())
    return { progress: await call(port), clock: { ...clock, now: deps.now() } }
  } catch (error) {
    const problem = asProblem(error)
    const { code, message, details } = problem
    if (clock && isAnswer(problem, state))
      return {
        progress: { is: 'refused', reasons: reasonsOf(problem) },
        clock: { ...clock, now: deps.now() },
      }
    const noted = { at: deps.now(), code, message }
    if (!codes[code].retry) {
      await store.wait(deps.db, offer, { dueAt: offer.dueAt ?? deps.now(), problem: noted })
      throw error
    }
    const again = afterTrouble(state.since, deps.now(), details.retryAfterMs)
    await store.wait(deps.db, offer, { dueAt: again, problem: noted })
    return { again }
  }
}

type Refusal = { readonly is: 'refused'; readonly reasons: readonly Reason[] }

/** Whether a failure tells that nothing was begun and nothing will be: only then may the offer be sent anew. */
function isAnswer({ code }: Problem, state: Underway['state']): boolean {
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

export { syncs } from './standings.ts'

export const handlers: Handlers<Deps> = { [job]: publish }
