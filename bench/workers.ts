import pg from 'pg'
import { minus, compare as order, plus, times } from '../src/kernel/decimal.ts'
import { freePort, option, start } from './process.ts'
import { eventually, marketplace, offerBody, persistent, setUp } from './seller.ts'

/**
 * Two worker processes on one Postgres: 200 offers to publish and 20,000 usage records due at once. Afterwards each
 * offer exists once at the simulated cloud, and it holds exactly the units that were sent, less what prices include.
 * `npm run proof:workers -- --cloud aws`
 */
const cloud = marketplace()
const postgres = process.env.DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'
const database = `tradepost_workers_${process.pid}`
const offersCount = option('offers', 200)
const recordsCount = option('records', 20_000)
const hours = 20
const dimensions = ['api_calls', 'storage_gb']
const agreementsCount = Math.ceil(recordsCount / (hours * dimensions.length))
const key = 'tp_workers_admin_0123456789abcdef'
const secret = 'bench:5b1f6c1d9e3a7c2b4d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e'

await administer(`create database ${database}`)
const url = new URL(postgres)
url.pathname = `/${database}`
const [port, cloudPort] = [await freePort(), await freePort()]
const at = { api: `http://127.0.0.1:${port}`, simulator: `http://127.0.0.1:${cloudPort}` }
// The agreements must be older than the usage, so the clouds start in the past and catch up with real time.
const past = new Date(Date.now() - (hours + 3) * 3_600_000).toISOString()
const simulator = await start(
  ['simulator/main.ts'],
  { PORT: String(cloudPort), CLOCK_START: past },
  /simulated clouds/,
)
const env = { DATABASE_URL: url.href, SECRET_KEY: secret, ADMIN_KEY: key, LOG_LEVEL: 'error' }
const work = (name: string) => start(['src/node.ts', 'worker'], { ...env, NAME: name }, /^ready/m)
const api = persistent(at.api, key)
const clouds = persistent(at.simulator)
await cloud.unlimit(clouds)

const server = await start(
  ['src/node.ts'],
  { ...env, PORT: String(port), JOB_SLOTS: '0' },
  /^ready/m,
)
let workers = [await work('one')]
const seller = await setUp(api, clouds, { cloud, simulator: at.simulator, notices: at.api })
const licenses = await sell()
await clouds.post('/clock', { advance: `PT${hours + 3}H` })
const refs = await eventually('the agreements', async () => {
  const all = await agreements()
  return all.length >= licenses.length ? all : undefined
})
console.log(`${cloud.provider}: ${refs.length} agreements known`)
for (const worker of workers) await worker.kill('SIGTERM')

const today = new Date().toISOString()
const [deal] = cloud.deals
if (!deal) throw new Error('nothing to offer')
for (let i = 0; i < offersCount; i++) {
  const offer = await api.post(
    '/v1/offers',
    offerBody(seller, deal, `worker ${i}`, today),
    `offer-${i}`,
  )
  await api.post(`/v1/offers/${offer.id}/submit`, {}, `submit-${i}`)
}
const truth = await sendUsage(refs)
console.log(`${offersCount} offers submitted, ${truth.records} records due (${truth.units} units)`)
const started = performance.now()
workers = await Promise.all([work('one'), work('two')])
await eventually(
  'all offers',
  async () => {
    const { data } = await api.get('/v1/offers?limit=1&state=publishing')
    const { data: waiting } = await api.get('/v1/offers?limit=1&state=submitting')
    return data.length + waiting.length === 0 ? true : undefined
  },
  { timeoutMs: 900_000 },
)
await eventually(
  'all usage',
  async () => {
    for (const state of ['open', 'due', 'sending']) {
      if ((await api.get(`/v1/usage-records?limit=1&state=${state}`)).data.length > 0)
        return undefined
    }
    return true
  },
  { timeoutMs: 900_000 },
)
console.log(`done in ${Math.round((performance.now() - started) / 1000)} s`)
await compare()
for (const each of [...workers, server, simulator]) await each.kill('SIGTERM')
await administer(`drop database if exists ${database} with (force)`)

/** Agreements at the public price, and where it takes more than accepting, their buyers' arrival. */
async function sell(): Promise<string[]> {
  const licenses: string[] = []
  for (let i = 0; i < agreementsCount; i++) {
    const license = await cloud.accept(clouds)
    await cloud.arrive?.(clouds, license)
    licenses.push(license)
  }
  await eventually('all agreements to have begun', async () => {
    const held = (await cloud.heldAgreements?.(clouds)) ?? []
    return held.every(({ state }) => state === 'active') ? true : undefined
  })
  return licenses
}

async function agreements(): Promise<string[]> {
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const { data, next } = await api.get(`/v1/agreements?state=active&limit=200${cursor}`)
    found.push(...data.map((row: any) => row.agreementRef))
    if (!next) return found
    cursor = `&cursor=${next}`
  }
}

/** One event for each record: agreement by dimension by hour. */
async function sendUsage(all: readonly string[]): Promise<{ records: number; units: string }> {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000
  const events = all.flatMap((agreement) =>
    dimensions.flatMap((dimension) =>
      Array.from({ length: hours }, (_, i) => ({
        id: `${agreement}-${dimension}-${i}`,
        source: 'workers',
        agreement,
        dimension,
        quantity: cloud.recordUnits,
        at: new Date(hour - (i + 1) * 3_600_000 + 60_000).toISOString(),
      })),
    ),
  )
  for (let i = 0; i < events.length; i += 500) {
    const answer = await api.post('/v1/usage-events', { events: events.slice(i, i + 500) })
    if (answer.refused.length > 0) throw new Error(JSON.stringify(answer.refused[0]))
  }
  const included = dimensions.map((dimension) => cloud.publicMeters[dimension] ?? '0')
  const free = times(included.reduce(plus, '0'), String(all.length))
  return {
    records: events.length,
    units: minus(times(cloud.recordUnits, String(events.length)), free),
  }
}

async function compare(): Promise<void> {
  const faults: string[] = []
  const all = await cloud.heldOffers(clouds)
  const names = all.map(({ name }) => name).filter((name) => /^worker \d+$/.test(name))
  if (names.length !== offersCount)
    faults.push(`the cloud holds ${names.length} offers of ${offersCount}`)
  if (new Set(names).size !== names.length) faults.push('an offer exists twice')
  const units = [...(await cloud.heldUnits(clouds)).values()].reduce(plus, '0')
  if (order(units, truth.units) !== 0)
    faults.push(`the cloud holds ${units} units of ${truth.units}`)
  const records = await cloud.heldRecords(clouds)
  if (records !== truth.records)
    faults.push(`the cloud holds ${records} records of ${truth.records}`)
  const polls = (await cloud.polls?.(clouds)) ?? []
  const hasty = polls.filter((one) => one.hasty > 0).length
  if (hasty > 0) faults.push(`${hasty} operations of ${polls.length} were asked after too often`)
  const calls = await clouds.get(`/${cloud.provider}/control/calls`)
  console.log(`offers held ${names.length}, units held ${units}, calls ${JSON.stringify(calls)}`)
  for (const fault of faults) console.log(`FAULT: ${fault}`)
  console.log(`WORKERS_FAULTS ${faults.length}`)
  if (faults.length > 0) process.exitCode = 1
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
