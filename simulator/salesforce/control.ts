import { type Context, Hono } from 'hono'
import { deploy, fullAccess, keepPermissionSet } from './deploy/deploy.ts'
import { readSchema } from './deploy/schema-json.ts'
import { readSource } from './deploy/source.ts'
import { factsOf, type Org, objectOf, schemaChanged, switchesOf } from './org.ts'
import { writeLater } from './pending.ts'
import { readField } from './read.ts'
import { Refusal } from './refusal.ts'
import { expireLocators } from './rest/query.ts'
import { rowOf } from './rows.ts'
import type { Row } from './schema.ts'
import { assign, CLIENT_ID, platform, REP, RUN_AS, reset } from './seed.ts'
import { endSessions, refreshTokensOf } from './sessions.ts'
import { switchFault } from './switches.ts'
import { callsOf, limits } from './usage.ts'
import { insert, remove, update } from './write.ts'

const SCHEMA_ACCESS = 'Installed_Schema'

/** What a person or a test does to the simulated org from outside the API. Nothing here exists in the real thing. */
export function controlRoutes(org: Org): Hono {
  const routes = new Hono()
  routes.get('/', (c) => c.json(overview(org)))
  routes.post('/reset', (c) => {
    reset(org)
    return c.json(overview(org))
  })
  routes.get('/switches', (c) => c.json(switchesOf(org)))
  routes.post('/switches', async (c) => setSwitches(org, c, await body(c)))
  routes.get('/calls', (c) => c.json({ calls: Object.fromEntries(callsOf(org).entries()) }))
  routes.delete('/calls', (c) => {
    for (const [kind] of callsOf(org).entries()) callsOf(org).delete(kind)
    return c.json({ calls: {} })
  })
  routes.post('/install', async (c) => install(org, c, await body(c)))
  routes.post('/assign', async (c) => {
    const { permissionSet, username } = await body(c)
    if (!assign(org, String(permissionSet), userId(org, username ?? RUN_AS))) {
      return c.json({ error: 'no such permission set or user' }, 422)
    }
    schemaChanged(org)
    return c.json({ permissionSet, username: username ?? RUN_AS })
  })
  routes.post('/app', async (c) => setApp(org, c, await body(c)))
  routes.post('/users', async (c) => setUser(org, c, await body(c)))
  routes.post('/expire', async (c) => {
    const { what } = await body(c)
    if (what === 'tokens') endSessions(org)
    else if (what === 'locators') expireLocators(org)
    else return c.json({ error: 'what must be tokens or locators' }, 422)
    return c.json({ expired: what })
  })
  routes.post('/refresh-token', async (c) => {
    const { username } = await body(c)
    const token = `5Aep.${crypto.randomUUID()}`
    refreshTokensOf(org).put(token, {
      userId: userId(org, username ?? RUN_AS),
      clientId: CLIENT_ID,
    })
    return c.json({ refresh_token: token })
  })
  routes.get('/rows', (c) => showRows(org, c))
  routes.put('/rows', async (c) => editRow(org, c, await body(c)))
  routes.delete('/rows', (c) => deleteRow(org, c))
  return routes
}

async function body(c: Context): Promise<Record<string, any>> {
  const given = await c.req.json().catch(() => null)
  return given !== null && typeof given === 'object' ? given : {}
}

function overview(org: Org) {
  return {
    organizationId: factsOf(org).id,
    loginUrl: `${org.world.origin()}/salesforce`,
    clientId: CLIENT_ID,
    users: org
      .rows('User')
      .values()
      .map(({ Id, Username, Profile, IsActive }) => ({ Id, Username, Profile, IsActive })),
    objects: org.objects.values().map(({ name }) => ({ name, rows: org.rows(name).size })),
    permissionSets: org.permissionSets.values().map(({ name }) => name),
    apiRequests: limits(org).DailyApiRequests,
  }
}

function setSwitches(org: Org, c: Context, wanted: Record<string, any>): Response {
  const fault = switchFault(org, wanted)
  if (fault) return c.json({ error: fault }, 422)
  schemaChanged(org)
  if ('lockEveryNth' in wanted) org.facts.put('org', { ...factsOf(org), writes: 0 })
  const rules = wanted.validationRules?.map((rule: object) => ({ active: true, ...rule }))
  const more = rules ? { validationRules: rules } : {}
  return c.json(org.switches.put('switches', { ...switchesOf(org), ...wanted, ...more }))
}

