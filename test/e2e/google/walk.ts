import { expect } from 'vitest'
import { flatOffer, midnight, priced } from '../../gcp-simulator/offers.ts'
import { dayMs, GLOBEX, type Google, HOOLI, hourMs, INITECH, minuteMs, secondMs } from './google.ts'
import { typeIn } from './portal.ts'

export type Luck = { below(n: number): number; of<T>(choices: readonly T[]): T }

/** Numbers that repeat with their seed: a linear congruential generator, its upper bits. */
export function luckOf(seed: number): Luck {
  let state = BigInt(seed)
  const below = (n: number) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn
    return Number((state >> 33n) % BigInt(n))
  }
  return { below, of: (choices) => choices[below(choices.length)]! }
}

const aliveMax = 4
const buyers = [INITECH, GLOBEX, HOOLI]
const plans = ['pro', 'pro', 'pro-P1Y', 'payg']
const waits = [3 * secondMs, 15 * secondMs, minuteMs, 7 * minuteMs, hourMs, 9 * hourMs, dayMs]
const longWaits = [5 * dayMs, 31 * dayMs]
/** Timers of the cloud and jobs of ours are kept whatever the step; only polls are fewer. */
export const longStepMs = 5 * dayMs

/** One thing that a buyer or the seller does, and perhaps some time; what it was. */
export async function takeStep(google: Google, luck: Luck): Promise<string> {
  const all = await google.entitlements()
  const alive = all.filter(({ state }) => state !== 'ENTITLEMENT_CANCELLED')
  if (alive.length === 0 || (alive.length < aliveMax && luck.below(4) === 0))
    return luck.below(3) === 0 ? offer(google, luck) : buy(google, luck)
  const { id } = luck.of(luck.below(8) === 0 ? all : alive)
  const name = await luck.of(moves)(google, id, luck)
  if (luck.below(3) > 0) return name
  const ms = luck.below(8) === 0 ? luck.of(longWaits) : luck.of(waits)
  await google.pass(ms, longStepMs)
  return `${name}, ${ms / secondMs} s`
}

async function buy(google: Google, luck: Luck): Promise<string> {
  const [plan, billingAccount] = [luck.of(plans), luck.of(buyers)]
  const service = 'acme-analytics.endpoints.acme-public.cloud.goog'
  const bought = await google.tries('buy', { service, plan, billingAccount })
  if (bought.status !== 201) return `buy ${plan} ${bought.status}`
  if (luck.below(3) === 0) return `buy ${plan}`
  await google.tries('sign-up', { entitlement: bought.body.id })
  await google.pass(luck.of(waits), longStepMs)
  return `buy ${plan} and sign up`
}

/** Somebody types in an offer in Producer Portal, and its buyer accepts it. */
async function offer(google: Google, luck: Luck): Promise<string> {
  const today = google.deps.now().slice(0, 10)
  const deadline = new Date(Date.parse(today) + 30 * dayMs).toISOString().slice(0, 10)
  const acceptDeadlineTime = midnight(deadline)
  const discount = {
    standardIntervalPrice: { priceModel: { usage: { defaultDiscountPercent: { value: '15' } } } },
  }
  const isUsage = luck.below(2) === 0
  const term = { startPolicy: 'IMMEDIATE', endPolicy: 'AFTER_DURATION', durationMonths: 1 }
  const made = isUsage
    ? priced(discount, 'payg', { acceptDeadlineTime, term })
    : flatOffer({ acceptDeadlineTime })
  const id = await typeIn(google, made)
  const { status } = await google.tries('accept', { offer: id, billingAccount: INITECH })
  expect([201, 409]).toContain(status)
  return `accept an offer on ${isUsage ? 'payg' : 'pro'} ${status}`
}

type Move = (google: Google, id: string, luck: Luck) => Promise<string>

/** What buyers try; what cannot be at the moment is a 409, and no harm. */
const bought =
  (path: string, more: (luck: Luck) => object = () => ({})): Move =>
  async (google, entitlement, luck) => {
    const { status } = await google.tries(path, { entitlement, ...more(luck) })
    expect([200, 404, 409]).toContain(status)
    return `${path} ${status}`
  }

const paying =
  (path: string): Move =>
  async (google, id) => {
    const { billingAccount } = await google.entitlement(id)
    await google.buyer(path, { billingAccount })
    return path
  }

/** One of the buyers closes his billing account, for good. */
const closes: Move = async (google, id) => {
  const { billingAccount } = await google.entitlement(id)
  if (billingAccount !== HOOLI) return 'closes nothing'
  await google.buyer('close', { billingAccount })
  return 'close'
}

/** What the seller asks; what cannot be is told, and never our fault. */
const asked =
  (path: string, body: (luck: Luck) => object = () => ({})): Move =>
  async (google, id, luck) => {
    const agreement = await google.agreementOf(id)
    if (!agreement) return `${path} of nothing`
    const answer = await google
      .as('admin')
      .post(`/v1/agreements/${agreement.id}/${path}`, body(luck))
    expect([202, 409, 422], answer.text).toContain(answer.status)
    await google.drain()
    return `ask to ${path} ${answer.status}`
  }

const when = (luck: Luck) => luck.of([{}, { when: 'now' }, { when: 'term_end' }])
const weighed: readonly (readonly [number, Move])[] = [
  [4, bought('sign-up')],
  [4, bought('change-plan', (luck) => ({ plan: luck.of(plans), ...when(luck) }))],
  [1, bought('withdraw-change')],
  [2, bought('cancel', when)],
  [3, bought('revert')],
  [1, paying('disable-billing')],
  [3, paying('enable-billing')],
  [1, closes],
  [1, asked('activate')],
  [1, asked('reject', () => ({ reason: 'not with us' }))],
  [3, asked('approve-change')],
  [1, asked('reject-change')],
  [1, asked('message', () => ({ text: 'please sign up' }))],
]
const moves = weighed.flatMap(([weight, move]) => Array<Move>(weight).fill(move))
