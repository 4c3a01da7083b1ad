import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** The thread that is the embedded database: Postgres behind a socket, so that long queries block nobody. */
const { folder, path, port } = workerData as { folder?: string; path?: string; port?: number }

const database = await (folder ? PGlite.create(join(folder, 'postgres')) : PGlite.create())
const server = new PGLiteSocketServer({
  db: database,
  ...(path ? { path } : { host: '127.0.0.1', port: port ?? 0 }),
  maxConnections: 4,
})
await server.start()
parentPort?.postMessage({ ready: true, address: server.getServerConn() })

parentPort?.on('message', () => void close())

async function close(): Promise<void> {
  await server.stop()
  await database.close()
  parentPort?.postMessage({ closed: true })
  parentPort?.close()
}
