import { type Instant, instant } from '../../../../src/kernel/time.ts'
import { usd } from '../../../gcp-simulator/offers.ts'
import type { AgreementsWorld, Request, Sold, Told } from '../../agreement-world.ts'
import { openMailbox } from '../mailbox.ts'
import { ACME, type SimulatedGcp, startGcp, UMBRELLA } from './cloud.ts'
import { dealsOf, type OffersBy } from './deals.ts'
import { accepted, bought, HOOLI, held, INITECH, published, seller, yearly } from './purchases.ts'

const parent = `projects/${ACME.id}/locations/global/privateOffers`

/** Orders of private offers that the producer API tells of; or of plans, by a seller without that API. */
export async function gcpAgreements(by: OffersBy): Promise<AgreementsWorld> {
  const cloud = await startGcp({ settings: { offers: by } })
  const browser = await openMailbox()
  const world = cloud.world('agreements')
  await cloud.set({ producer: { publishMs: 0 } })
  await cloud.portal({ signUpUrl: browser.url, audience: 'acme.example', multipleOrders: true })
  const foreignRef = await bought(cloud, 'payg', INITECH, UMBRELLA.service)
  const flat = (units: string) => published(cloud, yearly(usd(units)))
  const order = async () => (by === 'api' ? accepted(cloud, await flat('12000')) : bought(cloud))
  const active = async () => {
    const id = await order()
    await seller.approve(cloud, id)
    return id
  }
  return {
    ...world,
    deals: dealsOf(cloud, by),
    async accept() {
      const agreementRef = await order()
      return { agreementRef, told: { agreementRef, entitlements: [] } }
    },
    async amend(agreementRef) {
      await seller.approve(cloud, agreementRef)
      const told = await (by === 'api' ? anotherOffer : anotherPlan)(cloud, agreementRef)
      await seller.approveChange(cloud, agreementRef)
      return told
    },
    cancel: (entitlement) => cloud.buyer('cancel', { entitlement, when: 'now' }),
    ended: (at) => ({ changedAt: at, endsAt: null }),
    renewInPlace: () => renewed(cloud),
    foreignRef,
    async arrive(entitlement) {
      await cloud.buyer('sign-up', { entitlement })
      const [visit] = browser.empty()
      return Object.fromEntries(new URLSearchParams(visit?.body))
    },
    whoArrives: async (agreementRef) => ({
      buyerRef: (await held(cloud, agreementRef)).account,
      licenseRef: null,
      customerRef: null,
    }),
    pastTokenLife: 'PT5M31S',
    answerEmptyPages: () => cloud.set({ procurement: { emptyFirstPage: true } }),
    acceptAwaiting: async () => ({ agreementRef: await order(), by: null }),
    async forget(agreementRef) {
      await seller.reject(cloud, agreementRef)
    },
    async holder() {
      const agreementRefs = [
        await bought(cloud, 'payg', HOOLI),
        await bought(cloud, 'pro-P1Y', HOOLI),
      ]
      return { accountRef: HOOLI, agreementRefs }
    },
    requests: requestsOf(cloud, { order, active }),
    refusals: refusalsOf(cloud, { order, active }),
    requestTakes: 'PT1M',
    begun: () => begun(cloud),
    unable: {
      legacy: 'there is one kind of product',
      terminate: 'its words for why an order ended may change, says Google',
      renew: 'a renewed order keeps its id',
    },
    async close() {
      browser.close()
      await world.close()
    },
  }
}

/** The buyer takes an offer that amends the one of the order. */
async function anotherOffer(cloud: SimulatedGcp, id: string): Promise<Told> {
  const { terms } = await held(cloud, id)
  const amendedPrivateOffer = `${parent}/${terms.privateOffer}`
  const offerRef = await published(cloud, { ...yearly(usd('15000')), amendedPrivateOffer })
  await accepted(cloud, offerRef)
  return { agreementRef: id, offerRef, value: { currency: 'USD', amount: '15000.00' } }
}

async function anotherPlan(cloud: SimulatedGcp, entitlement: string): Promise<Told> {
  await cloud.buyer('change-plan', { entitlement, plan: 'pro-P1Y' })
  return { agreementRef: entitlement, planRef: 'pro' }
}

