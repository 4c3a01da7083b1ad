import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CrmFields, CrmKind, CrmOutcome, CrmRow } from '../../src/crm/model.ts'
import { agreementRow, commitmentRow, offerRow, opportunityRow } from './crm-rows.ts'
import { speaksOurCodes } from './troubles.ts'
import { problemOf, type World } from './world.ts'

export type CrmWorld = World<'crm'> & {
  /** Installs what the sales system must have, as its administrator would. */
  readonly install: () => Promise<void>
  /** Ids of its own records. */
  readonly accounts: readonly [string, string]
  readonly opportunities: readonly [string, string]
  /** A record as it stands there, in our words as far as they can be read back; undefined when there is none. */
  readonly read: <Kind extends CrmKind>(kind: Kind, key: string) => Promise<Found<Kind> | undefined>
  readonly count: (kind: CrmKind) => Promise<number>
  /** A person moves a record to another account. */
  readonly move: (kind: CrmKind, key: string, account: string) => Promise<void>
  /** From now on the sales system refuses offers whose name holds this word. */
  readonly refuseNamesWith: (word: string) => Promise<void>
  /** Every nth row written from now on is locked; 0 ends it. */
  readonly lockEvery: (nth: number) => Promise<void>
  /** So many calls a day. */
  readonly rationTo: (calls: number) => Promise<void>
  /** Hides a field of offers from us, by our word for it; null shows it again. */
  readonly hide: (field: keyof CrmFields['offer'] | null) => Promise<void>
  /** Sessions end. */
  readonly expire: () => Promise<void>
  /** Refuses every session, and counts how often we signed in until it is undone. */
  readonly refuseSessions: () => Promise<() => Promise<number>>
}
export type Found<Kind extends CrmKind> = {
  readonly crmRef: string
  readonly fields: Partial<CrmFields[Kind]>
  readonly account?: string | null
  readonly offer?: string | null
}

