import pg from 'pg'
import type { Client } from '../simulator/demo/client.ts'
import type { Cloud } from './cloud.ts'
import { type BenchDatabase, createDatabase } from './measure.ts'
import { freePort, type Running, start } from './process.ts'
import { eventually, persistent } from './seller.ts'

/** Seller accounts whose agreements the simulated marketplace knows, and whose usage is due. */
export type Market = {
  readonly clouds: Client
  readonly client: pg.Client
  /** Their records that are not accepted yet. */
  waiting(): Promise<number>
  /** Makes that many records due, spread over all agreements and their last hours. */
  owe(records: number): Promise<void>
  /** Starts a process that only works, on so many jobs at a time. */
  work(name: string, slots?: number): Promise<Running>
}

type Size = { readonly accounts: number; readonly agreements: number }

const hours = 20
const hourMs = 3_600_000
const acceptsAtOnce = 4
const key = 'tp_sending_admin_0123456789abcdef'
const secret = 'bench:5b1f6c1d9e3a7c2b4d8e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e'

/** Does something at such a market, and leaves nothing of it behind. */
export async function atMarket(
  cloud: Cloud,
  size: Size,
  act: (market: Market) => Promise<void>,
): Promise<void> {
  const database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  const processes: Running[] = []
  try {
    await client.connect()
    await act(await openMarket(cloud, size, { database, client, processes }))
  } finally {
    for (const each of processes) await each.kill('SIGTERM')
    await client.end()
    await database.drop()
  }
}

type Open = {
  readonly database: BenchDatabase
  readonly client: pg.Client
  readonly processes: Running[]
}

/** The first agreement comes as in life; the others are copies of it, each with a licence of its own. */
async function openMarket(
  cloud: Cloud,
  { accounts, agreements }: Size,
  { database, client, processes }: Open,
): Promise<Market> {
  const [port, cloudPort] = [await freePort(), await freePort()]
  const simulated = `http://127.0.0.1:${cloudPort}`
  // Agreements must be older than the usage, so the clouds start in the past and catch up with real time.
  const past = new Date(Date.now() - (hours + 4) * hourMs).toISOString()
  const said = { PORT: String(cloudPort), CLOCK_START: past }
  processes.push(await start(['simulator/main.ts'], said, /simulated clouds/))
  const env = {
    DATABASE_URL: database.url,
    SECRET_KEY: secret,
    ADMIN_KEY: key,
    LOG_LEVEL: 'error',
  }
  const alone = { ...env, PORT: String(port), JOB_SLOTS: '0' }
  processes.unshift(await start(['src/node.ts'], alone, /^ready/m))
  const work = (name: string, slots = 8) =>
    start(['src/node.ts', 'worker'], { ...env, NAME: name, JOB_SLOTS: String(slots) }, /^ready/m)
  const api = persistent(`http://127.0.0.1:${port}`, key)
  const clouds = persistent(simulated)
  const connect = async (n: number): Promise<string> => {
    const account = {
      provider: cloud.provider,
      name: `seller ${n}`,
      ...cloud.connection(simulated),
    }
    return (await api.post('/v1/connections', account, `connect-${n}`)).id
  }
  const connections = [await connect(0)]
  await sellFirst({ cloud, api, clouds, work })
  for (let n = 1; n < accounts; n++) connections.push(await connect(n))
  const licenses = await sell(cloud, clouds, agreements)
  await clouds.post('/clock', { advance: `PT${hours + 3}H` })
  await copyAgreements(client, connections, licenses)
  // What else there is to keep up with would only take time from sending.
  await client.query(
    `update syncs set due_at = now() + interval '10 days' where name <> 'metering'`,
  )
  return {
    clouds,
    client,
    waiting: () => waiting(client),
    owe: (records) => owe(client, records),
    work,
  }
}

type Place = {
  readonly cloud: Cloud
  readonly api: Client
  readonly clouds: Client
  work(name: string): Promise<Running>
}

