import type pg from 'pg'
import type { Shop } from './shop.ts'

/** Events that all agreements of a shop make in an hour, and in how many of its hours each has usage. */
const eventsPerHour = 24_000
const everyHours = 4
const chunk = 1_000_000
const hourMs = 3_600_000
/** Of what is in random order: about as full as a tree that grew by itself. */
const randomFill = 70

/**
 * Stores that many usage events, as if the shop had sent 24,000 an hour until two hours ago, with ids at random; and
 * the accepted records that sum them up. Indexes are built afterwards, which takes a tenth of the time.
 */
export async function fill(client: pg.Client, shop: Shop, eventsCount: number): Promise<void> {
  if (eventsCount === 0) return
  await client.query(`set session_replication_role = replica`)
  await client.query(`set maintenance_work_mem = '512MB'; set work_mem = '512MB'`)
  await client.query(`create temporary table sellers as
    select (row_number() over (order by id) - 1)::int as n, id, remote ->> 'agreementRef' as ref
    from agreements where agreement_ref <> 'agmt-0'`)
  await client.query('create unique index on sellers (n)')
  await client.query('analyze sellers')
  await withoutIndexes(client, ['usage_events', 'usage_records'], async () => {
    await storeEvents(client, shop, eventsCount)
    await storeRecords(client, shop)
  })
  await client.query('drop table sellers')
  await client.query('reset all')
  await client.query('vacuum analyze usage_events')
  await client.query('vacuum analyze usage_records')
  await client.query('vacuum analyze usage_series')
  await client.query('checkpoint')
}

async function storeEvents(client: pg.Client, { agreements }: Shop, count: number) {
  const hours = Math.ceil(count / eventsPerHour)
  const start = Math.floor(Date.now() / hourMs) * hourMs - (hours + 1) * hourMs
  const turn = Math.ceil(agreements.length / everyHours)
  for (let from = 0; from < count; from += chunk) {
    await client.query(
      `insert into usage_events (source, id, agreement, dimension, quantity, at, hour, late, received_at)
      select 'bench', gen_random_uuid()::text, s.id, 'api_calls', 1 + i % 9, e.at,
        date_trunc('hour', e.at, 'UTC'), false, e.at + interval '1 second'
      from (select i, to_timestamp($1::float8) + i * interval '1 hour' / ${eventsPerHour} as at,
          floor(random() * ${turn})::int * ${everyHours} + (i / ${eventsPerHour}) % ${everyHours} as n
        from generate_series($2::int, $3::int) i) e
      join sellers s on s.n = least(e.n, ${agreements.length - 1}) order by e.at`,
      [start / 1_000, from, Math.min(from + chunk, count) - 1],
    )
  }
}

/** As they are once a marketplace took them. */
const storeRecords = (client: pg.Client, { connection }: Shop) =>
  client.query(
    `with summed as (
      select agreement, dimension, hour, sum(quantity) as quantity, count(*) as events,
        'rec_' || replace(gen_random_uuid()::text, '-', '') as id
      from usage_events group by 1, 2, 3
    ), series as (
      insert into usage_series (agreement, dimension, connection, carry)
      select distinct agreement, dimension, $1::text, 0 from summed
    )
    insert into usage_records (id, connection, agreement, dimension, hour, kind, quantity, events,
      allocated, state, state_is, due_at, deadline, sent, carried_in, carried_out, report, outcome,
      attempts, created_at, updated_at)
    select u.id, $1, u.agreement, dimension, hour, 'usage', quantity, events, false,
      jsonb_build_object('is', 'accepted', 'receipt', 'receipt-' || u.id, 'at', hour + interval '2 hours'),
      'accepted', hour + interval '75 minutes', hour + interval '25 hours', quantity, 0, 0,
      json_build_object('id', u.id, 'agreementRef', s.ref, 'licenseRef', 'license-of-' || s.ref,
        'buyerRef', '111122223333', 'customerRef', null, 'meteringRef', null, 'planRef', null,
        'dimension', dimension, 'hour', to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24'),
        'quantity', trim_scale(quantity)::text, 'allocations', array[]::text[]),
      jsonb_build_object('id', u.id, 'is', 'accepted', 'receipt', 'receipt-' || u.id),
      1, hour, hour + interval '2 hours'
    from summed u join sellers s on s.id = u.agreement order by hour`,
    [connection],
  )

/** Takes every index and key of some tables away and builds them again after `act`, also those of later migrations. */
async function withoutIndexes(
  client: pg.Client,
  tables: readonly string[],
  act: () => Promise<void>,
): Promise<void> {
  const keys = await client.query<{ owner: string; name: string; is: string; body: string }>(
    `select conrelid::regclass::text as owner, conname as name, contype as is,
      pg_get_constraintdef(oid) as body from pg_constraint
    where contype in ('p', 'u', 'f') and (conrelid = any($1::regclass[]) or confrelid = any($1::regclass[]))
    order by contype`,
    [tables],
  )
  const foreign = keys.rows.filter(({ is }) => is === 'f')
  const own = keys.rows.filter(({ is }) => is !== 'f')
  for (const { owner, name } of [...foreign, ...own])
    await client.query(`alter table ${owner} drop constraint ${name}`)
  const { rows: indexes } = await client.query<{ name: string; body: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as body from pg_index
    where indrelid = any($1::regclass[])`,
    [tables],
  )
  for (const { name } of indexes) await client.query(`drop index ${name}`)
  await act()
  for (const { owner, name, is, body } of own) {
    const room = is === 'p' ? `with (fillfactor = ${randomFill})` : ''
    await client.query(`alter table ${owner} add constraint ${name} ${body} ${room}`)
  }
  for (const { body } of indexes) await client.query(body)
  for (const { owner, name, body } of foreign)
    await client.query(`alter table ${owner} add constraint ${name} ${body} not valid`)
}
