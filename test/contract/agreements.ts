import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPage, AgreementsPort } from '../../src/agreements/port.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { operationsContract } from './agreement-operations.ts'
import { type AgreementsWorld, shown, type Told } from './agreement-world.ts'
import { speaksOurCodes } from './troubles.ts'
import { problemOf } from './world.ts'

const pagesMax = 50

/** `AgreementsPort`, its comment executed. */
export function agreementsContract(name: string, open: () => Promise<AgreementsWorld>): void {
  describe(`${name}: agreements`, () => {
    let world: AgreementsWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    /** What changed since this was last asked: what is told whole, and what looks otherwise than it did. */
    let cursor: string | null = null
    let pages = 0
    const looks = new Map<string, string>()
    const news = async () => {
      const told = await all(world.port(), cursor, looks)
      ;({ cursor, pages } = told)
      return told.agreements
    }

    it('tells each kind of deal whole, by reference and among the changes', async () => {
      for (const [kind, sell] of Object.entries(world.deals)) {
        await news()
        const { agreementRef, told } = await sell()
        const got = await world.port().get(agreementRef)
        expect(got, kind).toMatchObject(told)
        expect(got.native, kind).toBeTruthy()
        expect(newest(await news(), agreementRef), kind).toEqual(got)
      }
    })

    it('asks once a page when nothing is new, poll after poll, also after a restart', async () => {
      await news()
      for (let poll = 0; poll < 5; poll += 1) {
        await world.advance('PT1H')
        const before = await world.calls()
        expect(await news()).toEqual([])
        expect((await world.calls()) - before).toBe(pages)
      }
    })

    it('loses nothing that changed in the very moment of a poll', async () => {
      await world.advance('PT1M')
      const one = await world.accept()
      expect(newest(await news(), one.agreementRef)).toBeDefined()
      const other = await world.accept()
      expect(newest(await news(), other.agreementRef)).toBeDefined()
    })

    it('repeats the page of a cursor that is repeated', async () => {
      await news()
      await world.advance('PT10M')
      const { agreementRef } = await world.accept()
      for (let seen = false; !seen; ) {
        const page = await world.port().changedSince(cursor)
        expect(await world.port().changedSince(cursor)).toEqual(page)
        seen = [...page.agreements, ...(page.glimpses ?? [])].some(
          (one) => one.agreementRef === agreementRef,
        )
        expect(seen || page.more).toBe(true)
        ;({ cursor } = page)
      }
    })

    it('tells what the buyer may use even when it is polled before that is provisioned', async () => {
      await world.advance('PT10M')
      const { agreementRef, told } = await world.accept()
      const first = await news()
      await world.advance('PT10M')
      const known = newest([...first, ...(await news())], agreementRef)
      expect(known?.entitlements).toMatchObject(told.entitlements ?? [])
    })

    it('tells an amendment under the same reference', async () => {
      const { agreementRef } = await world.accept()
      await world.advance('PT10M')
      await news()
      const told = await world.amend(agreementRef)
      await world.advance('PT10M')
      expect(newest(await news(), agreementRef)).toMatchObject(told)
    })

    it.for([
      ['cancel', 'cancelled'],
      ['terminate', 'terminated'],
    ] as const)('tells how an agreement ended: %s', async ([by, how], context) => {
      const end = shown(world, by, context)
      const { agreementRef } = await world.accept()
      await world.advance('PT10M')
      await news()
      await end(agreementRef)
      const endedAt = world.now()
      await world.advance('PT10M')
      expect(newest(await news(), agreementRef)).toMatchObject({
        state: { is: 'ended', how },
        ...(world.ended ?? endedThen)(endedAt),
      })
    })

    it('ties a renewal to the first agreement of the chain', async (context) => {
      const renew = shown(world, 'renew', context)
      await news()
      const { before } = await renew()
      const agreements = await news()
      expect(newest(agreements, before)).toMatchObject({
        initialRef: before,
        state: { is: 'ended', how: 'renewed' },
      })
      const after = agreements.filter(
        ({ agreementRef, initialRef }) => initialRef === before && agreementRef !== before,
      )
      expect(after).toHaveLength(1)
      expect(after[0]).toMatchObject({ state: { is: 'active' } })
    })

    it('tells a renewal that goes on under the same reference', async (context) => {
      const renew = shown(world, 'renewInPlace', context)
      await news()
      const { agreementRef, told } = await renew()
      expect(newest(await news(), agreementRef)).toMatchObject({
        ...told,
        initialRef: agreementRef,
      })
    })

    it('shows in brief what changes whenever the whole does', async (context) => {
      const { agreementRef } = await world.accept()
      const before = await seenBriefly(world.port(), agreementRef)
      if (before === undefined) return context.skip('its list shows agreements whole')
      expect((await world.port().get(agreementRef)).fingerprint).toBe(before)
      await world.amend(agreementRef)
      const after = await seenBriefly(world.port(), agreementRef)
      expect(after).not.toBe(before)
      expect((await world.port().get(agreementRef)).fingerprint).toBe(after)
    })

    describe('what the seller does', () => operationsContract(() => world))

    it('does not know any more what it forgot', async (context) => {
      if (!world.port().traits.forgets) context.skip('it forgets nothing')
      const { agreementRef } = await world.accept()
      await shown(world, 'forget', context)(agreementRef)
      expect((await problemOf(world.port().get(agreementRef))).code).toBe('not_found')
      expect(refs((await all(world.port(), null)).agreements)).not.toContain(agreementRef)
    })

    it('says which agreements an account holds that offers are made to, and none of nobody', async (context) => {
      if (!world.port().heldBy) context.skip('agreements name the account that offers are made to')
      const { accountRef, agreementRefs } = await shown(world, 'holder', context)()
      const held = await world.port().heldBy?.(accountRef)
      expect(held?.toSorted()).toEqual(agreementRefs.toSorted())
      expect(await world.port().heldBy?.('FFFFFF-FFFFFF-FFFFFF')).toEqual([])
    })

    it('does not find an agreement that is not the seller’s', async () => {
      expect((await problemOf(world.port().get(world.foreignRef))).code).toBe('not_found')
    })

    describe('registration', () => {
      it.for(['usual', 'legacy'] as const)(
        'reads the token that the buyer’s browser brings, and knows whose it is: %s product',
        async (kind, context) => {
          if (world.unable?.[kind]) context.skip(world.unable[kind])
          const { agreementRef } = await world.accept(kind)
          await world.advance('PT10M')
          const token = world.port().readToken(await world.arrive(agreementRef))
          const registration = await world.port().resolve(token ?? '')
          if (world.port().traits.registers === 'account')
            expect([registration.licenseRef, registration.buyerRef]).toEqual([
              null,
              (await world.port().get(agreementRef)).buyerRef,
            ])
          expect(registration).toMatchObject(await world.whoArrives(agreementRef))
          expect(await world.port().resolve(token ?? '')).toEqual(registration)
        },
      )

      it('reads no token where there is none', () => {
        expect(world.port().readToken({})).toBeUndefined()
        expect(world.port().readToken({ token: '', color: 'red' })).toBeUndefined()
      })

      it('rejects a forged token', async () => {
        const refused = await problemOf(world.port().resolve('not-a-token-of-anybody'))
        expect(refused).toMatchObject({ code: 'rejected', details: { token: 'invalid' } })
      })

      it('rejects an expired token', async () => {
        const { agreementRef } = await world.accept()
        const token = world.port().readToken(await world.arrive(agreementRef))
        await world.advance(world.pastTokenLife)
        const refused = await problemOf(world.port().resolve(token ?? ''))
        expect(refused).toMatchObject({ code: 'rejected', details: { token: 'expired' } })
      })
    })

    it('tells many that changed in one moment, in pages', async () => {
      await news()
      await world.advance('PT10M')
      const sold: string[] = []
      for (let i = 0; i < 55; i += 1) sold.push((await world.accept()).agreementRef)
      expect(refs(await news())).toEqual(expect.arrayContaining(sold))
    })

    it('goes on after a page that holds nothing', async (context) => {
      const answerEmptyPages = shown(world, 'answerEmptyPages', context)
      const before = await all(world.port(), null)
      await answerEmptyPages()
      const after = await all(world.port(), null)
      expect(refs(after.agreements)).toEqual(refs(before.agreements))
    })

    speaksOurCodes<'agreements'>(
      () => world,
      (port) => port.changedSince(cursor),
    )
  })
}

