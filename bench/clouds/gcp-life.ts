import type { Client } from '../../simulator/demo/client.ts'
import { ACME } from '../../simulator/gcp/seed.ts'
import type { Asked, HeldAgreement, Stage } from '../cloud.ts'
import { settled, shows } from '../stage.ts'

type Buyer = {
  order(clouds: Client, plan: string): Promise<string>
  arrive(clouds: Client, entitlement: string): Promise<void>
}

type Action = 'approve' | 'reject' | 'approvePlanChange' | 'rejectPlanChange'

const roundsMin = 12

/** An order moves between plans again and again, another is cancelled and kept; others come, are refused and go. */
export async function live(stage: Stage, buyer: Buyer): Promise<Asked> {
  const { clouds, api } = stage
  const asked: Record<string, number> = {}
  let steps = 0
  const count = (action: Action) => {
    asked[action] = (asked[action] ?? 0) + 1
  }
  const ask = async (id: string, what: string, body: object = {}) => {
    await api.post(`/v1/agreements/${id}/${what}`, body, `${what}-${++steps}`)
    await settled(stage, id)
  }
  const begin = async (plan: string) => {
    const ref = await buyer.order(clouds, plan)
    await buyer.arrive(clouds, ref)
    count('approve')
    const { id } = await shows(stage, ref, 'is active', ({ state }) => state.is === 'active')
    await settled(stage, id)
    return { ref, id: id as string }
  }
  const isNow = (ref: string, word: string) =>
    shows(stage, ref, `is ${word}`, ({ state }) => state.is === word)
  const moving = await begin('pro')
  const yearly = await begin('pro-P1Y')
  let plan = 'pro'
  const wantsChange = async () => {
    const wanted = plan === 'pro' ? 'payg' : 'pro'
    await theirs(stage, '/change-plan', { entitlement: moving.ref, plan: wanted })
    const waits = ({ awaits }: any) => awaits?.what === 'change' && awaits.planRef === wanted
    await shows(stage, moving.ref, `asks for ${wanted}`, waits)
    return wanted
  }
  const isOn = (what: string) =>
    shows(
      stage,
      moving.ref,
      `is on ${what}`,
      ({ planRef, awaits }) => planRef === what && awaits === null,
    )
  const acts: readonly (() => Promise<unknown>)[] = [
    async () => {
      plan = await wantsChange()
      count('approvePlanChange')
      await ask(moving.id, 'approve-change', { plan })
      await isOn(plan)
    },
    async () => {
      const wanted = await wantsChange()
      count('rejectPlanChange')
      await ask(moving.id, 'reject-change', { plan: wanted, reason: 'not in this term' })
      await isOn(plan)
    },
    async () => {
      await theirs(stage, '/cancel', { entitlement: yearly.ref, when: 'term_end' })
      await isNow(yearly.ref, 'cancelling')
      await theirs(stage, '/revert', { entitlement: yearly.ref })
      await isNow(yearly.ref, 'active')
    },
    async () => {
      const { ref } = await begin('payg')
      await theirs(stage, '/cancel', { entitlement: ref, when: 'now' })
      await isNow(ref, 'ended')
    },
    async () => {
      const ref = await buyer.order(clouds, 'pro')
      const waits = ({ awaits }: any) => awaits?.what === 'approval'
      const { id } = await shows(stage, ref, 'waits for approval', waits)
      await ask(id, 'message', { text: 'We look into it.' })
      count('reject')
      await ask(id, 'reject', { reason: 'not sold in your country' })
      await isNow(ref, 'ended')
    },
  ]
  for (let round = 0; round < roundsMin || !stage.isOver(); round++)
    await acts[round % acts.length]?.()
  return asked
}

/** What the buyer does in the console, once the order is active again. */
const theirs = ({ clouds, wait }: Stage, path: string, body: object): Promise<unknown> =>
  wait(`the buyer's ${path}`, () =>
    clouds.post(`/gcp/buyer${path}`, body).catch((error: unknown) => {
      if (/the order is ENTITLEMENT_/.test(String(error))) return undefined
      throw error
    }),
  )

