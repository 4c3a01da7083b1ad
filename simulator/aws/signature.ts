import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const SKEW_MS_MAX = 15 * 60_000
const HEADER =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/

/** A request as it came over the wire. */
export type SignedRequest = {
  readonly method: string
  /** Path and query exactly as sent. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** Why a request is not believed; each protocol has its own names for these. */
export type SignatureFault = 'missing' | 'incomplete' | 'mismatch' | 'skew' | 'scope'

export type Signature = {
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
}

/** Who a request says it is from, before anything is verified; null when it has no signature. */
export function claimed(
  request: SignedRequest,
): (Signature & { readonly complete: boolean }) | null {
  const header = single(request, 'authorization')
  if (!header) return null
  const [, accessKeyId = '', , region = '', service = ''] = HEADER.exec(header) ?? []
  return { accessKeyId, region, service, complete: accessKeyId !== '' }
}

/**
 * Verifies AWS Signature Version 4 with the secret, or says what is wrong ("Create a signed AWS API
 * request", IAM User Guide). S3 signs the path as sent, all others encode it once more.
 */
export function verify(
  request: SignedRequest,
  secret: string,
  realNow: number,
): { readonly fault: SignatureFault; readonly message: string } | null {
  const header = HEADER.exec(single(request, 'authorization') ?? '')
  if (!header) return { fault: 'incomplete', message: 'Authorization header is malformed.' }
  const [, , day = '', region = '', service = '', names = '', signature = ''] = header
  const date = single(request, 'x-amz-date') ?? ''
  if (!date.startsWith(day)) {
    return {
      fault: 'scope',
      message: "Date in Credential scope does not match the request's date.",
    }
  }
  const skew = skewFault(date, realNow)
  if (skew) return skew
  const claimedHash = single(request, 'x-amz-content-sha256')
  const hash = sha256(request.body)
  if (claimedHash && claimedHash !== 'UNSIGNED-PAYLOAD' && claimedHash !== hash) {
    return {
      fault: 'mismatch',
      message: 'The provided x-amz-content-sha256 does not match the body.',
    }
  }
  const canonical = canonicalRequest(request, service, names.split(';'), claimedHash ?? hash)
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${secret}`,
  )
  const expected = createHmac('sha256', key).update(toSign).digest()
  if (timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return null
  return {
    fault: 'mismatch',
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  }
}

function skewFault(date: string, realNow: number) {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return { fault: 'incomplete' as const, message: 'x-amz-date is malformed.' }
  if (Math.abs(at - realNow) <= SKEW_MS_MAX) return null
  const word = at < realNow ? 'expired' : 'not yet current'
  return {
    fault: 'skew' as const,
    message: `Signature ${word}: ${date} is outside 15 minutes of now.`,
  }
}

function canonicalRequest(
  request: SignedRequest,
  service: string,
  names: readonly string[],
  hash: string,
): string {
  const [path = '/', query = ''] = request.target.split('?', 2)
  const headers = names.map((name) => `${name}:${joined(request, name)}\n`).join('')
  const uri = service === 's3' ? path : path.split('/').map(encode).join('/')
  return [request.method, uri, canonicalQuery(query), headers, names.join(';'), hash].join('\n')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((part) => {
    const at = part.indexOf('=')
    const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    return [encode(decode(name)), encode(decode(value))] as const
  })
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function single(request: SignedRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function joined(request: SignedRequest, name: string): string {
  const value = request.headers[name] ?? ''
  const text = Array.isArray(value) ? value.join(',') : value
  return text.trim().replace(/ +/g, ' ')
}
