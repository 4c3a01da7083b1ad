import { describe, expect, it } from 'vitest'
import { laterOn, type OffersWorld } from './offer-world.ts'

type RuledWorld = Pick<OffersWorld, 'port' | 'now' | 'good' | 'bad' | 'cautious' | 'drawn' | 'send'>

/**
 * The rules of a marketplace, held against the marketplace itself: what `violations` lets through is taken, what it
 * names is refused, so that they are neither too strict nor missing.
 */
export function rulesOfOffers(world: () => RuledWorld, key: () => string): void {
  describe('rules', () => {
    it('lets everything through that the marketplace takes', async () => {
      for (const [name, written] of Object.entries(world().good)) {
        const order = laterOn(world(), written)
        expect(world().port().violations(order), name).toEqual([])
        const sent = await world().send(world().port().requests(order, key()))
        expect(sent, name).toEqual({ is: 'taken' })
      }
    })

    it('names each broken rule at the part of the request that breaks it', () => {
      for (const [name, { order: written, path }] of Object.entries(world().bad)) {
        const violations = world().port().violations(laterOn(world(), written))
        expect(
          violations.map((one) => one.path),
          name,
        ).toContain(path)
        for (const { message } of violations) expect(message, name).toMatch(/\w/)
      }
    })

    it('names no rule that the marketplace does not have', async () => {
      const taken: string[] = []
      for (const [name, { order: written }] of Object.entries(world().bad)) {
        const order = laterOn(world(), written)
        const sent = await world().send(world().port().requests(order, key()))
        if (sent.is === 'taken') taken.push(name)
      }
      expect(taken).toEqual([])
    })

    it('refuses what the marketplace would take and not do, or may refuse by what its documents say', () => {
      for (const [name, { order: written, path }] of Object.entries(world().cautious)) {
        const violations = world().port().violations(laterOn(world(), written))
        expect(
          violations.map((one) => one.path),
          name,
        ).toContain(path)
      }
    })

    it('agrees with the marketplace about orders drawn at random', async () => {
      const apart: string[] = []
      let clean = 0
      for (const written of world().drawn) {
        const order = laterOn(world(), written)
        const violations = world().port().violations(order)
        const sent = await world().send(world().port().requests(order, key()))
        if (violations.length === 0) clean += 1
        if ((violations.length === 0) !== (sent.is === 'taken'))
          apart.push(JSON.stringify({ violations, sent, terms: order.terms }))
      }
      expect(apart).toEqual([])
      expect(clean).toBeGreaterThan(world().drawn.length / 5)
    })
  })
}
