import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Hour,
  hourEnd,
  hourMs,
  hourOf,
  hourStart,
  type Instant,
  instant,
  later,
} from '../../src/kernel/time.ts'
import { readBatch, verdicts } from '../../src/metering/batch.ts'
import { deadlineOf, dueOf } from '../../src/metering/hours.ts'
import { sameEvent } from '../../src/metering/incoming.ts'
import type { MeteringTraits, UsageEvent } from '../../src/metering/model.ts'
import { placeOf, refusalOf, timesOf, windowOf } from '../../src/metering/place.ts'
import { meterWith, traitsWith } from '../metering/sample.ts'
import { always } from './always.ts'

const year = { min: new Date('2027-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }
const moment: fc.Arbitrary<Instant> = fc.date(year).map((date) => instant(date))
const hour: fc.Arbitrary<Hour> = moment.map(hourOf)

/** So few different ones that their calendars are remembered, as those of real marketplaces are. */
const marketplaces: readonly MeteringTraits[] = [1, 6, 24, 48].flatMap((lateHoursMax) => [
  traitsWith({ lateHoursMax, monthClose: null, flushMinutes: 0 }),
  traitsWith({ lateHoursMax, monthClose: { day: 1, hour: 6 } }),
  traitsWith({
    lateHoursMax,
    monthClose: { day: 1, hour: 1, timeZone: 'America/Los_Angeles' },
    flushMinutes: 15,
  }),
  traitsWith({
    lateHoursMax,
    monthClose: { day: 3, hour: 0, timeZone: 'Asia/Kolkata' },
    flushMinutes: 24 * 60,
  }),
])
const marketplace = fc.constantFrom(...marketplaces)

describe('the deadline of an hour', () => {
  it('is never later than that of a later hour, nor before its own end while the month is open', () => {
    always(
      fc.property(marketplace, hour, fc.integer({ min: 1, max: 800 }), (traits, one, hours) => {
        const other = hourOf(later(hourStart(one), hours * hourMs))
        const deadline = deadlineOf(traits, one, null)
        expect(deadline <= deadlineOf(traits, other, null)).toBe(true)
        expect(deadline <= later(hourEnd(one), traits.lateHoursMax * hourMs)).toBe(true)
        expect(deadline >= hourEnd(one)).toBe(true)
        expect(dueOf(one, null, hourStart(one)) > hourEnd(one)).toBe(true)
      }),
    )
  })

  it('is never put off by the end of the agreement', () => {
    always(
      fc.property(marketplace, hour, moment, (traits, one, endedAt) => {
        const deadline = deadlineOf(traits, one, endedAt)
        expect(deadline <= deadlineOf(traits, one, null)).toBe(true)
        const last = hourStart(one) < endedAt ? traits.flushMinutes * 60_000 : 0
        expect(deadline <= later(endedAt, last)).toBe(true)
      }),
    )
  })
})

describe('an event', () => {
  const now: Instant = '2027-04-01T03:20:00.000Z'
  const ago = (minutes: number) => later(now, -minutes * 60_000)
  const minutes = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 4_000 }))
  const sealed = fc
    .uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 61 })
    .map((hours) => new Set(hours.map((n) => hourOf(ago(n * 60)))))
  const around = fc.record({
    traits: marketplace,
    startsAt: fc.integer({ min: 0, max: 5_000 }).map(ago),
    endedAt: fc.option(fc.integer({ min: -100, max: 3_000 }).map(ago)),
  })

  it('goes to the next hour that is taken, else to the nearest before, and is lost only if there is none', () => {
    always(
      fc.property(around, minutes, sealed, ({ traits, startsAt, endedAt }, minutes, sealed) => {
        const at = ago(minutes)
        const own = hourOf(at)
        const meter = meterWith({ traits, startsAt, endedAt })
        if (refusalOf({ ...event, at }, meter, windowOf(now))) return
        const place = placeOf({ at }, meter, sealed, now)
        const isOpen = (hour: Hour) => deadlineOf(traits, hour, endedAt) > now
        if ((endedAt !== null && hourStart(own) >= endedAt) || !isOpen(own)) {
          expect(place).toMatchObject({ hour: own, late: true, isMoved: false })
          expect(place.reason).toBeTruthy()
          return
        }
        const hours: Hour[] = []
        for (let one = hourOf(startsAt); one <= hourOf(now); one = hourOf(hourEnd(one)))
          if (isOpen(one) && !sealed.has(one)) hours.push(one)
        const next = hours.find((hour) => hour >= own) ?? hours.findLast((hour) => hour < own)
        expect(place.late).toBe(next === undefined)
        expect(place.hour).toBe(next ?? own)
        expect(place.isMoved).toBe(next !== undefined && next !== own)
        expect(place.reason === null).toBe(next !== undefined)
        expect(timesOf(place, meter, now).deadline > now).toBe(true)
      }),
    )
  })

  const event: UsageEvent = {
    id: '1',
    source: 's',
    agreement: 'one',
    dimension: 'calls',
    quantity: '1',
    at: now,
    allocations: null,
  }
})

describe('a batch', () => {
  const content = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    source: fc.constantFrom('s', 't'),
    agreement: fc.constantFrom('one', 'two'),
    dimension: fc.constant('calls'),
    quantity: fc.constantFrom('1', '1.0', '2', '2.50'),
    at: fc.constantFrom('2027-03-10T09:00:00.000Z', '2027-03-10T10:00:00+01:00'),
  })
  const broken = fc.constantFrom<unknown>(
    null,
    'event',
    { id: 'a' },
    { ...{ id: 'e', source: 's', agreement: 'one', dimension: 'calls' }, quantity: '1e3' },
  )
  const batch = fc.array(fc.oneof({ weight: 6, arbitrary: content }, broken), { maxLength: 30 })
  const keyOf = ({ source, id }: { source: string; id: string }) => `${source}\n${id}`
  const same = <Event>(event: Event) => event

  it('counts each id once, and what is not new is a duplicate, a conflict or refused', () => {
    always(
      fc.property(batch, (values) => {
        const read = readBatch(values)
        const taken = new Map(read.entries.map(({ event }) => [keyOf(event), event]))
        expect(taken.size).toBe(read.entries.length)
        const found = verdicts(read, [], [], new Map(), same)
        const others = found.duplicates + found.refused.length + found.conflicts.length
        expect(read.entries.length + others).toBe(values.length)
        for (const { index, event } of read.repeats) {
          const isConflict = found.conflicts.some((conflict) => conflict.index === index)
          expect(isConflict).toBe(!sameEvent(event, taken.get(keyOf(event))!))
        }
      }),
    )
  })

  it('that was taken before adds nothing when it comes again', () => {
    always(
      fc.property(batch, fc.array(content, { maxLength: 5 }), (values, more) => {
        const first = readBatch(values)
        const held = new Map(first.entries.map(({ event }) => [keyOf(event), event]))
        const again = readBatch([...values, ...more])
        const known = again.entries.filter(({ event }) => held.has(keyOf(event)))
        const found = verdicts(again, known, [], held, same)
        const before = verdicts(first, [], [], new Map(), same)
        const fresh = again.entries.length - known.length
        const counted = fresh + found.duplicates + found.conflicts.length + found.refused.length
        expect(counted).toBe(values.length + more.length)
        expect(found.refused).toHaveLength(before.refused.length)
        if (more.length === 0)
          expect(found).toEqual({
            ...before,
            duplicates: before.duplicates + first.entries.length,
          })
      }),
    )
  })
})