async function sellFirst({ cloud, api, clouds, work }: Place): Promise<void> {
  const license = await cloud.accept(clouds)
  await cloud.arrive?.(clouds, license)
  await clouds.post('/clock', { advance: 'PT1H' })
  const worker = await work('first')
  await eventually('the listing', async () => {
    const { data } = await api.get('/v1/listings')
    return data.some(({ listingRef }: any) => listingRef === cloud.listingRef) ? true : undefined
  })
  await eventually('the first agreement', async () => {
    const { data } = await api.get('/v1/agreements?state=active')
    return data.some(({ listing }: any) => listing !== null) ? true : undefined
  })
  await worker.kill('SIGTERM')
}

async function sell(cloud: Cloud, clouds: Client, count: number): Promise<string[]> {
  const licenses: string[] = []
  let begun = 0
  const buyer = async () => {
    while (begun++ < count) {
      const license = await cloud.accept(clouds)
      await cloud.arrive?.(clouds, license)
      licenses.push(license)
    }
  }
  await Promise.all(Array.from({ length: acceptsAtOnce }, buyer))
  return licenses
}

async function copyAgreements(
  client: pg.Client,
  connections: readonly string[],
  licenses: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns
    where table_schema = 'public' and table_name = 'agreements' and is_generated = 'NEVER' and column_name
      not in ('id', 'connection', 'agreement_ref', 'initial_ref', 'license_refs', 'remote')`,
  )
  const same = rows.map(({ name }) => name).join(', ')
  const inserted = await client.query(
    `with first as (select * from agreements where listing is not null limit 1)
    insert into agreements (id, connection, agreement_ref, initial_ref, license_refs, remote, ${same})
    select 'agr_' || md5(n::text), ($1::text[])[1 + n % $2::int], 'agmt-bench-' || n, 'agmt-bench-' || n,
      array[license], replace(replace(remote::text, license_refs[1], license),
        agreement_ref, 'agmt-bench-' || n)::jsonb, ${same}
    from first, unnest($3::text[]) with ordinality as l(license, n)`,
    [connections, connections.length, licenses],
  )
  if (inserted.rowCount !== licenses.length) throw new Error('no agreement to copy')
  await client.query('analyze agreements')
}

async function owe(client: pg.Client, records: number): Promise<void> {
  await client.query('truncate usage_records, usage_series cascade')
  // One look wakes the senders; what else there is to keep up with would only take time from them.
  await client.query(
    'insert into usage_lanes (connection) select id from connections on conflict do nothing',
  )
  await client.query(`update syncs set due_at = case when name = 'metering' and connection =
    (select min(connection) from syncs) then now() else now() + interval '10 days' end`)
  await client.query(
    `insert into usage_records (id, connection, agreement, dimension, hour, kind, quantity, events,
      allocated, state, state_is, due_at, deadline, created_at, updated_at)
    select 'rec_' || replace(gen_random_uuid()::text, '-', ''), connection, id, dimension, hour, 'usage',
      1 + n % 7, 1, false, '{"is":"open"}', 'open', now(), hour + interval '24 hours', now(), now()
    from (select *, row_number() over (order by hours, dimension, id) as n,
        date_trunc('hour', now(), 'UTC') - hours * interval '1 hour' as hour
      from (select id, connection from agreements where agreement_ref like 'agmt-bench-%') a,
        generate_series(1, ${hours}) hours, unnest(array['api_calls', 'storage_gb']) dimension) every
    where n <= $1`,
    [records],
  )
  await client.query('analyze usage_records')
  const made = await waiting(client)
  if (made !== records) throw new Error(`${made} records are due, not ${records}`)
}

async function waiting(client: pg.Client): Promise<number> {
  const { rows } = await client.query(`select count(*)::int as count from usage_records
    where state_is in ('open', 'due', 'held', 'sending')`)
  const refused = await client.query(`select state from usage_records
    where state_is in ('refused', 'lost') limit 1`)
  if (refused.rows.length > 0) throw new Error(JSON.stringify(refused.rows[0]))
  return rows[0].count
}
