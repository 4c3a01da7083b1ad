import { createHash, createHmac } from 'node:crypto'

const SECRET = 'simulated-seller-secret'
const KEY = 'AKIASIMSELLER0000001'

export type Capture = {
  readonly method: string
  readonly url: string
  readonly service: string
  readonly contentType: string | null
  readonly target: string | null
  readonly body: string
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Sends a recorded request again, signed by hand so that no SDK can tidy it up on the way. */
export function signedFetch(
  endpoint: string,
  capture: Capture,
  change: { readonly at?: number; readonly region?: string } = {},
): Promise<Response> {
  const url = new URL(endpoint + capture.url)
  const date = new Date(change.at ?? Date.now()).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers: Record<string, string> = {
    ...(capture.contentType ? { 'content-type': capture.contentType } : {}),
    host: url.host,
    'x-amz-content-sha256': sha256(capture.body),
    'x-amz-date': date,
    ...(capture.target ? { 'x-amz-target': capture.target } : {}),
  }
  const names = Object.keys(headers).join(';')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&')
  const canonical = [
    capture.method,
    url.pathname,
    query,
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(capture.body),
  ].join('\n')
  const scope = [date.slice(0, 8), change.region ?? 'us-east-1', capture.service, 'aws4_request']
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${SECRET}`)
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')
  const signature = hmac(key, text).toString('hex')
  const { host: _, ...sent } = headers
  return fetch(url, {
    method: capture.method,
    headers: {
      ...sent,
      authorization: `AWS4-HMAC-SHA256 Credential=${KEY}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`,
    },
    ...(capture.body === '' ? {} : { body: capture.body }),
  })
}
