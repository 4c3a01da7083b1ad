import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hourEnd, millis } from '../../src/kernel/time.ts'
import { deadlineOf } from '../../src/metering/hours.ts'
import type { Report, ReportOutcome } from '../../src/metering/model.ts'
import { readsBack } from './read-back.ts'
import { speaksOurCodes } from './troubles.ts'
import { problemOf, type World } from './world.ts'

export type ReportKind = 'usual' | 'legacy'

export type MeteringWorld = World<'metering'> & {
  /** The ways in which usage is told here: `legacy` names its customer in an older one. */
  readonly kinds: readonly ReportKind[]
  /** What the marketplace takes right now, also when time has moved on: another agreement, dimension or hour each time it is asked for. */
  readonly next: (kind?: ReportKind) => Report
  /** The same for the oldest hour that is still taken, and for the one before. */
  readonly oldest: () => { readonly taken: Report; readonly lost: Report }
  /** What is wrong with a report, by what: one of these is refused for good. */
  readonly spoiled: Readonly<Record<string, (good: Report) => Report>>
  /** Whether the marketplace answers another quantity and the same one differently. */
  readonly tellsApart: boolean
  /** Whether it shows the quantity that it holds instead. */
  readonly showsHeld: boolean
  /** Whether a quantity of nothing is taken. */
  readonly takesNothing: boolean
  /** Whether usage must name the plan that was bought. */
  readonly needsPlan: boolean
  /** The quantities that the marketplace counted for the agreement, dimension and hour of a report. */
  readonly counted: (report: Report) => Promise<readonly string[]>
  /** The agreement of a report ends now; another report of the same agreement, for another hour. */
  readonly end: (report: Report) => Promise<Report>
  /** From now on this share of the records comes back unprocessed; absent where that does not happen. */
  readonly leaveUnprocessed?: (share: number) => Promise<void>
  /** Moves to a quarter of an hour before a month closes; a report of that month's last hour. */
  readonly nearMonthClose?: () => Promise<() => Report>
  /** The agreement of a report is suspended, until `resume`; absent where none can be. */
  readonly suspend?: (report: Report) => Promise<{ readonly resume: () => Promise<void> }>
  /** Moves on until the marketplace has settled what it took, and makes it disagree about a report if asked to. */
  readonly settleHeld?: (report: Report, as: 'agreed' | 'differs' | 'rejected') => Promise<void>
}

const kinds = ['usual', 'legacy'] as const satisfies readonly ReportKind[]

