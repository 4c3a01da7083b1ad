import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IncomingNotice } from '../../../src/notices/port.ts'

/** A call that came in: its address below the mailbox's origin besides what a notice has. */
export type Posted = IncomingNotice & { readonly path: string }

/** An endpoint on a port of its own that keeps what it is called with and answers 200. */
export async function openMailbox() {
  let kept: Posted[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      )
      kept.push({ headers, body, path: request.url ?? '' })
      response.end()
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`,
    empty(): readonly Posted[] {
      const all = kept
      kept = []
      return all
    },
    close: () => server.close(),
  }
}
