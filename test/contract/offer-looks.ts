import { describe, expect, it } from 'vitest'
import { asProblem } from '../../src/kernel/problem.ts'
import type { Day } from '../../src/kernel/time.ts'
import { changeEnded, live } from './offer-ends.ts'
import { anew, type OffersWorld } from './offer-world.ts'
import { problemOf } from './world.ts'

const told = 'the marketplace tells us of an acceptance'

/** What a look sees, where nobody tells us that an offer was accepted. */
export function looksAtOffers(open: () => OffersWorld, key: () => string): void {
  describe('looking', () => {
    const published = async () => (await live(open(), anew(open()), key())).offerRef
    const withdrawn = async (offerRef: string) => {
      const today = open().now().slice(0, 10) as Day
      return changeEnded(open(), await open().port().withdraw(offerRef, today, key()))
    }

    it('is possible where it is said how often, and nowhere else', () => {
      const { look, traits } = open().port()
      expect(look === undefined).toBe(traits.lookEveryMinutes === undefined)
      expect(traits.lookEveryMinutes ?? 1).toBeGreaterThan(0)
    })

    it('sees an offer that can be accepted, by one call', async ({ skip }) => {
      const port = open().port()
      if (!port.look) return skip(told)
      const offerRef = await published()
      expect(await port.look(offerRef)).toEqual({ is: 'open' })
      const calls = await open().calls()
      await port.look(offerRef)
      expect((await open().calls()) - calls).toBe(1)
    })

    it('sees that it was accepted', async ({ skip }) => {
      const { look } = open().port()
      if (!look) return skip(told)
      const offerRef = await published()
      await accept(open(), offerRef)
      const seen = await open().port().look?.(offerRef)
      if (seen?.is !== 'accepted') return expect.fail(`saw ${JSON.stringify(seen)}`)
      if (seen.at !== null) expect(seen.at <= open().now()).toBe(true)
    })

    it('sees that it was withdrawn', async ({ skip }) => {
      const { look } = open().port()
      if (!look) return skip(told)
      const offerRef = await published()
      expect((await withdrawn(offerRef)).is).toBe('done')
      expect(await open().port().look?.(offerRef)).toEqual({ is: 'withdrawn' })
    })

    it('sees the acceptance that was faster than a withdrawal, which is refused', async ({
      skip,
    }) => {
      const { look } = open().port()
      if (!look) return skip(told)
      const offerRef = await published()
      await accept(open(), offerRef)
      const end = await withdrawn(offerRef).catch(asProblem)
      expect(end instanceof Error ? end.code : end.is).toMatch(/^(refused|rejected)$/)
      expect(await open().port().look?.(offerRef)).toMatchObject({ is: 'accepted' })
    })

    it('does not find an offer that the marketplace does not know', async ({ skip }) => {
      const port = open().port()
      if (!port.look) return skip(told)
      const nobodys = (await published()).replaceAll(/[0-9a-z]/gi, '0')
      expect((await problemOf(port.look(nobodys))).code).toBe('not_found')
    })
  })
}

async function accept({ accept: act }: OffersWorld, offerRef: string): Promise<void> {
  if (!act) return expect.fail('the port can look: its world needs a buyer who can accept')
  await act(offerRef)
}
