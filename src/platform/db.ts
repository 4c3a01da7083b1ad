import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { asProblem, Problem } from '../kernel/problem.ts'
import type { Tables } from './schema.ts'

/** A handle that may already be inside a transaction. Inside one, pass that one on: the embedded database has a single connection. */
export type Db = Kysely<Tables>

/** int8 → bigint, numeric and date → text, timestamptz → UTC text with milliseconds; also inside arrays. */
const parsers = new Map<number, (text: string) => unknown>([
  [20, BigInt],
  [1700, String],
  [1082, String],
  [1184, (text) => new Date(text).toISOString()],
  [1231, (text) => list(text)],
  [1016, (text) => list(text).map(BigInt)],
  [1182, (text) => list(text)],
])

/** A one-dimensional Postgres array of plain words. */
const list = (text: string): string[] => {
  const inside = text.slice(1, -1)
  return inside === '' ? [] : inside.split(',')
}

export type DbOptions = {
  readonly connectionString?: string
  readonly host?: string
  readonly port?: number
  /** Connections in the pool; 1 for the embedded database. */
  readonly max: number
}

const connectTimeoutMs = 30_000
const idleTimeoutMs = 30_000
const statementTimeoutMs = 60_000

/** A database that is open: the typed handle, and the pool under it for what brings its own SQL. */
export type Database = { readonly db: Db; readonly pool: pg.Pool }

/** Opens a pool. `db.destroy()` closes it. */
export function openDb({ max, ...target }: DbOptions): Database {
  const types: pg.CustomTypesConfig = {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      parsers.get(oid) ??
      pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
  }
  const pool = new pg.Pool({
    ...target,
    max,
    types,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: max === 1 ? 0 : idleTimeoutMs,
    statement_timeout: max === 1 ? undefined : statementTimeoutMs,
    user: target.host ? 'postgres' : undefined,
    database: target.host ? 'postgres' : undefined,
  })
  // A lost idle connection is the pool's to replace; the next query reports a real outage.
  pool.on('error', () => {})
  // One that is lent out and waits between two queries has no other listener: its next query reports the outage.
  pool.on('connect', (client) => void client.on('error', () => {}))
  return { pool, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }) }
}

/** Runs `act` in a transaction: the one we are in, or a new one. */
export const transact = <T>(db: Db, act: (trx: Db) => Promise<T>): Promise<T> =>
  db.isTransaction ? act(db) : db.transaction().execute((trx: Transaction<Tables>) => act(trx))

/** A JSON parameter: text for Postgres, so that no driver guesses. */
export const json = <T>(value: unknown) => sql<T>`${JSON.stringify(value)}::jsonb`

/** Postgres's own code of an error (`23505` is a broken unique key), if it came from there. */
export const sqlState = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined

/** Node's words for a connection that broke or never came to be. */
const brokenConnection = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])
/** The driver's own words, which have no code. */
const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/

/**
 * Whether an error only says that the database cannot be reached just now: it restarts (57P01 to 57P03), or the
 * connection broke (class 08). What was asked may be asked again.
 */
export function isOutage(error: unknown): boolean {
  const code = sqlState(error)
  if (code !== undefined) return /^(57P0[123]|08...)$/.test(code) || brokenConnection.has(code)
  return error instanceof Error && lostConnection.test(error.message)
}

/** The problem that an error is: a database that restarts is an outage like any other, which passes. */
export const troubleOf = (error: unknown): Problem =>
  isOutage(error)
    ? new Problem('unavailable', 'the database could not be reached', {}, { cause: error })
    : asProblem(error)
