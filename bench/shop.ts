import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import * as agreements from '../src/agreements/service.ts'
import * as connections from '../src/connections/service.ts'
import type { Id } from '../src/kernel/id.ts'
import { insertKey } from '../src/keys.ts'
import * as listings from '../src/listings/service.ts'
import { silent } from '../src/platform/log.ts'
import { openRuntime, type Runtime } from '../src/runtime/open.ts'
import { createMarket, listing, remote } from '../test/metering/market.ts'

/** One seller account at a marketplace that takes everything, whose agreements are as old as one likes. */
export type Shop = {
  readonly key: string
  readonly connection: Id<'conn'>
  /** Our ids of its agreements. */
  readonly agreements: readonly string[]
}

const poolMax = 6
const soldAt = '2020-01-01T00:00:00.000Z'
const market = createMarket()

/** The service on this database, as any process of a benchmark opens it. */
export const openService = (url: string): Promise<Runtime> =>
  openRuntime({
    config: { local: false, PORT: 0, PUBLIC_URL: 'http://bench.test', ADMIN_KEY: undefined },
    target: { connectionString: url, max: poolMax },
    secretKey: 'bench:a3b1c5d7e9f10b2d4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6',
    adapters: [market.adapter],
    log: silent,
  })

/** A seller account with that many agreements: one that was read, and copies of it. */
export async function openShop({ deps }: Runtime, agreementsCount: number): Promise<Shop> {
  const key = `tp_bench_${randomUUID()}`
  await insertKey(deps, 'bench', 'admin', key)
  const account = { provider: 'bazaar', name: 'bench', settings: {}, credentials: {} }
  const { connection } = await connections.create(deps, account)
  await listings.take(deps, connection.id, [listing])
  market.agreements.push(remote('agmt-0', { acceptedAt: soldAt, startsAt: soldAt }))
  await agreements.read(deps, connection.id, 'agmt-0')
  const { rows } = await sql<{ column: string }>`
    select column_name as column from information_schema.columns
    where table_schema = 'public' and table_name = 'agreements' and is_generated = 'NEVER'
      and column_name not in ('id', 'agreement_ref', 'initial_ref', 'license_refs', 'remote')`.execute(
    deps.db,
  )
  const same = sql.join(rows.map(({ column }) => sql.ref(column)))
  const copied = await sql<{ id: string }>`
    insert into agreements (id, agreement_ref, initial_ref, license_refs, remote, ${same})
    select 'agr_' || md5(i::text), 'agmt-' || i, 'agmt-' || i, array['license-of-agmt-' || i],
      replace(remote::text, 'agmt-0"', 'agmt-' || i || '"')::jsonb, ${same}
    from agreements, generate_series(1, ${agreementsCount}) i where agreement_ref = 'agmt-0'
    returning id`.execute(deps.db)
  return { key, connection: connection.id, agreements: copied.rows.map(({ id }) => id) }
}
