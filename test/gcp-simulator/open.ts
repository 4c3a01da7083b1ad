import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { JWT } from 'google-auth-library'
import { ACME, INITECH, type SeededProvider, seedKey } from '../../simulator/gcp/seed.ts'
import { startSimulator } from '../../simulator/index.ts'

export { ACME, GLOBEX, HOOLI, INITECH, UMBRELLA } from '../../simulator/gcp/seed.ts'
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: any }
export type SimulatedGcp = Awaited<ReturnType<typeof openGcp>>

/** One HTTP exchange; a JSON body is parsed, an empty one is undefined. */
export async function exchange(
  method: string,
  url: string,
  options: { readonly headers?: Record<string, string>; readonly body?: unknown } = {},
): Promise<Answer> {
  const { body, headers } = options
  const isText = typeof body === 'string'
  const answer = await fetch(url, {
    method,
    headers: {
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    redirect: 'manual',
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json')
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
  }
}

/** A fetch that brings Google's token host to the simulator, since the libraries hard-code it. */
export function rewired(origin: string): typeof fetch {
  return (input, init) => {
    const asked = new URL(String(input instanceof Request ? input.url : input))
    const host = asked.hostname.endsWith('.googleapis.com') ? new URL(origin) : asked
    const url = new URL(asked.pathname + asked.search, host)
    return fetch(url, init)
  }
}

/** Google's own credentials of a seeded seller, unmodified but for the host they talk to. */
export function credentials(origin: string, seller: SeededProvider = ACME): JWT {
  const key = seedKey(seller)
  return new JWT({
    email: String(key.client_email),
    key: String(key.private_key),
    keyId: String(key.private_key_id),
    scopes: [CLOUD_PLATFORM],
    transporterOptions: { fetchImplementation: rewired(origin) },
  })
}

/** A simulator with a clock that stands still, and acme's token. */
export async function openGcp(options: { readonly startAt?: string; readonly file?: string } = {}) {
  const simulator = await startSimulator({
    port: 0,
    frozen: true,
    startAt: Date.parse(options.startAt ?? '2027-01-10T09:30:00Z'),
    ...(options.file === undefined ? {} : { file: options.file }),
  })
  const { origin } = simulator
  const post = (path: string, body: unknown = {}) =>
    exchange('POST', `${origin}/gcp${path}`, { body })
  const token = async (seller: SeededProvider = ACME): Promise<string> => {
    const { access_token: found } = await credentials(origin, seller).authorize()
    return String(found)
  }
  const bearer = await token()
  /** A call of Google's API as acme; `path` begins at the root. */
  const call = (method: string, path: string, body?: unknown, as = bearer) =>
    exchange(method, origin + path, {
      headers: { authorization: `Bearer ${as}` },
      ...(body === undefined ? {} : { body }),
    })
  const advance = (duration: string) =>
    exchange('POST', `${origin}/clock`, { body: { advance: duration } })
  const account = (id: string, act = '') => `/v1/providers/${ACME.id}/accounts/${id}${act}`
  const entitlement = (id: string, act = '') => `/v1/providers/${ACME.id}/entitlements/${id}${act}`
  /** Buys `pro-P1Y` for Initech, or what `asked` says. */
  const bought = async (asked: object = {}) => {
    const usual = { service: ACME.service, plan: 'pro-P1Y', billingAccount: INITECH }
    const answer = await post('/buyer/buy', { ...usual, ...asked })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body as { id: string; account: string; entitlement: any }
  }
  return {
    simulator,
    origin,
    post,
    get: (path: string) => exchange('GET', `${origin}/gcp${path}`),
    token,
    bearer,
    call,
    advance,
    account,
    entitlement,
    bought,
    /** The same, approved and active. */
    async active(asked: object = {}) {
      const made = await bought(asked)
      await call('POST', account(made.account, ':approve'), { approvalName: 'signup' })
      await call('POST', entitlement(made.id, ':approve'), {})
      await advance('PT1M')
      return made
    },
    read: async (id: string) => (await call('GET', entitlement(id))).body,
    set: (settings: object) => post('/control/settings', settings),
    /** Events published so far, oldest first. */
    async events(): Promise<any[]> {
      const { body } = await exchange('GET', `${origin}/gcp/control/messages`)
      const mine = body.messages.filter((one: any) => one.subscription === ACME.subscription)
      return mine.map((one: any) => one.event)
    },
    stop: () => simulator.stop(),
  }
}

export type Received = { readonly headers: Record<string, unknown>; readonly body: string }

/** A seller's web server: answers what `answers` says, in turn, the last for ever, and keeps what came. */
export async function openSeller(answers: readonly number[] = [200]) {
  const received: (Received & { readonly method: string })[] = []
  let turn = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8')
      received.push({ headers: request.headers, body, method: request.method ?? '' })
      response.statusCode = answers[Math.min(turn, answers.length - 1)] ?? 200
      if (response.statusCode === 302) response.setHeader('location', '/welcome')
      turn += 1
      response.end('<h1>Welcome</h1>')
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/sign-up`,
    received,
    stop: () => new Promise<void>((done) => server.close(() => done())),
  }
}