type Message = { readonly attempts: number; readonly subscription: string; readonly event: any }

/** The seller's entitlements, and what Google's messages told of those that are there and that were. */
export async function entitlementsOf(clouds: Client) {
  const { entitlements } = await clouds.get('/gcp/control/entitlements')
  const { messages } = await clouds.get('/gcp/control/messages')
  return {
    entitlements: entitlements.filter((one: any) => one.provider === ACME.id) as readonly any[],
    messages: (messages as readonly Message[]).filter(
      ({ subscription }) => subscription === ACME.subscription,
    ),
  }
}

/** What Service Control calls the customer of each entitlement. */
export async function consumers(clouds: Client): Promise<ReadonlyMap<string, string>> {
  const { entitlements } = await entitlementsOf(clouds)
  return new Map(entitlements.map(({ id, consumer }) => [id, consumer]))
}

const states: Readonly<Record<string, string>> = {
  ENTITLEMENT_ACTIVATION_REQUESTED: 'pending',
  ENTITLEMENT_ACTIVE: 'active',
  ENTITLEMENT_PENDING_PLAN_CHANGE: 'active',
  ENTITLEMENT_PENDING_PLAN_CHANGE_APPROVAL: 'active',
  ENTITLEMENT_PENDING_CANCELLATION: 'cancelling',
  ENTITLEMENT_CANCELLED: 'ended',
}

/** What was rejected Google removes; its messages still tell of it. */
export async function heldAgreements(clouds: Client): Promise<readonly HeldAgreement[]> {
  const { entitlements, messages } = await entitlementsOf(clouds)
  const known = new Set(entitlements.map(({ id }) => id))
  const ordered = messages
    .filter(({ event }) => event.eventType === 'ENTITLEMENT_CREATION_REQUESTED')
    .map(({ event }) => event.entitlement)
    .filter(({ id }) => !known.has(id))
  const removed = new Map<string, string>(ordered.map(({ id, newPlan }) => [id, newPlan]))
  return [
    ...entitlements.map((one) => ({
      agreementRef: one.id,
      state: states[one.state] ?? one.state,
      planRef: one.terms.plan,
      quantity: null,
    })),
    ...[...removed].map(([agreementRef, planRef]) => ({
      agreementRef,
      state: 'ended',
      planRef,
      quantity: null,
    })),
  ]
}

const actions: Readonly<Record<string, Action>> = {
  ENTITLEMENT_ACTIVE: 'approve',
  ENTITLEMENT_PLAN_CHANGED: 'approvePlanChange',
  ENTITLEMENT_PLAN_CHANGE_CANCELLED: 'rejectPlanChange',
}

/** What the seller's calls did to orders at the public price, by Google's messages, each of which may come twice. */
export async function heldRequests(clouds: Client): Promise<Asked> {
  const { entitlements, messages } = await entitlementsOf(clouds)
  const events = new Map(
    messages.map(({ event }) => [
      `${event.eventId} ${event.eventType} ${event.entitlement?.id}`,
      event,
    ]),
  )
  const all = [...events.values()]
  const isPublic = ({ eventType, entitlement }: any) =>
    eventType === 'ENTITLEMENT_CREATION_REQUESTED' && entitlement.newOffer === undefined
  const orders = new Set(all.filter(isPublic).map(({ entitlement }) => entitlement.id))
  const asked: Record<string, number> = {}
  for (const { eventType, entitlement } of all) {
    const action = actions[eventType]
    if (action && orders.has(entitlement.id)) asked[action] = (asked[action] ?? 0) + 1
  }
  const known = new Set(entitlements.map(({ id }) => id))
  const rejected = [...orders].filter((id) => !known.has(id)).length
  return rejected === 0 ? asked : { ...asked, reject: rejected }
}
