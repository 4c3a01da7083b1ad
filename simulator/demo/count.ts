import type { Sold } from './sell.ts'
import { amount, type Story, tell, untilEach } from './story.ts'

/** By then each marketplace has invoiced what was due at acceptance: the slowest waits for three days. */
const invoicedAfter = 'P3DT1H'
const dayMs = 86_400_000
const ended = ['done', 'partial', 'failed']
const shown: Readonly<Record<string, string>> = { gross: 'invoiced', fee: 'listing fee' }

/** The invoices, and what they burn of the commitments. */
export async function count(story: Story, deals: readonly Sold[]): Promise<void> {
  if (!(await areInvoiced(story, deals))) {
    await story.advance(invoicedAfter)
    await readReports(story, deals)
    // An import that was cut short may have come back without its files.
    if (!(await areInvoiced(story, deals))) await readReports(story, deals)
  }
  for (const deal of deals) await drawn(story, deal)
}

async function areInvoiced(story: Story, deals: readonly Sold[]): Promise<boolean> {
  const lines = await Promise.all(deals.map((deal) => invoices(story, deal)))
  return lines.every(({ length }) => length > 0)
}

async function readReports(story: Story, deals: readonly Sold[]): Promise<void> {
  for (const { market, offer } of deals) {
    const { state } = await story.tradepost.get(`/v1/offers/${offer}`)
    await market.report?.(story.clouds, monthsAround(state.acceptedAt))
  }
  const imports = new Map<Sold, string>()
  for (const deal of deals) imports.set(deal, await importOf(story, deal))
  await untilEach(story, 'PT1M', deals, async (deal) => {
    const { state, progress } = await story.tradepost.get(
      `/v1/revenue-imports/${imports.get(deal)}`,
    )
    if (!ended.includes(state)) return undefined
    const { files, rowsBroken } = progress
    await tell(
      story,
      deal.market.name,
      `seller reports imported (${state}): ${files} files, ${rowsBroken} broken rows`,
    )
    return true
  })
}

/** The month of an instant, in whichever zone a marketplace counts. */
const monthsAround = (at: string): readonly string[] => [
  ...new Set(
    [-dayMs, 0, dayMs].map((by) => new Date(Date.parse(at) + by).toISOString().slice(0, 7)),
  ),
]

/** The import under way, where reports take a while, or a new one. */
async function importOf({ tradepost }: Story, { connection }: Sold): Promise<string> {
  const { data } = await tradepost.get(`/v1/revenue-imports?connection=${connection}`)
  const running = data.find(({ state }: { state: string }) => !ended.includes(state))
  return (running ?? (await tradepost.post('/v1/revenue-imports', { connection }))).id
}

/** Lines of the agreement that the timeline shows, in the order of `shown`. */
async function invoices(story: Story, deal: Sold): Promise<any[]> {
  const day = await asOf(story, deal)
  const { data } = await story.tradepost.get(
    `/v1/revenue-lines?agreement=${deal.agreement}&limit=200&asOf=${day}`,
  )
  const owed = data.filter((line: any) => line.action === 'invoiced')
  return Object.keys(shown).flatMap((kind) => owed.filter((line: any) => line.kind === kind))
}

/** Today, or the month's last day where a marketplace dates by that all it charged in the month. */
async function asOf({ clouds }: Story, { market }: Sold): Promise<string> {
  const { now } = await clouds.get('/clock')
  const [year, month] = now.split('-').map(Number)
  const on = market.report ? new Date(Date.UTC(year, month, 0)).toISOString() : now
  return on.slice(0, 10)
}

async function drawn(story: Story, deal: Sold): Promise<void> {
  const { market, commitment } = deal
  for (const { kind, amount: money, invoicedOn } of await invoices(story, deal))
    await tell(story, market.name, `${shown[kind]} ${amount(money)} on ${invoicedOn}`)
  const { data } = await story.tradepost.get(`/v1/reports/drawdown?asOf=${await asOf(story, deal)}`)
  const standing = data.find((row: any) => row.commitment === commitment)
  const [ceiling] = standing.ceilings
  const headroom = ceiling?.headroomAtMost
    ? `at most ${amount(ceiling.headroomAtMost)} more may count`
    : 'no cap on the rest'
  await tell(
    story,
    market.name,
    `drawdown: ${amount(standing.drawn)} counted of ${amount(standing.tranche.amount)}; ${headroom}`,
  )
}

const objects = ['Offer', 'Agreement', 'Commitment']

/** What the sales system holds by then. */
export async function showCrm(story: Story): Promise<void> {
  await story.advance('PT10M')
  const counts = []
  for (const object of objects) {
    const { rows } = await story.clouds.get(
      `/salesforce/control/rows?object=Marketplace_${object}__c`,
    )
    counts.push(`${rows.length} ${object.toLowerCase()}s`)
  }
  await tell(story, 'Salesforce', `holds ${counts.join(', ')}`)
}
