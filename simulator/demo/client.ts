/** Calls the service's public API and the simulators' own endpoints, as any script outside could. */
export type Client = {
  get(path: string): Promise<any>
  /** The step's name is the idempotency key: a demo that was cut short repeats its steps safely. */
  post(path: string, body: unknown, step?: string): Promise<any>
  patch(path: string, body: unknown): Promise<any>
}

const timeoutMs = 120_000

/** Throws with the answer's own words when it is not 2xx. */
export function client(base: string, key?: string): Client {
  const call = async (method: string, path: string, body?: unknown, step?: string) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(step && { 'idempotency-key': step }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await response.text()
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 1_000)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body, step) => call('POST', path, body, step),
    patch: (path, body) => call('PATCH', path, body),
  }
}
