import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RemoteListing } from '../../src/listings/model.ts'
import type { ListingsPort } from '../../src/listings/port.ts'
import { speaksOurCodes } from './troubles.ts'
import type { World } from './world.ts'

export type ListingsWorld = World<'listings'> & {
  /** What the catalogue holds at first, as it should be told. */
  readonly first: readonly Partial<RemoteListing>[]
  /** Adds so many products and names them. */
  readonly add: (count: number) => Promise<readonly string[]>
  /** Hides a product, or shows it again; where nobody tells that, changes what `looks` shows of it. */
  readonly hide: (listingRef: string) => Promise<void>
  /** What `hide` changes; the visibility, where it is left out. */
  readonly looks?: (listing: Partial<RemoteListing>) => unknown
  /** How many pages a poll takes that finds nothing new, beyond those of a list; one where it is left out. */
  readonly quietPages?: number
  /** How many polls a change of `hide` takes to be told; one where it is left out. */
  readonly pollsMax?: number
  /** Sessions end. */
  readonly expire: () => Promise<void>
  /** From now on the provider answers with pages that hold nothing, and more after them. */
  readonly answerEmptyPages: () => Promise<void>
}

const pagesMax = 100

/** `ListingsPort`, its comment executed. */
export function listingsContract(name: string, open: () => Promise<ListingsWorld>): void {
  describe(`${name}: listings`, () => {
    let world: ListingsWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    /** What is told after a cursor, in as many polls as a change may take. */
    const news = async (from: string) => {
      const told: RemoteListing[] = []
      let cursor = from
      for (let poll = 0; poll < (world.pollsMax ?? 1); poll += 1) {
        const next = await all(world.port(), cursor)
        told.push(...next.listings)
        ;({ cursor } = next)
      }
      return told
    }

    it('tells every product with its dimensions and what metering calls it', async () => {
      const { listings } = await all(world.port(), null)
      expect(byRef(listings)).toMatchObject(byRef(world.first))
      for (const { native } of listings) expect(native).toBeTruthy()
    })

    it('tells each plan once, by references of its own, and how it is sold as far as it knows', async () => {
      const { listings } = await all(world.port(), null)
      for (const { plans, dimensions } of listings) {
        const keys = plans.map(({ planRef, planKey }) => planKey ?? planRef)
        expect(new Set(plans.map(({ planRef }) => planRef)).size).toBe(plans.length)
        expect(new Set(keys).size).toBe(plans.length)
        for (const { shape } of plans) {
          for (const months of shape?.months ?? []) expect(Number.isInteger(months)).toBe(true)
          const metered = dimensions.filter(({ types }) => types.includes('usage'))
          expect(metered.map(({ key }) => key)).toEqual(
            expect.arrayContaining([...(shape?.meters ?? [])]),
          )
        }
      }
    })

    /** A poll that finds nothing new, each page of it by a port opened anew; where to go on. */
    const quiet = async (from: string): Promise<string> => {
      let cursor = from
      for (let pages = 1; pages <= (world.quietPages ?? 1); pages += 1) {
        const before = await world.calls()
        const page = await world.port().changedSince(cursor)
        expect((await world.calls()) - before).toBeLessThanOrEqual(2)
        expect(page.listings).toEqual([])
        ;({ cursor } = page)
        if (!page.more) return cursor
      }
      return expect.fail('a poll that finds nothing new does not end')
    }

    it('asks at most twice a page when nothing is new', async () => {
      const { cursor } = await all(world.port(), null)
      await world.advance('PT1H')
      await quiet(cursor)
    })

    it('stays that cheap, poll after poll, also after a restart', async () => {
      let { cursor } = await all(world.port(), null)
      for (let poll = 0; poll < 5; poll += 1) {
        await world.advance('PT1H')
        cursor = await quiet(cursor)
      }
    })

    it('tells what changed since the cursor, as it is now', async () => {
      const { cursor } = await all(world.port(), null)
      const looks = world.looks ?? (({ visibility }: Partial<RemoteListing>) => visibility)
      const first = world.first[1] ?? expect.fail('show two products at least')
      await world.advance('PT1M')
      await world.hide(first.listingRef ?? '')
      const listings = await news(cursor)
      const told = listings.find((listing) => listing.listingRef === first.listingRef)
      expect(looks(told ?? {})).not.toEqual(looks(first))
      expect(told?.modifiedAt.slice(0, 19)).toBe(world.now().slice(0, 19))
    })

    it('loses nothing that changed in the moment of the last poll', async () => {
      const listingRef = world.first[0]?.listingRef ?? ''
      await world.advance('PT1M')
      await world.hide(world.first[1]?.listingRef ?? '')
      const { cursor } = await all(world.port(), null)
      await world.hide(listingRef)
      expect((await news(cursor)).map((listing) => listing.listingRef)).toContain(listingRef)
    })

    it('repeats the page of a cursor that is repeated', async () => {
      const page = await world.port().changedSince(null)
      expect(await world.port().changedSince(null)).toEqual(page)
      let { cursor } = await all(world.port(), null)
      await world.advance('PT1M')
      await world.hide(world.first[0]?.listingRef ?? '')
      let told = 0
      for (let polls = 0; polls < (world.pollsMax ?? 1); ) {
        const next = await world.port().changedSince(cursor)
        expect(await world.port().changedSince(cursor)).toEqual(next)
        told += next.listings.length
        ;({ cursor } = next)
        if (!next.more) polls += 1
      }
      expect(told).toBeGreaterThan(0)
    })

    it('tells a large catalogue in pages, each once at least', async () => {
      const { cursor } = await all(world.port(), null)
      await world.advance('PT1M')
      const added = await world.add(60)
      const whole = await all(world.port(), null)
      expect(whole.listings.map(({ listingRef }) => listingRef)).toEqual(
        expect.arrayContaining([...added, ...world.first.map((one) => one.listingRef)]),
      )
      expect(
        (await all(world.port(), cursor)).listings.map(({ listingRef }) => listingRef),
      ).toEqual(expect.arrayContaining([...added]))
    })

    it('signs in again when its session has ended', async () => {
      const port = world.port()
      await port.changedSince(null)
      await world.expire()
      expect((await all(port, null)).listings.length).toBeGreaterThan(0)
    })

    it('goes on after a page that holds nothing', async () => {
      await world.answerEmptyPages()
      const { listings } = await all(world.port(), null)
      expect(byRef(listings)).toMatchObject(
        Object.fromEntries(world.first.map(({ listingRef }) => [listingRef, {}])),
      )
    })

    speaksOurCodes<'listings'>(
      () => world,
      (port) => port.changedSince(null),
    )
  })
}

/** Follows the cursor until nothing waits. */
async function all(
  port: ListingsPort,
  from: string | null,
): Promise<{ listings: readonly RemoteListing[]; cursor: string }> {
  const listings: RemoteListing[] = []
  let cursor = from
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await port.changedSince(cursor)
    listings.push(...page.listings)
    cursor = page.cursor
    if (!page.more) return { listings, cursor }
  }
  return expect.fail(`more than ${pagesMax} pages`)
}

const byRef = (listings: readonly Partial<RemoteListing>[]) =>
  Object.fromEntries(listings.map((listing) => [listing.listingRef, listing]))
