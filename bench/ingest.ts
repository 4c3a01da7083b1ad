import type { ChildProcess } from 'node:child_process'
import pg from 'pg'
import { bodiesOf, eventsOf, post, rowsOf, startClients } from './clients.ts'
import { copyIn, createDatabase, median, perSecond, timed } from './measure.ts'
import { option } from './process.ts'
import { startService } from './service.ts'
import { openService, openShop } from './shop.ts'

/**
 * Usage events through the real HTTP server of one process, each stored, deduplicated and rolled up before it is
 * answered, against COPY of the same rows on one connection. Clients live in a process of their own.
 */
const rounds = option('rounds', 3)
const eventsPerRound = option('events', 100_000)
const agreementsMax = option('agreements', 100)
const warmUp = 20_000

type Stage = {
  readonly copier: pg.Client
  readonly clients: ChildProcess
  readonly place: { readonly port: number; readonly key: string }
  readonly ids: readonly string[]
}

async function run(): Promise<void> {
  const database = await createDatabase()
  try {
    const runtime = await openService(database.url)
    const { key, agreements: ids } = await openShop(runtime, agreementsMax)
    await runtime.close()
    const service = await startService(database.url)
    const copier = new pg.Client({ connectionString: database.url })
    const clients = startClients()
    try {
      await copier.connect()
      await copier.query('create table copied (like usage_events including all)')
      const place = { port: service.port, key }
      await post(clients, { ...place, bodies: bodiesOf(eventsOf(ids, warmUp)) })
      await compare({ copier, clients, place, ids })
    } finally {
      clients.kill()
      await copier.end()
      await service.stop()
    }
  } finally {
    await database.drop()
  }
}

async function compare({ copier, clients, place, ids }: Stage): Promise<void> {
  const copied: number[] = []
  const ingested: number[] = []
  const all: string[] = []
  for (let round = 0; round < rounds; round++) {
    const events = eventsOf(ids, eventsPerRound)
    const bodies = bodiesOf(events)
    const { columns, data } = rowsOf(events)
    const copyMs = await timed(() => copyIn(copier, `copy copied (${columns}) from stdin`, data))
    copied.push(perSecond(events.length, copyMs))
    const { ms, accepted } = await post(clients, { ...place, bodies })
    if (accepted !== events.length) throw new Error(`accepted ${accepted} of ${events.length}`)
    ingested.push(perSecond(events.length, ms))
    all.push(...bodies)
    console.log(
      `round ${round + 1}: COPY ${copied.at(-1)} rows/s, ingest ${ingested.at(-1)} events/s`,
    )
  }
  const replay = await post(clients, { ...place, bodies: all })
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

await run()
