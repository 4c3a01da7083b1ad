import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Instant, millis } from '../../src/kernel/time.ts'
import {
  accountId,
  accountPath,
  buyerAccount,
  type Call,
  denied,
  entitlementId,
  failing,
  google,
  type Reply,
} from './google.ts'

const now: Instant = '2026-03-10T09:01:00.000Z'
const certsPath = '/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com'
const issuer = `https://www.googleapis.com${certsPath}`
/** Made for these tests: keys and self-signed certificates. */
const signers = JSON.parse(
  readFileSync(join(import.meta.dirname, 'data', 'signers.json'), 'utf8'),
) as Signer[]
type Signer = { readonly kid: string; readonly key: string; readonly pem: string }
const [first, second] = signers as [Signer, Signer]

const seconds = (at: Instant) => millis(at) / 1000
const token = (change: object = {}, by: Signer = first, header: object = {}) =>
  new SignJWT({
    iss: issuer,
    iat: seconds(now) - 10,
    exp: seconds(now) + 290,
    aud: 'saas.example.com',
    sub: accountId,
    google: { roles: ['account_admin'], user_identity: '1234567890', orders: [entitlementId] },
    ...change,
  })
    .setProtectedHeader({ alg: 'RS256', kid: by.kid, typ: 'JWT', ...header })
    .sign(createPrivateKey(by.key))

const certificates = (...known: Signer[]) => ({
  json: Object.fromEntries(known.map(({ kid, pem }) => [kid, pem])),
  headers: { 'cache-control': 'public, max-age=600, must-revalidate' },
})
type Given = {
  certs?: Reply | ((call: Call) => Reply)
  account?: Reply
  now?: () => Instant
  settings?: object
}
const world = ({ certs, account, ...options }: Given = {}) =>
  google(
    {
      [`GET ${certsPath}`]: certs ?? (() => certificates(first)),
      [`GET ${accountPath}`]: account ?? { json: buyerAccount('PENDING') },
    },
    { now: () => now, ...options },
  )
const verdict = async (text: string, given: Given = {}) => {
  const { code, details } = await failing(world(given).agreements.resolve(text))
  return [code, details.token]
}
const invalid = ['rejected', 'invalid']

