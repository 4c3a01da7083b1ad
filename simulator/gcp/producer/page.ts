import { createHash } from 'node:crypto'
import { badRequest } from '../refusal.ts'

export const PAGE_MAX = 500

/**
 * One page of a list. A size above 500 is taken as 500 and none is 500; the other parameters must be those of
 * the request the token came from (Commerce Producer API: ListPrivateOffersRequest). A page may hold nothing and more
 * may follow (AIP-158): `isEmptyFirst`.
 */
export function pageOf<T>(
  items: readonly T[],
  query: URLSearchParams,
  path: string,
  isEmptyFirst = false,
) {
  const size = sizeOf(query.get('pageSize') ?? query.get('page_size'))
  const token = query.get('pageToken') ?? query.get('page_token') ?? ''
  const asked = fingerprint(query, path)
  const from = token === '' ? 0 : offset(token, asked)
  const isEmpty = isEmptyFirst && token === ''
  const page = isEmpty ? [] : items.slice(from, from + size)
  const isLast = !isEmpty && from + size >= items.length
  const at = isEmpty ? 0 : from + size
  const next = Buffer.from(JSON.stringify({ at, asked })).toString('base64url')
  return { page, ...(isLast ? {} : { nextPageToken: next }) }
}

function sizeOf(text: string | null): number {
  const size = Number(text ?? 0)
  if (!Number.isInteger(size) || size < 0) {
    throw badRequest([{ field: 'page_size', description: 'page_size must not be negative.' }])
  }
  return size === 0 ? PAGE_MAX : Math.min(size, PAGE_MAX)
}

function offset(token: string, asked: string): number {
  const invalid = badRequest([{ field: 'page_token', description: 'page_token is invalid.' }])
  const read = (() => {
    try {
      return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    } catch {
      throw invalid
    }
  })()
  if (!Number.isInteger(read?.at) || read.asked !== asked) throw invalid
  return read.at
}

const FREE = [
  'pageSize',
  'page_size',
  'pageToken',
  'page_token',
  '$alt',
  'alt',
  'key',
  'prettyPrint',
]

function fingerprint(query: URLSearchParams, path: string): string {
  const rest = [...query.entries()].filter(([name]) => !FREE.includes(name)).sort()
  return createHash('sha256')
    .update(JSON.stringify([path, rest]))
    .digest('hex')
    .slice(0, 16)
}
