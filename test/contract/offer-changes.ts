import { describe, expect, it } from 'vitest'
import { addDays, type Day } from '../../src/kernel/time.ts'
import { changeEnded, live } from './offer-ends.ts'
import { anew, type OffersWorld } from './offer-world.ts'
import { problemOf } from './world.ts'

/** What can be done to an offer once it is live. */
export function changesOfOffers(open: () => OffersWorld, key: () => string): void {
  describe('once live', () => {
    const today = () => open().now().slice(0, 10) as Day
    const published = async () => (await live(open(), anew(open()), key())).offerRef

    it('is withdrawn', async () => {
      const [world, offerRef] = [open(), await published()]
      const started = await world.port().withdraw(offerRef, today(), key())
      expect((await changeEnded(world, started)).is).toBe('done')
      expect(await world.seenByBuyer(offerRef)).toBeNull()
    })

    it('is extended', async () => {
      const [world, offerRef] = [open(), await published()]
      const until = addDays(today(), 50)
      const end = await changeEnded(world, await world.port().extend(offerRef, until, key()))
      expect(end.is).toBe('done')
      if (end.is === 'done' && end.buyUrl !== undefined)
        expect(new URL(end.buyUrl).protocol).toBe('https:')
      expect(await world.seenByBuyer(offerRef)).toEqual({ until })
    })

    it.each(['withdraw', 'extend'] as const)(
      'starts one change for one key, after a restart and after a lost reply: %s',
      async (what) => {
        const [world, offerRef, mine] = [open(), await published(), key()]
        const day = addDays(today(), what === 'extend' ? 60 : 0)
        const operations = await world.operations()
        await world.strike('lost')
        const lost = problemOf(world.port()[what](offerRef, day, mine))
        expect((await lost.finally(world.heal)).code).toBe('unavailable')
        const started = await world.port()[what](offerRef, day, mine)
        if (!world.keyless) {
          expect(started.is).toBe('running')
          expect(await world.port()[what](offerRef, day, mine)).toEqual(started)
        }
        expect((await changeEnded(world, started)).is).toBe('done')
        const repeated = await world.port()[what](offerRef, day, mine)
        if (!world.keyless) expect(repeated).toEqual(started)
        expect((await changeEnded(world, repeated)).is).toBe('done')
        const { [what]: each } = world.changeOperations ?? { withdraw: 1, extend: 1 }
        // Without a key nobody can tell that the lost one is at work; the second finds it done, or fails beside it.
        const most = world.keyless ? each + 1 : each
        expect((await world.operations()) - operations).toBeGreaterThanOrEqual(each)
        expect((await world.operations()) - operations).toBeLessThanOrEqual(most)
        const seen = what === 'extend' ? { until: day } : null
        expect(await world.seenByBuyer(offerRef)).toEqual(seen)
      },
    )

    it('is in conflict while somebody else holds it', async ({ skip }) => {
      const world = open()
      if (!world.occupy) return skip('nobody can hold an offer there')
      const [offerRef, mine] = [await published(), key()]
      await world.occupy(offerRef)
      const day = addDays(today(), 60)
      expect((await problemOf(world.port().extend(offerRef, day, mine))).code).toBe('conflict')
      await world.settle()
      const started = await world.port().extend(offerRef, day, mine)
      expect((await changeEnded(world, started)).is).toBe('done')
    })

    it('reports a change that failed through the marketplace’s own fault', async ({ skip }) => {
      const world = open()
      if (!world.failNext) return skip('what is taken does not fail')
      const offerRef = await published()
      await world.failNext()
      const started = await world.port().extend(offerRef, addDays(today(), 60), key())
      expect((await changeEnded(world, started)).is).toBe('failed')
    })
  })
}
