import { addMonths, type Day, instant } from '../../../../src/kernel/time.ts'
import { zoneDay, zoneStart } from '../../../../src/kernel/zone.ts'
import { midnight, usd } from '../../../gcp-simulator/offers.ts'
import type { AgreementsWorld, Sold, Told } from '../../agreement-world.ts'
import { ACME, type SimulatedGcp } from './cloud.ts'
import { accepted, bought, held, published, seller, yearly } from './purchases.ts'

/** Whether the producer API tells what private offers are worth. */
export type OffersBy = 'api' | 'handoff'

const pacific = 'America/Los_Angeles'
const money = (amount: string) => ({ currency: 'USD', amount })
const rate = (dimension: string, price: string) => ({ dimension, rate: price, currency: 'USD' })
const listed = [rate('api_calls', '0.05'), rate('storage_gb', '0.02')]
/** What a seller without the API is told of a private offer. */
const untold: Told = { value: null, charges: [], usageRates: [] }

/** What can be sold, approved where it can be; prices as far as some API tells them. */
export function dealsOf(cloud: SimulatedGcp, by: OffersBy): AgreementsWorld['deals'] {
  const told = (worth: Told): Told => (by === 'api' ? worth : untold)
  const sell = async (
    order: () => Promise<string>,
    special: (id: string) => Promise<Told>,
  ): Promise<Sold> => {
    const at = cloud.now()
    const id = await order()
    await seller.approve(cloud, id)
    return {
      agreementRef: id,
      told: { ...(await usual(cloud, id)), acceptedAt: at, ...(await special(id)) },
    }
  }
  const ends = async (id: string) => ({ endsAt: instant((await held(cloud, id)).offerEndsAt) })
  const offer = (name: string, make: () => Promise<string>, worth: Told) => () => {
    let offerRef = ''
    return sell(
      async () => {
        offerRef = await make()
        return accepted(cloud, offerRef)
      },
      async (id) => ({ offerRef, planRef: name, ...(await ends(id)), ...told(worth) }),
    )
  }
  return {
    'use alone': () =>
      sell(
        () => bought(cloud),
        async () => ({ planRef: 'payg', endsAt: null }),
      ),
    'a plan for a year': () =>
      sell(
        () => bought(cloud, 'pro-P1Y'),
        async (id) => ({ planRef: 'pro', ...(await ends(id)) }),
      ),
    'an offer at a flat fee, without use': offer(
      'pro',
      () => published(cloud, yearly(usd('120000'))),
      { value: money('120000.00'), usageRates: [] },
    ),
    'an offer in instalments': offer('pro', () => inInstalments(cloud), {
      value: money('900.50'),
      charges: instalmentsTold(cloud),
      usageRates: [],
    }),
    'an offer of use at a discount': offer('payg', () => published(cloud, usage('20'), 'payg'), {
      value: money('0.00'),
      charges: [],
      usageRates: [rate('api_calls', '0.04'), rate('storage_gb', '0.016')],
    }),
  }
}

const usage = (value: string) => ({
  standardIntervalPrice: { priceModel: { usage: { defaultDiscountPercent: { value } } } },
})

const dueOf = (cloud: SimulatedGcp): Day => addMonths(zoneDay(cloud.now(), pacific), 4)

const inInstalments = (cloud: SimulatedGcp) =>
  published(cloud, {
    customIntervalPrice: {
      installments: [
        { priceModel: { flatFee: { flatFeeOverride: usd('400') } } },
        {
          startTime: midnight(dueOf(cloud)),
          priceModel: { flatFee: { flatFeeOverride: usd('500', 500_000_000) } },
        },
      ],
    },
  })

/** The first is due as the order begins. */
const instalmentsTold = (cloud: SimulatedGcp) => [
  { amount: money('400.00') },
  { at: zoneStart(dueOf(cloud), pacific), amount: money('500.50') },
]

async function usual(cloud: SimulatedGcp, id: string): Promise<Told> {
  const { account, consumer, hasUsage } = await held(cloud, id)
  return {
    agreementRef: id,
    initialRef: id,
    offerRef: null,
    listingRef: ACME.service,
    buyerRef: account,
    licenseRefs: hasUsage ? [consumer] : [],
    state: { is: 'active' },
    nativeStatus: 'ENTITLEMENT_ACTIVE',
    awaits: null,
    value: null,
    charges: [],
    usageRates: listed,
    entitlements: [],
    included: [],
  }
}