describe('a sign-up token', () => {
  it('is found in the form field that Google posts', () => {
    const { readToken } = world().agreements
    expect(readToken({ 'x-gcp-marketplace-token': ' abc ' })).toBe('abc')
    expect(readToken({ token: 'abc' })).toBeUndefined()
    expect(readToken({ 'x-gcp-marketplace-token': '' })).toBeUndefined()
  })

  it('names the buyer’s account, its user, and the one order it was made for', async () => {
    const { agreements, asked } = world()
    expect(await agreements.resolve(await token())).toEqual({
      agreementRef: entitlementId,
      buyerRef: accountId,
      licenseRef: null,
      customerRef: null,
      meteringRef: null,
      native: { roles: ['account_admin'], userIdentity: '1234567890', orders: [entitlementId] },
    })
    expect(asked()).toEqual([`GET ${certsPath}`, `GET ${accountPath}`])
  })

  it('names no order where there are several or none, in whatever form they come', async () => {
    const resolve = async (change: object) =>
      (await world().agreements.resolve(await token(change))).agreementRef
    expect(await resolve({ google: { orders: ['a', 'b'] } })).toBeNull()
    expect(await resolve({ google: {} })).toBeNull()
    expect(await resolve({ google: undefined })).toBeNull()
    expect(await resolve({ google: { orders: [{ orderId: 'orders/a' }] } })).toBe('a')
    expect(await resolve({ google: {}, orders: ['a'] })).toBe('a')
  })

  it('may be made out to any of the audiences that are allowed', async () => {
    const settings = { audiences: ['saas.example.com', 'x.endpoints.acme-public.cloud.goog'] }
    const told = await world({ settings }).agreements.resolve(
      await token({ aud: 'x.endpoints.acme-public.cloud.goog' }),
    )
    expect(told.buyerRef).toBe(accountId)
    expect(await verdict(await token({ aud: 'other.example' }))).toEqual(invalid)
  })

  it('is expired after its five minutes and thirty seconds of grace', async () => {
    const late = (exp: number) => ({ iat: exp - 300, exp })
    const still = await token(late(seconds(now) - 29))
    expect((await world().agreements.resolve(still)).buyerRef).toBe(accountId)
    const over = await token(late(seconds(now) - 31))
    expect(await verdict(over)).toEqual(['rejected', 'expired'])
  })

  it('is forged when it lives too long, comes from the future, or is not Google’s', async () => {
    const at = seconds(now)
    for (const change of [
      { exp: at + 600 },
      { iat: at + 60, exp: at + 300 },
      { iat: undefined },
      { exp: undefined },
      { iss: 'https://evil.test/certs' },
      { sub: '' },
      { sub: undefined },
    ])
      expect(await verdict(await token(change))).toEqual(invalid)
  })

  it('is forged when another key, another algorithm or no signature is in it', async () => {
    const impostor = { ...second, kid: first.kid }
    expect(await verdict(await token({}, impostor))).toEqual(invalid)
    const secret = new TextEncoder().encode(first.pem)
    const confused = await new SignJWT({ iss: issuer, sub: accountId })
      .setProtectedHeader({ alg: 'HS256', kid: first.kid })
      .sign(secret)
    expect(await verdict(confused)).toEqual(invalid)
    const [head, body] = (await token()).split('.')
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: first.kid })).toString('base64url')
    for (const text of [`${none}.${body}.`, `${head}.${body}`, 'x', '', 'x'.repeat(20_000)])
      expect(await verdict(text)).toEqual(invalid)
    expect(await verdict(await token({}, first, { kid: undefined }))).toEqual(invalid)
  })

  it('of an account that is none of this seller’s is as good as forged', async () => {
    const gone = { status: 404, json: { error: { code: 404, status: 'NOT_FOUND', message: '' } } }
    expect(await verdict(await token(), { account: gone })).toEqual(invalid)
    const { code } = await failing(world({ account: denied }).agreements.resolve(await token()))
    expect(code).toBe('forbidden')
  })

  it('is not judged while the certificates cannot be had', async () => {
    for (const certs of ['hang up', { status: 500 }, { text: '<html>' }, { json: {} }] as Reply[])
      expect((await failing(world({ certs }).agreements.resolve(await token()))).code).toBe(
        'unavailable',
      )
  })

  it('never shows in what is said of it', async () => {
    const bad = await token({ aud: 'other.example' })
    const problem = await failing(world().agreements.resolve(bad))
    expect(JSON.stringify([problem.message, problem.details])).not.toContain(bad.slice(0, 30))
  })
})

describe('Google’s certificates', () => {
  const looks = (calls: readonly Call[]) => calls.filter(({ path }) => path === certsPath).length

  it('are kept for as long as they say', async () => {
    let at = now
    const { agreements, calls } = world({ now: () => at })
    await agreements.resolve(await token())
    await agreements.resolve(await token())
    expect(looks(calls)).toBe(1)
    at = '2026-03-10T09:11:30.000Z'
    await agreements.resolve(await token({ iat: seconds(at), exp: seconds(at) + 300 }))
    expect(looks(calls)).toBe(2)
  })

  it('are looked up again for a name they do not have, once a minute at most', async () => {
    let known = [first]
    let at = now
    const { agreements, calls } = world({ now: () => at, certs: () => certificates(...known) })
    await agreements.resolve(await token())
    const fresh = await token({}, second)
    await failing(agreements.resolve(fresh))
    await failing(agreements.resolve(fresh))
    expect(looks(calls)).toBe(2)
    known = [first, second]
    at = '2026-03-10T09:02:30.000Z'
    expect((await agreements.resolve(fresh)).buyerRef).toBe(accountId)
    expect(looks(calls)).toBe(3)
  })

  it('that a caller names himself are never asked for', async () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const forged = await new SignJWT({ iss: 'https://evil.test/certs', sub: accountId })
      .setProtectedHeader({ alg: 'RS256', kid: 'x', jku: 'https://evil.test/certs' })
      .sign(own)
    const { agreements, calls } = world()
    await failing(agreements.resolve(forged))
    expect(calls.map(({ url }) => url.host)).toEqual(['google.test'])
  })
})
