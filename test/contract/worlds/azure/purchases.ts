import { ACMESOFT, INITECH } from '../../../../simulator/azure/seed.ts'
import type { SimulatedAzure } from './cloud.ts'

/** A buyer of the simulated market buys a plan and has not configured it; the subscription's id. */
export async function bought(cloud: SimulatedAzure, asked: object = {}): Promise<string> {
  const usual = { offerId: ACMESOFT.offerId, planId: 'team', billingAccountId: INITECH }
  return (await cloud.post('/azure/buyer/buy', { ...usual, ...asked })).subscriptionId
}

/** Asks for the activation of subscriptions and lets it take its time. */
export async function activate(cloud: SimulatedAzure, ids: readonly string[]): Promise<void> {
  for (const id of ids) await ok(cloud.fulfil('POST', `${id}/activate`, { planId: 'team' }))
  await cloud.advance('PT1M')
}

/** Throws what an answer past the adapter was refused with. */
export async function ok(
  call: Promise<{ readonly status: number; readonly body: any }>,
): Promise<any> {
  const { status, body } = await call
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

/** What the marketplace holds of a subscription. */
export async function held(cloud: SimulatedAzure, id: string): Promise<any> {
  const { subscriptions } = await cloud.get('/azure/control/subscriptions')
  return subscriptions.find((one: any) => one.id === id)
}

/** So many seats of the plan that is sold by the seat. */
export const seats = (quantity: number) => ({ planId: 'per-seat', quantity })
