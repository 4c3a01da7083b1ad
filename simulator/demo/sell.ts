import type { Deal } from './prepare.ts'
import { type Story, tell, untilEach } from './story.ts'

export type Sold = Deal & { readonly agreement: string }

/** Publishes the offers; the buyer accepts them, subscribes where that is a step of its own, and registers. */
export async function sell(story: Story, deals: readonly Deal[]): Promise<readonly Sold[]> {
  const live = await publish(story, deals)
  await accept(story, live)
  const bought = []
  for (const deal of live) bought.push({ ...deal, ref: await register(story, deal) })
  const agreements = await untilEach(story, 'PT1M', bought, (deal) => begun(story, deal))
  return deals.map((deal, i) => ({ ...deal, agreement: agreements[i] ?? '' }))
}

type Live = Deal & { readonly offerRef: string }

async function stateOf({ tradepost }: Story, { offer }: Deal): Promise<any> {
  return (await tradepost.get(`/v1/offers/${offer}`)).state
}

async function publish(story: Story, deals: readonly Deal[]): Promise<readonly Live[]> {
  for (const deal of deals) {
    if ((await stateOf(story, deal)).is === 'draft')
      await story.tradepost.post(
        `/v1/offers/${deal.offer}/submit`,
        {},
        `demo-submit-${deal.market.provider}`,
      )
  }
  const offerRefs = await untilEach(story, 'PT30S', deals, async (deal) => {
    const state = await stateOf(story, deal)
    if (state.is === 'refused') throw new Error(`refused: ${JSON.stringify(state.reasons)}`)
    if (!['live', 'accepted'].includes(state.is)) return undefined
    await tell(story, deal.market.name, `offer published as ${state.offerRef}`)
    return state.offerRef
  })
  return deals.map((deal, i) => ({ ...deal, offerRef: offerRefs[i] }))
}

async function accept(story: Story, deals: readonly Live[]): Promise<void> {
  for (const { market, offerRef } of deals) await market.accept(story.clouds, offerRef)
  await untilEach(story, 'PT5M', deals, async (deal) => {
    if ((await stateOf(story, deal)).is !== 'accepted') return undefined
    await tell(story, deal.market.name, 'seen here: Initech accepted the offer')
    return true
  })
}

/** Returns the marketplace's own id of what was bought. */
async function register(story: Story, { market, offerRef }: Live): Promise<string> {
  const ref = await market.subscribe(story.clouds, offerRef)
  const arrival = await market.register(story.clouds, ref)
  const { origin, pathname } = new URL(arrival.location ?? 'http://nowhere.example')
  await tell(
    story,
    market.name,
    `Initech's user registered and was sent on to ${origin}${pathname} (${arrival.status})`,
  )
  return ref
}

/** The agreement's id, once it is ours and active. */
async function begun(
  story: Story,
  deal: Deal & { readonly ref: string },
): Promise<string | undefined> {
  const { agreement: id } = await stateOf(story, deal)
  const agreement = id && (await story.tradepost.get(`/v1/agreements/${id}`))
  if (agreement?.state.is !== 'active') return undefined
  await tell(story, deal.market.name, `agreement ${deal.ref} is active`)
  return id
}
