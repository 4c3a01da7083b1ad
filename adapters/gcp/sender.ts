import { Problem } from '../../src/kernel/problem.ts'
import type { Fetch } from '../../src/platform/http.ts'
import type { Tokens } from './tokens.ts'

const readAttemptsMax = 3
const readPauseMs = 100

export type Outgoing = {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body?: RequestInit['body'] | undefined
  readonly signal?: AbortSignal | undefined
}
export type Send = (outgoing: Outgoing) => Promise<Response>

/**
 * Signs what is sent. A token that is refused is asked for anew, once; a GET is sent up to three times while Google is in
 * trouble. Anything else goes out once, since a reply that never came does not tell what was done.
 */
export const sender =
  (tokens: Tokens, fetch: Fetch): Send =>
  async (outgoing) => {
    const attemptsMax = outgoing.method === 'GET' ? readAttemptsMax : 1
    for (let attempt = 1; ; attempt += 1) {
      const answer = await signed(outgoing, tokens, fetch).catch((error: unknown) => {
        const isFinal = attempt >= attemptsMax || error instanceof Problem
        if (isFinal || outgoing.signal?.aborted) throw error
        return undefined
      })
      if (answer && (attempt >= attemptsMax || !isPassing(answer))) return answer
      await answer?.body?.cancel()
      await pause(readPauseMs * 2 ** attempt)
    }
  }

async function signed(outgoing: Outgoing, tokens: Tokens, fetch: Fetch): Promise<Response> {
  const { value, isNew } = await tokens.get()
  const answer = await fetch(requestOf(outgoing, value))
  if (answer.status !== 401) return answer
  tokens.forget(value)
  const isRepeatable = outgoing.body === undefined || typeof outgoing.body === 'string'
  if (isNew || !isRepeatable) return answer
  await answer.body?.cancel()
  return fetch(requestOf(outgoing, (await tokens.get()).value))
}

function requestOf({ method, url, headers, body, signal }: Outgoing, token: string): Request {
  const all = new Headers(headers)
  all.set('authorization', `Bearer ${token}`)
  return new Request(url, {
    method,
    headers: all,
    redirect: 'manual',
    ...(body === undefined ? {} : { body, duplex: 'half' }),
    ...(signal === undefined ? {} : { signal }),
  } as RequestInit)
}

/** An outage that may be over in a moment. */
const isPassing = ({ status, headers }: Response): boolean =>
  [408, 500, 502, 503, 504].includes(status) && headers.get('retry-after') === null

const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms)
  })
