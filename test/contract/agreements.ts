import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Registration, RemoteAgreement, ToldAgreement } from '../../src/agreements/model.ts'
import type { AgreementsPort } from '../../src/agreements/port.ts'
import { speaksOurCodes } from './troubles.ts'
import { problemOf, type World } from './world.ts'

/** An accepted offer and how it should be told. */
export type Sold = { readonly agreementRef: string; readonly told: Told }
/** Fields of an agreement as they should be told, whole or in part. */
export type Told = { readonly [Field in keyof RemoteAgreement]?: unknown }

export type AgreementsWorld = World<'agreements'> & {
  /** What can be sold, by what is special about it: accepted, and provisioned where it can be used at once. */
  readonly deals: Readonly<Record<string, () => Promise<Sold>>>
  /** A buyer accepts this very moment; nothing is provisioned yet. `legacy`: a product of the old kind. */
  readonly accept: (kind?: 'usual' | 'legacy') => Promise<Sold>
  /** The buyer adds units; how it is then told. */
  readonly amend: (agreementRef: string) => Promise<Told>
  readonly cancel: (agreementRef: string) => Promise<void>
  /** The marketplace itself ends it. */
  readonly terminate: (agreementRef: string) => Promise<void>
  /** Sold for a month, renewing by itself: the month passes. */
  readonly renew: () => Promise<{ readonly before: string }>
  /** An agreement of another seller's. */
  readonly foreignRef: string
  /** What the buyer's browser sends after the purchase. */
  readonly arrive: (agreementRef: string) => Promise<Readonly<Record<string, string>>>
  /** Who that is. */
  readonly whoArrives: (agreementRef: string) => Promise<Partial<Registration>>
  /** How long a token can be resolved, and a little more. */
  readonly pastTokenLife: string
  readonly answerEmptyPages: () => Promise<void>
}

const pagesMax = 50

/** `AgreementsPort`, its comment executed. */
export function agreementsContract(name: string, open: () => Promise<AgreementsWorld>): void {
  describe(`${name}: agreements`, () => {
    let world: AgreementsWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    /** What changed since this was last asked. */
    let cursor: string | null = null
    const news = async () => {
      const told = await all(world.port(), cursor)
      cursor = told.cursor
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

    it('asks once when nothing is new, poll after poll, also after a restart', async () => {
      await news()
      for (let poll = 0; poll < 5; poll += 1) {
        await world.advance('PT1H')
        const before = await world.calls()
        expect(await news()).toEqual([])
        expect((await world.calls()) - before).toBe(1)
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
      await world.accept()
      const page = await world.port().changedSince(cursor)
      expect(page.agreements).toHaveLength(1)
      expect(await world.port().changedSince(cursor)).toEqual(page)
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

    it.each([
      ['cancel', 'cancelled'],
      ['terminate', 'terminated'],
    ] as const)('tells how an agreement ended: %s', async (end, how) => {
      const { agreementRef } = await world.accept()
      await world.advance('PT10M')
      await news()
      await world[end](agreementRef)
      const endedAt = world.now()
      await world.advance('PT10M')
      expect(newest(await news(), agreementRef)).toMatchObject({
        state: { is: 'ended', how },
        endsAt: endedAt,
        changedAt: endedAt,
      })
    })

    it('ties a renewal to the first agreement of the chain', async () => {
      await news()
      const { before } = await world.renew()
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

    it('does not find an agreement that is not the seller’s', async () => {
      expect((await problemOf(world.port().get(world.foreignRef))).code).toBe('not_found')
    })

    describe('registration', () => {
      it.each(['usual', 'legacy'] as const)(
        'reads the token that the buyer’s browser brings, and knows whose it is: %s product',
        async (kind) => {
          const { agreementRef } = await world.accept(kind)
          await world.advance('PT10M')
          const token = world.port().readToken(await world.arrive(agreementRef))
          const registration = await world.port().resolve(token ?? '')
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

    it('goes on after a page that holds nothing', async () => {
      const before = await all(world.port(), null)
      await world.answerEmptyPages()
      const after = await all(world.port(), null)
      expect(refs(after.agreements)).toEqual(refs(before.agreements))
    })

    speaksOurCodes<'agreements'>(
      () => world,
      (port) => port.changedSince(cursor),
    )
  })
}

async function all(port: AgreementsPort, from: string | null) {
  const agreements: ToldAgreement[] = []
  let cursor = from
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await port.changedSince(cursor)
    agreements.push(...page.agreements)
    cursor = page.cursor
    if (!page.more) return { agreements, cursor }
  }
  return expect.fail(`more than ${pagesMax} pages`)
}

const newest = (agreements: readonly ToldAgreement[], agreementRef: string) =>
  agreements.findLast((one) => one.agreementRef === agreementRef)

const refs = (agreements: readonly ToldAgreement[]) =>
  [...new Set(agreements.map(({ agreementRef }) => agreementRef))].toSorted()
