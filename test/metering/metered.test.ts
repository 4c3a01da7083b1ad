import { afterAll, beforeAll, expect, it } from 'vitest'
import * as agreements from '../../src/agreements/service.ts'
import { load } from '../../src/metering/metered.ts'
import { openShop, remote, type Shop } from './market.ts'

const keptMs = 1_100
const keptPassed = () => new Promise((resolve) => setTimeout(resolve, keptMs))

let shop: Shop
beforeAll(async () => {
  shop = await openShop(['agmt-1', 'agmt-2'])
})
afterAll(() => shop.world.close())

it('knows an agreement that changed after a second, and at once where it is read fresh', async () => {
  const { deps } = shop.world
  const both = ['agmt-1', 'agmt-2']
  const before = await load(deps, both)
  const usageRates = [{ dimension: 'storage_gb', rate: '2', currency: 'USD' }]
  const changedAt = '2027-03-01T00:00:00.000Z'
  shop.market.unlisted.push(remote('agmt-1', { usageRates, changedAt }))
  await agreements.read(deps, shop.connection, 'agmt-1')
  expect((await load(deps, both)).get('agmt-1')).toBe(before.get('agmt-1'))
  const fresh = await load(deps, ['agmt-1'], { fresh: true })
  expect([...(fresh.get('agmt-1')?.rates.keys() ?? [])]).toEqual(['storage_gb'])
  await keptPassed()
  const after = await load(deps, both)
  expect([...(after.get('agmt-1')?.rates.keys() ?? [])]).toEqual(['storage_gb'])
  expect([...(after.get('agmt-2')?.rates.keys() ?? [])]).toEqual(['api_calls'])
})

it('knows a new agreement whose reference was asked for before it came', async () => {
  const { deps } = shop.world
  expect((await load(deps, ['agmt-3', 'agmt-2'])).has('agmt-3')).toBe(false)
  shop.market.agreements.push(remote('agmt-3'))
  await agreements.read(deps, shop.connection, 'agmt-3')
  expect((await load(deps, ['agmt-3', 'agmt-2'])).get('agmt-3')?.agreementRef).toBe('agmt-3')
})

it('takes a reference for the newest agreement that has it, also where an older one is held', async () => {
  const { deps, as } = shop.world
  const older = (await load(deps, ['agmt-2'])).get('agmt-2')
  shop.world.advance(60_000)
  const account = { provider: 'bazaar', name: 'Again', settings: {}, credentials: {} }
  const { body } = await as('admin').post('/v1/connections', account)
  await agreements.read(deps, body.id, 'agmt-2')
  await keptPassed()
  const newer = (await load(deps, ['agmt-2'])).get('agmt-2')
  expect(newer?.connection).toBe(body.id)
  expect(newer?.agreement).not.toBe(older?.agreement)
})
