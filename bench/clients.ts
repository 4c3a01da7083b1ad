import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { timed } from './measure.ts'

/** Batches of usage over HTTP from clients in a process of their own, started by `startClients`. */
const batchSize = 500
const clients = 8

export type Batches = {
  readonly port: number
  readonly key: string
  readonly bodies: readonly string[]
}
export type Answer = {
  readonly ms: number
  readonly accepted: number
  readonly duplicates: number
}

export const startClients = (): ChildProcess =>
  fork(import.meta.filename, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

/** Has the clients send these batches and waits for the last answer. */
export function post(child: ChildProcess, batches: Batches): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer: Answer | { error: string }) =>
      'error' in answer ? reject(new Error(answer.error)) : resolve(answer),
    )
    child.send(batches)
  })
}

/** Events of the last second, spread over these agreements, each with an id that never was. */
export function eventsOf(ids: readonly string[], count: number) {
  const now = Date.now()
  return Array.from({ length: count }, (_, n) => ({
    id: randomUUID(),
    source: 'bench',
    agreement: ids[(n * 7919) % ids.length] ?? '',
    dimension: 'api_calls',
    quantity: `${1 + (n % 9)}.${String(n % 1000).padStart(3, '0')}`,
    at: new Date(now - (n % 1000)).toISOString(),
  }))
}
type Event = ReturnType<typeof eventsOf>[number]

export const bodiesOf = (events: readonly Event[]): string[] =>
  Array.from({ length: Math.ceil(events.length / batchSize) }, (_, n) =>
    JSON.stringify({ events: events.slice(n * batchSize, (n + 1) * batchSize) }),
  )

const columns =
  'source, id, agreement, dimension, quantity, at, hour, late, allocations, received_at'
const rowOf = ({ source, id, agreement, dimension, quantity, at }: Event) =>
  `${[source, id, agreement, dimension, quantity, at, `${at.slice(0, 13)}:00Z`, 'f', '\\N', at].join('\t')}\n`

/** The same events as rows of `usage_events`, as COPY reads them. */
export const rowsOf = (events: readonly Event[]) => ({
  columns,
  data: Buffer.from(events.map(rowOf).join('')),
})

function serveAsClient(): void {
  process.on('message', async ({ port, key, bodies }: Batches) => {
    // A new one each time: the service closes what was idle for long.
    const agent = new Agent({ keepAlive: true, maxSockets: clients })
    const queue = bodies.map((body) => Buffer.from(body))
    const sums = { accepted: 0, duplicates: 0 }
    const client = async () => {
      for (let body = queue.pop(); body; body = queue.pop()) {
        const { accepted, duplicates } = JSON.parse(await send(agent, port, key, body))
        sums.accepted += accepted
        sums.duplicates += duplicates
      }
    }
    try {
      const ms = await timed(() => Promise.all(Array.from({ length: clients }, client)))
      process.send?.({ ms, ...sums })
    } catch (error) {
      process.send?.({ error: String(error) })
    } finally {
      agent.destroy()
    }
  })
}

function send(agent: Agent, port: number, key: string, body: Buffer): Promise<string> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port, path: '/v1/usage-events', method: 'POST', agent, headers },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`${response.statusCode}: ${text}`))
        })
      },
    )
    call.once('error', reject)
    call.end(body)
  })
}

if (import.meta.main) serveAsClient()
