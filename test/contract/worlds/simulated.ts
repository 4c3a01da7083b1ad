import { createHash } from 'node:crypto'
import { type Simulator, startSimulator } from '../../../simulator/index.ts'
import { type Instant, instant } from '../../../src/kernel/time.ts'
import type { Mishap } from '../world.ts'

export const startAt = '2027-01-10T09:30:00.000Z'
/** Port 9 is the discard service: nobody serves HTTP there. */
export const nowhere = 'http://127.0.0.1:9'

/** The clouds on a port of their own, their clock standing still; reached as anybody could, over HTTP. */
export async function simulate(
  cloud: string,
  options: { readonly startAt?: string; readonly feedsDir?: string } = {},
) {
  const simulator: Simulator = await startSimulator({
    port: 0,
    frozen: true,
    startAt: Date.parse(options.startAt ?? startAt),
    ...(options.feedsDir === undefined ? {} : { feedsDir: options.feedsDir }),
  })
  const { origin } = simulator
  const call = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await fetch(origin + path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return {
    origin,
    /** What an adapter may use of the world. */
    environment: {
      fetch: (request: Request) => fetch(request),
      nowMs: () => simulator.clock.now(),
    },
    get: (path: string) => call('GET', path),
    post: (path: string, body: unknown = {}) => call('POST', path, body),
    put: (path: string, body: unknown) => call('PUT', path, body),
    remove: (path: string) => call('DELETE', path),
    now: (): Instant => instant(simulator.clock.now()),
    advance: (duration: string): Promise<void> => call('POST', '/clock', { advance: duration }),
    strike: (mishap: Mishap, times?: number): Promise<void> =>
      call('POST', '/faults', {
        cloud,
        rate: 1,
        kinds: [mishap],
        ...(times === undefined ? {} : { times }),
      }),
    heal: (): Promise<void> => call('DELETE', '/faults'),
    /** Puts a file into a bucket: the simulated store is read-only over HTTP. */
    store(bucket: string, key: string, body: string) {
      simulator.world.table<object>('aws.objects').put(`${bucket}/${key}`, {
        bucket,
        key,
        body,
        etag: createHash('md5').update(body).digest('hex'),
        modifiedAt: simulator.clock.now(),
      })
    },
    /** Writes a document past everything that a cloud serves. */
    plant(table: string, key: string, document: object) {
      simulator.world.table<object>(table).put(key, document)
    },
    close: () => simulator.stop(),
  }
}
