import { expect, it } from 'vitest'
import { total } from '../../src/kernel/decimal.ts'
import { event, openShop, pass, proof, send } from './market.ts'

it('sends 10,000 records of 100 agreements in 400 calls, each once, and proves it', async () => {
  const refs = Array.from({ length: 100 }, (_, n) => `agmt-${n}`)
  const shop = await openShop(refs, { lateHoursMax: 240 })
  try {
    const start = Date.parse('2027-03-06T00:10:00Z')
    const events = Array.from({ length: 10_000 }, (_, n) =>
      event({
        agreement: refs[n % 100],
        quantity: `${1 + (n % 3)}.5`,
        at: new Date(start + Math.floor(n / 100) * 3_600_000).toISOString(),
      }),
    )
    for (let n = 0; n < events.length; n += 500) {
      expect((await send(shop, ...events.slice(n, n + 500))).accepted).toBe(500)
    }
    await pass(shop, 60_000)
    const records = shop.market.calls.flat()
    expect(records.length).toBe(10_000)
    expect(shop.market.calls.length / Math.ceil(records.length / 25)).toBeLessThanOrEqual(1.02)
    expect(shop.market.ledger.size).toBe(10_000)
    const { holds, data } = await proof(shop)
    expect([holds, data.length]).toEqual([true, 100])
    const accepted = total(data.map((row: any) => row.accepted))
    expect(accepted).toBe(shop.market.total())
  } finally {
    await shop.world.close()
  }
})
