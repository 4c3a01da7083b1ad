import type { ChildProcess } from 'node:child_process'
import pg from 'pg'
import { ingest } from '../src/metering/service.ts'
import type { Runtime } from '../src/runtime/open.ts'
import { bodiesOf, eventsOf, post, rowsOf, startClients } from './clients.ts'
import {
  type BenchDatabase,
  copyIn,
  createDatabase,
  forgetPeak,
  median,
  peakMib,
  perSecond,
  processorMs,
  timed,
} from './measure.ts'
import { option } from './process.ts'
import { type Service, startService } from './service.ts'
import { openService, openShop, type Shop } from './shop.ts'
import { compareStatement } from './statement.ts'
import { fill } from './stored.ts'

/**
 * Whether what is stored slows down what is new: the same work on databases that hold no usage, a million events and
 * twenty, of 10,000 agreements, in turns. Each turn begins with a checkpoint, so that none pays for another's pages.
 * `npm run bench:scale -- --stored 20000000 --rounds 3`
 */
const stored = option('stored', 20_000_000)
const few = Math.min(1_000_000, Math.ceil(stored / 20))
const rounds = option('rounds', 3)
const eventsPerRound = option('events', 100_000)
const agreementsCount = option('agreements', 10_000)
const warmUp = 20_000
const batchSize = 500
const batchesAtOnce = 8

type Stage = {
  readonly name: string
  readonly count: number
  readonly database: BenchDatabase
  readonly runtime: Runtime
  readonly shop: Shop
  readonly service: Service
  readonly client: pg.Client
}

async function run(): Promise<void> {
  const clients = startClients()
  const stages: Stage[] = []
  try {
    const none = await prepare(stages, 'none', 0)
    const small = await prepare(stages, `${few} stored`, few)
    const large = await prepare(stages, `${stored} stored`, stored)
    for (const stage of [small, large]) await send(clients, stage, warmUp)
    await compareIngest(clients, small, large)
    await compareCopy(small, large)
    await compareRollUp(none, large)
    await compareStatement(large)
    for (const stage of [small, large]) await prove(stage)
    memory(small, large)
  } finally {
    clients.kill()
    for (const { service, client, runtime, database } of stages) {
      await service.stop()
      await client.end()
      await runtime.close()
      await database.drop()
    }
  }
}

async function prepare(stages: Stage[], name: string, count: number): Promise<Stage> {
  const database = await createDatabase(`_${count}`)
  const runtime = await openService(database.url)
  const shop = await openShop(runtime, agreementsCount)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const ms = await timed(() => fill(client, shop, count))
  console.log(`${name}: filled in ${Math.round(ms / 1_000)} s`)
  const service = await startService(database.url)
  const stage = { name, count, database, runtime, shop, service, client }
  stages.push(stage)
  return stage
}

/** Sends new events over HTTP and says how many were taken in a second. */
async function send(clients: ChildProcess, { service, shop }: Stage, count: number) {
  const bodies = bodiesOf(eventsOf(shop.agreements, count))
  const { ms, accepted } = await post(clients, { port: service.port, key: shop.key, bodies })
  if (accepted !== count) throw new Error(`accepted ${accepted} of ${count}`)
  return perSecond(count, ms)
}

async function compareIngest(clients: ChildProcess, small: Stage, large: Stage): Promise<void> {
  for (const { service } of [small, large]) forgetPeak(service.pid)
  const work: Record<string, number[]> = {}
  const rate = async (stage: Stage) => {
    await stage.client.query('checkpoint')
    const before = await processorTime(stage)
    const perSecond = await send(clients, stage, eventsPerRound)
    const after = await processorTime(stage)
    work[stage.name] = [...(work[stage.name] ?? []), after - before]
    return perSecond
  }
  const { a, b } = await inTurns('ingest, events/s', small, large, rate)
  const each = ({ name }: Stage) => ((median(work[name] ?? []) * 1_000) / eventsPerRound).toFixed(1)
  console.log(
    `processor time of service and database, µs an event: ${small.name} ${each(small)}, ${large.name} ${each(large)}`,
  )
  console.log(`INGEST_FLAT ${(median(b) / median(a)).toFixed(2)}`)
}

/** What the service and its connections have worked so far, in milliseconds; of the database's only where it is near. */
async function processorTime({ client, service }: Stage): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
  return [service.pid, ...rows.map(({ pid }) => pid)].map(processorMs).reduce((a, b) => a + b, 0)
}

/** What the bare database loses on the same way; taken back each time. */
async function compareCopy(small: Stage, large: Stage): Promise<void> {
  const rate = async ({ client, shop }: Stage) => {
    const { columns, data } = rowsOf(eventsOf(shop.agreements, eventsPerRound))
    await client.query('checkpoint')
    await client.query('begin')
    const ms = await timed(() => copyIn(client, `copy usage_events (${columns}) from stdin`, data))
    await client.query('rollback')
    return perSecond(eventsPerRound, ms)
  }
  const { a, b } = await inTurns('COPY, rows/s', small, large, rate)
  console.log(`COPY_FLAT ${(median(b) / median(a)).toFixed(2)}`)
}

/** Events taken and rolled up in this process, without HTTP. */
async function compareRollUp(none: Stage, large: Stage): Promise<void> {
  const took = async ({ count, client, runtime, shop }: Stage) => {
    if (count === 0) await client.query('truncate usage_events, usage_records cascade')
    const events = eventsOf(shop.agreements, eventsPerRound)
    await client.query('checkpoint')
    return Math.round(await timed(() => takeAll(runtime, events)))
  }
  const { a, b } = await inTurns(`roll-up of ${eventsPerRound}, ms`, none, large, took)
  console.log(`ROLLUP_GROWTH ${(median(b) / median(a)).toFixed(2)}`)
}

async function takeAll({ deps }: Runtime, events: readonly unknown[]): Promise<void> {
  let from = 0
  const worker = async () => {
    while (from < events.length) {
      const batch = events.slice(from, from + batchSize)
      from += batchSize
      const { accepted } = await ingest(deps, batch)
      if (accepted !== batch.length) throw new Error(`took ${accepted} of ${batch.length}`)
    }
  }
  await Promise.all(Array.from({ length: batchesAtOnce }, worker))
}

/** The same on both, in turns, so that what else the machine does meets both. */
async function inTurns(
  what: string,
  one: Stage,
  other: Stage,
  act: (stage: Stage) => Promise<number>,
): Promise<{ a: number[]; b: number[] }> {
  const [a, b]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    a.push(await act(one))
    b.push(await act(other))
  }
  console.log(`${what}: ${one.name} ${a.join(', ')}; ${other.name} ${b.join(', ')}`)
  return { a, b }
}

/** Every event is in exactly one record, what was stored and what was sent. */
async function prove({ client, name }: Stage): Promise<void> {
  const { rows } = await client.query(
    'select (select sum(quantity) from usage_events) = (select sum(quantity) from usage_records) as holds',
  )
  if (!rows[0].holds) throw new Error(`${name}: events and records differ`)
}

function memory(small: Stage, large: Stage): void {
  const [a, b] = [peakMib(small.service.pid), peakMib(large.service.pid)]
  console.log(`peak memory of the service: ${small.name} ${a} MiB, ${large.name} ${b} MiB`)
  if (a > 0) console.log(`SERVICE_MEMORY_FLAT ${(b / a).toFixed(2)}`)
}

await run()
