import { sql } from 'kysely'
import * as connections from '../connections/service.ts'
import { type Deps, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import type { Actor } from '../platform/auth.ts'
import { type Db, json } from '../platform/db.ts'
import { record } from '../platform/record.ts'
import { type UsagePolicy, usagePolicy, usualPolicy } from './policy.ts'

/** An account's policy; revision 0 until somebody chose one. */
export type KeptPolicy = {
  readonly connection: Id<'conn'>
  readonly policy: UsagePolicy
  readonly revision: number
  readonly updatedAt: Instant | null
}

export async function get(db: Db, connection: Id<'conn'>): Promise<KeptPolicy> {
  const row = await db
    .selectFrom('usage_policies')
    .selectAll()
    .where('connection', '=', connection)
    .executeTakeFirst()
  if (!row) return { connection, policy: usualPolicy, revision: 0, updatedAt: null }
  const policy = usagePolicy.parse(row.policy)
  return { connection, policy, revision: row.revision, updatedAt: row.updated_at }
}

/** Throws `stale` when `revision` is given and not the newest. */
export async function put(
  db: Db,
  { connection, policy }: Pick<KeptPolicy, 'connection' | 'policy'>,
  revision: number | undefined,
  by: { readonly actor: Actor; readonly at: Instant },
): Promise<KeptPolicy> {
  const isFirst = revision === undefined || revision === 0
  const { rows } = await sql<{ revision: number }>`
    insert into usage_policies as p (connection, policy, revision, actor, updated_at)
    select ${connection}, ${json(policy)}, 1, ${json(by.actor)}, ${by.at}::timestamptz
    where ${isFirst} or exists (select from usage_policies where connection = ${connection})
    on conflict (connection) do update set policy = excluded.policy, actor = excluded.actor,
      updated_at = excluded.updated_at, revision = p.revision + 1
    where ${revision ?? null}::int is null or p.revision = ${revision ?? null}::int
    returning revision`.execute(db)
  const [row] = rows
  if (!row) throw new Problem('stale', 'the policy was changed since it was read')
  return { connection, policy, revision: row.revision, updatedAt: by.at }
}

/** An account's policy. Throws `not_found` for no account, `unsupported` for one that takes no usage. */
export async function policy(deps: Deps, connection: Id<'conn'>): Promise<KeptPolicy> {
  await connections.port(deps, connection, 'metering')
  return get(deps.db, connection)
}

/** Chooses an account's policy; what it holds is looked at again. Throws `stale`, and as `policy` does. */
export async function choosePolicy(
  deps: Deps,
  connection: Id<'conn'>,
  chosen: UsagePolicy,
  revision: number | undefined,
): Promise<KeptPolicy> {
  await connections.port(deps, connection, 'metering')
  return transact(deps, async (tx) => {
    const by = { actor: tx.actor, at: tx.now() }
    const kept = await put(tx.db, { connection, policy: chosen }, revision, by)
    await record(tx, 'usage.policy_changed', connection, { policy: chosen })
    await connections.runNow(tx, 'metering', connection)
    return kept
  })
}
