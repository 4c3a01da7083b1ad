import { Problem } from '../kernel/problem.ts'

/** How an adapter reaches the network when its vendor's client takes a fetch; handed in, never global. */
export type Fetch = (request: Request) => Promise<Response>

/** `act`, or `unavailable` after `timeoutMs`: some clients never settle when a socket dies. */
export async function within<T>(
  timeoutMs: number,
  what: string,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Problem('unavailable', `${what} did not answer within ${timeoutMs} ms`))
      abort.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([act(abort.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
