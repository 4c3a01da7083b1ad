import { DatabaseSync } from 'node:sqlite'
import type { Context, Hono } from 'hono'

/** The one clock of a simulated world. It flows with real time unless it is frozen, and only moves forward. */
export type Clock = {
  /** Milliseconds since the epoch, simulated. */
  now(): number
  /** Moves forward by this many milliseconds. */
  advance(ms: number): void
}

/** A clock that follows `real` plus an offset, or stands still at `startAt` when `frozen`. */
export function createClock(options: {
  readonly real: () => number
  readonly startAt?: number
  readonly frozen?: boolean
}): Clock {
  const origin = options.real()
  let base = options.startAt ?? origin
  return {
    now: () => (options.frozen ? base : base + options.real() - origin),
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError('a clock only moves forward')
      base += ms
    },
  }
}

/** Documents by key, in memory, written through to the world's file when it has one. */
export type Table<T> = {
  get(key: string): T | undefined
  has(key: string): boolean
  /** Stores (or replaces) and returns the document. Mutating a document has no effect on disk until it is put. */
  put(key: string, value: T): T
  delete(key: string): void
  /** In insertion order. */
  values(): T[]
  entries(): [string, T][]
  readonly size: number
}

/** What every simulated cloud is handed. Nothing here knows any cloud. */
export type World = {
  readonly clock: Clock
  /** The table of that name; the same name is always the same table. Prefix names with the cloud's: `aws.offers`. */
  table<T>(name: string): Table<T>
  /** A repeatable number in [0, 1), from the world's seed. */
  random(): number
  /** Address under which this world is reached, without a trailing slash: `http://127.0.0.1:8788`. */
  readonly origin: () => string
}

/** How a cloud's own refusals look, so that a fault plan can strike it in its own words. */
export type FaultShape = {
  /** The operation asked for, or null for requests no fault may strike (control and buyer endpoints). */
  operation(c: Context): Promise<string | null> | string | null
  /** The cloud's "slow down". */
  throttle(c: Context): Promise<Response> | Response
  /** The cloud's "something broke here", a 5xx. */
  error(c: Context): Promise<Response> | Response
}

/** One simulated provider. Its routes are mounted under `/<name>`. */
export type Cloud = {
  readonly name: string
  readonly routes: Hono<any>
  /** Paths this provider needs at the bare origin, because its own clients cannot keep a prefix. */
  readonly origin?: Hono<any>
  readonly faults?: FaultShape
  /** Does everything that has fallen due by the clock. Deliveries out (webhooks) are awaited. */
  tick(): Promise<void>
  /** When the next thing falls due, in simulated milliseconds, or null. */
  nextDue(): number | null
}

/** Opens a world; with `file` its tables survive a restart (each change is on disk before it is answered). */
export function createWorld(options: {
  readonly clock: Clock
  readonly origin: () => string
  readonly seed?: number
  readonly file?: string
}): World & { close(): void } {
  const disk = options.file ? openDisk(options.file) : undefined
  const tables = new Map<string, Table<any>>()
  const random = generator(options.seed ?? 1)
  return {
    clock: options.clock,
    origin: options.origin,
    random,
    table(name) {
      const known = tables.get(name) ?? createTable(name, disk)
      tables.set(name, known)
      return known
    },
    close: () => disk?.close(),
  }
}

function openDisk(file: string): DatabaseSync {
  const disk = new DatabaseSync(file)
  disk.exec('pragma journal_mode = wal; pragma synchronous = normal')
  disk.exec(
    'create table if not exists documents (name text, key text, value text, place integer primary key autoincrement, unique (name, key))',
  )
  return disk
}

function createTable<T>(name: string, disk?: DatabaseSync): Table<T> {
  const rows = new Map<string, T>()
  const upsert = disk?.prepare(
    'insert into documents (name, key, value) values (?, ?, ?) on conflict (name, key) do update set value = excluded.value',
  )
  const remove = disk?.prepare('delete from documents where name = ? and key = ?')
  const load = disk?.prepare('select key, value from documents where name = ? order by place')
  for (const row of load?.all(name) ?? []) rows.set(String(row.key), JSON.parse(String(row.value)))
  return {
    get: (key) => rows.get(key),
    has: (key) => rows.has(key),
    put(key, value) {
      rows.set(key, value)
      upsert?.run(name, key, JSON.stringify(value))
      return value
    },
    delete(key) {
      rows.delete(key)
      remove?.run(name, key)
    },
    values: () => [...rows.values()],
    entries: () => [...rows.entries()],
    get size() {
      return rows.size
    },
  }
}

/** Mulberry32: small, seeded, good enough to choose faults with. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
