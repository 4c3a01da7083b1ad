import type pg from 'pg'
import { median, timed } from './measure.ts'
import type { Service } from './service.ts'
import type { Shop } from './shop.ts'

type Place = { readonly client: pg.Client; readonly service: Service; readonly shop: Shop }

const samples = 9
const pagesMax = 1_000

/**
 * A statement of one agreement and month over HTTP, all of its pages, against the bare query of the rows that it sums
 * up. Other agreements each time, so that none finds its pages in memory but by the other's reading: they take turns
 * in who reads first.
 */
export async function compareStatement({ client, service, shop }: Place): Promise<void> {
  const months = await client.query<{ month: string }>(
    `select to_char(min(hour) at time zone 'UTC' + (max(hour) - min(hour)) / 2, 'YYYY-MM') as month from usage_records`,
  )
  const month = months.rows[0]?.month ?? ''
  const first = await fetch(pathOf(service, shop.agreements[0] ?? '', month), headersOf(shop))
  if (first.status === 404) return console.log('statement: not served here yet')
  const bare: number[] = []
  const ours: number[] = []
  let rows = 0
  for (let n = 0; n < samples; n++) {
    const agreement = shop.agreements[((n + 1) * 997) % shop.agreements.length] ?? ''
    const query = async () =>
      void bare.push(
        await timed(async () => {
          rows += await rowsOf(client, agreement, month)
        }),
      )
    const statement = async () =>
      void ours.push(await timed(() => read({ service, shop }, agreement, month)))
    for (const act of n % 2 === 0 ? [query, statement] : [statement, query]) await act()
  }
  console.log(
    `statement of ${month}: bare query ${median(bare).toFixed(1)} ms of ${Math.round(rows / samples)} rows, statement ${median(ours).toFixed(1)} ms`,
  )
  console.log(`STATEMENT_VS_QUERY ${(median(ours) / median(bare)).toFixed(2)}`)
}

const pathOf = ({ port }: Service, agreement: string, month: string) =>
  `http://127.0.0.1:${port}/v1/agreements/${agreement}/statement?month=${month}`
const headersOf = ({ key }: Shop) => ({ headers: { authorization: `Bearer ${key}` } })

async function rowsOf(client: pg.Client, agreement: string, month: string): Promise<number> {
  const between = `hour >= $2::date::timestamp at time zone 'UTC'
    and hour < ($2::date + interval '1 month') at time zone 'UTC'`
  const events = await client.query(
    `select source, id, dimension, quantity, at from usage_events where agreement = $1 and ${between}`,
    [agreement, `${month}-01`],
  )
  const records = await client.query(
    `select id, dimension, hour, quantity, sent, state from usage_records where agreement = $1 and ${between}`,
    [agreement, `${month}-01`],
  )
  return events.rows.length + records.rows.length
}

async function read(
  { service, shop }: Pick<Place, 'service' | 'shop'>,
  agreement: string,
  month: string,
): Promise<void> {
  let cursor = ''
  for (let page = 0; page < pagesMax; page++) {
    const answer = await fetch(`${pathOf(service, agreement, month)}${cursor}`, headersOf(shop))
    if (!answer.ok) throw new Error(`statement: ${answer.status} ${await answer.text()}`)
    const { next } = (await answer.json()) as { next?: string | null }
    if (!next) return
    cursor = `&cursor=${next}`
  }
  throw new Error('a statement without end')
}
