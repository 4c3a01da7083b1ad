import { aws } from './aws.ts'
import { azure } from './azure.ts'
import { client } from './client.ts'
import { connect } from './connect.ts'
import { count, showCrm } from './count.ts'
import { gcp } from './gcp.ts'
import { leaveMore } from './leave.ts'
import { meter } from './meter.ts'
import { prepare } from './prepare.ts'
import { sell } from './sell.ts'
import type { Demo, Story } from './story.ts'

const markets = [aws, azure, gcp]

/**
 * Plays one deal on each cloud through its whole life, over the public API and the simulated buyer, on one clock.
 * Repeating it repeats nothing; one that was cut short goes on where it stopped.
 */
export async function playDemo(demo: Demo): Promise<void> {
  const clouds = client(demo.simulator)
  const story: Story = {
    ...demo,
    tradepost: client(demo.api, demo.key),
    clouds,
    advance: (by) => clouds.post('/clock', { advance: by }),
  }
  demo.say('The same deal on each cloud, whole:')
  const { sellers, today } = await connect(story, markets)
  const deals = await prepare(story, sellers, today)
  const sold = await sell(story, deals)
  await meter(story, sold)
  await count(story, sold)
  await showCrm(story)
  for (const deal of deals.slice(0, 1)) await leaveMore(story, deal, today)
  demo.say('The demo deals are done. Everything they made is at /v1; the reference is at /docs.')
}
