import { beforeEach, describe, expect, it } from 'vitest'
import type { ReportedRow } from '../../src/revenue/model.ts'
import { prepared, preparePort, type RevenueWorld } from './revenue-world.ts'

/** What `RevenuePort` promises of reports that are made on demand. */
export function makesReports(world: () => RevenueWorld): void {
  const made = () => world().made?.() ?? Promise.resolve(0)
  beforeEach((context) => context.skip(world().made === null, 'makes no reports on demand'))

  describe('on demand', () => {
    it('are ready after a number of calls that ends, and can then be read', async () => {
      const before = await made()
      const { held } = await prepared(world(), 'key-ready')
      expect(await made()).toBeGreaterThan(before)
      expect((await world().port().files(held)).length).toBeGreaterThan(0)
    })

    it('are made once under one key whose note is known', async () => {
      const { held } = await prepared(world(), 'key-known')
      const before = await made()
      const again = await preparePort(world().port())('key-known', held)
      expect(again).toEqual({ is: 'ready', held })
      expect(await made()).toBe(before)
    })

    it('are made once under one key whose note was lost', async (context) => {
      if (world().forgets) context.skip(world().forgets)
      const { held } = await prepared(world(), 'key-once')
      const before = await made()
      const lost = await prepared(world(), 'key-once')
      expect(await made()).toBe(before)
      expect(await world().port().files(lost.held)).toEqual(await world().port().files(held))
    })

    it('are made once when the note of the first call is lost', async (context) => {
      if (world().forgets) context.skip(world().forgets)
      const start = await made()
      await prepared(world(), 'key-whole')
      const whole = (await made()) - start
      await preparePort(world().port())('key-torn', null)
      await prepared(world(), 'key-torn')
      expect(await made()).toBe(start + 2 * whole)
    })

    it('are made anew under another key', async () => {
      await prepared(world(), 'key-a')
      const before = await made()
      await prepared(world(), 'key-b')
      expect(await made()).toBeGreaterThan(before)
    })

    it('tell a line that did not change to the letter, so that it is nothing new', async () => {
      const [one, two] = [await told(world(), 'key-1'), await told(world(), 'key-2')]
      const same = [...one].filter(
        ([ref, row]) => JSON.stringify(two.get(ref)?.content) === JSON.stringify(row.content),
      )
      expect(same.length).toBeGreaterThan(0)
      for (const [ref, { row: _, ...row }] of same) expect(two.get(ref)).toMatchObject(row)
    })
  })
}

async function told(world: RevenueWorld, key: string): Promise<Map<string, ReportedRow>> {
  const { held } = await prepared(world, key)
  const lines = new Map<string, ReportedRow>()
  for (const file of await world.port().files(held))
    for await (const { rows } of world.port().read(file, held))
      for (const row of rows) if (row.content.is === 'line') lines.set(row.content.lineRef, row)
  return lines
}