/** Everything after a cursor; of what has a fingerprint, what looks otherwise than in `looks`, which follows. */
async function all(
  port: AgreementsPort,
  from: string | null,
  looks: Map<string, string> = new Map(),
) {
  const agreements: ToldAgreement[] = []
  let cursor = from
  for (let pages = 1; pages <= pagesMax; pages += 1) {
    const page = await port.changedSince(cursor)
    for (const one of page.agreements) {
      const { agreementRef, fingerprint } = one
      if (fingerprint === null || looks.get(agreementRef) !== fingerprint) agreements.push(one)
      looks.set(agreementRef, fingerprint ?? '')
    }
    for (const { agreementRef, fingerprint } of page.glimpses ?? []) {
      if (looks.get(agreementRef) !== fingerprint) agreements.push(await port.get(agreementRef))
      looks.set(agreementRef, fingerprint)
    }
    cursor = page.cursor
    if (!page.more) return { agreements, cursor, pages }
  }
  return expect.fail(`more than ${pagesMax} pages`)
}

/** How the list shows an agreement in brief, if it does. */
async function seenBriefly(port: AgreementsPort, agreementRef: string) {
  let cursor: string | null = null
  for (let pages = 1; pages <= pagesMax; pages += 1) {
    const page: AgreementsPage = await port.changedSince(cursor)
    const glimpse = page.glimpses?.find((one) => one.agreementRef === agreementRef)
    if (glimpse || !page.more) return glimpse?.fingerprint
    ;({ cursor } = page)
  }
  return expect.fail(`more than ${pagesMax} pages`)
}

const endedThen = (at: Instant): Told => ({ endsAt: at, changedAt: at })

const newest = (agreements: readonly ToldAgreement[], agreementRef: string) =>
  agreements.findLast((one) => one.agreementRef === agreementRef)

const refs = (agreements: readonly ToldAgreement[]) =>
  [...new Set(agreements.map(({ agreementRef }) => agreementRef))].toSorted()
