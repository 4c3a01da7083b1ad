import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import pg from 'pg'
import * as agreements from '../src/agreements/service.ts'
import { createApp } from '../src/app.ts'
import * as connections from '../src/connections/service.ts'
import { insertKey } from '../src/keys.ts'
import * as listings from '../src/listings/service.ts'
import { silent } from '../src/platform/log.ts'
import { openRuntime, type Runtime } from '../src/runtime/open.ts'
import { createMarket, listing, remote } from '../test/metering/market.ts'
import { copyIn, createDatabase, median, perSecond, timed } from './measure.ts'

/**
 * Usage events through the real HTTP server of one process, each stored, deduplicated and rolled up before it is
 * answered, against COPY of the same rows on one connection. Clients live in a process of their own.
 */
const rounds = 3
const eventsPerRound = 100_000
const batchSize = 500
const clients = 8
const poolMax = 6
const agreementsMax = 100
const key = `tp_bench_${randomUUID()}`

const market = createMarket()

type Batches = { readonly port: number; readonly key: string; readonly bodies: readonly string[] }

async function run(): Promise<void> {
  const database = await createDatabase()
  await measure(database.url).finally(() => database.drop())
}

async function measure(url: string): Promise<void> {
  const runtime = await open(url)
  const app = createApp({ open: () => runtime.deps })
  const server = serve({ fetch: (request) => app.fetch(request), port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const child = fork(import.meta.filename, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const copier = new pg.Client({ connectionString: url })
  try {
    await copier.connect()
    await copier.query('create table copied (like usage_events including all)')
    const ids = await prepare(runtime)
    await post(child, { port, key, bodies: bodiesOf(eventsOf(ids, 20_000)) })
    await compare(copier, child, port, ids)
  } finally {
    child.kill()
    await copier.end()
    server.close()
    await runtime.close()
  }
}

async function compare(
  copier: pg.Client,
  child: ChildProcess,
  port: number,
  ids: readonly string[],
) {
  const copied: number[] = []
  const ingested: number[] = []
  const all: string[] = []
  for (let round = 0; round < rounds; round++) {
    const events = eventsOf(ids, eventsPerRound)
    const bodies = bodiesOf(events)
    const rows = Buffer.from(events.map(rowOf).join(''))
    copied.push(
      perSecond(
        events.length,
        await timed(() => copyIn(copier, `copy copied (${columns}) from stdin`, rows)),
      ),
    )
    const { ms, accepted } = await post(child, { port, key, bodies })
    if (accepted !== events.length) throw new Error(`accepted ${accepted} of ${events.length}`)
    ingested.push(perSecond(events.length, ms))
    all.push(...bodies)
    console.log(
      `round ${round + 1}: COPY ${copied.at(-1)} rows/s, ingest ${ingested.at(-1)} events/s`,
    )
  }
  const replay = await post(child, { port, key, bodies: all })
  console.log(
    `replay of all ${rounds * eventsPerRound}: ${replay.accepted} accepted, ${replay.duplicates} duplicates, ${perSecond(rounds * eventsPerRound, replay.ms)} events/s`,
  )
  if (replay.accepted !== 0) throw new Error('a replay was counted')
  await prove(copier)
  console.log(`median: COPY ${median(copied)} rows/s, ingest ${median(ingested)} events/s`)
  console.log(`INGEST_VS_COPY ${(median(ingested) / median(copied)).toFixed(2)}`)
}

/** Every event is in exactly one record. */
async function prove(client: pg.Client) {
  const { rows } = await client.query(
    'select (select sum(quantity) from usage_events) = (select sum(quantity) from usage_records) as holds',
  )
  if (!rows[0].holds) throw new Error('events and records differ')
}

async function open(url: string): Promise<Runtime> {
  return openRuntime({
    config: { local: false, PORT: 0, PUBLIC_URL: 'http://bench.test', ADMIN_KEY: undefined } as any,
    target: { connectionString: url, max: poolMax },
    secretKey: 'bench:a3b1c5d7e9f10b2d4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6',
    adapters: [market.adapter],
    log: silent,
  })
}

/** A seller account with agreements; returns our ids of them. */
async function prepare({ deps }: Runtime): Promise<string[]> {
  await insertKey(deps, 'bench', 'meter', key)
  const { connection } = await connections.create(deps, {
    provider: 'bazaar',
    name: 'bench',
    settings: {},
    credentials: {},
  })
  await listings.take(deps, connection.id, [listing])
  const refs = Array.from({ length: agreementsMax }, (_, n) => `agmt-${n}`)
  market.agreements.push(
    ...refs.map((ref) =>
      remote(ref, { acceptedAt: '2020-01-01T00:00:00.000Z', startsAt: '2020-01-01T00:00:00.000Z' }),
    ),
  )
  for (const ref of refs) await agreements.read(deps, connection.id, ref)
  const found = await agreements.find(deps, refs)
  return refs.map((ref) => found.get(ref)?.id ?? '')
}

function eventsOf(ids: readonly string[], count: number) {
  const now = Date.now()
  return Array.from({ length: count }, (_, n) => ({
    id: randomUUID(),
    source: 'bench',
    agreement: ids[(n * 7919) % ids.length] ?? '',
    dimension: 'api_calls',
    quantity: `${1 + (n % 9)}.${String(n % 1000).padStart(3, '0')}`,
    at: new Date(now - (n % 1000)).toISOString(),
  }))
}
type Event = ReturnType<typeof eventsOf>[number]

const columns =
  'source, id, agreement, dimension, quantity, at, hour, late, allocations, received_at'
const rowOf = ({ source, id, agreement, dimension, quantity, at }: Event) =>
  `${[source, id, agreement, dimension, quantity, at, `${at.slice(0, 13)}:00Z`, 'f', '\\N', at].join('\t')}\n`

const bodiesOf = (events: readonly Event[]): string[] =>
  Array.from({ length: Math.ceil(events.length / batchSize) }, (_, n) =>
    JSON.stringify({ events: events.slice(n * batchSize, (n + 1) * batchSize) }),
  )

type Answer = { readonly ms: number; readonly accepted: number; readonly duplicates: number }

/** Has the client process send these batches and waits for the last answer. */
function post(child: ChildProcess, batches: Batches): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer: Answer | { error: string }) =>
      'error' in answer ? reject(new Error(answer.error)) : resolve(answer),
    )
    child.send(batches)
  })
}

function serveAsClient(): void {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  process.on('message', async ({ port, key, bodies }: Batches) => {
    const queue = bodies.map((body) => Buffer.from(body))
    const sums = { accepted: 0, duplicates: 0 }
    const client = async () => {
      for (let body = queue.pop(); body; body = queue.pop()) {
        const { accepted, duplicates } = JSON.parse(await send(agent, port, key, body))
        sums.accepted += accepted
        sums.duplicates += duplicates
      }
    }
    try {
      const ms = await timed(() => Promise.all(Array.from({ length: clients }, client)))
      process.send?.({ ms, ...sums })
    } catch (error) {
      process.send?.({ error: String(error) })
    }
  })
}

function send(agent: Agent, port: number, key: string, body: Buffer): Promise<string> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path: '/v1/usage-events', method: 'POST', agent, headers },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${response.statusCode}: ${text}`))
        })
      },
    )
    call.once('error', reject)
    call.end(body)
  })
}

if (process.send) serveAsClient()
else await run()
