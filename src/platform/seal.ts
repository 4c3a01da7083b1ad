import { Problem } from '../kernel/problem.ts'

/** One key of SECRET_KEY. */
export type SealKey = { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> }

export type Sealer = {
  /** Encrypts under the newest key. `context` (a row's id) must be given again to open it. */
  seal(text: string, context: string): Promise<string>
  /** Throws `internal` when the key is gone or the text was changed or moved to another row. */
  open(sealed: string, context: string): Promise<string>
  /** Whether a sealed text was made with an older key than the newest. */
  isStale(sealed: string): boolean
}

const version = 's1'
const distinctBytesMin = 12

/** Reads `id:key,id:key`: 32 bytes each, base64 or hex, newest first. Throws `invalid` for a weak or malformed key. */
export function parseKeys(text: string): SealKey[] {
  return text.split(',').map((part, index) => {
    const [id, key] = part.includes(':')
      ? part.trim().split(':', 2)
      : [`k${index + 1}`, part.trim()]
    const bytes = decode(key ?? '')
    if (
      bytes?.length !== 32 ||
      new Set(bytes).size < distinctBytesMin ||
      !/^[\w-]{1,20}$/.test(id ?? '')
    ) {
      throw new Problem(
        'invalid',
        'SECRET_KEY must be 32 random bytes in base64 or hex (`openssl rand -base64 32`), optionally as id:key',
      )
    }
    return { id: id ?? '', bytes }
  })
}

function decode(key: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(key)) return new Uint8Array(Buffer.from(key, 'hex'))
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) return new Uint8Array(Buffer.from(key, 'base64'))
  return undefined
}

/** AES-256-GCM with a fresh 96-bit nonce each time; the context is authenticated, not stored. */
export function createSealer(keys: readonly SealKey[]): Sealer {
  const newest = keys[0]
  if (!newest) throw new Problem('internal', 'no key to seal with')
  return {
    async seal(text, context) {
      const iv = crypto.getRandomValues(new Uint8Array(12))
      const algorithm = { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(context) }
      const body = await crypto.subtle.encrypt(
        algorithm,
        await load(newest),
        new TextEncoder().encode(text),
      )
      return [version, newest.id, base64(iv), base64(new Uint8Array(body))].join('.')
    },
    async open(sealed, context) {
      const [, id, iv = '', body = ''] = sealed.split('.')
      const key = keys.find((k) => k.id === id)
      if (!key)
        throw new Problem('internal', `sealed with key ${id}, which SECRET_KEY no longer holds`)
      const additionalData = new TextEncoder().encode(context)
      const algorithm = { name: 'AES-GCM', iv: bytes(iv), additionalData }
      const text = await crypto.subtle
        .decrypt(algorithm, await load(key), bytes(body))
        .catch((cause) => {
          throw new Problem(
            'internal',
            'a sealed secret cannot be opened with this SECRET_KEY',
            {},
            { cause },
          )
        })
      return new TextDecoder().decode(text)
    },
    isStale: (sealed) => sealed.split('.')[1] !== newest.id,
  }
}

const load = (key: SealKey) =>
  crypto.subtle.importKey('raw', key.bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64url')
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
