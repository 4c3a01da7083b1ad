import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { Cloud, World } from '../world.ts'
import { accessOf } from './access.ts'
import { controlRoutes } from './control.ts'
import { deployRest, deployStatus } from './deploy/rest.ts'
import { salesforceFaults } from './faults.ts'
import { identity, userInfo } from './identity.ts'
import { oauthRoutes } from './oauth.ts'
import { type Org, openOrg, switchesOf } from './org.ts'
import { commitDue, nextCommit } from './pending.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Call, Reply } from './rest/call.ts'
import { dispatch, versions } from './rest/dispatch.ts'
import { seed } from './seed.ts'
import { holder, userOf } from './sessions.ts'
import { spend, tally, usageHeader, used } from './usage.ts'

const URL_LENGTH_MAX = 16_000
const BODY_BYTES_MAX = 50_000_000

/**
 * One Salesforce org, mounted at `/salesforce`, which is both its login URL and its instance URL. Starts
 * with the standard objects and no marketplace ones; those are installed as a customer would.
 */
export function salesforceCloud(world: World): Cloud {
  const org = openOrg(world)
  seed(org)
  const routes = new Hono()
  routes.route('/services/oauth2', oauthRoutes(org, false))
  routes.route('/login/services/oauth2', oauthRoutes(org, true))
  routes.on(['GET', 'POST'], '/services/oauth2/userinfo', (c) => {
    tally(org, 'userinfo')
    return guarded(() => ({ status: 200, body: userInfo(org, userOf(org, bearer(c))) }))
  })
  routes.get('/id/:organization/:user', (c) => whoAmI(org, c))
  routes.get('/services/data', () => respond({ status: 200, body: versions() }))
  routes.get('/services/data/', () => respond({ status: 200, body: versions() }))
  routes.all('/services/data/*', (c) => data(org, c))
  routes.route('/control', controlRoutes(org))
  routes.all('*', () =>
    respond({
      status: 404,
      body: [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }],
    }),
  )
  return {
    name: 'salesforce',
    routes,
    faults: salesforceFaults,
    tick: async () => commitDue(org),
    nextDue: () => nextCommit(org),
  }
}

const bearer = (c: Context) => c.req.header('authorization')

function whoAmI(org: Org, c: Context): Response {
  tally(org, 'identity')
  const token = c.req.query('oauth_token') ?? (bearer(c) ?? '').split(' ')[1] ?? ''
  const user = holder(org, token)
  if (!user) return c.text('Bad_OAuth_Token', 403)
  return c.json(identity(org, user))
}

/** One request of the data API: signed in, within the day's calls, then answered; every answer tells the calls used. */
async function data(org: Org, c: Context): Promise<Response> {
  const url = new URL(c.req.url)
  if (url.pathname.length + url.search.length > URL_LENGTH_MAX) {
    return c.html('<html><head><title>URI Too Long</title></head><body>414</body></html>', 414)
  }
  const raw = ['GET', 'HEAD', 'DELETE'].includes(c.req.method) ? null : await c.req.arrayBuffer()
  let counted = false
  const reply = await guarded(async () => {
    const user = userOf(org, bearer(c))
    if (switchesOf(org).apiDisabled) {
      refuse('API_DISABLED_FOR_ORG', 'API is not enabled for this Organization or Partner')
    }
    counted = true
    if (used(org) >= switchesOf(org).dailyRequestsMax) {
      refuse('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
    }
    spend(org)
    const [, version = '', rest = ''] =
      /\/services\/data\/v(\d+\.\d)\/?(.*)$/.exec(url.pathname) ?? []
    const path = rest.split('/').filter(Boolean).map(decode)
    const isDeploy = path[0] === 'metadata' && path[1] === 'deployRequest'
    if (isDeploy && c.req.method === 'GET') return deployStatus(org, user, path[2] ?? '', url)
    if (isDeploy) return deployRest(org, user, c.req.header('content-type') ?? '', raw)
    const call: Call = {
      org,
      user,
      access: accessOf(org, user),
      method: c.req.method,
      path,
      query: url.searchParams,
      body: json(raw, c.req.header('content-type')),
      header: (name) => c.req.header(name),
      version,
    }
    return dispatch(call)
  })
  if (counted) reply.headers.set('sforce-limit-info', usageHeader(org))
  return reply
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function json(raw: ArrayBuffer | null, contentType: string | undefined): unknown {
  if (!raw || raw.byteLength === 0) return undefined
  if (!contentType?.startsWith('application/json')) {
    refuse('UNSUPPORTED_MEDIA_TYPE', 'Content type not supported')
  }
  if (raw.byteLength > BODY_BYTES_MAX) refuse('REQUEST_ENTITY_TOO_LARGE', 'The body is too large')
  try {
    return JSON.parse(Buffer.from(raw).toString('utf8'))
  } catch (cause) {
    return refuse('JSON_PARSER_ERROR', `${(cause as Error).message} at [line:1, column:1]`)
  }
}

async function guarded(work: () => Reply | Promise<Reply>): Promise<Response> {
  try {
    return respond(await work())
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return respond({ status: cause.status, body: cause.body() })
  }
}

function respond({ status, body, headers }: Reply): Response {
  const common = {
    'cache-control': 'no-cache,must-revalidate,max-age=0,no-store,private',
    server: 'sfdcedge',
    vary: 'Accept-Encoding',
    'x-sfdc-request-id': randomBytes(16).toString('hex'),
    ...headers,
  }
  if (body === undefined) return new Response(null, { status, headers: common })
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...common },
  })
}
