import type * as z from 'zod'
import type { Adapter, Keep, PortName, Ports } from '../adapter.ts'
import { type Deps, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import { millis } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import type {
  AmendConnection,
  Checked,
  Connection,
  CreateConnection,
  SharedSecrets,
} from './model.ts'
import * as store from './store.ts'
import { plan } from './syncs.ts'

export { runNow } from './syncs.ts'

/** Stores an account with its credentials sealed. The shared secrets are returned this once. */
export async function create(
  deps: Deps,
  command: CreateConnection,
): Promise<{ connection: Connection; secrets: SharedSecrets }> {
  const adapter = adapterOf(deps, command.provider)
  refuse(accountViolations(adapter, command))
  const id = newId('conn')
  const secrets = {
    notices: command.noticeSecret ?? randomSecret(),
    handoff: command.handoffSecret ?? randomSecret(),
  }
  const at = deps.now()
  const connection: Connection = {
    id,
    provider: command.provider,
    name: command.name,
    settings: command.settings,
    signUpUrl: command.signUpUrl ?? null,
    checked: null,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  }
  const sealed = await sealBoth(deps, id, command.credentials, secrets)
  await transact(deps, async (tx) => {
    await store.insert(tx.db, { ...connection, sealed })
    await plan(tx, id, adapter.supports)
    await record(tx, 'connection.created', id, { provider: command.provider, name: command.name })
  })
  return { connection, secrets }
}

/** Changes what is given. Throws `stale` when `revision` is not the newest. */
export async function amend(
  deps: Deps,
  id: string,
  command: AmendConnection,
  revision?: number,
): Promise<Connection> {
  const row = await store.get(deps.db, id)
  if (revision !== undefined && revision !== row.revision)
    throw new Problem('stale', 'the connection was changed since it was read')
  const credentials =
    command.credentials ?? JSON.parse(await deps.seal.open(row.sealed.credentials, row.id))
  const settings = command.settings ?? row.settings
  refuse(accountViolations(adapterOf(deps, row.provider), { settings, credentials }))
  const known = await sharedSecrets(deps, row.id)
  const secrets = {
    notices: command.noticeSecret ?? known.notices,
    handoff: command.handoffSecret ?? known.handoff,
  }
  const { sealed: _, ...before } = row
  const next: Connection = {
    ...before,
    name: command.name ?? row.name,
    settings,
    signUpUrl: command.signUpUrl === undefined ? row.signUpUrl : command.signUpUrl,
    updatedAt: deps.now(),
  }
  const both = await sealBoth(deps, row.id, credentials, secrets)
  // What an adapter remembered goes with the credentials that it came of.
  const sealed = { ...both, kept: command.credentials ? null : row.sealed.kept }
  await transact(deps, async (tx) => {
    await store.replace(tx.db, { ...next, sealed }, row.revision)
    await record(tx, 'connection.amended', row.id, { fields: Object.keys(command) })
  })
  await transact(deps, (tx) => plan(tx, row.id, adapterOf(deps, row.provider).supports))
  return { ...next, revision: row.revision + 1 }
}

/** Forgets the account: its secrets are wiped, what was synced stays. */
export async function remove(deps: Deps, id: string): Promise<void> {
  const row = await store.get(deps.db, id)
  await transact(deps, async (tx) => {
    await store.remove(tx.db, row.id, tx.now())
    await record(tx, 'connection.removed', row.id, { name: row.name })
  })
}

export type Listed = Connection
export const get = (deps: Deps, id: string): Promise<Connection> =>
  store.get(deps.db, id).then(bare)
export const list = (deps: Deps, limit: number, after?: readonly string[]): Promise<Connection[]> =>
  store.list(deps.db, limit, after).then((rows) => rows.map(bare))

/** Tries every call the account needs and remembers the result. */
export async function check(deps: Deps, id: string): Promise<Checked> {
  const account = await port(deps, id, 'account')
  const checks = await account.check()
  const ready = checks.every(({ outcome }) => outcome === 'ok' || outcome === 'skipped')
  const checked = { at: deps.now(), ready, checks }
  await transact(deps, async (tx) => {
    await store.saveChecked(tx.db, id as Id<'conn'>, checked)
    await record(tx, 'connection.checked', id, {
      ready,
      missing: checks.filter((c) => c.outcome === 'missing').map((c) => c.permission),
    })
  })
  return checked
}

/** Seals anew, under the newest key, what an older one sealed: then that one may go. Returns how many. */
export async function reseal(deps: Deps): Promise<number> {
  const rows = await store.staleSeals(deps.db, (sealed) => deps.seal.isStale(sealed))
  for (const { sealed, ...row } of rows) {
    const credentials = await deps.seal.open(sealed.credentials, row.id)
    const secrets = await deps.seal.open(sealed.secrets, row.id)
    const { kept } = sealed
    const fresh = {
      credentials: await deps.seal.seal(credentials, row.id),
      secrets: await deps.seal.seal(secrets, row.id),
      kept: kept && (await deps.seal.seal(await deps.seal.open(kept, row.id), row.id)),
    }
    await transact(deps, async (tx) => {
      await store.saveSeals(tx.db, row.id, row.revision, fresh)
      await record(tx, 'connection.resealed', row.id)
    })
  }
  return rows.length
}

/** One port of a connection's provider. Throws `unsupported` when the provider has no such port. */
export async function port<Name extends PortName>(
  deps: Deps,
  id: string,
  name: Name,
): Promise<Ports[Name]> {
  const row = await store.get(deps.db, id)
  const key = `${row.id}:${row.revision}`
  const ports = deps.opened.get(key) ?? (await open(deps, row))
  deps.opened.set(key, ports)
  const found = ports[name]
  if (!found)
    throw new Problem('unsupported', `${adapterOf(deps, row.provider).title} has no ${name} here`)
  return found as Ports[Name]
}

/** The secrets shared with others for this connection. */
export async function sharedSecrets(deps: Deps, id: string): Promise<SharedSecrets> {
  const row = await store.get(deps.db, id)
  return JSON.parse(await deps.seal.open(row.sealed.secrets, row.id))
}

async function open(deps: Deps, row: store.Row): Promise<Partial<Ports>> {
  const credentials = JSON.parse(await deps.seal.open(row.sealed.credentials, row.id))
  const world = {
    fetch: deps.fetch,
    nowMs: () => millis(deps.now()),
    keep: keepOf({ ...deps, db: deps.root }, row),
  }
  return adapterOf(deps, row.provider).open({ settings: row.settings, credentials }, world)
}

const keepOf = (deps: Deps, { id, revision }: store.Row): Keep => ({
  async read() {
    const { kept } = (await store.get(deps.db, id)).sealed
    return kept === null ? null : JSON.parse(await deps.seal.open(kept, id))
  },
  async write(value) {
    const kept = await deps.seal.seal(JSON.stringify(value), id)
    await store.saveKept(deps.db, id, revision, kept)
  },
})

function adapterOf(deps: Deps, provider: string): Adapter {
  const adapter = deps.adapters.find((a) => a.provider === provider)
  if (adapter) return adapter
  const known = deps.adapters.map((a) => a.provider).join(', ')
  throw new Problem('invalid', `no provider ${provider}; known: ${known}`, {
    errors: [{ path: 'provider', message: `must be one of ${known}` }],
  })
}

function accountViolations(adapter: Adapter, account: { settings: unknown; credentials: unknown }) {
  return (['settings', 'credentials'] as const).flatMap((part) => {
    const parsed = adapter[part].safeParse(account[part])
    return parsed.success ? [] : faults(parsed.error, part)
  })
}

const faults = (error: z.ZodError, part: string) =>
  error.issues.flatMap((issue) => {
    const path = [part, ...issue.path.map(String)].join('.')
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: `${path}.${key}`, message: 'is not a field here' }))
      : [{ path, message: issue.message }]
  })

async function sealBoth(
  deps: Deps,
  id: string,
  credentials: unknown,
  secrets: SharedSecrets,
): Promise<store.Sealed> {
  return {
    credentials: await deps.seal.seal(JSON.stringify(credentials), id),
    secrets: await deps.seal.seal(JSON.stringify(secrets), id),
    kept: null,
  }
}

const bare = ({ sealed: _, ...connection }: store.Row): Connection => connection
const randomSecret = () =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url')
