import pg from 'pg'

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

export const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1000)

/** Milliseconds that `act` took. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await act()
  return performance.now() - started
}

/** An empty database of this run's own on the Postgres of `DATABASE_URL`; `drop` removes it. */
export async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const admin = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const name = `tradepost_bench_${process.pid}`
  const administer = async (statement: string) => {
    const client = new pg.Client({ connectionString: admin })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  await administer(`create database ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) }
}

/** COPY FROM STDIN on one connection, in Postgres's text format. */
export function copyIn(client: pg.Client, statement: string, data: Buffer): Promise<void> {
  const chunkBytes = 1 << 16
  return new Promise((resolve, reject) => {
    let failed: Error | undefined
    const query = {
      submit: (connection: any) => connection.query(statement),
      handleCopyInResponse(connection: any) {
        for (let from = 0; from < data.length; from += chunkBytes)
          connection.sendCopyFromChunk(data.subarray(from, from + chunkBytes))
        connection.endCopyFrom()
      },
      handleCommandComplete() {},
      handleError(error: Error) {
        failed = error
        reject(error)
      },
      handleReadyForQuery: () => failed ?? resolve(),
    }
    client.query(query as any)
  })
}
