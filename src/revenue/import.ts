import * as connections from '../connections/service.ts'
import { type Deps, enqueue, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { asProblem, codes, type Problem } from '../kernel/problem.ts'
import { storableText } from '../kernel/text.ts'
import { dayOf } from '../kernel/time.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import * as lines from './lines.ts'
import {
  type BrokenRow,
  ended,
  type ImportFile,
  type ImportState,
  isFinal,
  type ReportedRow,
  type RevenueImport,
  rowFault,
  type StartImport,
} from './model.ts'
import type { ReportFile, RevenuePort } from './port.ts'
import { prepared } from './prepare.ts'
import * as store from './store.ts'

export const importJob = 'revenue.import'

/** One job run reads this many files or rows, then gives way; the next goes on where it stopped. */
const filesPerTurn = 20
const rowsPerTurn = 100_000
/** A file that is broken throughout is counted to its end, but not kept row by row. */
const faultsPerFileMax = 10_000
const rawMax = 2_000

/** Asks for a marketplace's reports to be read. Throws `unsupported` when the provider has none. */
export async function start(deps: Deps, command: StartImport): Promise<RevenueImport> {
  await connections.port(deps, command.connection, 'revenue')
  const asked: RevenueImport = {
    id: newId('imp'),
    connection: command.connection,
    again: command.again,
    held: null,
    state: { is: 'waiting' },
    revision: 1,
    createdAt: deps.now(),
    finishedAt: null,
  }
  await transact(deps, async (tx) => {
    await store.insert(tx.db, asked)
    await enqueue(tx, importJob, asked.id)
    await record(tx, 'revenue_import.started', asked.id, { connection: asked.connection })
  })
  return asked
}

/**
 * Starts an import when some report has content that was never read; where reports are made on demand, one a day,
 * since every one of them is new.
 */
export async function startIfNew(deps: Deps, connection: Id<'conn'>): Promise<void> {
  const port = await connections.port(deps, connection, 'revenue')
  const isDue = port.prepare
    ? await isNewDay(deps, connection)
    : await hasNewFiles(deps, connection, port)
  if (isDue) await start(deps, { connection, again: false })
}

async function hasNewFiles(deps: Deps, connection: Id<'conn'>, port: RevenuePort) {
  const found = await port.files(null)
  const known = await store.knownFiles(deps.db, connection, found)
  return found.some((file) => !known.has(store.fileKey(file)))
}

async function isNewDay({ db, now }: Deps, connection: Id<'conn'>): Promise<boolean> {
  const [newest] = await store.list(db, { connection, limit: 1 })
  return !newest || (isFinal(newest.state) && dayOf(newest.createdAt) < dayOf(now()))
}

/** One turn of an import: has reports made, lists the files, or reads some; a crash loses at most a chunk of work. */
export async function run(deps: Deps, id: string): Promise<Outcome> {
  const current = await store.get(deps.db, id)
  const { state } = current
  if (isFinal(state)) return 'done'
  try {
    const port = await connections.port(deps, current.connection, 'revenue')
    if (state.is !== 'reading') {
      const next = await prepared(deps, current, port)
      if ('again' in next) return next
      await open(deps, { ...current, held: next.held }, await port.files(next.held))
      return { again: deps.now() }
    }
    if (await readSome(deps, current, port)) return { again: deps.now() }
    await finish(deps, current, ended(await filesOf(deps, current)))
    return 'done'
  } catch (error) {
    const problem = asProblem(error)
    if (codes[problem.code].retry || problem.code === 'internal') throw problem
    await finish(deps, current, { is: 'failed', problem: shown(problem) })
    return 'done'
  }
}

async function open(deps: Deps, current: RevenueImport, found: readonly ReportFile[]) {
  const known = current.again
    ? new Set<string>()
    : await store.knownFiles(deps.db, current.connection, found)
  const files = found.map((file, i) => ({
    ...file,
    position: i + 1,
    state: known.has(store.fileKey(file)) ? ('same' as const) : ('waiting' as const),
  }))
  await transact(deps, async (tx) => {
    await store.insertFiles(tx.db, current, files, tx.now())
    await store.advance(tx.db, current, { is: 'reading' }, null)
  })
}

/** Reads the next files; false when none was left. */
async function readSome(deps: Deps, current: RevenueImport, port: RevenuePort): Promise<boolean> {
  const waiting = (await filesOf(deps, current)).filter(
    (file) => file.state === 'waiting' || file.state === 'reading',
  )
  let rows = 0
  for (const file of waiting.slice(0, filesPerTurn)) {
    rows += await readOne(deps, current, port, file)
    if (rows >= rowsPerTurn) break
  }
  return waiting.length > 0
}

/** One file, to its end or to the turn's. What the marketplace refuses to hand out fails that file alone. */
async function readOne(
  deps: Deps,
  current: RevenueImport,
  port: RevenuePort,
  listed: ImportFile,
): Promise<number> {
  const at = () => deps.now()
  try {
    const file = listed.lastRow > 0 ? await unchanged(deps, current, port, listed) : listed
    const { rows, isWhole } = await readRows(deps, current, port, file)
    if (isWhole)
      await store.closeFile(deps.db, current.id, file.position, {
        state: 'read',
        problem: null,
        at: at(),
      })
    return rows
  } catch (error) {
    const problem = asProblem(error)
    if (codes[problem.code].retry || whole.has(problem.code)) throw problem
    deps.log.warn(
      { import: current.id, file: listed.name, cause: causeOf(problem) },
      'report file failed',
    )
    const end = { state: 'failed' as const, problem: shown(problem), at: at() }
    await store.closeFile(deps.db, current.id, listed.position, end)
    return 0
  }
}

/** Faults of the account, not of a file. */
const whole = new Set(['unauthenticated', 'forbidden', 'unsupported'])

/** A file to be resumed, from its start when its content has changed since. */
async function unchanged(
  deps: Deps,
  current: RevenueImport,
  port: RevenuePort,
  file: ImportFile,
): Promise<ImportFile> {
  const now = (await port.files(current.held)).find((f) => f.name === file.name)
  if (!now || now.fingerprint === file.fingerprint) return file
  await store.restartFile(deps.db, current.id, file.position, { ...now, at: deps.now() })
  return { ...file, ...now, lastRow: 0, rowsRead: 0, rowsNew: 0, rowsBroken: 0 }
}

async function readRows(
  deps: Deps,
  current: RevenueImport,
  port: RevenuePort,
  file: ImportFile,
): Promise<{ readonly rows: number; readonly isWhole: boolean }> {
  const { name, fingerprint, sizeBytes } = file
  let at = file
  let rows = 0
  for await (const chunk of port.read({ name, fingerprint, sizeBytes }, current.held)) {
    const fresh = chunk.rows.filter((row) => row.row > at.lastRow)
    const broken = chunk.broken.filter((row) => row.row > at.lastRow)
    if (fresh.length + broken.length === 0) continue
    at = await keep(deps, current, at, { rows: fresh, broken })
    rows += fresh.length + broken.length
    if (rows >= rowsPerTurn) return { rows, isWhole: false }
  }
  return { rows, isWhole: true }
}

type Chunk = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

async function keep(
  deps: Deps,
  current: RevenueImport,
  file: ImportFile,
  chunk: Chunk,
): Promise<ImportFile> {
  const good: ReportedRow[] = []
  const broken = [...chunk.broken]
  for (const row of chunk.rows) {
    const fault = rowFault(row)
    if (fault) broken.push({ row: row.row, ...fault, raw: Object.values(row.native).join(',') })
    else good.push(row)
  }
  const room = Math.max(0, faultsPerFileMax - file.rowsBroken)
  const faults = broken.slice(0, room).map((b) => ({
    ...b,
    message: storableText(b.message),
    raw: storableText(b.raw).slice(0, rawMax),
  }))
  return transact(deps, async (tx) => {
    const added = await lines.add(tx.db, good, {
      connection: current.connection,
      import: current.id,
      file: file.name,
      position: file.position,
      recordedAt: tx.now(),
    })
    const next = {
      lastRow: Math.max(...[...chunk.rows, ...chunk.broken].map((row) => row.row)),
      rowsRead: file.rowsRead + good.length,
      rowsNew: file.rowsNew + added,
      rowsBroken: file.rowsBroken + broken.length,
    }
    await store.insertFaults(tx.db, current.id, file.position, faults)
    await store.progress(tx.db, current.id, file, next)
    return { ...file, ...next, state: 'reading' as const }
  })
}

async function finish(deps: Deps, current: RevenueImport, state: ImportState): Promise<void> {
  const files = await filesOf(deps, current)
  const total = (of: (file: ImportFile) => number) => files.reduce((n, file) => n + of(file), 0)
  await transact(deps, async (tx) => {
    await store.advance(tx.db, current, state, tx.now())
    await record(tx, `revenue_import.${state.is}`, current.id, {
      connection: current.connection,
      files: files.length,
      rowsNew: total((file) => file.rowsNew),
      rowsBroken: total((file) => file.rowsBroken),
    })
  })
}

const filesOf = async (deps: Deps, { id }: RevenueImport): Promise<ImportFile[]> =>
  (await store.files(deps.db, [id])).get(id) ?? []

const causeOf = ({ cause, message }: Problem): string =>
  cause instanceof Error ? (cause.stack ?? cause.message) : message
const shown = ({ code, message, details }: Problem) => ({ ...details, code, message })
