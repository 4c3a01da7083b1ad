import { ACMESOFT, UMBRELLA } from '../../../../simulator/azure/seed.ts'
import { addDays, type Day, later, startOf } from '../../../../src/kernel/time.ts'
import type { AgreementsWorld, Request, Told } from '../../agreement-world.ts'
import { openMailbox } from '../mailbox.ts'
import { type SimulatedAzure, startAzure } from './cloud.ts'
import { dealsOf, initech } from './deals.ts'
import { activate, bought, held, ok, seats } from './purchases.ts'

const activateWithinMs = 30 * 86_400_000

export async function azureAgreements(): Promise<AgreementsWorld> {
  const cloud = await startAzure()
  const browser = await openMailbox()
  const world = cloud.world('agreements')
  await cloud.post(`/azure/control/offers/${ACMESOFT.offerId}`, { landingPageUrl: browser.url })
  const foreignRef = await bought(cloud, { offerId: UMBRELLA.offerId })
  return {
    ...world,
    deals: dealsOf(cloud),
    async accept() {
      const agreementRef = await bought(cloud, seats(3))
      return { agreementRef, told: { agreementRef, entitlements: [entitled(agreementRef, '3')] } }
    },
    async amend(agreementRef) {
      await activate(cloud, [agreementRef])
      await changed(cloud, 'change-seats', { subscriptionId: agreementRef, quantity: 5 })
      return { agreementRef, entitlements: [entitled(agreementRef, '5')] }
    },
    cancel: (subscriptionId) => cloud.post('/azure/buyer/cancel', { subscriptionId }),
    ended: () => ({ changedAt: null, entitlements: [] }),
    async renewInPlace() {
      const agreementRef = await sold(cloud, { termUnit: 'P1M' })
      const { termEnd } = await held(cloud, agreementRef)
      await cloud.advance('P32D')
      const after = addDays(termEnd as Day, 1)
      return { agreementRef, told: { startsAt: startOf(after), state: { is: 'active' } } }
    },
    foreignRef,
    async arrive(subscriptionId) {
      await cloud.post('/azure/buyer/configure', { subscriptionId })
      const [visit] = browser.empty()
      return Object.fromEntries(new URL(visit?.path ?? '', browser.url).searchParams)
    },
    whoArrives: async (agreementRef) => ({
      agreementRef,
      buyerRef: initech,
      licenseRef: agreementRef,
      customerRef: null,
    }),
    pastTokenLife: 'PT24H1S',
    answerEmptyPages: () => cloud.set({ fulfilment: { pageSizes: [0, 89] } }),
    async acceptAwaiting() {
      const by = later(cloud.now(), activateWithinMs)
      return { agreementRef: await bought(cloud), by }
    },
    requests: requestsOf(cloud),
    refusals: refusalsOf(cloud),
    requestTakes: 'PT1M',
    begun: (agreementRef) => begun(cloud, agreementRef),
    unknownOperationRef: '00000000-0000-4000-8000-000000000000',
    async buyerChanges() {
      const agreementRef = await sold(cloud)
      const asked = { subscriptionId: agreementRef, planId: 'enterprise' }
      const { id } = await cloud.post('/azure/buyer/change-plan', asked)
      return { agreementRef, operationRef: id, told: { planRef: 'enterprise' } }
    },
    unable: {
      legacy: 'there is one kind of product',
      terminate: 'it does not say who ended a subscription',
      renew: 'a renewed subscription keeps its id',
    },
    async close() {
      browser.close()
      await world.close()
    },
  }
}

const entitled = (licenseRef: string, quantity: string) => ({
  dimension: 'seats',
  quantity,
  licenseRef,
})

/** An active subscription to the plan team for a year, or what is asked. */
async function sold(cloud: SimulatedAzure, asked: object = { termUnit: 'P1Y' }): Promise<string> {
  const id = await bought(cloud, asked)
  await activate(cloud, [id])
  return id
}

/** A buyer's change that the publisher takes. */
async function changed(
  cloud: SimulatedAzure,
  what: string,
  asked: { readonly subscriptionId: string; readonly quantity: number },
): Promise<void> {
  const { id } = await cloud.post(`/azure/buyer/${what}`, asked)
  const status = 'Success'
  await ok(cloud.fulfil('PATCH', `${asked.subscriptionId}/operations/${id}`, { status }))
}

function requestsOf(cloud: SimulatedAzure): NonNullable<AgreementsWorld['requests']> {
  const request = async (
    wanted: Request['wanted'],
    told: Told,
    asked?: object,
  ): Promise<Request> => ({ agreementRef: await sold(cloud, asked), wanted, told })
  return {
    activate: async () => ({
      agreementRef: await bought(cloud, seats(3)),
      wanted: { is: 'activate' },
      told: { state: { is: 'active' }, nativeStatus: 'Subscribed' },
    }),
    change_plan: () =>
      request({ is: 'change_plan', planRef: 'enterprise' }, { planRef: 'enterprise' }),
    change_quantity: () =>
      request(
        { is: 'change_quantity', quantity: '7' },
        { entitlements: [{ dimension: 'seats', quantity: '7' }] },
        seats(3),
      ),
    cancel: () => request({ is: 'cancel' }, { state: { is: 'ended', how: 'cancelled' } }),
  }
}

function refusalsOf(cloud: SimulatedAzure): NonNullable<AgreementsWorld['refusals']> {
  const refused =
    (wanted: Request['wanted'], asked?: object, before?: string) =>
    async (): Promise<Omit<Request, 'told'>> => {
      const agreementRef = await sold(cloud, asked)
      if (before) await cloud.post(`/azure/buyer/${before}`, { subscriptionId: agreementRef })
      return { agreementRef, wanted }
    }
  const gold = { is: 'change_plan', planRef: 'gold' } as const
  return {
    'a plan that nobody sells': refused(gold),
    'more seats than the plan has': refused({ is: 'change_quantity', quantity: '501' }, seats(3)),
    'half a seat': refused({ is: 'change_quantity', quantity: '2.5' }, seats(3)),
    'seats of a plan at a flat rate': refused({ is: 'change_quantity', quantity: '2' }),
    'what a provider bought': refused({ is: 'cancel' }, { csp: true }),
    'a change of what was cancelled': refused(gold, {}, 'cancel'),
    'a change of what is not paid': refused(gold, {}, 'pay-fails'),
    'activation of what is not paid': refused({ is: 'activate' }, {}, 'pay-fails'),
  }
}

/** Operations, and activation, which is none. */
async function begun(cloud: SimulatedAzure, id: string): Promise<number> {
  const { operations } = await cloud.get('/azure/control/operations')
  const { timers } = await cloud.get('/azure/control/timers')
  const { activatedAt } = await held(cloud, id)
  const activations = timers.filter((one: any) => one.id === `activate:${id}`).length
  const ours = operations.filter((one: any) => one.subscription === id && one.source === 'Partner')
  return ours.length + activations + (activatedAt === null ? 0 : 1)
}
