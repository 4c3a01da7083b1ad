import { randomBytes } from 'node:crypto'
import { eighteen } from '../ids.ts'
import { type Org, switchesOf } from '../org.ts'
import { refuse } from '../refusal.ts'
import { parseQuery } from '../soql/parser.ts'
import { plan } from '../soql/plan.ts'
import { find, render } from '../soql/run.ts'
import { baseOf, type Call, type Reply, readerOf } from './call.ts'

const PAGE_MAX = 2000
const PAGE_MIN = 200
const LOCATOR_LIFE_MS = 2 * 86_400_000
const LOCATORS_PER_USER_MAX = 10

type Locator = {
  readonly userId: string
  readonly soql: string
  readonly deleted: boolean
  readonly ids: readonly string[]
  readonly pageSize: number
  readonly diesAtMs: number
}

const locatorsOf = (org: Org) => org.world.table<Locator>('salesforce.locators')

/** `GET /query?q=` and `/queryAll?q=` (REST API, Query): the first page, with a locator when there is more. */
export function query(call: Call, deleted: boolean): Reply {
  const soql = call.query.get('q')
  if (!soql) return refuse('MALFORMED_QUERY', 'SOQL statements cannot be empty or null')
  const asked = plan(call.org, call.access, soql, parseQuery(soql))
  const rows = find(readerOf(call, deleted), asked)
  if (asked.count) return { status: 200, body: { totalSize: rows.length, done: true, records: [] } }
  const locator: Locator = {
    userId: call.user.Id,
    soql,
    deleted,
    ids: rows.map((row) => row.Id),
    pageSize: pageSize(call),
    diesAtMs: call.org.world.clock.now() + LOCATOR_LIFE_MS,
  }
  if (rows.length <= locator.pageSize) return page(call, locator, '', 0)
  const name = eighteen(`0r8${randomBytes(6).toString('hex')}`)
  makeRoom(call)
  locatorsOf(call.org).put(name, locator)
  return page(call, locator, name, 0)
}

function pageSize(call: Call): number {
  const forced = switchesOf(call.org).pageSize
  if (forced !== null) return forced
  const asked = /batchSize\s*=\s*(\d+)/i.exec(call.header('sforce-query-options') ?? '')
  return asked ? Math.min(PAGE_MAX, Math.max(PAGE_MIN, Number(asked[1]))) : PAGE_MAX
}

/** A user has at most ten open locators: the oldest goes. */
function makeRoom(call: Call): void {
  const locators = locatorsOf(call.org)
  const mine = locators.entries().filter(([, each]) => each.userId === call.user.Id)
  const tooMany = Math.max(0, mine.length + 1 - LOCATORS_PER_USER_MAX)
  for (const [name] of mine.slice(0, tooMany)) locators.delete(name)
}

/** `GET /query/<locator>-<offset>`, for pages of `queryAll` too. */
export function queryMore(call: Call): Reply {
  const [, name = '', offset = ''] = /^(.+)-(\d+)$/.exec(call.path[1] ?? '') ?? []
  const locator = locatorsOf(call.org).get(name)
  const isUsable = locator?.userId === call.user.Id && call.org.world.clock.now() < locator.diesAtMs
  if (!locator || !isUsable || Number(offset) >= locator.ids.length) {
    return refuse('INVALID_QUERY_LOCATOR', 'invalid query locator')
  }
  return page(call, locator, name, Number(offset))
}

function page(call: Call, locator: Locator, name: string, offset: number): Reply {
  const asked = plan(call.org, call.access, locator.soql, parseQuery(locator.soql))
  const reader = readerOf(call, locator.deleted)
  const end = offset + locator.pageSize
  const done = end >= locator.ids.length
  const records = locator.ids.slice(offset, end).flatMap((id) => {
    const row = call.org.rows(asked.object.name).get(id)
    return row ? [render(reader, asked, row)] : []
  })
  const next = done ? {} : { nextRecordsUrl: `${baseOf(call)}/query/${name}-${end}` }
  return { status: 200, body: { totalSize: locator.ids.length, done, ...next, records } }
}

/** Ends every open locator, as two days would. */
export function expireLocators(org: Org): void {
  for (const [name] of locatorsOf(org).entries()) locatorsOf(org).delete(name)
}
