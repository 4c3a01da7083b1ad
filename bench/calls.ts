import { sql } from 'kysely'
import pg from 'pg'
import { adapters } from '../adapters/index.ts'
import type { Client } from '../simulator/demo/client.ts'
import { client } from '../simulator/demo/client.ts'
import { startSimulator } from '../simulator/index.ts'
import { createClock } from '../simulator/world.ts'
import { createApp, handlers } from '../src/app.ts'
import { insertKey } from '../src/keys.ts'
import { silent } from '../src/platform/log.ts'
import { openRuntime } from '../src/runtime/open.ts'
import { marketplace, offerBody, setUp } from './seller.ts'

/**
 * Provider calls against the fewest possible, at the marketplace of `--cloud` (aws): an hour in which nothing happens,
 * offers being published, 10,000 usage records of 100 agreements, and 5,000 changed rows in the sales org.
 */
const postgres = process.env.DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'
const database = `tradepost_calls_${process.pid}`
const agreementsCount = 100
const rounds = 5
const hoursPerRound = 10
const dimensions = ['api_calls', 'storage_gb']
const rowsCount = 5_000
const hourMs = 3_600_000
const pollMs = 300_000
const pollsPerHour = 12
const offersCount = 10
const cloud = marketplace()
const key = 'tp_calls_admin_key_0123456789abcdef'

await administer(`create database ${database}`)
const url = new URL(postgres)
url.pathname = `/${database}`
const clock = createClock({
  real: Date.now,
  startAt: Date.parse('2027-01-04T00:00:00Z'),
  frozen: true,
})
const simulator = await startSimulator({ port: 0, clock })
const runtime = await openRuntime({
  config: { local: false, PORT: 0, PUBLIC_URL: 'http://tradepost.test', ADMIN_KEY: undefined },
  target: { connectionString: url.href, max: 8 },
  secretKey: 'bench:5b1f6c1d9e3a7c2b4d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e',
  adapters,
  log: silent,
  clock: () => clock.now,
})
await insertKey(runtime.deps, 'bench', 'admin', key)
const app = createApp({ open: () => runtime.deps })
const clouds = client(simulator.origin)
const api = inProcess()
await cloud.unlimit(clouds)

let isSettingUp = true
const meanwhile = keepWorking()
const seller = await setUp(api, clouds, { simulator: simulator.origin, cloud })
isSettingUp = false
await meanwhile
console.log(cloud.provider)
await quiet('no agreement')
await buy(1)
await quiet('1 agreement')
await publish()
await buy(agreementsCount - 1)
await quiet(`${agreementsCount} agreements`)
await pass(24 * hourMs)
await usage()
await crm()
await runtime.close()
await simulator.stop()
await administer(`drop database if exists ${database} with (force)`)

/** So many more agreements at the public price, known here and begun. */
async function buy(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await cloud.accept(clouds)
  await pass(hourMs, pollMs)
  for (const { id, awaits } of (await api.get('/v1/agreements?limit=200')).data)
    if (awaits !== null) await api.post(`/v1/agreements/${id}/activate`, {})
  await pass(hourMs, pollMs)
}

/** An hour in which nothing happens: calls that look for changed agreements, a poll. */
async function quiet(what: string): Promise<void> {
  const before = await cloud.polling(clouds)
  await pass(hourMs, pollMs)
  const after = await cloud.polling(clouds)
  const lists = after.lists - before.lists
  const others = after.all - before.all - lists
  console.log(
    `QUIET_POLL_CALLS ${(lists / pollsPerHour).toFixed(2)} with ${what} (${others} calls for other things in that hour)`,
  )
}

/** How often operations on offers are asked after; the clock moves as finely as anything here could ask. */
async function publish(): Promise<void> {
  const [deal] = cloud.deals
  if (!deal) throw new Error('nothing to offer')
  for (let i = 0; i < offersCount; i++) {
    const today = new Date(clock.now()).toISOString()
    const { id } = await api.post('/v1/offers', offerBody(seller, deal, `calls ${i}`, today))
    await api.post(`/v1/offers/${id}/submit`, {})
  }
  const before = await cloud.polling(clouds)
  const isLive = async () =>
    (await api.get('/v1/offers?state=live&limit=200')).data.length === offersCount
  let seconds = 0
  for (; !(await isLive()) && seconds < 3_600; seconds += 5) await pass(5_000, 5_000)
  const calls = (await cloud.polling(clouds)).all - before.all
  console.log(`${offersCount} offers live after ${seconds} s, ${calls} calls in that time`)
  const polls = (await cloud.polls?.(clouds)) ?? []
  if (polls.length === 0) return
  const sum = (of: 'polls' | 'hasty') => polls.reduce((total, one) => total + one[of], 0)
  console.log(
    `OFFER_POLLS ${sum('polls')} of ${polls.length} operations, ${sum('hasty')} within a minute of the one before`,
  )
}

