import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { Problem } from '../kernel/problem.ts'
import type { DbOptions } from './db.ts'

export type Embedded = {
  /** How `openDb` reaches it. One connection: the database is one session. */
  readonly target: DbOptions
  close(): Promise<void>
}

const socketPort = 5432
const openTimeoutMs = 120_000
const closeTimeoutMs = 10_000

/**
 * Postgres in a worker thread, on a folder (or in memory without one), behind a private socket.
 * Takes an exclusive lock on the folder for as long as this process lives: two processes on one
 * folder would lose each other's rows. Throws `conflict` when another process holds it.
 */
export async function openEmbedded(folder?: string): Promise<Embedded> {
  const unlock = folder ? lock(folder) : () => {}
  const socketFolder = mkdtempSync(join(tmpdir(), 'tradepost-'))
  const path = join(socketFolder, `.s.PGSQL.${socketPort}`)
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
    workerData: { folder, path },
  })
  const release = () => {
    rmSync(socketFolder, { recursive: true, force: true })
    unlock()
  }
  try {
    await message(worker, 'ready', openTimeoutMs)
  } catch (error) {
    await worker.terminate()
    release()
    throw error
  }
  return {
    target: { host: socketFolder, port: socketPort, max: 1 },
    async close() {
      worker.postMessage('close')
      await message(worker, 'closed', closeTimeoutMs).catch(() => {})
      await worker.terminate()
      release()
    },
  }
}

/** A lock that the operating system releases when the process dies, however it dies. */
function lock(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const holder = new DatabaseSync(join(folder, 'lock'))
  try {
    holder.exec(
      'pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive; create table if not exists held (x)',
    )
  } catch (cause) {
    holder.close()
    throw new Problem(
      'conflict',
      `another process is using ${folder}; stop it or set DATA_DIR`,
      {},
      { cause },
    )
  }
  return () => holder.close()
}

function message(worker: Worker, what: 'ready' | 'closed', timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new Problem('unavailable', `the embedded database is not ${what} after ${timeoutMs} ms`),
        ),
      timeoutMs,
    )
    const settle = (act: () => void) => {
      clearTimeout(timer)
      act()
    }
    worker.on('message', (m: Record<string, unknown>) => m[what] && settle(resolve))
    worker.once('error', (error) => settle(() => reject(error)))
    worker.once('exit', (code) =>
      settle(() =>
        what === 'closed'
          ? resolve()
          : reject(new Problem('unavailable', `the embedded database ended with code ${code}`)),
      ),
    )
  })
}