/** A month of a plan, and the next. */
async function renewed(cloud: SimulatedGcp): Promise<Sold> {
  const agreementRef = await bought(cloud, 'pro')
  await seller.approve(cloud, agreementRef)
  const before = await held(cloud, agreementRef)
  await cloud.advance('P35D')
  const { offerEndsAt } = await held(cloud, agreementRef)
  const endsAt: Instant = instant(offerEndsAt)
  if (!(offerEndsAt > before.offerEndsAt)) throw new Error('it was not renewed')
  return { agreementRef, told: { endsAt, state: { is: 'active' } } }
}

type Orders = {
  readonly order: () => Promise<string>
  readonly active: () => Promise<string>
}

/** The plan that a buyer's change leads to, as the marketplace names it. */
const wantedPlan = 'pro'

function requestsOf(
  cloud: SimulatedGcp,
  { order, active }: Orders,
): NonNullable<AgreementsWorld['requests']> {
  const changing = async () => {
    const entitlement = await active()
    const { terms } = await held(cloud, entitlement)
    await cloud.buyer('change-plan', { entitlement, plan: wantedPlan })
    return { agreementRef: entitlement, plan: terms.plan as string }
  }
  return {
    activate: async () => ({
      agreementRef: await order(),
      wanted: { is: 'activate' },
      told: { state: { is: 'active' }, nativeStatus: 'ENTITLEMENT_ACTIVE' },
    }),
    reject: async () => ({
      agreementRef: await order(),
      wanted: { is: 'reject', reason: 'not sold there' },
      told: { state: { is: 'ended', how: 'terminated' } },
    }),
    async approve_change() {
      const { agreementRef } = await changing()
      const wanted = { is: 'approve_change', planRef: wantedPlan } as const
      return { agreementRef, wanted, told: { planRef: 'pro', offerRef: null } }
    },
    async reject_change() {
      const { agreementRef, plan } = await changing()
      const wanted = { is: 'reject_change', planRef: wantedPlan, reason: 'not now' } as const
      return { agreementRef, wanted, told: { planRef: plan } }
    },
    async message() {
      const text = 'Please sign up first'
      return {
        agreementRef: await order(),
        wanted: { is: 'message', text },
        told: {
          awaits: { what: 'approval', by: null },
          native: { entitlement: { messageToUser: text } },
        },
      }
    },
  }
}

function refusalsOf(
  cloud: SimulatedGcp,
  { order, active }: Orders,
): NonNullable<AgreementsWorld['refusals']> {
  const refused =
    (make: () => Promise<string>, wanted: Request['wanted']) =>
    async (): Promise<Omit<Request, 'told'>> => ({ agreementRef: await make(), wanted })
  const cancelled = async () => {
    const entitlement = await order()
    await cloud.buyer('cancel', { entitlement })
    return entitlement
  }
  const changing = async () => {
    const entitlement = await active()
    await cloud.buyer('change-plan', { entitlement, plan: wantedPlan })
    return entitlement
  }
  const change = (is: 'approve_change' | 'reject_change', planRef: string) =>
    is === 'approve_change' ? { is, planRef } : { is, planRef, reason: null }
  return {
    'activation of what the buyer took back': refused(cancelled, { is: 'activate' }),
    'refusing what has begun': refused(active, { is: 'reject', reason: null }),
    'a change that nobody asked for': refused(active, change('approve_change', 'gold')),
    'another change than waits': refused(changing, change('reject_change', 'gold')),
    'a change of what is over': refused(cancelled, change('approve_change', wantedPlan)),
    'a message about nothing': refused(active, { is: 'message', text: 'Hello' }),
  }
}

/** Whatever a seller asked of any order; nothing else asks meanwhile. */
async function begun(cloud: SimulatedGcp): Promise<number> {
  const calls: Record<string, number> = await cloud.ledger('calls')
  return Object.entries(calls)
    .filter(([name]) => /:entitlements\.(approve|reject|patch)/.test(name))
    .reduce((sum, [, count]) => sum + count, 0)
}
