import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, type Day } from '../../src/kernel/time.ts'
import type { Sheet } from '../../src/offers/model.ts'
import { rulesOfOffers } from './offer-rules.ts'
import { laterOn, type OffersWorld } from './offer-world.ts'
import { problemOf, type World } from './world.ts'

type Orders = Pick<OffersWorld, 'good' | 'bad' | 'cautious' | 'drawn' | 'send' | 'seenByBuyer'>

/** A marketplace where people type offers in, and somebody who types exactly what a sheet says and nothing else. */
export type TypedOffersWorld = World<'offers'> &
  Orders & {
    /** Types an offer in and publishes it; what it is called there. */
    readonly publish: (sheet: Sheet) => Promise<string>
    /** Makes the change of a sheet. */
    readonly change: (sheet: Sheet) => Promise<void>
    /** What the marketplace then holds of it, and what was meant by the good order of that name, in one form. */
    readonly compared: (offerRef: string, name: string) => Promise<readonly [unknown, unknown]>
  }

/** `OffersPort` where a person types offers in, its comment executed. */
export function typedOffersContract(name: string, open: () => Promise<TypedOffersWorld>): void {
  describe(`${name}: offers typed in`, () => {
    let world: TypedOffersWorld
    let last = 0
    const key = () => `offer_typed${++last}`
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())
    const today = () => world.now().slice(0, 10) as Day
    const sheetOf = (order = world.good.plain, mine = key()): Sheet =>
      world.port().requests(order, mine)[0] as Sheet
    const published = () => world.publish(sheetOf())

    it('says that it is done by hand, and looks at nothing', () => {
      const { traits, look, changedSince } = world.port()
      expect(traits).toMatchObject({ byHand: true })
      expect([traits.lookEveryMinutes, look, changedSince]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    })

    it('answers with the sheet that it showed beforehand, again and again, and calls nobody', async () => {
      for (const [what, order] of Object.entries(world.good)) {
        const mine = key()
        const sheet = sheetOf(order, mine)
        for (const askedAt of [null, world.now()])
          expect(await world.astray().submit(order, mine, askedAt), what).toEqual({
            is: 'by_hand',
            sheet,
          })
        expect(new URL(sheet.url).protocol, what).toBe('https:')
        for (const { rows } of sheet.sections) expect(rows.length, what).toBeGreaterThan(0)
      }
    })

    it('has all that was meant on its sheet: whoever types it makes that very offer', async () => {
      for (const what of Object.keys(world.good)) {
        const offerRef = await world.publish(sheetOf(world.good[what]))
        const [held, meant] = await world.compared(offerRef, what)
        expect(held, what).toEqual(meant)
      }
    })

    it('has the key on its sheet, by which the offer is found again', () => {
      const mine = key()
      const rows = sheetOf(world.good.plain, mine).sections.flatMap((section) => section.rows)
      expect(rows.some(({ value }) => value.includes(mine))).toBe(true)
    })

    it('can be accepted until the day that the sheet says', async () => {
      const { acceptBy } = laterOn(world, world.good.plain).terms
      expect(await world.seenByBuyer(await published())).toEqual({ until: acceptBy })
    })

    it('answers a withdrawal with a sheet that does it', async () => {
      const offerRef = await published()
      const answer = await world.astray().withdraw(offerRef, today(), key())
      if (answer.is !== 'by_hand') return expect.fail(`is ${answer.is}`)
      await world.change(answer.sheet)
      expect(await world.seenByBuyer(offerRef)).toBeNull()
    })

    it('answers an extension with a sheet that does it', async () => {
      const [offerRef, until] = [await published(), addDays(today(), 50)]
      const answer = await world.astray().extend(offerRef, until, key())
      if (answer.is !== 'by_hand') return expect.fail(`is ${answer.is}`)
      await world.change(answer.sheet)
      expect(await world.seenByBuyer(offerRef)).toEqual({ until })
    })

    it('knows no operation', async () => {
      const { progress, changeProgress } = world.port()
      expect((await problemOf(progress('nosuchoperation'))).code).toBe('not_found')
      expect((await problemOf(changeProgress('nosuchoperation'))).code).toBe('not_found')
    })

    rulesOfOffers(() => world, key)
  })
}
