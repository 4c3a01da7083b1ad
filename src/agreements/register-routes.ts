import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type Env, router } from '../api.ts'
import { asProblem, type Problem } from '../kernel/problem.ts'
import { drawPage, type RegistrationPage, registrationPages } from './pages.ts'
import { register } from './register.ts'

const bodyBytesMax = 64 * 1024
const retryAfterSeconds = 60

/**
 * Where marketplaces send a buyer's user after the purchase: a form that is posted, or a link. Needs no API key;
 * people see pages, and end at the seller's sign-up page with a signed hand-off (see `handOff`). Some marketplaces send
 * browsers here by a plain link, to be signed in by the seller alone: they are told where.
 */
export const registration = router()
  .use(
    '/:connection',
    bodyLimit({ maxSize: bodyBytesMax, onError: (c) => show(c as Context<Env>, 'too_large') }),
  )
  .on(['GET', 'POST'], '/:connection', async (c) => {
    try {
      const fields = await fieldsOf(c)
      const outcome = await register(c.var.deps, c.req.param('connection'), fields)
      const isPlain = c.req.method === 'GET' && Object.keys(fields).length === 0
      if (outcome.is === 'no_token' && isPlain && outcome.signUpUrl !== null)
        return show(c, 'sign_in', outcome.signUpUrl)
      if (outcome.is !== 'registered') return show(c, outcome.is)
      if (outcome.location === null) return show(c, 'registered')
      protect(c)
      return c.redirect(outcome.location, 303)
    } catch (error) {
      return show(c, pageOf(c, asProblem(error)))
    }
  })

/** Form and query fields, of which the form's win; anything else a browser may send holds none. */
async function fieldsOf(c: Context<Env>): Promise<Record<string, string>> {
  // Checking whether a link works is not following it: a token may be good only once.
  if (c.req.method === 'HEAD') return {}
  const type = c.req.header('content-type') ?? ''
  const isForm = c.req.method === 'POST' && /^application\/x-www-form-urlencoded\b/i.test(type)
  const form = new URLSearchParams(isForm ? await c.req.text() : '')
  return { ...c.req.query(), ...Object.fromEntries(form) }
}

function pageOf(c: Context<Env>, problem: Problem): RegistrationPage {
  const { code, message, cause } = problem
  if (code === 'not_found') return 'no_connection'
  const { deps, requestId } = c.var
  const fields = { requestId, code, problem: message, cause: traceOf(cause) }
  deps.log.error(fields, 'registration could not be completed')
  return code === 'throttled' || code === 'unavailable' || code === 'conflict'
    ? 'unavailable'
    : 'broken'
}

function show(c: Context<Env>, page: RegistrationPage, link?: string) {
  const nonce = crypto.randomUUID()
  const { status } = registrationPages[page]
  protect(c, nonce)
  if (status === 429 || status === 503) c.header('retry-after', String(retryAfterSeconds))
  return c.html(drawPage(page, { nonce, requestId: c.var.requestId, link }), status)
}

const traceOf = (cause: unknown) => (cause instanceof Error ? cause.stack : undefined)

/** Nobody keeps, frames or forwards what happens here. */
function protect(c: Context<Env>, nonce?: string): void {
  const style = nonce ? `style-src 'nonce-${nonce}'; ` : ''
  const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  c.header('content-security-policy', `${style}${nothing}`)
  c.header('cache-control', 'no-store')
  c.header('referrer-policy', 'no-referrer')
  c.header('x-content-type-options', 'nosniff')
}
