import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { adapter } from '../../src/adapter.ts'
import { findByAccount } from '../../src/buyers/service.ts'
import { createTestWorld, type World } from '../world.ts'

const provider = (name: string) =>
  adapter({
    provider: name,
    title: name,
    settings: z.strictObject({}),
    credentials: z.strictObject({}),
    example: { settings: {}, credentials: {} },
    client: () => undefined,
    ports: {},
  })

let world: World
beforeAll(async () => {
  world = await createTestWorld({ adapters: [provider('north'), provider('south')] })
})
afterAll(() => world.close())

let next = 100
const account = (ref = String(next++), at = 'north') => ({ provider: at, ref })
const desk = () => world.as('deal_desk')
const enter = async (body: object) => (await desk().post('/v1/buyers', body)).body

describe('buyers', () => {
  it('have accounts at each provider, in the order given', async () => {
    const accounts = [account('9'), account('1'), account('1', 'south')]
    const made = await desk().post('/v1/buyers', {
      name: 'Acme',
      accounts,
      crm: { account: '001xx' },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ name: 'Acme', accounts, crm: { account: '001xx' } })
    const read = await world.as('viewer').get(`/v1/buyers/${made.body.id}`)
    expect(read.body).toEqual(made.body)
    expect((await findByAccount(world.deps, 'south', '1'))?.id).toBe(made.body.id)
    expect(await findByAccount(world.deps, 'south', '9')).toBeUndefined()
  })

  it('may be entered before their accounts are known', async () => {
    expect(await enter({ name: 'Early' })).toMatchObject({ accounts: [], crm: null })
  })

  it('cannot share an account; the refusal names the other', async () => {
    const taken = account()
    const first = await enter({ name: 'First', accounts: [taken] })
    const answer = await desk().post('/v1/buyers', { name: 'Second', accounts: [account(), taken] })
    expect(answer.status).toBe(409)
    expect(answer.body.errors).toEqual([
      { path: 'accounts.1.ref', message: `belongs to ${first.id} (First)` },
    ])
    const { body } = await world.as('viewer').get('/v1/buyers?limit=200')
    expect(body.data.map((b: { name: string }) => b.name)).not.toContain('Second')
  })

  it('cannot take an account in a race either', async () => {
    const accounts = [account(), account()]
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        desk().post('/v1/buyers', {
          name,
          accounts: name === 'b' ? accounts.toReversed() : accounts,
        }),
      ),
    )
    expect(answers.map((a) => a.status).toSorted((a, b) => a - b)).toEqual([201, 409, 409])
  })

  it('change what is given, and free the accounts they give up', async () => {
    const [a, b] = [account(), account()]
    const made = await enter({ name: 'Old', accounts: [a], crm: { account: '001' } })
    const path = `/v1/buyers/${made.id}`
    const changed = await desk().patch(path, { name: 'New', accounts: [b] }, { 'if-match': '"1"' })
    expect(changed.body).toMatchObject({
      name: 'New',
      accounts: [b],
      crm: { account: '001' },
      revision: 2,
    })
    expect(changed.headers.get('etag')).toBe('"2"')
    expect((await desk().patch(path, { crm: null })).body.crm).toBeNull()
    expect((await desk().post('/v1/buyers', { name: 'Heir', accounts: [a] })).status).toBe(201)
  })

  it('are not changed by whoever read an older revision', async () => {
    const made = await enter({ name: 'X' })
    const path = `/v1/buyers/${made.id}`
    await desk().patch(path, { name: 'Y' })
    const late = await desk().patch(path, { name: 'Z' }, { 'if-match': '"1"' })
    expect([late.status, late.body.code]).toEqual([412, 'stale'])
  })

  it('are refused with every fault named', async () => {
    const same = account()
    const answer = await desk().post('/v1/buyers', {
      name: 'X',
      accounts: [same, same, { provider: 'west', ref: '1' }],
    })
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toEqual([
      { path: 'accounts.1.ref', message: 'repeats accounts.0' },
      { path: 'accounts.2.provider', message: 'must be one of north, south' },
    ])
    const shape = await desk().post('/v1/buyers', { accounts: [{ provider: 'north' }], extra: 1 })
    expect(shape.body.errors.map((e: { path: string }) => e.path)).toEqual([
      'name',
      'accounts.0.ref',
      'extra',
    ])
  })

  it('are found by an account', async () => {
    const one = account()
    const made = await enter({ name: 'Found', accounts: [one] })
    const { body } = await world.as('finance').get(`/v1/buyers?account=${one.ref}`)
    expect(body.data.map((b: { id: string }) => b.id)).toEqual([made.id])
  })

  it('are entered once when a request is repeated under one key', async () => {
    const key = { 'idempotency-key': 'buyer-once' }
    const body = { name: 'Once', accounts: [account()] }
    const first = await desk().post('/v1/buyers', body, key)
    const again = await desk().post('/v1/buyers', body, key)
    expect(again.body).toEqual(first.body)
  })

  it('are entered by the deal desk and sales only', async () => {
    expect((await world.as('sales').post('/v1/buyers', { name: 'S' })).status).toBe(201)
    expect((await world.as('finance').post('/v1/buyers', { name: 'F' })).status).toBe(403)
    expect((await world.as('viewer').patch('/v1/buyers/buyer_x', {})).status).toBe(403)
  })
})
