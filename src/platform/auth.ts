import type { Db } from './db.ts'

export const roles = ['admin', 'deal_desk', 'finance', 'sales', 'meter', 'viewer'] as const
export type Role = (typeof roles)[number]

/** Who is acting: an API key, or a job of ours. */
export type Actor = {
  readonly kind: 'key' | 'job' | 'system'
  readonly id: string
  readonly name: string
}
export type Principal = { readonly keyId: string; readonly name: string; readonly role: Role }

/** A new key as its owner sees it, once: 32 random bytes. Only its hash is stored. */
export const newKey = (): string =>
  `tp_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`

/** SHA-256 in hex. Keys are random and long, so a slow hash would protect nothing. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
  return Buffer.from(digest).toString('hex')
}

/** The key's owner, or undefined for a key that never was or is revoked. */
export async function authenticate(db: Db, key: string): Promise<Principal | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'role'])
    .where('hash', '=', await hashKey(key))
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return row && { keyId: row.id, name: row.name, role: row.role }
}
