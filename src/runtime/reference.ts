import { readFileSync } from 'node:fs'

type Serve = (request: Request) => Response | Promise<Response>

const file = new URL('../../public/scalar.js', import.meta.url)
let script: Uint8Array<ArrayBuffer> | undefined

/** Adds the reference page's script to what is served; on Workers it is a static asset. */
export const withDocs =
  (serve: Serve): Serve =>
  (request) => {
    if (new URL(request.url).pathname !== '/scalar.js') return serve(request)
    script ??= new Uint8Array(readFileSync(file))
    return new Response(script, {
      headers: { 'content-type': 'text/javascript', 'cache-control': 'public, max-age=86400' },
    })
  }
