import { type Deps, transact } from '../deps.ts'
import { type Id, newId } from '../kernel/id.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import type { Db } from '../platform/db.ts'
import { record } from '../platform/record.ts'
import type { ContractDocument } from './model.ts'
import type { CreateDocument } from './request.ts'

/** Enters a contract document by its address. It is never changed: another text is another document. */
export async function create(deps: Deps, command: CreateDocument): Promise<ContractDocument> {
  const { name, url } = command
  const document: ContractDocument = { id: newId('doc'), name, url, createdAt: deps.now() }
  await transact(deps, async (tx) => {
    await tx.db
      .insertInto('documents')
      .values({ id: document.id, name, url, created_at: document.createdAt })
      .execute()
    await record(tx, 'document.created', document.id, { name, url })
  })
  return document
}

export async function get(deps: Deps, id: string): Promise<ContractDocument> {
  const row = await all(deps.db).where('id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('not_found', `no document ${id}`)
  return read(row)
}

/** Those of these that exist, by id. */
export async function find(deps: Deps, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await all(deps.db)
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map(({ id, url }) => [id, url]))
}

export async function list(
  deps: Deps,
  limit: number,
  after?: readonly string[],
): Promise<ContractDocument[]> {
  let query = all(deps.db).orderBy('created_at').orderBy('id').limit(limit)
  if (after) {
    const [at = '', id = ''] = after
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '>', at as Instant),
        eb.and([eb('created_at', '=', at as Instant), eb('id', '>', id)]),
      ]),
    )
  }
  return (await query.execute()).map(read)
}

const all = (db: Db) => db.selectFrom('documents').selectAll()
type Row = Awaited<ReturnType<ReturnType<typeof all>['executeTakeFirstOrThrow']>>
const read = ({ id, name, url, created_at }: Row): ContractDocument => ({
  id: id as Id<'doc'>,
  name,
  url,
  createdAt: created_at,
})
