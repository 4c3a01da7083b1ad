import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import { aws } from '../../adapters/aws/index.ts'
import type { Ports } from '../../src/adapter.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import { type Instant, millis } from '../../src/kernel/time.ts'

export type Call = {
  readonly operation: string
  readonly path: string
  readonly body: any
  readonly key: string
}
/** What is answered: JSON, or `{ status, error }` as AWS's JSON services encode it, or text, or `'hang up'`. */
type Reply = object | string | ((call: Call) => unknown) | undefined

let servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers) close()
  servers = []
})

/** A server at `/aws` that answers operations as told and remembers what it was asked; the adapter pointed at it. */
export async function cloud(
  replies: Record<string, Reply>,
  account: { settings?: object; credentials?: object; now?: Instant } = {},
): Promise<{ calls: Call[]; url: string } & Pick<Ports, AwsPort>> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const call = await readCall(request)
    calls.push(call)
    const reply = replies[call.operation]
    answer(response, typeof reply === 'function' ? reply(call) : reply)
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  servers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/aws`
  const ports = open({ ...account, settings: { endpoint: url, ...account.settings } })
  return { calls, url, ...ports }
}

type AwsPort = 'account' | 'listings' | 'offers' | 'agreements' | 'metering' | 'revenue' | 'notices'

/** The ports without a server. */
export function open(
  account: { settings?: object; credentials?: object; now?: Instant } = {},
): Pick<Ports, AwsPort> {
  const credentials = account.credentials ?? {
    kind: 'keys',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'secret',
  }
  const nowMs = () => millis(account.now ?? '2026-11-01T10:00:00.000Z')
  const world = { fetch: (request: Request) => fetch(request), nowMs }
  return aws.open({ settings: account.settings ?? {}, credentials }, world) as Pick<Ports, AwsPort>
}

export const failing = (promise: Promise<unknown>): Promise<Problem> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error as Problem,
  )

async function readCall(request: IncomingMessage): Promise<Call> {
  let text = ''
  for await (const part of request) text += part
  const path = request.url ?? ''
  const target = request.headers['x-amz-target']
  const form = /^Action=(\w+)/.exec(text)?.[1]
  const catalog = /^\/aws\/(\w+)(\?|$)/.exec(path)?.[1]
  const s3 = path.startsWith('/aws/s3/')
    ? path.includes('list-type=2')
      ? 'ListObjectsV2'
      : 'GetObject'
    : undefined
  const operation = s3 ?? String(target ?? '').split('.')[1] ?? form ?? catalog ?? 'unknown'
  const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return { operation, path, body: text.startsWith('{') ? JSON.parse(text) : text, key }
}

function answer(response: ServerResponse, reply: any): void {
  if (reply === 'hang up') {
    response.destroy()
    return
  }
  if (typeof reply === 'string') {
    const isFailure = reply.includes('<ErrorResponse')
    response.writeHead(isFailure ? 403 : 200, { 'content-type': 'text/xml' }).end(reply)
    return
  }
  const { status, error, ...rest } = reply ?? { status: 400, error: 'Unasked' }
  const json = { 'content-type': 'application/json' }
  if (error === undefined) {
    response.writeHead(200, json).end(JSON.stringify(reply))
    return
  }
  response.writeHead(status, { ...json, 'x-amzn-errortype': error })
  response.end(JSON.stringify({ __type: error, message: `${error} it is`, ...rest }))
}
