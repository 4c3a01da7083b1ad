import { count, leaveMore, meter, showCrm } from './afterwards.ts'
import { client } from './client.ts'
import { connect } from './connect.ts'
import { prepare, sell } from './sell.ts'
import type { Demo, Story } from './story.ts'

/** Plays one deal through its whole life, over the public API and the simulated buyer. Repeating it repeats nothing. */
export async function playDemo(demo: Demo): Promise<void> {
  const clouds = client(demo.simulator)
  const story: Story = {
    ...demo,
    tradepost: client(demo.api, demo.key),
    clouds,
    advance: (by) => clouds.post('/clock', { advance: by }),
  }
  demo.say('One deal, whole:')
  const connected = await connect(story)
  const deal = await prepare(story, connected)
  const agreement = await sell(story, deal)
  await meter(story, agreement)
  await count(story, connected.connection, deal.commitment)
  await showCrm(story)
  await leaveMore(story, deal, connected.today)
  demo.say('The demo deal is done. Everything it made is at /v1; the reference is at /docs.')
}
