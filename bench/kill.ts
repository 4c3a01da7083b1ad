import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, option, pause, type Running, start } from './process.ts'
import { buyerAccount, eventually, offerBody, persistent, type Seller, setUp } from './seller.ts'

/**
 * Kills the process (-9) again and again while it publishes offers and meters usage, then compares what the simulated
 * clouds hold with what was asked for: one offer each, every unit once, the sales org equal to our rows.
 * `npm run proof:kill -- --seed 7 --kills 30`
 */
const seed = option('seed', 1)
const kills = option('kills', 30)
const offersCount = 5
const eventsPerBatch = 100
const random = generator(seed)
const key = 'tp_kill_admin_key_0123456789abcdef'
const folder = mkdtempSync(join(tmpdir(), 'tradepost-kill-'))
const [port, cloudPort] = [await freePort(), await freePort()]
const at = { api: `http://127.0.0.1:${port}`, simulator: `http://127.0.0.1:${cloudPort}` }
const simulator = await start(
  ['simulator/main.ts'],
  { PORT: String(cloudPort), SEED: String(seed) },
  /simulated clouds/,
)
const api = persistent(at.api, key)
const clouds = persistent(at.simulator)
let service = await boot()
let killed = 0
/** Half of the kills are kept for metering. */
let isPublished = false

console.log(`seed ${seed}: ${kills} kills, ${offersCount} offers`)
const driving = drive()
const killing = killNowAndThen()
const sent = await driving
await killing
await compare(sent)
await service.kill('SIGTERM')
await simulator.kill('SIGTERM')
rmSync(folder, { recursive: true, force: true })

function boot(): Promise<Running> {
  const env = {
    PORT: String(port),
    DATA_DIR: folder,
    DEMO: 'off',
    SIMULATOR: at.simulator,
    ADMIN_KEY: key,
    LOG_LEVEL: process.env.VERBOSE ? 'warn' : 'silent',
  }
  return start(['src/node.ts'], env, /^ready/m)
}

async function killNowAndThen(): Promise<void> {
  while (killed < kills) {
    await pause(100 + Math.floor(random() * 2_400))
    if (!isPublished && killed >= kills / 2) continue
    await service.kill('SIGKILL')
    killed += 1
    service = await boot()
  }
}

type Sent = {
  readonly seller: Seller
  readonly names: string[]
  readonly units: Map<string, number>
}

/** Offers first, then usage for as long as there are kills to come. */
async function drive(): Promise<Sent> {
  const seller = await setUp(api, clouds, { simulator: at.simulator, notices: at.api })
  const today = (await clouds.get('/clock')).now.slice(0, 10)
  const names = Array.from({ length: offersCount }, (_, i) => `kill ${seed}-${i}`)
  const agreements: string[] = []
  for (const [i, name] of names.entries()) {
    const offer = await api.post('/v1/offers', offerBody(seller, name, today), `offer-${i}`)
    await api.post(`/v1/offers/${offer.id}/submit`, {}, `submit-${i}`)
    const live = await eventually(`${name} to be live`, async () => {
      const { state } = await api.get(`/v1/offers/${offer.id}`)
      if (state.is === 'refused') throw new Error(JSON.stringify(state))
      return state.is === 'live' ? state : undefined
    })
    await clouds.post('/aws/buyer/accept', { offerId: live.offerRef, account: buyerAccount })
    await clouds.post('/clock', { advance: 'PT2M' })
    const state = await eventually(`${name} to be accepted`, async () => {
      const { state } = await api.get(`/v1/offers/${offer.id}`)
      return state.is === 'accepted' ? state : undefined
    })
    agreements.push(state.agreement)
  }
  isPublished = true
  console.log(`${offersCount} offers published and accepted after ${killed} kills`)
  const units = new Map<string, number>()
  for (let batch = 0; killed < kills || batch < 10; batch++) {
    const { now } = await clouds.get('/clock')
    const agreement = agreements[batch % agreements.length] ?? ''
    const events = Array.from({ length: eventsPerBatch }, (_, i) => ({
      id: `${batch}-${i}`,
      source: `kill-${seed}`,
      agreement,
      dimension: 'api_calls',
      quantity: String(1 + (i % 7)),
      at: now,
    }))
    const answer = await api.post('/v1/usage-events', { events })
    if (answer.refused.length > 0) throw new Error(JSON.stringify(answer.refused[0]))
    for (const event of events)
      units.set(agreement, (units.get(agreement) ?? 0) + Number(event.quantity))
    if (batch % 3 === 2) await clouds.post('/clock', { advance: 'PT20M' })
    await pause(300)
  }
  return { seller, names, units }
}

async function compare({ names, units }: Sent): Promise<void> {
  await clouds.post('/clock', { advance: 'PT2H' })
  const report = await eventually('all usage to be sent', async () => {
    const { data } = await api.get('/v1/reports/metering')
    return data.every((row: any) => Number(row.due) === 0) ? data : undefined
  })
  await eventually('the sales org to be in step', async () => {
    const { data } = await api.get('/v1/crm/rows?limit=200')
    const behind = data.filter((row: any) => row.state !== 'clean')
    if (process.env.VERBOSE) console.log(JSON.stringify(behind).slice(0, 600))
    return data.length > 0 && behind.length === 0 ? data : undefined
  })
  const entities = (await clouds.get('/aws/control/entities')).entities
  const faults: string[] = []
  for (const name of names) {
    const held = entities.filter((e: any) => e.type === 'Offer' && e.details.Name === name).length
    if (held !== 1) faults.push(`${held} offers named ${name}`)
  }
  const { totals } = await clouds.get('/aws/control/ledger')
  const held = totals.reduce((sum: number, t: any) => sum + t.quantity, 0)
  const truth = [...units.values()].reduce((a, b) => a + b, 0)
  if (held !== truth) faults.push(`the cloud holds ${held} units of ${truth}`)
  if (report.some((row: any) => !row.holds)) faults.push('the metering invariant does not hold')
  const ours = (await api.get('/v1/crm/rows?limit=200')).data
  let theirs = 0
  for (const object of [
    'Marketplace_Offer__c',
    'Marketplace_Agreement__c',
    'Marketplace_Commitment__c',
  ]) {
    theirs += (await clouds.get(`/salesforce/control/rows?object=${object}`)).rows.length
  }
  if (ours.length !== theirs) faults.push(`the sales org holds ${theirs} rows of ${ours.length}`)
  console.log(
    `${killed} kills: ${names.length} offers, ${truth} units sent, ${held} held, ${theirs} rows in the sales org`,
  )
  for (const fault of faults) console.log(`FAULT: ${fault}`)
  console.log(`KILL_FAULTS ${faults.length}`)
  if (faults.length > 0) process.exitCode = 1
}

function generator(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}
