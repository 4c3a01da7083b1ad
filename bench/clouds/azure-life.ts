import { GLOBEX } from '../../simulator/azure/seed.ts'
import type { Client } from '../../simulator/demo/client.ts'
import type { Asked, HeldAgreement, Stage } from '../cloud.ts'
import { settled, shows } from '../stage.ts'

type Buyer = {
  buy(clouds: Client, asked: object): Promise<string>
  arrive(clouds: Client, license: string): Promise<void>
}

const roundsMin = 14
const account = { billingAccountId: GLOBEX, privateOfferId: null }
const seatsMin = 3

/** One subscription of seats and one of a flat plan change again and again, from both sides; others come and go. */
export async function live(stage: Stage, buyer: Buyer): Promise<Asked> {
  const { clouds } = stage
  const asked: Record<string, number> = {}
  const ask = async (id: string, what: string, action: string, body: object = {}) => {
    asked[action] = (asked[action] ?? 0) + 1
    await stage.api.post(`/v1/agreements/${id}/${what}`, body, `${action}-${asked[action]}`)
    await settled(stage, id)
  }
  const begin = async (planId: string, quantity?: number) => {
    const ref = await buyer.buy(clouds, { ...account, planId, ...(quantity && { quantity }) })
    await buyer.arrive(clouds, ref)
    const { id } = await shows(stage, ref, 'is active', ({ state }) => state.is === 'active')
    await settled(stage, id)
    return { ref, id: id as string }
  }
  const seats = await begin('per-seat', seatsMin)
  const plan = await begin('team')
  let round = 0
  let planId = 'team'
  const seatsShow = (quantity: string) =>
    shows(stage, seats.ref, `has ${quantity} seats`, ({ entitlements }) =>
      entitlements.some((one: any) => one.quantity === quantity),
    )
  const planShows = () =>
    shows(stage, plan.ref, `is ${planId}`, ({ planRef }) => planRef === planId)
  const isNow = (word: string, ref = plan.ref) =>
    shows(stage, ref, `is ${word}`, ({ state }) => state.is === word)
  const acts: readonly (() => Promise<unknown>)[] = [
    async () => {
      const quantity = String(seatsMin + 1 + round)
      await ask(seats.id, 'change', 'ChangeQuantity', { quantity })
      await seatsShow(quantity)
    },
    async () => {
      const quantity = seatsMin + 1 + round
      await theirs(stage, '/change-seats', { subscriptionId: seats.ref, quantity })
      await seatsShow(String(quantity))
    },
    async () => {
      planId = planId === 'team' ? 'enterprise' : 'team'
      await ask(plan.id, 'change', 'ChangePlan', { plan: planId })
      await planShows()
    },
    async () => {
      planId = planId === 'team' ? 'enterprise' : 'team'
      await theirs(stage, '/change-plan', { subscriptionId: plan.ref, planId })
      await planShows()
    },
    async () => {
      await theirs(stage, '/pay-fails', { subscriptionId: plan.ref })
      await isNow('suspended')
      await theirs(stage, '/pay', { subscriptionId: plan.ref })
      await isNow('active')
    },
    async () => {
      const { ref, id } = await begin('team')
      await ask(id, 'cancel', 'Unsubscribe')
      await isNow('ended', ref)
    },
    async () => {
      const { ref } = await begin('per-seat', seatsMin)
      await theirs(stage, '/cancel', { subscriptionId: ref })
      await isNow('ended', ref)
    },
  ]
  for (; round < roundsMin || !stage.isOver(); round++) await acts[round % acts.length]?.()
  return asked
}

/** What the buyer does in the portal, once nothing else is in progress there. */
const theirs = ({ clouds, wait }: Stage, path: string, body: object): Promise<unknown> =>
  wait(`the buyer's ${path}`, () =>
    clouds.post(`/azure/buyer${path}`, body).catch((error: unknown) => {
      if (/in progress|not subscribed|not in the Subscribed/i.test(String(error))) return undefined
      throw error
    }),
  )

const words: Readonly<Record<string, string>> = {
  PendingFulfillmentStart: 'pending',
  Subscribed: 'active',
  Suspended: 'suspended',
  Unsubscribed: 'ended',
}

export async function heldAgreements(clouds: Client): Promise<readonly HeldAgreement[]> {
  const { subscriptions } = await clouds.get('/azure/control/subscriptions')
  return subscriptions.map((one: any) => ({
    agreementRef: one.id,
    state: words[one.status] ?? one.status,
    planRef: one.planId,
    quantity: one.quantity === null ? null : String(one.quantity),
  }))
}

/** Changes that the publisher asked for, by their action. */
export async function askedFor(clouds: Client): Promise<Asked> {
  const { operations } = await clouds.get('/azure/control/operations')
  const asked: Record<string, number> = {}
  for (const { source, action } of operations)
    if (source === 'Partner') asked[action] = (asked[action] ?? 0) + 1
  return asked
}
