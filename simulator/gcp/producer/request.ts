import type { Context } from 'hono'
import { type Called, mustOwn } from '../caller.ts'
import { badRequest, json, Refusal } from '../refusal.ts'
import type { GcpContext } from '../state.ts'
import { LOCATION, projectOf } from './catalog.ts'
import { camel, encode, enumName } from './codec.ts'
import type { Shown } from './offer-view.ts'
import { pageOf } from './page.ts'

export type Asked = Context<Called>

/** Below what everything of a project is: the project by id or number, the location. */
export const AT = '/v1beta/projects/:project/locations/:location'

/** Parameters every Google API takes. */
const STANDARD =
  /^(\$?alt|\$?prettyPrint|\$\.xgafv|access_token|callback|fields|key|oauth_token|quotaUser)$/

/** Refuses a query parameter that the request message has no field for, as Google's front end does. */
export function takes(c: Asked, ...names: readonly string[]): void {
  for (const given of Object.keys(c.req.query())) {
    if (STANDARD.test(given) || names.includes(camel(given))) continue
    const description = `Invalid JSON payload received. Unknown name "${given}": Cannot bind query parameter. Field '${given}' could not be found in request message.`
    throw badRequest([{ field: '', description }], description)
  }
}

/** The project of a path, which must be the caller's own. */
export function ownProject(gcp: GcpContext, c: Asked): string {
  const { project = '', location = LOCATION } = c.req.param() as Record<string, string>
  const id = projectOf(gcp, project)
  if (id === undefined) throw new Refusal('PERMISSION_DENIED')
  mustOwn(c.get('caller'), id)
  if (location !== LOCATION && location !== '-') throw new Refusal('NOT_FOUND')
  return id
}

/** How enums are wanted: Google's Node client asks for numbers by `$alt=json;enum-encoding=int`. */
export const enumsOf = (c: Asked): Shown['enums'] =>
  /enum-encoding=int/.test(c.req.query('$alt') ?? c.req.query('alt') ?? '') ? 'number' : 'name'

/** Whether `view` asks for the FULL one, by name or number. */
export function isFullView(c: Asked, type: string): boolean {
  const asked = c.req.query('view') ?? '0'
  const name = enumName(type, asked)
  if (name === undefined) {
    throw badRequest([{ field: 'view', description: `Invalid value at 'view', "${asked}"` }])
  }
  return name.endsWith('_FULL')
}

/** A query parameter by its camelCase or snake_case name; empty when absent. */
export function queryOf(c: Asked, name: string): string {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return c.req.query(name) ?? c.req.query(snake) ?? ''
}

const FILTERED = ['filter', 'orderBy']

/** One page of a list; empty lists are left out, as proto JSON has it. */
export function listed<T>(
  c: Asked,
  name: string,
  items: readonly T[],
  show: (item: T) => object = (item) => item as object,
): Response {
  takes(c, 'pageSize', 'pageToken', ...FILTERED.filter(() => /Offers$/.test(name)))
  const query = new URL(c.req.url).searchParams
  const { page, nextPageToken } = pageOf(items, query, c.req.path, c.get('emptyFirstPage'))
  return json({
    ...(page.length === 0 ? {} : { [name]: page.map(show) }),
    ...(nextPageToken ? { nextPageToken } : {}),
  })
}

export const shownAs = (c: Asked, type: string, resource: object): Response =>
  json(encode(type, resource, enumsOf(c)))

export function found<T>(item: T | undefined): T {
  if (item === undefined) throw new Refusal('NOT_FOUND')
  return item
}
