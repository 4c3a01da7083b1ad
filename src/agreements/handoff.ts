import { SignJWT } from 'jose'
import type { Instant } from '../kernel/time.ts'
import { millis } from '../kernel/time.ts'
import type { Agreement } from './model.ts'
import type { Arrival, HandOffTarget } from './registration.ts'

const lifeSeconds = 600
const parameter = 'tradepost'

/**
 * The address of the seller's sign-up page with a signed hand-off in the query parameter `tradepost`.
 *
 * It is a JWT, signed HS256 with the connection's `handoff` secret, good for ten minutes. The seller's page
 * verifies it with any JWT library: algorithm HS256 and no other, `iss` is this server's public address, `aud` the
 * origin of its own sign-up page, `exp` not past; and takes each `jti` once. With jose:
 *
 *     const { payload } = await jwtVerify(query.tradepost, new TextEncoder().encode(handoffSecret), {
 *       algorithms: ['HS256'], issuer: 'https://tradepost.example.com', audience: 'https://app.example.com' })
 *
 * Claims: `sub` our id of the buyer, or their marketplace account while no buyer here has it; `account` that
 * account, always; `agreement` our id and `agreementRef` the marketplace's; `listing` our id; `license` the
 * licence that metering goes by. What is not known yet is null: the user is genuine all the same, and
 * `registration`, found under the agreement's registrations, says later which agreement it was.
 */
export async function handOff(
  { issuer, signUpUrl, secret }: HandOffTarget,
  arrival: Arrival,
  agreement: Agreement | undefined,
  now: Instant,
): Promise<string> {
  const target = new URL(signUpUrl)
  const issuedAt = Math.floor(millis(now) / 1000)
  const jwt = await new SignJWT(claims(arrival, agreement))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(target.origin)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifeSeconds)
    .setJti(crypto.randomUUID())
    .sign(new TextEncoder().encode(secret))
  target.searchParams.set(parameter, jwt)
  return target.href
}

function claims({ id, connection, state }: Arrival, agreement: Agreement | undefined) {
  const who = state.is === 'waiting' || state.is === 'bound' ? state.who : undefined
  const account = who?.buyerRef ?? null
  return {
    sub: agreement?.buyer ?? account ?? '',
    account,
    connection,
    registration: id,
    agreement: agreement?.id ?? null,
    agreementRef: agreement?.agreementRef ?? null,
    listing: agreement?.listing ?? null,
    license: who?.licenseRef ?? agreement?.licenseRefs[0] ?? null,
  }
}
