import { AwsFailure } from './failure.ts'

/**
 * One page of a list. Tokens are opaque, and belong to the query they came from: with another query
 * they are refused. A page may be empty and still carry a token.
 */
export function page<T>(
  all: readonly T[],
  input: any,
  limits: { readonly max: number; readonly usual: number; readonly emptyFirst?: boolean },
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const size = Math.min(input.MaxResults ?? input.maxResults ?? limits.usual, limits.max)
  const { NextToken, nextToken, MaxResults: _, maxResults: __, ...query } = input
  const mark = fingerprint(JSON.stringify(query))
  const token = NextToken ?? nextToken
  if (token === undefined && limits.emptyFirst && all.length > 0) {
    return { items: [], NextToken: write(0, mark) }
  }
  const from = token === undefined ? 0 : read(token, mark)
  const items = all.slice(from, from + size)
  const next = from + size
  return next < all.length ? { items, NextToken: write(next, mark) } : { items }
}

function write(from: number, mark: string): string {
  return Buffer.from(`${from}:${mark}`).toString('base64url')
}

function read(token: string, mark: string): number {
  const [from, given] = Buffer.from(token, 'base64url').toString().split(':')
  if (given !== mark || !/^\d+$/.test(from ?? '')) {
    throw new AwsFailure('ValidationException', 'The NextToken is not valid.', {
      reason: 'INVALID_NEXT_TOKEN',
    })
  }
  return Number(from)
}

function fingerprint(text: string): string {
  let hash = 0
  for (const char of text) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0
  return (hash >>> 0).toString(36)
}