/** `MeteringPort`, its comment executed. */
export function meteringContract(name: string, open: () => Promise<MeteringWorld>): void {
  describe(`${name}: metering`, () => {
    let world: MeteringWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    const some = (count: number, kind?: ReportKind) =>
      Array.from({ length: count }, () => world.next(kind))
    const report = async (reports: readonly Report[]) => {
      const outcomes = await world.port().report(reports)
      expect(outcomes.map(({ id }) => id).toSorted()).toEqual(
        reports.map(({ id }) => id).toSorted(),
      )
      return new Map(outcomes.map((outcome) => [outcome.id, outcome]))
    }
    const outcomeOf = async (one: Report): Promise<ReportOutcome> => {
      const [outcome] = await world.port().report([one])
      return outcome ?? expect.fail('answered nothing')
    }
    const expectCounted = async (reports: readonly Report[]) => {
      for (const one of reports) expect(await world.counted(one)).toEqual([one.quantity])
    }

    it.for(kinds)('has a full batch counted once: %s', async (kind, context) => {
      context.skip(!world.kinds.includes(kind), 'usage is told in one way here')
      const reports = some(world.port().traits.batchMax, kind)
      const outcomes = await report(reports)
      for (const { id } of reports)
        expect(outcomes.get(id)).toEqual({ id, is: 'accepted', receipt: expect.any(String) })
      await expectCounted(reports)
    })

    it.for(kinds)(
      'ends in the same outcome when an identical report is sent again: %s',
      async (kind, context) => {
        context.skip(!world.kinds.includes(kind), 'usage is told in one way here')
        const reports = some(3, kind)
        await report(reports)
        const again = await report(reports)
        for (const { id } of reports) expect(again.get(id)?.is).toBe('accepted')
        await expectCounted(reports)
      },
    )

    it('says that an hour is taken by another quantity, which stays', async (context) => {
      context.skip(!world.tellsApart, 'the marketplace answers both alike')
      const first = world.next()
      await outcomeOf(first)
      const other = { ...first, id: 'rec_other', quantity: `${first.quantity}0` }
      expect(await outcomeOf(other)).toEqual({
        id: 'rec_other',
        is: 'differs',
        held: world.showsHeld
          ? first.quantity
          : expect.toSatisfy((held) => held === null || held === first.quantity),
      })
      await expectCounted([first])
    })

    it('tells apart two reports for one hour in one batch', async () => {
      const one = world.next()
      const other = { ...one, id: 'rec_twin', quantity: `${one.quantity}0` }
      const outcomes = await report([one, other])
      const states = [outcomes.get(one.id)?.is, outcomes.get(other.id)?.is]
      expect(new Set(states)).toEqual(new Set(['accepted', 'differs']))
      const winner = outcomes.get(one.id)?.is === 'accepted' ? one : other
      expect(await world.counted(one)).toEqual([winner.quantity])
    })

    it('takes the largest quantity there is', async () => {
      const one = { ...world.next(), quantity: world.port().traits.quantityMax }
      expect(await outcomeOf(one)).toMatchObject({ is: 'accepted' })
      await expectCounted([one])
    })

    it('takes a quantity of nothing, or refuses it for good', async () => {
      const one = { ...world.next(), quantity: '0' }
      const is = world.takesNothing ? 'accepted' : 'refused'
      expect(await outcomeOf(one)).toMatchObject({ is })
      expect(await world.counted(one)).toEqual(world.takesNothing ? ['0'] : [])
    })

    it('takes decimals exactly where its traits say so, and none where they do not', async () => {
      const reports = ['0.1', '1234.567', '0.30'].map((quantity) => ({ ...world.next(), quantity }))
      const isTaken = world.port().traits.quantity === 'decimal'
      const outcomes = await report(reports)
      for (const { id } of reports)
        expect(outcomes.get(id)?.is).toBe(isTaken ? 'accepted' : 'refused')
      for (const [n, one] of reports.entries())
        expect(await world.counted(one)).toEqual(isTaken ? [['0.1', '1234.567', '0.3'][n]] : [])
    })

    it('refuses usage that does not name its plan where that is asked for', async (context) => {
      context.skip(!world.needsPlan, 'the plan is not asked for')
      const one = world.next()
      expect(one.planRef).toEqual(expect.any(String))
      expect(await outcomeOf({ ...one, planRef: null })).toMatchObject({ is: 'refused' })
      expect(await outcomeOf(one)).toMatchObject({ is: 'accepted' })
    })

    it('puts off usage of a suspended agreement, which is taken once it runs again', async (context) => {
      const { suspend } = world
      if (!suspend) return context.skip('no agreement can be suspended here')
      const [one, other] = [world.next(), world.next()]
      const { resume } = await suspend(one)
      const outcomes = await report([one, other])
      const outcome = outcomes.get(one.id)
      expect(outcome).toMatchObject({
        id: one.id,
        is: 'later',
        reason: expect.stringMatching(/\w/),
        retryAfterMs: expect.toSatisfy((ms) => ms >= 60_000 && ms <= 3_600_000),
      })
      if (outcome?.is === 'later' && outcome.takenUntil !== undefined)
        expect(outcome.takenUntil > deadlineOf(world.port().traits, one.hour, null)).toBe(true)
      expect(await world.counted(one)).toEqual([])
      await resume()
      expect(await outcomeOf(one)).toMatchObject({ is: 'accepted' })
      await expectCounted([one])
    })

    it('takes allocations that add up', async (context) => {
      context.skip(world.port().traits.allocationsMax === 0, 'no allocations are taken')
      const one: Report = {
        ...world.next(),
        quantity: '10',
        allocations: [
          { quantity: '6', tags: { team: 'red' } },
          { quantity: '3', tags: { team: 'blue', project: 'x' } },
          { quantity: '1', tags: {} },
        ],
      }
      expect(await outcomeOf(one)).toMatchObject({ is: 'accepted' })
      await expectCounted([one])
    })

    it('refuses a bad report for good, with a reason, and never by throwing', async () => {
      for (const [why, spoil] of Object.entries(world.spoiled)) {
        const bad = spoil(world.next())
        expect(await outcomeOf(bad), why).toMatchObject({
          is: 'refused',
          tooLate: false,
          reason: expect.stringMatching(/\w/),
        })
      }
    })

    it('has every good report of a batch counted, whatever is wrong with another', async () => {
      for (const [why, spoil] of Object.entries(world.spoiled)) {
        const good = some(world.port().traits.batchMax - 1)
        const bad = spoil(world.next())
        const outcomes = await report([...good.slice(0, 11), bad, ...good.slice(11)])
        expect(outcomes.get(bad.id)?.is, why).toBe('refused')
        for (const { id } of good) expect(outcomes.get(id)?.is, why).toBe('accepted')
        await expectCounted(good)
      }
    })

    it('has the good ones counted when several are bad in several ways', async () => {
      const bad = Object.values(world.spoiled).map((spoil) => spoil(world.next()))
      const good = some(world.port().traits.batchMax - bad.length)
      const outcomes = await report([...bad, ...good])
      for (const { id } of bad) expect(outcomes.get(id)?.is).toBe('refused')
      for (const { id } of good) expect(outcomes.get(id)?.is).toBe('accepted')
      await expectCounted(good)
    })

    it('takes an hour for as long as the traits say, and not longer', async () => {
      const { lateHoursMax } = world.port().traits
      const { taken, lost } = world.oldest()
      const age = (one: Report) => millis(world.now()) - millis(hourEnd(one.hour))
      expect(age(taken)).toBeLessThanOrEqual(lateHoursMax * 3_600_000)
      expect(age(lost)).toBeGreaterThan(lateHoursMax * 3_600_000)
      const good = some(3)
      const outcomes = await report([lost, ...good, taken])
      expect(outcomes.get(taken.id)?.is).toBe('accepted')
      expect(outcomes.get(lost.id)).toMatchObject({ is: 'refused', tooLate: true })
      for (const { id } of good) expect(outcomes.get(id)?.is).toBe('accepted')
    })

    it('puts off what came back unprocessed, which is then taken when sent again', async (context) => {
      const { leaveUnprocessed } = world
      if (!leaveUnprocessed) return context.skip('nothing comes back unprocessed here')
      const reports = some(20)
      await leaveUnprocessed(0.5)
      const first = await report(reports)
      await leaveUnprocessed(0)
      const put = reports.filter(({ id }) => first.get(id)?.is === 'later')
      expect(put.length).toBeGreaterThan(0)
      expect(put.length).toBeLessThan(reports.length)
      for (const one of put) expect(await world.counted(one)).toEqual([])
      const second = await report(reports)
      for (const { id } of reports) expect(second.get(id)?.is).toBe('accepted')
      await expectCounted(reports)
    })

    it('is counted once when the reply never came and the identical batch is sent again', async () => {
      const reports = some(10)
      await world.strike('lost')
      expect((await problemOf(world.port().report(reports)).finally(world.heal)).code).toBe(
        'unavailable',
      )
      const outcomes = await report(reports)
      for (const { id } of reports) expect(outcomes.get(id)?.is).toBe('accepted')
      await expectCounted(reports)
    })

    it('says which reports may share a call', async () => {
      const port = world.port()
      const [a, b] = some(2)
      expect(port.compatible(a!, b!)).toBe(true)
      if (!world.kinds.includes('legacy')) return
      const legacy = some(2, 'legacy')
      expect(port.compatible(legacy[0]!, legacy[1]!)).toBe(true)
      expect(port.compatible(a!, legacy[0]!)).toBe(port.compatible(legacy[0]!, a!))
      if (!port.compatible(a!, legacy[0]!)) return
      const outcomes = await report([a!, ...legacy])
      expect([...outcomes.values()].every(({ is }) => is === 'accepted')).toBe(true)
    })

    readsBack(() => world)

    it('takes the last usage of an agreement that ended, and later none', async () => {
      const last = world.next()
      const deadline = deadlineOf(world.port().traits, last.hour, world.now())
      const after = await world.end(last)
      const seconds = (millis(deadline) - millis(world.now())) / 1000
      await world.advance(`PT${seconds - 60}S`)
      expect((await outcomeOf(last)).is).toBe('accepted')
      await world.advance('PT3M')
      expect(await outcomeOf(after)).toMatchObject({ is: 'refused' })
      const good = some(3)
      const outcomes = await report([...good, { ...after, id: 'rec_after_the_end' }])
      for (const { id } of good) expect(outcomes.get(id)?.is).toBe('accepted')
      expect(await world.counted(after)).toEqual([])
    })

    it('takes a month’s last hour until the month closes, and not after', async (context) => {
      const { nearMonthClose } = world
      expect(nearMonthClose === undefined).toBe(world.port().traits.monthClose === null)
      if (!nearMonthClose) return context.skip('months do not close here')
      const lastHour = await nearMonthClose()
      expect((await outcomeOf(lastHour())).is).toBe('accepted')
      await world.advance('PT16M')
      expect(await outcomeOf(lastHour())).toMatchObject({ is: 'refused', tooLate: true })
    })

    speaksOurCodes<'metering'>(
      () => world,
      (port) => port.report([world.next()]),
    )
  })
}
