import { describe, etag, summary } from '../describe.ts'
import { factsOf } from '../org.ts'
import { notFound, Refusal } from '../refusal.ts'
import { limits, tally } from '../usage.ts'
import { baseOf, type Call, objectAt, type Reply } from './call.ts'
import { createMany, destroyMany, retrieveMany, updateMany, upsertMany } from './collections.ts'
import { batch, composite, graph } from './composite.ts'
import { query, queryMore } from './query.ts'
import { deleted, updated } from './replication.ts'
import * as rows from './rows.ts'

/** Verb, path and handler; `:` matches any segment. The first word is how the call is counted and struck by faults. */
type Route = readonly [kind: string, method: string, pattern: string, run: (call: Call) => Reply]

const ROUTES: readonly Route[] = [
  ['resources', 'GET', '', resources],
  ['limits', 'GET', 'limits', ({ org }) => ({ status: 200, body: limits(org) })],
  ['query', 'GET', 'query', (call) => query(call, false)],
  ['queryAll', 'GET', 'queryAll', (call) => query(call, true)],
  ['queryMore', 'GET', 'query/:', queryMore],
  ['queryMore', 'GET', 'queryAll/:', queryMore],
  ['describeGlobal', 'GET', 'sobjects', describeGlobal],
  ['describe', 'GET', 'sobjects/:/describe', describeOne],
  ['basic', 'GET', 'sobjects/:', basic],
  ['updated', 'GET', 'sobjects/:/updated', updated],
  ['deleted', 'GET', 'sobjects/:/deleted', deleted],
  ['create', 'POST', 'sobjects/:', rows.create],
  ['retrieve', 'GET', 'sobjects/:/:', rows.retrieve],
  ['update', 'PATCH', 'sobjects/:/:', rows.change],
  ['delete', 'DELETE', 'sobjects/:/:', rows.destroy],
  ['retrieve', 'GET', 'sobjects/:/:/:', rows.retrieveByKey],
  ['upsert', 'PATCH', 'sobjects/:/:/:', rows.upsertByKey],
  ['composite', 'POST', 'composite', (call) => composite(call, dispatch)],
  ['composite.graph', 'POST', 'composite/graph', (call) => graph(call, dispatch)],
  ['composite.batch', 'POST', 'composite/batch', (call) => batch(call, dispatch)],
  ['collections.create', 'POST', 'composite/sobjects', createMany],
  ['collections.update', 'PATCH', 'composite/sobjects', updateMany],
  ['collections.delete', 'DELETE', 'composite/sobjects', destroyMany],
  ['collections.retrieve', 'GET', 'composite/sobjects/:', retrieveMany],
  ['collections.retrieve', 'POST', 'composite/sobjects/:', retrieveMany],
  ['collections.upsert', 'PATCH', 'composite/sobjects/:/:', upsertMany],
]

const VERSION_MIN = 31
const VERSION_MAX = 68

/** Answers one call; refusals become their JSON. */
export function dispatch(call: Call): Reply {
  try {
    const known = Number(call.version)
    if (known >= 7 && known < VERSION_MIN) {
      throw new Refusal([
        { code: 'UNSUPPORTED_API_VERSION', message: 'The requested API version is not supported' },
      ])
    }
    if (known < VERSION_MIN || known > VERSION_MAX) notFound()
    const here = ROUTES.filter(([, , pattern]) => fits(pattern, call.path))
    const route = here.find(
      ([, method]) => method === call.method || (call.method === 'HEAD' && method === 'GET'),
    )
    if (here.length === 0) return notFound()
    if (!route)
      return rows.methodNotAllowed(call.method, [...new Set(here.map(([, method]) => method))])
    tally(call.org, route[0])
    return route[3](call)
  } catch (cause) {
    if (cause instanceof Refusal) return { status: cause.status, body: cause.body() }
    throw cause
  }
}

function fits(pattern: string, path: readonly string[]): boolean {
  const wanted = pattern === '' ? [] : pattern.split('/')
  return (
    wanted.length === path.length &&
    wanted.every((each, place) => each === ':' || each === path[place])
  )
}

/** How a call is named before it runs: by its route, or null when there is none. */
export function kindOf(method: string, path: readonly string[]): string | null {
  return ROUTES.find(([, verb, pattern]) => verb === method && fits(pattern, path))?.[0] ?? null
}

/** `GET /services/data`: the versions this org offers, without asking who wants to know. */
export function versions() {
  const seasons = ['Spring', 'Summer', 'Winter']
  return Array.from({ length: VERSION_MAX - VERSION_MIN + 1 }, (_, step) => {
    const version = `${VERSION_MIN + step}.0`
    // 31.0 is Summer '14; three releases a year, and the winter release carries the next year's number.
    const release = step + 1
    const year = 14 + Math.floor(release / 3) + (release % 3 === 2 ? 1 : 0)
    const label = `${seasons[release % 3]} '${year}`
    return { label, url: `/services/data/v${version}`, version }
  })
}

function resources(call: Call): Reply {
  const names = ['limits', 'query', 'queryAll', 'sobjects', 'composite']
  return {
    status: 200,
    body: Object.fromEntries(names.map((name) => [name, `${baseOf(call)}/${name}`])),
  }
}

function describeGlobal(call: Call): Reply {
  const seen = call.org.objects.values().filter((object) => call.access.object(object).read)
  const sobjects = seen.map((object) => summary(call.access, object, baseOf(call)))
  return fresh(call, { encoding: 'UTF-8', maxBatchSize: 200, sobjects })
}

function describeOne(call: Call): Reply {
  return fresh(call, describe(call.org, call.access, objectAt(call, call.path[1]), baseOf(call)))
}

function basic(call: Call): Reply {
  const object = objectAt(call, call.path[1])
  return {
    status: 200,
    body: { objectDescribe: summary(call.access, object, baseOf(call)), recentItems: [] },
  }
}

/** 304 when what the caller has is what it would get. */
function fresh(call: Call, body: unknown): Reply {
  const tag = etag(body)
  const changedAtMs = Math.floor(factsOf(call.org).schemaChangedAtMs / 1000) * 1000
  const headers = { etag: tag, 'last-modified': new Date(changedAtMs).toUTCString() }
  const known = call.header('if-none-match')
  const since = Date.parse(call.header('if-modified-since') ?? '')
  const isKnown = known === undefined ? since >= changedAtMs : known.replace('--gzip', '') === tag
  return isKnown ? { status: 304, headers } : { status: 200, body, headers }
}
