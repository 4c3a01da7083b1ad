import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Asked, Deal } from './cloud.ts'
import { compare } from './kill-compare.ts'
import { killOften, type Progress } from './killer.ts'
import { freePort, option, pause, type Running, start } from './process.ts'
import {
  dayAfter,
  eventually,
  marketplace,
  offerBody,
  persistent,
  type Seller,
  setUp,
} from './seller.ts'
import { createMeter } from './usage.ts'

/**
 * Kills the process (-9) again and again while it publishes offers, follows changes of agreements and meters usage,
 * at the worst moments among others, then compares what the simulated clouds hold with what was asked for: one offer
 * each, every change once, every unit once, agreements and the sales org equal to our rows.
 * `npm run proof:kill -- --cloud aws --seed 7 --kills 30`
 */
const cloud = marketplace()
const seed = option('seed', 1)
const kills = option('kills', 30)
const batchesMin = 10
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
/** Each part has its share of the kills. */
const parts = cloud.life ? 3 : 2
const progress: Progress = { part: 'publishing', mayKill: Math.floor(kills / parts) }

console.log(`${cloud.provider}, seed ${seed}: ${kills} kills, ${cloud.deals.length} offers`)
const driving = drive()
const killing = killOften(
  {
    clouds,
    cloud,
    random,
    disarm: () => fetch(`${at.simulator}/faults`, { method: 'DELETE' }),
    async kill() {
      await service.kill('SIGKILL')
      service = await boot()
    },
  },
  kills,
  progress,
  (count) => {
    killed = count
  },
)
const [sent, hits] = await Promise.all([driving, killing])
const faults = await compare({ api, clouds, cloud, sent, move })
console.log(`${killed} kills, of them ${[...hits].map(([name, n]) => `${n} ${name}`).join(', ')}`)
for (const fault of faults) console.log(`FAULT: ${fault}`)
console.log(`KILL_FAULTS ${faults.length}`)
if (faults.length > 0) process.exitCode = 1
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

function move(by = 'PT20S'): Promise<unknown> {
  return clouds.post('/clock', { advance: by })
}

function wait<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  return eventually(what, ask, { meanwhile: () => move() })
}

/** Offers first, then the life of agreements, then usage for as long as there are kills to come. */
async function drive() {
  const seller = await setUp(api, clouds, { cloud, simulator: at.simulator, notices: at.api })
  const meter = createMeter(`kill-${seed}`)
  for (const [i, deal] of cloud.deals.entries()) {
    const agreement = await publish(seller, deal, i)
    if (agreement) meter.take(agreement.id, agreement.license, deal.meters)
  }
  console.log(`offers published after ${killed} kills`)
  let asked: Asked = {}
  if (cloud.life) {
    Object.assign(progress, { part: 'life', mayKill: Math.floor((kills / parts) * 2) })
    const isOver = () => killed >= progress.mayKill
    asked = await cloud.life({ api, clouds, wait, isOver })
    console.log(`agreements changed ${JSON.stringify(asked)} after ${killed} kills`)
  }
  Object.assign(progress, { part: 'metering', mayKill: kills })
  for (let batch = 0; killed < kills || batch < batchesMin; batch++) {
    await meter.send(api, batch, (await clouds.get('/clock')).now)
    if (batch % 3 === 2) await move('PT20M')
    await pause(300)
  }
  return { meter, asked, name: nameOf }
}

function nameOf(i: number): string {
  return `kill ${seed}-${i}`
}

/** Publishes an offer and does with it what its fate has it; the agreement, if somebody buys it. */
async function publish(seller: Seller, deal: Deal, i: number) {
  const name = nameOf(i)
  const today = (await clouds.get('/clock')).now.slice(0, 10)
  const { id } = await api.post('/v1/offers', offerBody(seller, deal, name, today), `offer-${i}`)
  const becomes = (...words: string[]) =>
    wait(`${name} to be ${words.join(' or ')}`, async () => {
      const { state, acceptBy } = await api.get(`/v1/offers/${id}`)
      if (state.is === 'refused' && !words.includes('refused'))
        throw new Error(JSON.stringify(state))
      return words.includes(state.is) ? { ...state, acceptBy } : undefined
    })
  await cloud.script?.(clouds, deal.fate)
  await api.post(`/v1/offers/${id}/submit`, {}, `submit-${i}`)
  if (deal.fate === 'unmade') return void (await becomes('refused'))
  const live = await becomes('live')
  if (deal.fate === 'flaky') return
  if (deal.fate === 'withdrawn') {
    await api.post(`/v1/offers/${id}/withdraw`, {}, `withdraw-${i}`)
    return void (await becomes('withdrawn'))
  }
  if (deal.fate === 'extended') {
    const acceptBy = dayAfter(today, 40)
    await api.post(`/v1/offers/${id}/extend`, { acceptBy }, `extend-${i}`)
    await wait(`${name} to be extended`, async () =>
      (await becomes('live')).acceptBy === acceptBy ? true : undefined,
    )
  }
  await cloud.buy(clouds, live.offerRef, deal)
  const { agreement } = await wait(`${name} to be bought`, async () => {
    const state = await becomes('accepted')
    return state.agreement === null ? undefined : state
  })
  return wait(`${name} to have begun`, async () => {
    const { state, licenseRefs } = await api.get(`/v1/agreements/${agreement}`)
    const [license] = licenseRefs
    return state.is === 'active' && license ? { id: agreement as string, license } : undefined
  })
}

function generator(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}
