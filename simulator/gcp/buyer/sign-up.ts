import { Impossible } from '../body.ts'
import { forge, sign } from '../identity/keys.ts'
import type { Service } from '../parties.ts'
import type { Account } from '../purchases.ts'
import type { GcpContext } from '../state.ts'

const ISSUER =
  'https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com'
const TOKEN_LIFE_SECONDS = 300
const PAGE_TIMEOUT_MS = 30_000
const BODY_CHARS_MAX = 20_000
const FIELD = 'x-gcp-marketplace-token'

/** How a sign-up token is to differ from the usual one. */
export type TokenSwitches = {
  readonly expired?: boolean
  readonly audience?: string
  readonly issuer?: string
  readonly subject?: string
  /** Signed by a key that is not published, under the id of one that is. */
  readonly otherKey?: boolean
  readonly roles?: readonly string[]
  readonly userIdentity?: string
  readonly orders?: 'ids' | 'objects' | 'none'
}

/** The token a browser carries to the seller's page: five minutes, RS256 (Google: Integrate your app's frontend). */
export async function signUpToken(
  context: GcpContext,
  service: Service,
  account: Account,
  switches: TokenSwitches = {},
): Promise<string> {
  const clock = context.settings().tokens.issueClock
  const now = Math.floor((clock === 'real' ? Date.now() : context.now()) / 1000)
  const iat = switches.expired ? now - 2 * TOKEN_LIFE_SECONDS : now
  const claims = {
    iss: switches.issuer ?? ISSUER,
    iat,
    exp: iat + TOKEN_LIFE_SECONDS,
    aud: switches.audience ?? service.audience ?? hostOf(service),
    sub: switches.subject ?? account.id,
    google: {
      roles: switches.roles ?? ['account_admin'],
      user_identity: switches.userIdentity ?? `gaia-${account.id.slice(0, 8)}`,
      ...ordersOf(context, service, account, switches),
    },
  }
  return switches.otherKey ? forge(context, 'signUp', claims) : sign(context, 'signUp', claims)
}

/**
 * The buyer's browser at the seller's sign-up or login URL: the form is posted with a token; without single
 * sign-on the login URL is merely opened. Redirects are not followed.
 */
export async function visit(
  context: GcpContext,
  service: Service,
  account: Account,
  page: 'signUp' | 'login',
  token?: string,
) {
  const url = page === 'signUp' ? service.signUpUrl : service.loginUrl
  if (!URL.canParse(url)) throw new Impossible(409, `the product has no ${page} URL`)
  const isPosted = page === 'signUp' || service.singleSignOn
  const carried = isPosted ? (token ?? (await signUpToken(context, service, account))) : null
  try {
    const answer = await fetch(url, {
      method: isPosted ? 'POST' : 'GET',
      headers: { accept: 'text/html', origin: 'https://console.cloud.google.com' },
      ...(carried === null ? {} : { body: new URLSearchParams({ [FIELD]: carried }) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(PAGE_TIMEOUT_MS),
    })
    const body = (await answer.text()).slice(0, BODY_CHARS_MAX)
    return { status: answer.status, location: answer.headers.get('location'), token: carried, body }
  } catch (error) {
    throw new Impossible(409, `the browser could not reach ${url}: ${String(error)}`)
  }
}

function hostOf(service: Service): string {
  if (!URL.canParse(service.signUpUrl)) {
    throw new Impossible(409, 'the product has neither a sign-up URL nor an audience')
  }
  return new URL(service.signUpUrl).hostname
}

/** Sent where the product allows several orders; the shape of an element is not documented. */
function ordersOf(
  context: GcpContext,
  service: Service,
  account: Account,
  switches: TokenSwitches,
): { orders?: readonly unknown[] } {
  const set = context.settings().signUp.orders
  const usual = set === 'auto' ? (service.multipleOrders ? 'ids' : 'none') : set
  const shape = switches.orders ?? usual
  if (shape === 'none') return {}
  const ids = context.entitlements
    .values()
    .filter((one) => one.account === account.id && one.service === service.name)
    .filter((one) => one.state !== 'ENTITLEMENT_CANCELLED')
    .map(({ id }) => id)
  return { orders: shape === 'ids' ? ids : ids.map((orderId) => ({ orderId })) }
}
