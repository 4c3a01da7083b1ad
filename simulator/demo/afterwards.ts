import { offerOf } from './bodies.ts'
import { until } from './client.ts'
import type { Deal } from './sell.ts'
import { amount, type Story, tell } from './story.ts'

const eventsPerHour = 250
const hours = 4

/** Usage of some hours, sent twice. */
export async function meter(story: Story, agreement: string): Promise<void> {
  const { tradepost, clouds, advance } = story
  const { now } = await clouds.get('/clock')
  const known =
    (await tradepost.get(`/v1/usage-records?agreement=${agreement}&limit=1`)).data.length > 0
  for (let hour = 0; !known && hour < hours; hour++) {
    const at = (await clouds.get('/clock')).now
    const events = Array.from({ length: eventsPerHour }, (_, i) => ({
      id: `demo-${now.slice(0, 13)}-${hour}-${i}`,
      source: 'demo',
      agreement,
      dimension: i % 5 === 0 ? 'storage_gb' : 'api_calls',
      quantity: i % 5 === 0 ? '0.25' : '40',
      at,
    }))
    await tradepost.post('/v1/usage-events', { events })
    const again = await tradepost.post('/v1/usage-events', { events })
    await tell(
      story,
      `${events.length} usage events sent twice: ${again.duplicates} recognised as duplicates`,
    )
    await advance('PT1H')
  }
  const report = await until(
    'the usage to be accepted',
    async () => {
      const { data } = await tradepost.get(`/v1/reports/metering?agreement=${agreement}`)
      return data.length > 0 && data.every((row: { due: string }) => Number(row.due) === 0)
        ? data
        : undefined
    },
    () => advance('PT30M'),
  )
  for (const row of report)
    await tell(
      story,
      `${row.dimension}: ${row.accepted} accepted of ${row.events} metered, ${row.carried} carried`,
    )
}

/** The invoice, and what it burns of the commitment. */
export async function count(story: Story, connection: string, commitment: string): Promise<void> {
  const { tradepost, advance } = story
  await advance('P1D')
  const started = await tradepost.post('/v1/revenue-imports', { connection })
  const done = await until(
    'the revenue import',
    async () => {
      const now = await tradepost.get(`/v1/revenue-imports/${started.id}`)
      return ['done', 'partial', 'failed'].includes(now.state) ? now : undefined
    },
    () => advance('PT10S'),
  )
  await tell(
    story,
    `Seller reports imported: ${done.progress.files} files, ${done.progress.rowsBroken} broken rows`,
  )
  const lines = (await tradepost.get('/v1/revenue-lines?limit=200')).data
  for (const line of lines.filter((l: { kind: string }) => ['gross', 'fee'].includes(l.kind))) {
    await tell(
      story,
      `${line.kind === 'gross' ? 'Invoiced' : 'Listing fee'} ${amount(line.amount)} on ${line.invoicedOn}`,
    )
  }
  const { data } = await tradepost.get('/v1/reports/drawdown')
  const standing = data.find((row: { commitment: string }) => row.commitment === commitment)
  const [ceiling] = standing.ceilings
  await tell(
    story,
    `Drawdown: ${amount(standing.drawn)} counted of ${amount(standing.tranche.amount)}; marketplace headroom at most ${amount(ceiling?.headroomAtMost)}`,
  )
}

export async function showCrm(story: Story): Promise<void> {
  await story.advance('PT10M')
  for (const object of [
    'Marketplace_Offer__c',
    'Marketplace_Agreement__c',
    'Marketplace_Commitment__c',
  ]) {
    const { rows } = await story.clouds.get(`/salesforce/control/rows?object=${object}`)
    await tell(story, `Salesforce holds ${rows.length} ${object}`)
  }
}

/** Drafts, live offers and spares, so that whoever looks around has something of each kind to try things on. */
export async function leaveMore(story: Story, { parties }: Deal, today: string): Promise<void> {
  const { tradepost, simulator, advance } = story
  const names = ['Spare draft', 'Spare draft to submit', 'Spare offer', 'Spare offer to withdraw']
  const offers = []
  for (const name of names)
    offers.push(await tradepost.post('/v1/offers', offerOf(parties, name, today), `demo-${name}`))
  for (const { id, name } of offers.slice(2))
    await tradepost.post(`/v1/offers/${id}/submit`, {}, `demo-submit-${name}`)
  await tradepost.post('/v1/buyers', { name: 'Hooli' }, 'demo-spare-buyer')
  await tradepost.post(
    '/v1/documents',
    { name: 'Terms of Acme', url: 'https://s3.amazonaws.com/acme/terms.pdf' },
    'demo-document',
  )
  await tradepost.post('/v1/api-keys', { name: 'spare key', role: 'viewer' }, 'demo-spare-key')
  await tradepost.post(
    '/v1/connections',
    {
      provider: 'aws',
      name: 'Spare connection',
      settings: { endpoint: `${simulator}/aws` },
      credentials: {
        kind: 'keys',
        accessKeyId: 'AKIASIMBUYER00000001',
        secretAccessKey: 'simulated-buyer-secret',
      },
    },
    'demo-spare-connection',
  )
  await advance('PT5M')
  await tell(
    story,
    'Left to try things on: two drafts, two live offers, a spare connection and key',
  )
}
