import { spareAccount } from './aws.ts'
import { offerOf } from './bodies.ts'
import type { Deal } from './prepare.ts'
import { type Story, tell } from './story.ts'

const drafts = ['Spare draft', 'Spare draft to submit']
const published = ['Spare offer', 'Spare offer to withdraw']

/** Drafts, live offers and spares, so that whoever looks around has something of each kind to try things on. */
export async function leaveMore(story: Story, deal: Deal, today: string): Promise<void> {
  const { tradepost, simulator, advance } = story
  const { parties, market } = deal
  const spare = (name: string) =>
    tradepost.post('/v1/offers', offerOf(parties, name, today), `demo-${name}`)
  for (const name of drafts) await spare(name)
  for (const name of published) {
    const { id } = await spare(name)
    await tradepost.post(`/v1/offers/${id}/submit`, {}, `demo-submit-${name}`)
  }
  await tradepost.post('/v1/buyers', { name: 'Hooli' }, 'demo-spare-buyer')
  await tradepost.post(
    '/v1/documents',
    { name: 'Terms of Acme', url: 'https://s3.amazonaws.com/acme/terms.pdf' },
    'demo-document',
  )
  await tradepost.post('/v1/api-keys', { name: 'spare key', role: 'viewer' }, 'demo-spare-key')
  await tradepost.post(
    '/v1/connections',
    { ...spareAccount(simulator), name: 'Spare connection' },
    'demo-spare-connection',
  )
  await advance('PT5M')
  await tell(
    story,
    market.name,
    'left to try things on: two drafts, two live offers, a spare connection and key',
  )
}
