import { buyerAccount, commitmentOf, offerOf, product } from './bodies.ts'
import { until } from './client.ts'
import type { Connected } from './connect.ts'
import { amount, type Story, tell } from './story.ts'

export type Deal = {
  readonly offer: string
  readonly commitment: string
  readonly parties: { connection: string; listing: string; buyer: string }
}

/** The product, the buyer, his commitment, and the offer as a draft. */
export async function prepare(story: Story, { connection, today }: Connected): Promise<Deal> {
  const { tradepost, advance } = story
  const listing = await until(
    'the listing',
    async () =>
      (await tradepost.get(`/v1/listings?connection=${connection}`)).data.find(
        (l: { listingRef: string }) => l.listingRef === product,
      ),
    async () => {
      await tradepost.post(`/v1/syncs/listings/run?connection=${connection}`, {})
      await advance('PT10S')
    },
  )
  await tell(
    story,
    `Listing "${listing.name}" found with dimensions ${listing.dimensions.map((d: { key: string }) => d.key).join(', ')}`,
  )
  // The badge decides whether its sales burn a commitment down; people state it until it is read from the listing.
  await tradepost.patch(`/v1/listings/${listing.id}`, {
    facts: { 'product.badge': 'DEPLOYED_ON_AWS' },
  })
  const [account, opportunity] = await salesRecords(story)
  const buyer = await tradepost.post(
    '/v1/buyers',
    { name: 'Initech', accounts: [{ provider: 'aws', ref: buyerAccount }], crm: { account } },
    'demo-buyer',
  )
  const commitment = await tradepost.post(
    '/v1/commitments',
    commitmentOf(buyer.id, today),
    'demo-commitment',
  )
  await tell(
    story,
    'Initech has promised its cloud 1,000,000.00 USD; at most 25 % of it may be spent on the marketplace',
  )
  const parties = { connection, listing: listing.id, buyer: buyer.id, opportunity }
  const offer = await tradepost.post(
    '/v1/offers',
    offerOf(parties, 'Initech 2027', today),
    'demo-offer',
  )
  const preview = await tradepost.post(`/v1/offers/${offer.id}/preview`, {})
  await tell(
    story,
    `Offer "${offer.name}": ${amount(preview.value)}, listing fee ${amount(preview.fee.amount)} (${preview.fee.rate}), net ${amount(preview.net)}; ${preview.violations.length} violations`,
  )
  return {
    offer: offer.id,
    commitment: commitment.id,
    parties: { connection, listing: listing.id, buyer: buyer.id },
  }
}

/** The ids of the customer and the deal in the simulated org. */
async function salesRecords({ clouds }: Story): Promise<[account: string, opportunity: string]> {
  const first = async (object: string, name: string) =>
    (await clouds.get(`/salesforce/control/rows?object=${object}`)).rows.find(
      (row: { Name: string }) => row.Name === name,
    ).Id
  return [await first('Account', 'Initech'), await first('Opportunity', 'Initech 2027')]
}

/** Publishes the offer; the buyer accepts and registers. Returns the agreement. */
export async function sell(story: Story, { offer }: Deal): Promise<string> {
  const { tradepost, clouds, advance } = story
  const state = async () => (await tradepost.get(`/v1/offers/${offer}`)).state
  if ((await state()).is === 'draft')
    await tradepost.post(`/v1/offers/${offer}/submit`, {}, 'demo-submit')
  const live = await until(
    'the offer to be published',
    async () => {
      const now = await state()
      if (now.is === 'refused') throw new Error(`refused: ${JSON.stringify(now.reasons)}`)
      return ['live', 'accepted'].includes(now.is) ? now : undefined
    },
    () => advance('PT10S'),
  )
  await tell(story, `Offer published as ${live.offerRef}`)
  const bought = (await clouds.get(`/aws/buyer/agreements?account=${buyerAccount}`)).agreements
  if (!bought.some((a: { offerId: string }) => a.offerId === live.offerRef)) {
    await clouds.post('/aws/buyer/accept', { offerId: live.offerRef, account: buyerAccount })
  }
  const accepted = await until(
    'the agreement',
    async () => ((await state()).is === 'accepted' ? state() : undefined),
    () => advance('PT1M'),
  )
  const agreement = await tradepost.get(`/v1/agreements/${accepted.agreement}`)
  await tell(story, `Initech accepted: agreement ${agreement.agreementRef}`)
  const arrival = await clouds.post('/aws/buyer/register', { agreementId: agreement.agreementRef })
  const place = new URL(arrival.location ?? 'http://nowhere.example')
  await tell(
    story,
    `Initech's user registered and was sent on to ${place.origin}${place.pathname} (${arrival.status})`,
  )
  return agreement.id
}
