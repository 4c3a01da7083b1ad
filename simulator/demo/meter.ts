import type { Sold } from './sell.ts'
import { type Story, tell, untilEach } from './story.ts'

const eventsPerHour = 250
const hours = 4

/** Usage of some hours, each hour's sent twice. Hours that an earlier run told are not told again. */
export async function meter(story: Story, deals: readonly Sold[]): Promise<void> {
  const told = new Map<Sold, number>()
  for (const deal of deals) told.set(deal, await hoursTold(story, deal))
  for (let hour = Math.min(...told.values()); hour < hours; hour++) {
    for (const deal of deals.filter((one) => hour >= (told.get(one) ?? 0)))
      await sendTwice(story, deal, hour)
    await story.advance('PT1H')
  }
  await untilEach(story, 'PT30M', deals, (deal) => taken(story, deal))
}

const report = async ({ tradepost }: Story, { agreement }: Sold): Promise<any[]> =>
  (await tradepost.get(`/v1/reports/metering?agreement=${agreement}`)).data

async function hoursTold(story: Story, deal: Sold): Promise<number> {
  const events = (await report(story, deal)).reduce((sum, row) => sum + row.eventCount, 0)
  return Math.floor(events / eventsPerHour)
}

async function sendTwice(story: Story, deal: Sold, hour: number): Promise<void> {
  const { now } = await story.clouds.get('/clock')
  const events = Array.from({ length: eventsPerHour }, (_, i) => ({
    id: `demo-${deal.market.provider}-${hour}-${i}`,
    source: 'demo',
    agreement: deal.agreement,
    ...(i % 5 === 0
      ? { dimension: 'storage_gb', quantity: '0.25' }
      : { dimension: 'api_calls', quantity: '40' }),
    at: now,
  }))
  await story.tradepost.post('/v1/usage-events', { events })
  const { duplicates } = await story.tradepost.post('/v1/usage-events', { events })
  await tell(
    story,
    deal.market.name,
    `${events.length} usage events sent twice: ${duplicates} recognised as duplicates`,
  )
}

/** Once nothing is due any more, what became of the usage. */
async function taken(story: Story, deal: Sold): Promise<true | undefined> {
  const rows = await report(story, deal)
  if (rows.length === 0 || rows.some((row) => Number(row.due) !== 0)) return undefined
  for (const { dimension, events, accepted, included, carried } of rows)
    await tell(
      story,
      deal.market.name,
      `${dimension}: ${events} metered = ${accepted} accepted + ${included} included in the price + ${carried} carried`,
    )
  return true
}
