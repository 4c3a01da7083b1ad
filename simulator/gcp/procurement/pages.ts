import { createHash } from 'node:crypto'
import { badRequest } from '../refusal.ts'

/**
 * One page of a list, in the order of the rows; `what` is what the list is of, and a token of another list, or
 * of another filter, is refused. `sizes` are the usual and the largest page; larger ones are cut to it.
 */
export function page<Row extends { readonly id: string }>(
  rows: readonly Row[],
  query: Readonly<Record<string, string>>,
  sizes: { readonly usual: number; readonly max: number; readonly isEmptyFirst?: boolean },
  what: string,
): { rows: Row[]; nextPageToken?: string } {
  const asked = Number(query.pageSize ?? 0)
  if (asked < 0) throw badRequest([{ field: 'page_size', description: 'must not be negative' }])
  const size = Math.min(asked === 0 ? sizes.usual : asked, sizes.max)
  const mark = createHash('sha256').update(what).digest('base64url').slice(0, 8)
  const after = query.pageToken ? readToken(query.pageToken, mark) : null
  if (after === null && sizes.isEmptyFirst) return { rows: [], nextPageToken: tokenOf(mark, '') }
  const start = after === null ? 0 : rows.findIndex((row) => row.id === after) + 1
  const found = rows.slice(start, start + size)
  const last = found.at(-1)
  if (!last || start + size >= rows.length) return { rows: found }
  return { rows: found, nextPageToken: tokenOf(mark, last.id) }
}

const tokenOf = (mark: string, id: string): string =>
  Buffer.from(`${mark}:${id}`).toString('base64url')

function readToken(token: string, mark: string): string {
  const [found, id] = Buffer.from(token, 'base64url').toString('utf8').split(':')
  if (found !== mark || id === undefined) {
    throw badRequest([{ field: 'page_token', description: 'does not belong to this list' }])
  }
  return id
}
