import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ACMESOFT, INITECH } from '../../simulator/azure/seed.ts'
import { startSimulator } from '../../simulator/index.ts'

export { ACMESOFT, GLOBEX, HOOLI, INITECH, UMBRELLA } from '../../simulator/azure/seed.ts'
export const MARKETPLACE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7'

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: any }
export type SimulatedAzure = Awaited<ReturnType<typeof openAzure>>

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

/** A simulator with a clock that stands still, webhooks once and in order, and acmesoft's token for the marketplace. */
export async function openAzure(
  options: { readonly startAt?: string; readonly file?: string } = {},
) {
  const simulator = await startSimulator({
    port: 0,
    frozen: true,
    startAt: Date.parse(options.startAt ?? '2027-01-10T09:30:00Z'),
    ...(options.file === undefined ? {} : { file: options.file }),
  })
  const base = `${simulator.origin}/azure`
  const post = (path: string, body: unknown = {}) => exchange('POST', base + path, { body })
  const token = async (publisher = ACMESOFT, resource = MARKETPLACE): Promise<string> => {
    const answer = await login(base, publisher.tenantId, {
      grant_type: 'client_credentials',
      client_id: publisher.clientId,
      client_secret: publisher.secret,
      scope: `${resource}/.default`,
    })
    return answer.body.access_token
  }
  await post('/control/settings', { webhooks: { duplicateRate: 0, disorderRate: 0 } })
  const bearer = await token()
  /** A call of fulfilment or metering as acmesoft; `path` begins below `/api`. */
  const call = (method: string, path: string, body?: unknown, headers = {}) => {
    const joint = path.includes('?') ? '&' : '?'
    return exchange(method, `${base}/marketplaceapi/api${path}${joint}api-version=2018-08-31`, {
      headers: { authorization: `Bearer ${bearer}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  }
  return {
    simulator,
    origin: simulator.origin,
    base,
    post,
    get: (path: string) => exchange('GET', base + path),
    token,
    bearer,
    call,
    now: () => simulator.clock.now(),
    advance: (duration: string) =>
      exchange('POST', `${simulator.origin}/clock`, { body: { advance: duration } }),
    set: (settings: object) => post('/control/settings', settings),
    /** Buys `team` of acme-analytics for Initech, or what `asked` says, and activates it. */
    async subscribed(asked: object = {}): Promise<string> {
      const id = await bought({ post }, asked)
      await call('POST', `/saas/subscriptions/${id}/activate`, { planId: 'team' })
      await exchange('POST', `${simulator.origin}/clock`, { body: { advance: 'PT1M' } })
      return id
    },
    bought: (asked: object = {}) => bought({ post }, asked),
    subscription: async (id: string) => (await call('GET', `/saas/subscriptions/${id}`)).body,
    stop: () => simulator.stop(),
  }
}

async function bought(
  azure: { post(path: string, body: unknown): Promise<Answer> },
  asked: object,
): Promise<string> {
  const usual = { offerId: 'acme-analytics', planId: 'team', billingAccountId: INITECH }
  const answer = await azure.post('/buyer/buy', { ...usual, ...asked })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body.subscriptionId
}

/** A token request; `version` 1 or 2 of the endpoint. */
export function login(
  base: string,
  tenant: string,
  form: Record<string, string>,
  version: 1 | 2 = 2,
): Promise<Answer> {
  const path = version === 1 ? 'oauth2/token' : 'oauth2/v2.0/token'
  return exchange('POST', `${base}/login/${tenant}/${path}`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

export type Received = { readonly body: any; readonly token: string; readonly at: number }

/** A publisher's webhook: answers what `answer` says, in turn the last for ever, and keeps what came. */
export async function openWebhook(answers: readonly number[] = [200]) {
  const received: Received[] = []
  let turn = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const token = (request.headers.authorization ?? '').replace('Bearer ', '')
      received.push({
        body: JSON.parse(Buffer.concat(parts).toString('utf8')),
        token,
        at: received.length,
      })
      response.statusCode = answers[Math.min(turn, answers.length - 1)] ?? 200
      turn += 1
      response.end()
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/webhook`,
    received,
    stop: () => new Promise<void>((done) => server.close(() => done())),
  }
}
