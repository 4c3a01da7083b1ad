import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Reason } from '../../src/offers/model.ts'
import { changesOfOffers } from './offer-changes.ts'
import { ended, live, operationOf } from './offer-ends.ts'
import { looksAtOffers } from './offer-looks.ts'
import { repeatsOfOffers } from './offer-repeats.ts'
import { rulesOfOffers } from './offer-rules.ts'
import { standingsOfOffers } from './offer-standings.ts'
import { anew, laterOn, type OffersWorld } from './offer-world.ts'
import { speaksOurCodes } from './troubles.ts'
import { problemOf } from './world.ts'

/** `OffersPort`, its comment executed. */
export function offersContract(name: string, open: () => Promise<OffersWorld>): void {
  describe(`${name}: offers`, () => {
    let world: OffersWorld
    let last = 0
    const key = () => `offer_contract${++last}`
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    it('publishes an offer that its buyer can accept', async () => {
      const { offerRef, buyUrl } = await live(world, world.good.plain, key())
      const { acceptBy } = world.good.plain.terms
      expect(await world.seenByBuyer(offerRef)).toEqual({ until: acceptBy })
      if (buyUrl !== null) expect(new URL(buyUrl).protocol).toBe('https:')
    })

    it('is publishing until the marketplace is done', async () => {
      const port = world.port()
      const started = await port.submit(anew(world), key(), null)
      expect(started).toEqual({ is: 'publishing', operation: expect.stringMatching(/./) })
      expect(await port.progress(operationOf(started))).toEqual(started)
      await world.settle()
      expect(await world.port().progress(operationOf(started))).toMatchObject({ is: 'live' })
    })

    it('shows beforehand exactly what the marketplace receives, and publishes it', async () => {
      for (const [what, written] of Object.entries(world.good)) {
        const [port, order, mine] = [world.port(), anew(world, written), key()]
        const shown = port.requests(order, mine)
        const started = await port.submit(order, mine, null)
        const [asked, received] = await world.compared(shown, operationOf(started))
        expect(received, what).toEqual(asked)
        expect(await ended(world, started), what).toMatchObject({ is: 'live' })
      }
    })

    it('tells the marketplace whether it is a renewal', () => {
      const said = (attested: boolean) => {
        const { terms, ...order } = world.good.plain
        const answered = { ...order, terms: { ...terms, renewal: { attested } } }
        return world.port().requests(answered, 'offer_said')
      }
      expect(said(true)).not.toEqual(said(false))
    })

    it('calls nobody for violations and requests', () => {
      const port = world.astray()
      for (const { order } of Object.values(world.bad)) {
        expect(port.violations(order)).toBeInstanceOf(Array)
        expect(port.requests(order, key())).toBeInstanceOf(Array)
      }
    })

    it('throws what is refused at once as rejected, with reasons', async () => {
      const operations = await world.operations()
      for (const [why, order] of Object.entries(world.refusedAtOnce)) {
        const refused = await problemOf(world.port().submit(laterOn(world, order), key(), null))
        expect(refused.code, why).toBe('rejected')
        expectReasons(refused.details.reasons)
      }
      expect(await world.operations()).toBe(operations)
    })

    it('reports a late refusal as a state, with every reason', async ({ skip }) => {
      if (!world.refusedLater) return skip('what is refused is refused at once')
      const { order, reasons } = world.refusedLater
      const end = await ended(world, await world.port().submit(laterOn(world, order), key(), null))
      if (end.is !== 'refused') return expect.fail(`ended as ${JSON.stringify(end)}`)
      expectReasons(end.reasons)
      expect(end.reasons).toHaveLength(reasons.length)
      expect(end.reasons).toEqual(
        expect.arrayContaining(reasons.map((one) => expect.objectContaining(one))),
      )
    })

    it('reports the marketplace’s own fault as failed, and takes the order again under a new key', async ({
      skip,
    }) => {
      if (!world.failNext) return skip('what is taken does not fail')
      await world.failNext()
      const [port, order] = [world.port(), anew(world)]
      expect(await ended(world, await port.submit(order, key(), null))).toMatchObject({
        is: 'failed',
        detail: expect.stringMatching(/./),
      })
      expect(await ended(world, await port.submit(order, key(), null))).toMatchObject({
        is: 'live',
      })
    })

    it('reports an operation that somebody stopped as refused, with a reason', async () => {
      const port = world.port()
      const started = await port.submit(anew(world), key(), null)
      await world.cancel(operationOf(started))
      const end = await port.progress(operationOf(started))
      expect(end.is).toBe('refused')
      if (end.is === 'refused') expectReasons(end.reasons)
    })

    it('does not find an operation that the marketplace does not know', async () => {
      const port = world.port()
      const { publishing, change } = world.nobodys ?? { publishing: nobodys, change: nobodys }
      expect((await problemOf(port.progress(publishing))).code).toBe('not_found')
      expect((await problemOf(port.changeProgress(change))).code).toBe('not_found')
      expect((await problemOf(port.progress(nobodys))).code).toBe('not_found')
    })

    it('names the throttling of too many calls as such', async () => {
      await world.ration()
      const port = world.port()
      const results = await Promise.allSettled(
        Array.from({ length: 80 }, () => port.progress(world.nobodys?.publishing ?? nobodys)),
      ).finally(world.relax)
      const codes = results.map((one) => (one.status === 'rejected' ? one.reason.code : ''))
      expect(new Set(codes)).toEqual(new Set(['not_found', 'throttled']))
    })

    it('is throttled, and told to wait, while too many operations are under way', async ({
      skip,
    }) => {
      if (!world.crowd) return skip('the marketplace counts no operations under way')
      await world.crowd()
      const [order, mine] = [anew(world), key()]
      const refused = await problemOf(world.port().submit(order, mine, null))
      await world.relax()
      await world.settle()
      expect(refused.code).toBe('throttled')
      expect(refused.details.retryAfterMs).toBeGreaterThan(1_000)
      expect((await world.port().submit(order, mine, null)).is).toBe('publishing')
    })

    repeatsOfOffers(() => world, key)
    changesOfOffers(() => world, key)
    looksAtOffers(() => world, key)
    standingsOfOffers(() => world, key)
    rulesOfOffers(() => world, key)

    speaksOurCodes<'offers'>(
      () => world,
      (port) => port.submit(anew(world), key(), null),
    )
  })
}

const nobodys = 'nosuchoperation0000000000'

function expectReasons(reasons: unknown): void {
  expect(reasons).toBeInstanceOf(Array)
  expect((reasons as readonly Reason[]).length).toBeGreaterThan(0)
  for (const reason of reasons as readonly Reason[]) {
    expect(reason.message).toMatch(/\w/)
    expect(reason.part).toMatch(/\w/)
  }
}
