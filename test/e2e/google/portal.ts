import { importPKCS8, SignJWT } from 'jose'
import { ACME, seedKey } from '../../../simulator/gcp/seed.ts'
import { EULA } from '../../gcp-simulator/offers.ts'
import { type Google, secondMs } from './google.ts'

const offers = `/v1beta/projects/${ACME.id}/locations/global/privateOffers`
const lifeSeconds = 600

/** Somebody else of the seller’s, with the same service account: a call of Google’s API; its answer, which must be good. */
export async function asSeller(google: Google, method: string, path: string, body?: unknown) {
  const answer = await fetch(google.clouds.origin + path, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(google)}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}

/** What a person types into Producer Portal and publishes there; the offer’s bare id. */
export async function typeIn(google: Google, offer: object): Promise<string> {
  const { name } = await asSeller(google, 'POST', offers, offer)
  await asSeller(google, 'POST', `/v1beta/${name}/documents`, EULA)
  await asSeller(google, 'POST', `/v1beta/${name}:publish`, {})
  await google.pass(10 * secondMs)
  return name.split('/').at(-1)
}

async function tokenOf({ deps, clouds }: Google): Promise<string> {
  const key = seedKey(ACME)
  const now = Math.floor(Date.parse(deps.now()) / 1000)
  const assertion = await new SignJWT({ scope: 'https://www.googleapis.com/auth/cloud-platform' })
    .setProtectedHeader({ alg: 'RS256', kid: String(key.private_key_id) })
    .setIssuer(String(key.client_email))
    .setAudience('https://oauth2.googleapis.com/token')
    .setIssuedAt(now)
    .setExpirationTime(now + lifeSeconds)
    .sign(await importPKCS8(String(key.private_key), 'RS256'))
  const answer = await fetch(`${clouds.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
    }),
  })
  const told: any = await answer.json()
  return told.access_token
}
