import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { readJson } from '../../adapters/azure/exact-json.ts'
import { settings } from '../../adapters/azure/settings.ts'
import { account, clientId, cloud, failing, tenantId } from '../azure/cloud.ts'
import { sampleId } from '../azure/subscription.ts'

const base = '/api/saas/subscriptions'

describe('a purchase token', () => {
  it('keeps a plus it begins or ends with, though a browser made a space of it', () => {
    expect(cloud({}).agreements.readToken({ token: ' 6x/y ' })).toBe('+6x/y+')
  })

  const denied = { status: 403, json: { error: { code: 'Forbidden', message: 'No.' } } }

  it('of another publisher is not known, as one of nobody', async () => {
    const list = { json: { subscriptions: [] } }
    const { agreements } = cloud({ [`POST ${base}/resolve`]: denied, [`GET ${base}`]: list })
    expect(await failing(agreements.resolve('abc'))).toMatchObject({
      code: 'rejected',
      details: { token: 'invalid' },
    })
  })

  it('is not blamed when our own credentials are refused', async () => {
    const { agreements } = cloud({ [`POST ${base}/resolve`]: denied, [`GET ${base}`]: denied })
    expect(await failing(agreements.resolve('abc'))).toMatchObject({
      code: 'forbidden',
      details: { whose: 'ours' },
    })
  })
})

describe('a webhook', () => {
  const at = Date.parse('2026-03-10T09:01:00Z') / 1000
  const claims: JWTPayload = {
    aud: clientId,
    iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    exp: at + 3600,
    azp: '20e940b3-4c77-4b0b-9a53-9e16a1b010a7',
    tid: tenantId,
    ver: '2.0',
  }
  const body = (changes: object = {}) => ({
    id: '74dfb4db-c193-4891-827d-eb05fbdc64b0',
    subscriptionId: sampleId,
    action: 'ChangePlan',
    status: 'InProgress',
    planId: 'gold',
    ...changes,
  })

  async function receive(text: string, own: object = {}) {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'k1' }]
    const told = { [`GET /${tenantId}/discovery/v2.0/keys`]: { json: { keys } } }
    const { notices } = cloud(told, { settings: own })
    const header = { alg: 'RS256', kid: 'k1' }
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
    return notices.receive({ headers: { authorization: `Bearer ${token}` }, body: text }, '')
  }

  it('is believed without nbf, which not every token has', async () => {
    expect(await receive(JSON.stringify(body()))).toHaveLength(1)
  })

  it('is believed when the settings write the ids in capitals', async () => {
    const own = { tenantId: tenantId.toUpperCase(), clientId: clientId.toUpperCase() }
    expect(settings.parse({ ...account, ...own })).toMatchObject(account)
    expect(await receive(JSON.stringify(body()), own)).toHaveLength(1)
  })

  it('is kept though its buyer named the subscription with half an emoji', async () => {
    const [notice] = await receive(JSON.stringify(body({ subscription: { name: 'a\ud83d\0' } })))
    expect(notice?.native).toMatchObject({ subscription: { name: 'a\ufffd\ufffd' } })
  })

  it('is about nothing that leads to another path', async () => {
    for (const id of ['.', '..', ''])
      expect(await failing(cloud({}).agreements.get(id))).toMatchObject({ code: 'not_found' })
  })
})

it.each(['float', 'text', 'raw'] as const)('reads text as it can be stored, %s', (numbers) => {
  expect(readJson(String.raw`["\ud83d\ude00 \ud83d", "\\u0000\u0000"]`, numbers)).toEqual([
    '😀 \ufffd',
    '\\u0000\ufffd',
  ])
})