async function usage(): Promise<void> {
  const query = '/v1/agreements?state=active&limit=200'
  const refs = (await api.get(query)).data.map((a: any) => a.agreementRef)
  if (refs.length !== agreementsCount)
    throw new Error(`${refs.length} agreements of ${agreementsCount}`)
  const before = await cloud.usageCalls(clouds)
  const checkedBefore = (await cloud.checkCalls?.(clouds)) ?? 0
  let records = 0
  for (let round = 0; round < rounds; round++) {
    const hour = Math.floor(clock.now() / hourMs) * hourMs
    const events = refs.flatMap((agreement: string) =>
      dimensions.flatMap((dimension) =>
        Array.from({ length: hoursPerRound }, (_, i) => ({
          id: `${round}-${agreement}-${dimension}-${i}`,
          source: 'calls',
          agreement,
          dimension,
          quantity: cloud.recordUnits,
          at: new Date(hour - (i + 1) * hourMs).toISOString(),
        })),
      ),
    )
    for (let i = 0; i < events.length; i += 500) {
      const answer = await api.post('/v1/usage-events', { events: events.slice(i, i + 500) })
      if (answer.refused.length > 0) throw new Error(JSON.stringify(answer.refused[0]))
    }
    records += events.length
    await pass(12 * hourMs)
  }
  const held = await cloud.heldRecords(clouds)
  const calls = (await cloud.usageCalls(clouds)) - before
  const least = Math.ceil(records / cloud.recordsPerCall)
  const checks = cloud.checkCalls ? (await cloud.checkCalls(clouds)) - checkedBefore : null
  const beside = checks === null ? '' : `, ${checks} checks`
  console.log(
    `${records} records of ${refs.length} agreements: ${held} held, ${calls} calls, at least ${least}${beside}`,
  )
  console.log(`METERING_CALLS ${(calls / least).toFixed(4)}`)
}

async function crm(): Promise<void> {
  const [deal] = cloud.deals
  if (!deal) throw new Error('nothing to offer')
  const today = new Date(clock.now()).toISOString()
  const offer = await api.post('/v1/offers', offerBody(seller, deal, 'pattern', today))
  await pass(hourMs)
  const upserts = async () =>
    Object.entries((await clouds.get('/salesforce/control/calls')).calls)
      .filter(([kind]) => /collections\.upsert/.test(kind))
      .reduce((n, [, count]) => n + Number(count), 0)
  const before = await upserts()
  await copies(offer.id)
  await pass(hourMs)
  const calls = (await upserts()) - before
  const least = Math.ceil(rowsCount / 200)
  const { rows } = await clouds.get('/salesforce/control/rows?object=Marketplace_Offer__c')
  console.log(
    `${rowsCount} changed rows: ${rows.length} offers in the org, ${calls} calls, at least ${least}`,
  )
  console.log(`CRM_CALLS ${(calls / least).toFixed(4)}`)
}

/** The same draft many times over, as one statement: the point here is the calls that follow. */
async function copies(id: string): Promise<void> {
  const { db } = runtime.deps
  const { rows } = await sql<{
    column: string
  }>`select column_name as column from information_schema.columns where table_name = 'offers' and table_schema = 'public' and is_generated = 'NEVER'`.execute(
    db,
  )
  const others = rows
    .map((row) => row.column)
    .filter((column) => column !== 'id' && column !== 'updated_at')
  const list = sql.join(others.map((column) => sql.ref(column)))
  await sql`insert into offers (id, updated_at, ${list}) select 'offer_' || md5(i::text), ${runtime.deps.now()}::timestamptz, ${list} from offers, generate_series(1, ${rowsCount}) i where id = ${id}`.execute(
    db,
  )
}

/** Moves the time of both worlds on by steps, doing all that falls due. */
async function pass(ms: number, stepMs = hourMs): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left))
    await work()
  }
}

async function keepWorking(): Promise<void> {
  while (isSettingUp) await work()
}

async function work(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await simulator.tick()
    if ((await runtime.jobs.drain(runtime.worker, handlers, { slots: 4 })) === 0 && round > 0)
      return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function inProcess(): Client {
  const call = async (method: string, path: string, body?: unknown, step?: string) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(step && { 'idempotency-key': step }),
    }
    const response = await app.fetch(
      new Request(`http://tradepost.test${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, step) => call('POST', path, body, step),
    patch: (path, body) => call('PATCH', path, body),
  }
}

async function administer(statement: string): Promise<void> {
  const connection = new pg.Client({ connectionString: postgres })
  await connection.connect()
  await connection.query(statement).finally(() => connection.end())
}
