import pg from 'pg'
import { freePort, option, start } from './process.ts'
import { buyerAccount, eventually, offerBody, persistent, setUp } from './seller.ts'

/**
 * Two worker processes on one Postgres: 200 offers to publish and 20,000 usage records due at once. Afterwards each
 * offer exists once at the simulated cloud, and it holds exactly the units that were sent.
 */
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
await clouds.post('/aws/control/settings', { quotas: { enforced: false } })

const server = await start(
  ['src/node.ts'],
  { ...env, PORT: String(port), JOB_SLOTS: '0' },
  /^ready/m,
)
let workers = [await work('one')]
const seller = await setUp(api, clouds, { simulator: at.simulator, notices: at.api })
for (let i = 0; i < agreementsCount; i++) {
  await clouds.post('/aws/buyer/accept', {
    offerId: 'offer-demopub1ic001',
    account: buyerAccount,
    quantities: { seats: 1 },
  })
}
await clouds.post('/clock', { advance: `PT${hours + 3}H` })
const refs = await eventually('the agreements', async () => {
  const all = await agreements()
  return all.length >= agreementsCount ? all : undefined
})
console.log(`${refs.length} agreements known`)
for (const worker of workers) await worker.kill('SIGTERM')

const today = new Date().toISOString()
for (let i = 0; i < offersCount; i++) {
  const offer = await api.post('/v1/offers', offerBody(seller, `worker ${i}`, today), `offer-${i}`)
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
  600_000,
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
  600_000,
)
console.log(`done in ${Math.round((performance.now() - started) / 1000)} s`)
await compare()
for (const each of [...workers, server, simulator]) await each.kill('SIGTERM')
await administer(`drop database if exists ${database} with (force)`)

async function agreements(): Promise<string[]> {
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const { data, next } = await api.get(`/v1/agreements?limit=200${cursor}`)
    found.push(...data.map((row: any) => row.agreementRef))
    if (!next) return found
    cursor = `&cursor=${next}`
  }
}

/** One event for each record: agreement by dimension by hour. */
async function sendUsage(all: readonly string[]): Promise<{ records: number; units: number }> {
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000
  const events = all.flatMap((agreement) =>
    dimensions.flatMap((dimension) =>
      Array.from({ length: hours }, (_, i) => ({
        id: `${agreement}-${dimension}-${i}`,
        source: 'workers',
        agreement,
        dimension,
        quantity: '3',
        at: new Date(hour - (i + 1) * 3_600_000 + 60_000).toISOString(),
      })),
    ),
  )
  for (let i = 0; i < events.length; i += 500) {
    const answer = await api.post('/v1/usage-events', { events: events.slice(i, i + 500) })
    if (answer.refused.length > 0) throw new Error(JSON.stringify(answer.refused[0]))
  }
  return { records: events.length, units: events.length * 3 }
}

async function compare(): Promise<void> {
  const faults: string[] = []
  const entities = (await clouds.get('/aws/control/entities')).entities
  const held = entities.filter(
    (e: any) => e.type === 'Offer' && /^worker \d+$/.test(e.details.Name ?? ''),
  )
  if (held.length !== offersCount)
    faults.push(`the cloud holds ${held.length} offers of ${offersCount}`)
  if (new Set(held.map((e: any) => e.details.Name)).size !== held.length)
    faults.push('an offer exists twice')
  const { totals, records } = await clouds.get('/aws/control/ledger')
  const units = totals.reduce((sum: number, t: any) => sum + t.quantity, 0)
  if (units !== truth.units) faults.push(`the cloud holds ${units} units of ${truth.units}`)
  if (records.length !== truth.records)
    faults.push(`the cloud holds ${records.length} records of ${truth.records}`)
  const calls = await clouds.get('/aws/control/calls')
  console.log(`offers held ${held.length}, units held ${units}, calls ${JSON.stringify(calls)}`)
  for (const fault of faults) console.log(`FAULT: ${fault}`)
  console.log(`WORKERS_FAULTS ${faults.length}`)
  if (faults.length > 0) process.exitCode = 1
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