function install(org: Org, c: Context, given: Record<string, any>): Response {
  const isSource = Array.isArray(given.files)
  if (isSource ? !given.files.every(isFile) : !isSchema(given.objects)) {
    return c.json(
      { error: 'install takes files [{path, content}] or objects {Name: {fields}}' },
      422,
    )
  }
  const source = isSource
    ? readSource(given.files)
    : { components: readSchema(given), failures: [], ignored: [] }
  const result = deploy(org, source.components, {
    checkOnly: given.checkOnly === true,
    failures: source.failures,
  })
  const shown = { ...result, ignored: source.ignored }
  if (!result.success) return c.json(shown, 422)
  if (!given.checkOnly && !isSource && given.grant !== false) {
    const touched = source.components.flatMap((each) => {
      return each.kind === 'CustomField' ? [each.object] : []
    })
    const known = Object.keys(org.permissionSets.get(SCHEMA_ACCESS)?.objects ?? {})
    keepPermissionSet(org, fullAccess(org, SCHEMA_ACCESS, [...new Set([...known, ...touched])]))
    assign(org, SCHEMA_ACCESS, userId(org, RUN_AS))
  }
  for (const name of given.checkOnly ? [] : (given.assign ?? [])) {
    if (!assign(org, String(name), userId(org, RUN_AS))) {
      return c.json({ error: `no permission set named ${name}` }, 422)
    }
  }
  return c.json(shown)
}

const isFile = (each: any) => typeof each?.path === 'string' && typeof each.content === 'string'
const isSchema = (objects: any) =>
  objects !== null &&
  typeof objects === 'object' &&
  Object.values<any>(objects).every((each) => Array.isArray(each?.fields))

function setApp(org: Org, c: Context, { certificate, runAsUser, approved, clientSecret }: any) {
  const app = org.apps.get(CLIENT_ID)!
  const next = org.apps.put(CLIENT_ID, {
    ...app,
    ...(certificate === undefined ? {} : { certificate }),
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(approved === undefined ? {} : { approved }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  })
  return c.json({ ...next, clientSecret: undefined })
}

function setUser(org: Org, c: Context, { username, isActive, isFrozen }: any): Response {
  const row = org.rows('User').get(userId(org, username))
  if (!row) return c.json({ error: `no user named ${username}` }, 422)
  org.rows('User').put(row.Id, {
    ...row,
    IsActive: isActive ?? row.IsActive ?? true,
    IsFrozen: isFrozen ?? row.IsFrozen ?? false,
  })
  return c.json(org.rows('User').get(row.Id))
}

function userId(org: Org, username: unknown): string {
  const users = org.rows('User').values()
  return users.find((user) => user.Username === username)?.Id ?? ''
}

/** Every row of an object with every field, formulas too, whoever may see them. */
function showRows(org: Org, c: Context): Response {
  const object = objectOf(org, c.req.query('object') ?? '')
  if (!object) return c.json({ error: 'object must name one of the org’s objects' }, 422)
  const rows = org
    .rows(object.name)
    .values()
    .filter((row) => rowOf(org, object, row.Id))
  const shown = rows.map((row) =>
    Object.fromEntries(
      object.fields.map((field) => [field.name, readField(org, object, row, field)]),
    ),
  )
  return c.json({ object: object.name, rows: shown })
}

/** A person creates or edits a row at the screen: validated like any write, without field-level security. */
function editRow(org: Org, c: Context, given: Record<string, any>): Response {
  const object = objectOf(org, String(given.object))
  const user = userId(org, given.as ?? REP)
  if (!object || !user) return c.json({ error: 'object and as must be known' }, 422)
  const writer = platform(org, user)
  const write = () =>
    given.id
      ? update(writer, object, given.id, given.values ?? {})
      : insert(writer, object, given.values ?? {})
  return attempt(c, () => {
    const delayMs = Number(given.commitAfterMs ?? 0)
    const id = delayMs > 0 ? writeLater(org, object.name, delayMs, write) : write()
    return org.rows(object.name).get(id) ?? { Id: id }
  })
}

function deleteRow(org: Org, c: Context): Response {
  const object = objectOf(org, c.req.query('object') ?? '')
  const user = userId(org, c.req.query('as') ?? REP)
  if (!object || !user) return c.json({ error: 'object and as must be known' }, 422)
  return attempt(c, () => ({ Id: remove(platform(org, user), object, c.req.query('id')) }))
}

function attempt(c: Context, work: () => Row | { Id: string }): Response {
  try {
    return c.json(work())
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return c.json({ errors: cause.body() }, 422)
  }
}
