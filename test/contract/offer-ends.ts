import { expect } from 'vitest'
import { asProblem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { OfferOrder } from '../../src/offers/model.ts'
import type { ChangeProgress, OfferProgress, OffersPort } from '../../src/offers/port.ts'
import type { OffersWorld } from './offer-world.ts'

type Live = Extract<OfferProgress, { is: 'live' }>

const stepsMax = 20

export const operationOf = (progress: OfferProgress): string =>
  progress.is === 'publishing' ? progress.operation : expect.fail(`is ${progress.is}`)

/** What becomes of an offer that was submitted, once nothing is under way. */
export async function ended(world: OffersWorld, started: OfferProgress): Promise<OfferProgress> {
  let now = started
  for (let step = 0; now.is === 'publishing' && step < stepsMax; step += 1) {
    await world.settle()
    now = await world.port().progress(now.operation)
  }
  return now
}

/** Submits an order and waits until it is live. */
export async function live(world: OffersWorld, order: OfferOrder, key: string): Promise<Live> {
  const end = await ended(world, await world.port().submit(order, key, null))
  return end.is === 'live' ? end : expect.fail(`ended as ${JSON.stringify(end)}`)
}

/** What becomes of a change that was begun, however many operations it takes. */
export async function changeEnded(
  world: OffersWorld,
  started: ChangeProgress,
): Promise<ChangeProgress> {
  let now = started
  for (let step = 0; now.is === 'running' && step < stepsMax; step += 1) {
    await world.settle()
    now = await world.port().changeProgress(now.operation)
  }
  return now
}

export type Asked = { readonly key: string; readonly askedAt: Instant }

/**
 * Submits again, after a restart, what may be at work unseen since `askedAt`. A marketplace without keys may not be
 * able to tell yet what came of it: then it says how long to wait.
 */
export async function again(
  world: OffersWorld,
  order: OfferOrder,
  { key, askedAt }: Asked,
): Promise<OfferProgress> {
  for (let step = 0; step < stepsMax; step += 1) {
    const port: OffersPort = world.port()
    const answer = await port.submit(order, key, askedAt).catch(asProblem)
    if (!(answer instanceof Error)) return answer
    const { code, details } = answer
    if (code !== 'unavailable' || details.retryAfterMs === undefined) throw answer
    await world.advance(`PT${Math.ceil(details.retryAfterMs / 1_000)}S`)
  }
  return expect.fail(`cannot tell what became of ${key}, however long one waits`)
}
