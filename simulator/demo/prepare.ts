import { commitmentOf, offerOf, type Parties } from './bodies.ts'
import type { Seller } from './connect.ts'
import { amount, type Story, tell, untilEach } from './story.ts'

export type Deal = Seller & {
  readonly parties: Parties
  readonly commitment: string
  readonly offer: string
}

/** The buyer, what it promised to each cloud, and the same offer to it on each, as a draft. */
export async function prepare(
  story: Story,
  sellers: readonly Seller[],
  today: string,
): Promise<readonly Deal[]> {
  const listings = await untilEach(story, 'PT10S', sellers, (seller) => findListing(story, seller))
  const { account, opportunity } = await salesRecords(story)
  const accounts = sellers.flatMap(({ market }) =>
    market.buyerRefs.map((ref) => ({ provider: market.provider, ref })),
  )
  const buyer = await story.tradepost.post(
    '/v1/buyers',
    { name: 'Initech', accounts, crm: { account } },
    'demo-buyer',
  )
  const deals = []
  for (const [i, seller] of sellers.entries()) {
    const listing = listings[i]
    const plan = listing.plans.find(({ planRef }: any) => planRef === seller.market.planRef)?.id
    const parties = {
      connection: seller.connection,
      listing: listing.id,
      ...(plan && { plan }),
      buyer: buyer.id,
    }
    const commitment = await promise(story, seller, buyer.id, today)
    const body = offerOf(parties, 'Initech 2027', today, opportunity)
    const offer = await draft(story, seller, body)
    deals.push({ ...seller, parties, commitment, offer })
  }
  return deals
}

/** The listing by its reference there, with what decides whether its sales burn a commitment down. */
async function findListing(story: Story, { market, connection }: Seller): Promise<any> {
  const { tradepost } = story
  const { data } = await tradepost.get(`/v1/listings?connection=${connection}`)
  const listing = data.find(({ listingRef }: any) => listingRef === market.listingRef)
  if (!listing) {
    await tradepost.post(`/v1/syncs/listings/run?connection=${connection}`, {})
    return undefined
  }
  await tradepost.patch(`/v1/listings/${listing.id}`, { facts: market.facts })
  const dimensions = listing.dimensions.map(({ key }: any) => key).join(', ')
  await tell(story, market.name, `listing "${listing.name}" found, with ${dimensions}`)
  return listing
}

async function promise(
  story: Story,
  { market }: Seller,
  buyer: string,
  today: string,
): Promise<string> {
  const commitment = await story.tradepost.post(
    '/v1/commitments',
    commitmentOf(buyer, market.provider, market.commitment, today),
    `demo-commitment-${market.provider}`,
  )
  await tell(story, market.name, `Initech has promised it 1,000,000.00 USD; ${market.promise}`)
  return commitment.id
}

async function draft(story: Story, { market }: Seller, body: { name: string }): Promise<string> {
  const { tradepost } = story
  const offer = await tradepost.post('/v1/offers', body, `demo-offer-${market.provider}`)
  const { value, fee, net, violations } = await tradepost.post(`/v1/offers/${offer.id}/preview`, {})
  await tell(
    story,
    market.name,
    `offer "${body.name}": ${amount(value)}, listing fee ${amount(fee.amount)}, net ${amount(net)}; ${violations.length} violations`,
  )
  return offer.id
}

/** The ids of the customer and the deal in the simulated org. */
async function salesRecords({ clouds }: Story): Promise<{ account: string; opportunity: string }> {
  const first = async (object: string, name: string) =>
    (await clouds.get(`/salesforce/control/rows?object=${object}`)).rows.find(
      (row: { Name: string }) => row.Name === name,
    ).Id
  return {
    account: await first('Account', 'Initech'),
    opportunity: await first('Opportunity', 'Initech 2027'),
  }
}
