import { GLOBEX, HOOLI, INITECH } from '../../../../simulator/gcp/seed.ts'
import { addDays, type Day } from '../../../../src/kernel/time.ts'
import { EULA, midnight, priced } from '../../../gcp-simulator/offers.ts'
import { ACME, ok, type SimulatedGcp } from './cloud.ts'

export { GLOBEX, HOOLI, INITECH }

const producer = `/v1beta/projects/${ACME.id}/locations/global/privateOffers`
const openDays = 30

/** A buyer of the simulated market orders a plan, by itself without an approval; its entitlement's id. */
export async function bought(
  cloud: SimulatedGcp,
  plan = 'payg',
  billingAccount = INITECH,
  service: string = ACME.service,
): Promise<string> {
  return (await cloud.buyer('buy', { service, plan, billingAccount })).id
}

/** An offer past the adapter, published for Initech: a price, and what it is besides that. */
export async function published(
  cloud: SimulatedGcp,
  single: object,
  base = 'pro-P1Y',
  change: object = {},
): Promise<string> {
  const acceptDeadlineTime = midnight(addDays(cloud.now().slice(0, 10) as Day, openDays))
  const body = priced(single, base, { acceptDeadlineTime, ...change })
  const { name } = await ok(cloud.call('POST', producer, body))
  await ok(cloud.call('POST', `/v1beta/${name}/documents`, EULA))
  await ok(cloud.call('POST', `/v1beta/${name}:publish`, {}))
  return name.split('/').at(-1)
}

/** The buyer's yes to it; the entitlement's id. */
export async function accepted(cloud: SimulatedGcp, offer: string): Promise<string> {
  return (await cloud.buyer('accept', { offer, billingAccount: INITECH })).id
}

export const yearly = (flatFeeOverride: object) => ({
  standardIntervalPrice: {
    standardInterval: 'YEARLY_NOT_PRORATED',
    priceModel: { flatFee: { flatFeeOverride } },
  },
})

const entitlementPath = (id: string, act: string) =>
  `/v1/providers/${ACME.id}/entitlements/${id}:${act}`

/** What a seller does past the adapter. */
export const seller = {
  async approve(cloud: SimulatedGcp, id: string): Promise<void> {
    const { account } = await held(cloud, id)
    const path = `/v1/providers/${ACME.id}/accounts/${account}:approve`
    if (!(await isApproved(cloud, account)))
      await ok(cloud.call('POST', path, { approvalName: 'signup' }))
    await ok(cloud.call('POST', entitlementPath(id, 'approve'), {}))
    await cloud.advance('PT1M')
  },
  reject: (cloud: SimulatedGcp, id: string) =>
    ok(cloud.call('POST', entitlementPath(id, 'reject'), {})),
  async approveChange(cloud: SimulatedGcp, id: string): Promise<void> {
    const { pending } = await held(cloud, id)
    const pendingPlanName = pending.terms.planWord
    await ok(cloud.call('POST', entitlementPath(id, 'approvePlanChange'), { pendingPlanName }))
    await cloud.advance('PT1M')
  },
}

/** What the marketplace holds of an order. */
export async function held(cloud: SimulatedGcp, id: string): Promise<any> {
  const { entitlements } = await cloud.ledger('entitlements')
  return entitlements.find((one: any) => one.id === id)
}

async function isApproved(cloud: SimulatedGcp, id: string): Promise<boolean> {
  const { accounts } = await cloud.ledger('accounts')
  return accounts.find((one: any) => one.id === id)?.signup.state === 'APPROVED'
}
