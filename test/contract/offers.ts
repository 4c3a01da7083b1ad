import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Day } from '../../src/kernel/time.ts'
import { addDays } from '../../src/kernel/time.ts'
import type { Reason } from '../../src/offers/model.ts'
import type { ChangeProgress, OfferProgress, OffersPort } from '../../src/offers/port.ts'
import { rulesOfOffers } from './offer-rules.ts'
import { laterOn, type OffersWorld } from './offer-world.ts'
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

    const live = async (order = world.good.plain): Promise<Live> => {
      const port = world.port()
      const end = await settled(world, port, await port.submit(order, key(), null))
      if (end.is !== 'live') return expect.fail(`ended as ${JSON.stringify(end)}`)
      return end
    }

    it('publishes an offer that its buyer can accept', async () => {
      const { offerRef, buyUrl } = await live()
      const { acceptBy } = world.good.plain.terms
      expect(await world.seenByBuyer(offerRef)).toEqual({ until: acceptBy })
      expect(new URL(buyUrl).protocol).toBe('https:')
    })

    it('is publishing until the marketplace is done', async () => {
      const port = world.port()
      const started = await port.submit(world.good.plain, key(), null)
      expect(started).toEqual({ is: 'publishing', operation: expect.stringMatching(/./) })
      expect(await port.progress(operationOf(started))).toEqual(started)
      await world.settle()
      expect(await world.port().progress(operationOf(started))).toMatchObject({ is: 'live' })
    })

    it('starts nothing the second time a key is used', async () => {
      const [port, mine] = [world.port(), key()]
      const first = await port.submit(world.good.plain, mine, null)
      const operations = await world.operations()
      expect(await port.submit(world.good.plain, mine, null)).toEqual(first)
      expect(await world.operations()).toBe(operations)
    })

    it('starts nothing for a key that was used before a restart, whatever became of it since', async () => {
      const mine = key()
      const first = await world.port().submit(world.good.plain, mine, null)
      const operations = await world.operations()
      expect(await world.port().submit(world.good.plain, mine, null)).toEqual(first)
      await world.settle()
      await world.advance('P30D')
      expect(await world.port().submit(world.good.plain, mine, null)).toEqual(first)
      expect(await world.operations()).toBe(operations)
    })

    it('starts nothing for a used key when the marketplace has long forgotten it', async () => {
      const mine = key()
      const first = await world.port().submit(laterOn(world, world.good.plain), mine, null)
      const operations = await world.operations()
      await world.forgetKeys(true)
      await world.advance('P10D')
      const again = await world.port().submit(laterOn(world, world.good.plain), mine, null)
      await world.forgetKeys(false)
      expect(again).toEqual(first)
      expect(await world.operations()).toBe(operations)
    })

    it('carries its key, so that the marketplace itself knows a repeat', async () => {
      const [order, mine] = [laterOn(world, world.good.plain), key()]
      await world.send(world.port().requests(order, mine))
      const operations = await world.operations()
      await world.send(world.port().requests(order, mine))
      expect(await world.operations()).toBe(operations)
    })

    it('starts one operation when the reply never came and the order is sent again', async () => {
      const mine = key()
      const order = laterOn(world, world.good.plain)
      const [operations, offers] = [await world.operations(), await world.offers()]
      await world.strike('lost')
      const { code } = await problemOf(world.port().submit(order, mine, null)).finally(world.heal)
      expect(code).toBe('unavailable')
      const started = await world.port().submit(order, mine, null)
      expect(await world.operations()).toBe(operations + 1)
      expect(await settled(world, world.port(), started)).toMatchObject({ is: 'live' })
      expect(await world.offers()).toBe(offers + 1)
    })

    it('starts one operation when one reply was lost on the way', async () => {
      const operations = await world.operations()
      await world.strike('lost', 1)
      const port = world.port()
      const mine = key()
      const order = laterOn(world, world.good.plain)
      await port.submit(order, mine, null).catch(() => undefined)
      await world.heal()
      await port.submit(order, mine, null)
      expect(await world.operations()).toBe(operations + 1)
    })

    it('starts nothing when a used key comes with another order', async () => {
      const mine = key()
      const order = laterOn(world, world.good.plain)
      await world.port().submit(order, mine, null)
      const operations = await world.operations()
      const other = { ...order, terms: { ...order.terms, name: 'Something else' } }
      await world
        .port()
        .submit(other, mine, null)
        .catch(() => undefined)
      expect(await world.operations()).toBe(operations)
    })

    it('shows beforehand exactly what the marketplace receives', async () => {
      for (const order of Object.values(world.good)) {
        const [port, mine] = [world.port(), key()]
        const shown = port.requests(laterOn(world, order), mine)
        const started = await port.submit(laterOn(world, order), mine, null)
        const [asked, received] = await world.compared(shown, operationOf(started))
        expect(received).toEqual(asked)
      }
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

    it('reports a late refusal as a state, with every reason', async () => {
      const port = world.port()
      const { order, reasons } = world.refusedLater
      const end = await settled(world, port, await port.submit(laterOn(world, order), key(), null))
      if (end.is !== 'refused') return expect.fail(`ended as ${JSON.stringify(end)}`)
      expectReasons(end.reasons)
      expect(end.reasons).toHaveLength(reasons.length)
      expect(end.reasons).toEqual(
        expect.arrayContaining(reasons.map((one) => expect.objectContaining(one))),
      )
    })

    it('reports the marketplace’s own fault as failed, and takes the order again under a new key', async () => {
      await world.failNext()
      const port = world.port()
      const order = laterOn(world, world.good.plain)
      expect(await settled(world, port, await port.submit(order, key(), null))).toMatchObject({
        is: 'failed',
        detail: expect.stringMatching(/./),
      })
      expect(await settled(world, port, await port.submit(order, key(), null))).toMatchObject({
        is: 'live',
      })
    })

    it('reports an operation that somebody stopped as refused, with a reason', async () => {
      const port = world.port()
      const started = await port.submit(laterOn(world, world.good.plain), key(), null)
      await world.cancel(operationOf(started))
      const end = await port.progress(operationOf(started))
      expect(end.is).toBe('refused')
      if (end.is === 'refused') expectReasons(end.reasons)
    })

    it('does not find an operation that the marketplace does not know', async () => {
      const port = world.port()
      expect((await problemOf(port.progress('nosuchoperation0000000000'))).code).toBe('not_found')
      expect((await problemOf(port.changeProgress('nosuchoperation0000000000'))).code).toBe(
        'not_found',
      )
    })

    it('names the throttling of too many calls as such', async () => {
      await world.ration()
      const port = world.port()
      const results = await Promise.allSettled(
        Array.from({ length: 80 }, () => port.progress('nosuchoperation0000000000')),
      ).finally(world.relax)
      const codes = results.map((one) => (one.status === 'rejected' ? one.reason.code : ''))
      expect(new Set(codes)).toEqual(new Set(['not_found', 'throttled']))
    })

    it('is throttled, and told to wait, while too many operations are under way', async () => {
      await world.crowd()
      const [order, mine] = [laterOn(world, world.good.plain), key()]
      const refused = await problemOf(world.port().submit(order, mine, null))
      await world.relax()
      await world.settle()
      expect(refused.code).toBe('throttled')
      expect(refused.details.retryAfterMs).toBeGreaterThan(1_000)
      expect((await world.port().submit(order, mine, null)).is).toBe('publishing')
    })

    describe('once live', () => {
      const change = async (start: (port: OffersPort) => Promise<ChangeProgress>) => {
        const port = world.port()
        const started = await start(port)
        await world.settle()
        return started.is === 'running' ? port.changeProgress(started.operation) : started
      }

      it('is withdrawn', async () => {
        const { offerRef } = await live(laterOn(world, world.good.plain))
        const today = world.now().slice(0, 10) as Day
        const end = await change((port) => port.withdraw(offerRef, today, key()))
        expect(end).toEqual({ is: 'done' })
        expect(await world.seenByBuyer(offerRef)).toBeNull()
      })

      it('is extended', async () => {
        const { offerRef } = await live(laterOn(world, world.good.plain))
        const until = addDays(world.now().slice(0, 10) as Day, 50)
        expect(await change((port) => port.extend(offerRef, until, key()))).toEqual({ is: 'done' })
        expect(await world.seenByBuyer(offerRef)).toEqual({ until })
      })

      it.each(['withdraw', 'extend'] as const)(
        'starts one change for one key, after a restart and after a lost reply: %s',
        async (what) => {
          const { offerRef } = await live(laterOn(world, world.good.plain))
          const day = addDays(world.now().slice(0, 10) as Day, what === 'extend' ? 60 : 0)
          const mine = key()
          const operations = await world.operations()
          await world.strike('lost')
          expect(
            (await problemOf(world.port()[what](offerRef, day, mine)).finally(world.heal)).code,
          ).toBe('unavailable')
          const started = await world.port()[what](offerRef, day, mine)
          expect(started.is).toBe('running')
          expect(await world.port()[what](offerRef, day, mine)).toEqual(started)
          await world.settle()
          expect(await world.port()[what](offerRef, day, mine)).toEqual(started)
          expect(await world.operations()).toBe(operations + 1)
        },
      )

      it('is in conflict while somebody else holds it', async () => {
        const { offerRef } = await live(laterOn(world, world.good.plain))
        await world.occupy(offerRef)
        const day = addDays(world.now().slice(0, 10) as Day, 60)
        const mine = key()
        expect((await problemOf(world.port().extend(offerRef, day, mine))).code).toBe('conflict')
        await world.settle()
        expect(await change((port) => port.extend(offerRef, day, mine))).toEqual({ is: 'done' })
      })

      it('reports a change that failed through the marketplace’s own fault', async () => {
        const { offerRef } = await live(laterOn(world, world.good.plain))
        const day = addDays(world.now().slice(0, 10) as Day, 60)
        await world.failNext()
        expect(await change((port) => port.extend(offerRef, day, key()))).toMatchObject({
          is: 'failed',
        })
      })
    })

    rulesOfOffers(() => world, key)

    speaksOurCodes<'offers'>(
      () => world,
      (port) => port.submit(laterOn(world, world.good.plain), key(), null),
    )
  })
}

type Live = Extract<OfferProgress, { is: 'live' }>

const operationOf = (progress: OfferProgress): string =>
  progress.is === 'publishing' ? progress.operation : expect.fail(`is ${progress.is}`)

async function settled(world: OffersWorld, port: OffersPort, started: OfferProgress) {
  await world.settle()
  return port.progress(operationOf(started))
}

function expectReasons(reasons: unknown): void {
  expect(reasons).toBeInstanceOf(Array)
  expect((reasons as readonly Reason[]).length).toBeGreaterThan(0)
  for (const reason of reasons as readonly Reason[]) {
    expect(reason.message).toMatch(/\w/)
    expect(reason.part).toMatch(/\w/)
  }
}
