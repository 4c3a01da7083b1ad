import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low = 0, high = low] = sorted.slice(Math.ceil(sorted.length / 2) - 1)
  return sorted.length % 2 === 0 ? (low + high) / 2 : low
}

export const perSecond = (count: number, ms: number): number => Math.round((count / ms) * 1000)

/** Milliseconds that `act` took. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await act()
  return performance.now() - started
}

/** The most memory that a process held since `forgetPeak`, in MiB; from its own figures where there is no /proc. */
export function peakMib(pid: number): number {
  const file = `/proc/${pid}/status`
  const [, kib = '0'] = existsSync(file)
    ? (/VmHWM:\s+(\d+)/.exec(readFileSync(file, 'utf8')) ?? [])
    : []
  return Math.round(Number(kib) / 1024)
}

/** Starts the count of `peakMib` again (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  const file = `/proc/${pid}/clear_refs`
  if (existsSync(file)) writeFileSync(file, '5')
}

const ticksPerSecond = 100

/** Processor time of a process so far, in milliseconds (proc(5), stat: fields 14 and 15); 0 where there is no /proc. */
export function processorMs(pid: number): number {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return 0
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond
}

/** A database of this run's own. `drop` removes it, and so does an interruption. */
export type BenchDatabase = { readonly url: string; drop(): Promise<void> }

/** An empty database on the Postgres of `DATABASE_URL`. */
export async function createDatabase(part = ''): Promise<BenchDatabase> {
  const admin = process.env.DATABASE_URL || 'postgres://postgres@127.0.0.1:5432/postgres'
  const name = `tradepost_bench_${process.pid}${part}`
  const administer = async (statement: string) => {
    const client = new pg.Client({ connectionString: admin })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  const drop = () => administer(`drop database if exists ${name} with (force)`)
  const interrupted = () => void drop().finally(() => process.exit(130))
  await administer(`create database ${name}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  const url = new URL(admin)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted)
      await drop()
    },
  }
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