/** `CrmPort`, its comment executed. */
export function crmContract(name: string, open: () => Promise<CrmWorld>): void {
  describe(`${name}: the sales system`, () => {
    let world: CrmWorld
    let last = 0
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    const offers = (count: number, fields: Partial<CrmFields['offer']> = {}) =>
      Array.from({ length: count }, () => offerRow(`offer_contract${++last}`, fields))
    const save = async (kind: CrmKind, rows: readonly CrmRow[]) => {
      const outcomes = await world.port().save(kind, rows)
      expect(outcomes.map(({ key }) => key)).toEqual(rows.map(({ key }) => key))
      return outcomes
    }
    const states = (outcomes: readonly CrmOutcome[]) => outcomes.map(({ is }) => is)

    it('knows nothing of the day’s calls before the first', () => {
      expect(world.port().budget()).toBeUndefined()
    })

    it('names what is missing, and throws when a record has no place', async () => {
      const missing = await world.port().missing()
      expect(missing.length).toBeGreaterThan(0)
      for (const { object, remedy } of missing) {
        expect(object).toMatch(/\w/)
        expect(remedy).toMatch(/\w/)
      }
      expect(missing.some(({ fields }) => fields.length === 0)).toBe(true)
      expect((await problemOf(world.port().save('offer', offers(1)))).code).toBe('not_found')
    })

    it('misses nothing once it is installed', async () => {
      await world.install()
      expect(await world.port().missing()).toEqual([])
    })

    it('is one organisation, whoever asks', async () => {
      const organisation = await world.port().organisation()
      expect(organisation).toMatch(/\w/)
      expect(await world.port().organisation()).toBe(organisation)
    })

    it('keeps a record of each kind as it was saved', async () => {
      const account = world.accounts[0]
      const offer = offerRow('offer_kept', {}, { account, opportunity: world.opportunities[0] })
      const rows = [
        offer,
        agreementRow('agr_kept', {}, { account, offer: offer.key }),
        commitmentRow('cmt_kept', {}, { account }),
        opportunityRow(world.opportunities[0], {}, { offer: offer.key }),
      ]
      for (const row of rows) {
        const [outcome] = await save(row.kind, [row])
        expect(outcome).toEqual({ key: row.key, is: 'saved', crmRef: expect.any(String) })
        const found = await world.read(row.kind, row.key)
        expect(row.fields, row.kind).toMatchObject(found?.fields ?? { is: 'not there' })
        expect(Object.keys(found?.fields ?? {}).length, row.kind).toBeGreaterThan(3)
        if (row.kind !== 'opportunity') expect(found?.account).toBe(account)
        if ('offer' in row.links) expect(found?.offer).toBe(offer.key)
      }
    })

    it.each(['0', '0.01', '999999999999.99', '1234567.8'])(
      'keeps an amount to the cent: %s',
      async (value) => {
        const [row] = offers(1, { value, netValue: value })
        await save('offer', [row!])
        const found = await world.read('offer', row!.key)
        expect(Number(found?.fields.value)).toBe(Number(value))
        expect(Number(found?.fields.netValue)).toBe(Number(value))
      },
    )

    it('saves a full batch in one call, and tells the outcomes in order', async () => {
      const rows = offers(world.port().batchMax)
      const port = world.port()
      await port.save('offer', offers(1))
      const before = await world.calls()
      const outcomes = await port.save('offer', rows)
      expect((await world.calls()) - before).toBe(1)
      expect(outcomes.map(({ key }) => key)).toEqual(rows.map(({ key }) => key))
      expect(new Set(states(outcomes))).toEqual(new Set(['saved']))
    })

    it('changes nothing when the same rows are saved again', async () => {
      const rows = offers(3)
      const first = await save('offer', rows)
      const before = await Promise.all(rows.map(({ key }) => world.read('offer', key)))
      const count = await world.count('offer')
      expect(await save('offer', rows)).toEqual(first)
      expect(await world.count('offer')).toBe(count)
      expect(await Promise.all(rows.map(({ key }) => world.read('offer', key)))).toEqual(before)
    })

    it('updates the record of a key', async () => {
      const [row] = offers(1)
      await save('offer', [row!])
      await save('offer', [
        { ...row!, fields: { ...row!.fields, status: 'accepted', value: '1.00' } },
      ])
      const found = await world.read('offer', row!.key)
      expect(found?.fields).toMatchObject({ status: 'accepted', value: '1.00' })
    })

    it('makes no second record when the reply was lost and the rows are saved again', async () => {
      const rows = offers(5)
      const count = await world.count('offer')
      await world.strike('lost')
      const { code } = await problemOf(world.port().save('offer', rows)).finally(world.heal)
      expect(code).toBe('unavailable')
      expect(states(await save('offer', rows))).toEqual(rows.map(() => 'saved'))
      expect(await world.count('offer')).toBe(count + rows.length)
    })

    it('saves the good rows and refuses the bad ones in the sales system’s own words', async () => {
      await world.refuseNamesWith('forbidden')
      const rows = offers(10)
      rows.splice(4, 0, ...offers(1, { name: 'A forbidden name' }))
      const outcomes = await save('offer', rows)
      expect(states(outcomes)).toEqual(rows.map((_, i) => (i === 4 ? 'refused' : 'saved')))
      expect(outcomes[4]).toMatchObject({
        is: 'refused',
        lacking: false,
        reason: expect.stringMatching(/forbidden/),
      })
      expect(await world.read('offer', rows[4]!.key)).toBeUndefined()
    })

    it('refuses a row whose link leads nowhere, and saves the others', async () => {
      const [good, bad] = [
        agreementRow('agr_good'),
        agreementRow('agr_bad', {}, { offer: 'offer_nobody' }),
      ]
      const outcomes = await save('agreement', [bad, good])
      expect(outcomes[0]?.is).not.toBe('saved')
      expect(outcomes[1]?.is).toBe('saved')
    })

    it('puts off a row that is locked, which is saved when sent again', async () => {
      await world.lockEvery(3)
      const rows = offers(9)
      const outcomes = await save('offer', rows)
      await world.lockEvery(0)
      expect(states(outcomes).filter((is) => is === 'later')).toHaveLength(3)
      expect(states(outcomes).filter((is) => is === 'saved')).toHaveLength(6)
      expect(states(await save('offer', rows))).toEqual(rows.map(() => 'saved'))
    })

    it('leaves a link alone that is absent, and clears one that is null', async () => {
      const [here, there] = world.accounts
      const key = 'offer_linked'
      await save('offer', [offerRow(key, {}, { account: here })])
      await world.move('offer', key, there)
      await save('offer', [offerRow(key, { name: 'Renamed' })])
      expect(await world.read('offer', key)).toMatchObject({ account: there })
      await save('offer', [offerRow(key, {}, { account: null })])
      expect(await world.read('offer', key)).toMatchObject({ account: null })
    })

    it('tells what the day’s calls are', async () => {
      const port = world.port()
      await port.save('offer', offers(1))
      const budget = port.budget()
      expect(budget?.limit).toBeGreaterThan(1_000)
      expect(budget?.used).toBeGreaterThan(0)
      await port.save('offer', offers(1))
      expect(port.budget()?.used).toBe((budget?.used ?? 0) + 1)
    })

    it('is throttled when the day’s calls are used up, for longer than a moment', async () => {
      const rows = offers(1)
      await world.rationTo(1)
      const refused = await problemOf(world.port().save('offer', rows))
      await world.rationTo(15_000)
      expect(refused.code).toBe('throttled')
      expect(refused.details.retryAfterMs).toBeGreaterThan(60_000)
      expect(states(await save('offer', rows))).toEqual(['saved'])
    })

    it('names a field that is hidden from us, and does not call its row bad', async () => {
      await world.hide('value')
      const missing = await world.port().missing()
      const rows = offers(2)
      const outcomes = await world
        .port()
        .save('offer', rows)
        .catch((problem) => problem)
      await world.hide(null)
      expect(missing).toHaveLength(1)
      expect(missing[0]?.fields.length).toBeGreaterThan(0)
      if (Array.isArray(outcomes))
        for (const outcome of outcomes)
          expect(outcome).toMatchObject({ is: 'refused', lacking: true })
      else expect(outcomes.code).toBe('not_found')
      expect(states(await save('offer', rows))).toEqual(['saved', 'saved'])
    })

    it('signs in again when its session has ended', async () => {
      const port = world.port()
      await port.save('offer', offers(1))
      await world.expire()
      expect(states(await port.save('offer', offers(1)))).toEqual(['saved'])
    })

    it('gives up soon when no session is taken', async () => {
      const undo = await world.refuseSessions()
      const { code } = await problemOf(world.port().save('offer', offers(1)))
      expect(await undo()).toBeLessThanOrEqual(5)
      expect(code).toBe('unauthenticated')
      expect(states(await save('offer', offers(1)))).toEqual(['saved'])
    })

    speaksOurCodes<'crm'>(
      () => world,
      (port) => port.save('offer', offers(1)),
    )
  })
}
