import { describe, expect, it } from 'vitest'
import type { OfferProgress } from '../../src/offers/port.ts'
import { again, ended } from './offer-ends.ts'
import { anew, type OffersWorld } from './offer-world.ts'
import { problemOf } from './world.ts'

/** Nothing is published twice, whatever gets lost and however late it is asked again. */
export function repeatsOfOffers(open: () => OffersWorld, key: () => string): void {
  describe('a repeat', () => {
    const asked = () => ({ key: key(), askedAt: open().now() })
    /** By its key it is the same operation; without one it leads to the same offer. */
    const expectSame = async (repeated: OfferProgress, first: OfferProgress) => {
      if (!open().keyless) return expect(repeated).toEqual(first)
      const [one, other] = [await ended(open(), first), await ended(open(), repeated)]
      expect(one.is).toBe('live')
      expect(other).toEqual(one)
    }

    it('starts nothing the second time', async () => {
      const [world, order, mine] = [open(), anew(open()), asked()]
      const first = await world.port().submit(order, mine.key, null)
      const operations = await world.operations()
      await expectSame(await again(world, order, mine), first)
      expect(await world.operations()).toBe(operations)
    })

    it('starts nothing after a restart, whatever became of it since', async () => {
      const [world, order, mine] = [open(), anew(open()), asked()]
      const first = await world.port().submit(order, mine.key, null)
      const operations = await world.operations()
      await expectSame(await again(world, order, mine), first)
      await world.settle()
      await world.advance('P10D')
      await expectSame(await again(world, order, mine), first)
      expect(await world.operations()).toBe(operations)
    })

    it('starts nothing when the marketplace has long forgotten the key', async ({ skip }) => {
      const [world, mine] = [open(), asked()]
      if (!world.forgetKeys) return skip('the marketplace has no keys to forget')
      const order = anew(world)
      const first = await world.port().submit(order, mine.key, null)
      const operations = await world.operations()
      await world.forgetKeys(true)
      await world.advance('P10D')
      const repeated = await again(world, order, mine)
      await world.forgetKeys(false)
      expect(repeated).toEqual(first)
      expect(await world.operations()).toBe(operations)
    })

    it('is known to the marketplace itself by the key that it carries', async ({ skip }) => {
      const [world, mine] = [open(), key()]
      if (world.keyless) return skip('the marketplace takes no keys')
      const order = anew(world)
      await world.send(world.port().requests(order, mine))
      const operations = await world.operations()
      await world.send(world.port().requests(order, mine))
      expect(await world.operations()).toBe(operations)
    })

    it('starts one operation when the reply never came', async () => {
      const [world, order, mine] = [open(), anew(open()), asked()]
      await world.settle()
      const [operations, offers] = [await world.operations(), await world.offers()]
      await world.strike('lost')
      const lost = world.port().submit(order, mine.key, null)
      expect((await problemOf(lost).finally(world.heal)).code).toBe('unavailable')
      const started = await again(world, order, mine)
      expect(await ended(world, started)).toMatchObject({ is: 'live' })
      expect(await world.operations()).toBe(operations + 1)
      expect(await world.offers()).toBe(offers + 1)
    })

    it('starts one operation when one reply was lost on the way', async () => {
      const [world, order, mine] = [open(), anew(open()), asked()]
      const operations = await world.operations()
      await world.strike('lost', 1)
      await world
        .port()
        .submit(order, mine.key, null)
        .catch(() => undefined)
      await world.heal()
      await again(world, order, mine)
      expect(await world.operations()).toBe(operations + 1)
    })

    it('sends what was written down as sent and never left', async () => {
      const [world, order, mine] = [open(), anew(open()), asked()]
      await world.settle()
      const [operations, offers] = [await world.operations(), await world.offers()]
      expect(await ended(world, await again(world, order, mine))).toMatchObject({ is: 'live' })
      expect(await world.operations()).toBe(operations + 1)
      expect(await world.offers()).toBe(offers + 1)
    })

    it('starts nothing when a used key comes with another order', async ({ skip }) => {
      const [world, mine] = [open(), key()]
      if (world.keyless) return skip('the marketplace takes no keys')
      await world.port().submit(anew(world), mine, null)
      const operations = await world.operations()
      await world
        .port()
        .submit(anew(world), mine, null)
        .catch(() => undefined)
      expect(await world.operations()).toBe(operations)
    })
  })
}
