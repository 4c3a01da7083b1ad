import { ACMESOFT } from '../../../../simulator/azure/seed.ts'
import type { Instant } from '../../../../src/kernel/time.ts'
import { offer } from '../../../azure-simulator/seller.ts'
import type { AgreementsWorld, Sold, Told } from '../../agreement-world.ts'
import { configure } from './catalog.ts'
import type { SimulatedAzure } from './cloud.ts'
import { activate, bought, seats } from './purchases.ts'

/** Initech's tenant in the simulated market. */
export const initech = 'b7c4b1e2-6d0f-4f0e-a2a9-51d6a3b90c22'
const usd = (amount: string) => ({ currency: 'USD', amount })
const rate = (dimension: string, price: string) => ({ dimension, rate: price, currency: 'USD' })
const today = '2027-01-10T00:00:00.000Z'
const paidToday = (amount: string) => ({
  value: usd(amount),
  charges: [{ at: today, amount: usd(amount) }],
})

/** Years may be paid in parts, which the API does not say. */
const untold = { value: null, charges: [] }

/** Sold and activated on 2027-01-10, before the suite has moved the clock far. */
export function dealsOf(cloud: SimulatedAzure): AgreementsWorld['deals'] {
  const sell = async (told: (id: string) => Told, asked: object): Promise<Sold> => {
    const at = cloud.now()
    const id = await bought(cloud, asked)
    await activate(cloud, [id])
    return { agreementRef: id, told: { ...usual(id, at), ...told(id) } }
  }
  return {
    'a flat plan for a year': () =>
      sell(
        () => ({
          ...untold,
          endsAt: '2028-01-10T00:00:00.000Z',
          usageRates: [rate('api_calls', '0.5'), rate('storage_gb', '0.02')],
          entitlements: [],
          included: [
            includes('api_calls', '1200', '2028-01-10T00:00:00.000Z'),
            includes('storage_gb', '0', '2028-01-10T00:00:00.000Z'),
          ],
        }),
        { termUnit: 'P1Y' },
      ),
    'three years paid by the year, a meter without limit': () =>
      sell(
        () => ({
          ...untold,
          planRef: 'enterprise',
          endsAt: '2030-01-10T00:00:00.000Z',
          included: [
            includes('api_calls', '0', '2030-01-10T00:00:00.000Z'),
            includes('storage_gb', '0', '2030-01-10T00:00:00.000Z'),
          ],
        }),
        { planId: 'enterprise', termUnit: 'P3Y' },
      ),
    'a year in which a meter is without limit': () =>
      sell(
        () => ({
          ...untold,
          planRef: 'enterprise',
          included: [
            includes('api_calls', '0', '2028-01-10T00:00:00.000Z'),
            includes('storage_gb', null, '2028-01-10T00:00:00.000Z'),
          ],
        }),
        { planId: 'enterprise', termUnit: 'P1Y' },
      ),
    'twelve seats': () =>
      sell(
        (id) => ({
          ...paidToday('240.00'),
          planRef: 'per-seat',
          usageRates: [],
          included: [],
          entitlements: [
            {
              dimension: 'seats',
              quantity: '12',
              licenseRef: id,
              expiresAt: '2027-02-10T00:00:00.000Z',
            },
          ],
        }),
        { ...seats(12), termUnit: 'P1M' },
      ),
    'a month that does not renew': () =>
      sell(() => ({ ...paidToday('500.00'), endsAt: '2027-02-10T00:00:00.000Z' }), {
        termUnit: 'P1M',
        autoRenew: false,
      }),
    'bought through a provider': () => sell(() => untold, { csp: true, ...year }),
    'a private offer, whose price is not told': () => privately(cloud, sell),
  }
}

const year = { termUnit: 'P1Y' }

const usual = (id: string, at: Instant): Told => ({
  agreementRef: id,
  initialRef: id,
  offerRef: null,
  listingRef: ACMESOFT.offerId,
  planRef: 'team',
  buyerRef: initech,
  licenseRefs: [id],
  state: { is: 'active' },
  nativeStatus: 'Subscribed',
  awaits: null,
  acceptedAt: at,
  startsAt: today,
  changedAt: null,
})

const includes = (dimension: string, quantity: string | null, until: string) => ({
  dimension,
  quantity,
  from: today,
  until,
})

/** The last of the deals: accepted for the billing account, so that later purchases of the plan would have its price. */
async function privately(
  cloud: SimulatedAzure,
  sell: (told: () => Told, asked: object) => Promise<Sold>,
): Promise<Sold> {
  const [made] = await configure(cloud, [offer()], 'PT5M')
  const offerRef = made.id.replace('private-offer/', '')
  await cloud.post('/azure/buyer/accept', { offerId: made.id })
  return sell(() => ({ ...untold, offerRef, usageRates: [] }), {
    ...year,
    privateOfferId: made.id,
  })
}
