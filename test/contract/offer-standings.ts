import { describe, expect, it } from 'vitest'
import type { Day } from '../../src/kernel/time.ts'
import type { OfferStanding, OffersPort } from '../../src/offers/port.ts'
import { changeEnded, live } from './offer-ends.ts'
import { anew, laterOn, type OffersWorld } from './offer-world.ts'

const pagesMax = 50
const noList = 'no list tells of the offers that changed'

/** What one list tells of every offer that changed, where there is such a list. */
export function standingsOfOffers(open: () => OffersWorld, key: () => string): void {
  describe('changes of all offers', () => {
    let cursor: string | null = null
    /** What is told after the last question, by an offer's name: the last word of each. */
    const news = async (): Promise<Map<string, OfferStanding>> => {
      const told = await all(open().port(), cursor)
      ;({ cursor } = told)
      return told.standings
    }
    const published = async () => (await live(open(), anew(open()), key())).offerRef
    const accepted = async (offerRef: string) => {
      await (open().accept ?? expect.fail('its world needs a buyer who can accept'))(offerRef)
      return offerRef
    }

    it('tell what a look sees of each, in whatever state', async ({ skip }) => {
      const { changedSince, look } = open().port()
      if (!changedSince) return skip(noList)
      await news()
      const [left, taken, back] = [await published(), await published(), await published()]
      await accepted(taken)
      const today = open().now().slice(0, 10) as Day
      await changeEnded(open(), await open().port().withdraw(back, today, key()))
      const standings = await news()
      for (const [offerRef, is] of [
        [left, 'open'],
        [taken, 'accepted'],
        [back, 'withdrawn'],
      ] as const) {
        expect(standings.get(offerRef)).toMatchObject({ is })
        expect(standings.get(offerRef)).toEqual(await look?.(offerRef))
      }
      await open().advance('P30D')
      expect((await news()).get(left)).toEqual({ is: 'expired' })
    })

    it('tell of offers that others made there', async ({ skip }) => {
      if (!open().port().changedSince) return skip(noList)
      await open().advance('PT1H')
      await news()
      const order = laterOn(open(), open().good.plain)
      await open().send(open().port().requests(order, key()))
      await open().settle()
      expect([...(await news()).values()]).toContainEqual({ is: 'open' })
    })

    it('cost one call when nothing is new, poll after poll, also after a restart', async ({
      skip,
    }) => {
      if (!open().port().changedSince) return skip(noList)
      await published()
      let known = await news()
      for (let poll = 0; poll < 5; poll += 1) {
        await open().advance('PT1H')
        const calls = await open().calls()
        const told = await news()
        expect((await open().calls()) - calls).toBe(1)
        for (const [offerRef, standing] of told) expect(known.get(offerRef)).toEqual(standing)
        known = new Map([...known, ...told])
      }
    })

    it('repeat the page of a cursor that is repeated', async ({ skip }) => {
      if (!open().port().changedSince) return skip(noList)
      await news()
      const offerRef = await published()
      const page = await open().port().changedSince?.(cursor)
      expect(await open().port().changedSince?.(cursor)).toEqual(page)
      expect(page?.standings.map((one) => one.offerRef)).toContain(offerRef)
    })

    it('miss nothing that changed in the very moment of a question', async ({ skip }) => {
      if (!open().port().changedSince) return skip(noList)
      const [one, other] = [await published(), await published()]
      await accepted(one)
      expect((await news()).get(one)).toMatchObject({ is: 'accepted' })
      await accepted(other)
      expect((await news()).get(other)).toMatchObject({ is: 'accepted' })
    })
  })
}

/** Everything after a cursor; of an offer told twice its last word. */
async function all({ changedSince }: OffersPort, from: string | null) {
  const standings = new Map<string, OfferStanding>()
  let cursor = from
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await changedSince?.(cursor)
    if (!page) return expect.fail('the port has no changedSince')
    for (const { offerRef, standing } of page.standings) standings.set(offerRef, standing)
    ;({ cursor } = page)
    if (!page.more) return { standings, cursor }
  }
  return expect.fail(`more than ${pagesMax} pages`)
}
