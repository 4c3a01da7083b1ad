import { describe, expect, it } from 'vitest'
import { addDays, type Hour, type Instant, later } from '../../src/kernel/time.ts'
import { deadlineOf, dueOf, earlier, flushEnd, reportHour } from '../../src/metering/hours.ts'
import { pack } from '../../src/metering/pace.ts'
import { placeOf, refusalOf, timesOf, windowOf } from '../../src/metering/place.ts'
import { hourAt, meterWith, reportWith, timeAt, traitsWith } from './sample.ts'

const traits = traitsWith()
const at = (text: string) => `2027-${text}:00.000Z` as Instant
const hour = (text: string) => `2027-${text}:00Z` as Hour

describe('the deadline of an hour', () => {
  const of = (name: string, ended: string | null = null, more = {}) =>
    deadlineOf(traitsWith(more), hour(name), ended === null ? null : at(ended))

  it('lies so many hours after its end, but not past the close of its month', () => {
    expect(of('03-10T09')).toBe(at('03-11T10:00'))
    expect(of('03-31T10')).toBe(at('04-01T06:00'))
    expect(of('03-31T10', null, { monthClose: null })).toBe(at('04-01T11:00'))
    expect(of('03-31T10', null, { lateHoursMax: 1 })).toBe(at('03-31T12:00'))
    expect(of('03-30T10', null, { lateHoursMax: 999, monthClose: { day: 3, hour: 2 } })).toBe(
      at('04-03T02:00'),
    )
    expect(of('12-31T23', null, { lateHoursMax: 999 })).toBe('2028-01-01T06:00:00.000Z')
  })

  it('closes a month by the days of the marketplace’s own zone', () => {
    const timeZone = 'America/Los_Angeles'
    const pacific = { lateHoursMax: 999, monthClose: { day: 1, hour: 1, timeZone } }
    expect(of('02-01T07', null, pacific)).toBe(at('02-01T09:00'))
    expect(of('02-01T08', null, pacific)).toBe(at('03-01T09:00'))
  })

  it('comes with the last window once the agreement is over', () => {
    expect(of('03-10T09', '03-10T09:20')).toBe(at('03-10T10:20'))
    expect(of('03-10T09', '03-20T00:00')).toBe(at('03-11T10:00'))
    expect(of('03-10T09', '03-10T09:00')).toBe(at('03-10T09:00'))
    expect(of('03-10T09', '03-10T08:59')).toBe(at('03-10T08:59'))
    expect(of('03-10T09', '03-10T09:01')).toBe(at('03-10T10:01'))
    expect(flushEnd(traitsWith({ flushMinutes: 15 }), at('03-10T09:20'))).toBe(at('03-10T09:35'))
  })

  it('stays the same however many hours are asked for', () => {
    const first = of('03-10T09')
    for (let day = 0; day < 60; day++)
      for (let n = 0; n < 24; n++) {
        const name = `${addDays('2027-05-01', day)}T${String(n).padStart(2, '0')}:00Z` as Hour
        const deadline = deadlineOf(traits, name, null)
        expect(deadline > later(`${name.slice(0, 13)}:00:00.000Z` as Instant, 0)).toBe(true)
      }
    expect(of('03-10T09')).toBe(first)
  })

  it('is the earlier of two moments', () => {
    expect(earlier(at('03-10T09:00'), at('03-10T09:01'))).toBe(at('03-10T09:00'))
    expect(earlier(at('03-10T09:01'), at('03-10T09:00'))).toBe(at('03-10T09:00'))
  })
})

describe('a record is due', () => {
  it('five minutes after its hour, or at once when the agreement is over', () => {
    const now = at('03-10T09:30')
    expect(dueOf(hour('03-10T09'), null, now)).toBe(at('03-10T10:05'))
    expect(dueOf(hour('03-10T09'), at('03-10T09:30'), now)).toBe(now)
    expect(dueOf(hour('03-10T09'), at('03-10T09:29'), now)).toBe(now)
    expect(dueOf(hour('03-10T09'), at('03-10T09:31'), now)).toBe(at('03-10T10:05'))
  })
})

describe('usage is reported for', () => {
  const now = timeAt('12:30')
  const sealed = (...times: string[]) => new Set(times.map(hourAt))
  const agreement = { traits, runsFrom: timeAt('08:30'), endedAt: null }
  const of = (name: string, taken: Set<Hour>, more = {}, from = now) =>
    reportHour(hourAt(name), taken, { ...agreement, ...more }, from)

  it('its own hour, or the next that was not sent, up to the current one', () => {
    expect(of('09', sealed())).toBe(hourAt('09'))
    expect(of('09', sealed('09', '10'))).toBe(hourAt('11'))
    expect(of('09', sealed('09', '10', '11'))).toBe(hourAt('12'))
    expect(of('13', sealed())).toBe(hourAt('13'))
    expect(of('12', sealed())).toBe(hourAt('12'))
  })

  it('else the nearest before, down to the hour in which the agreement starts', () => {
    expect(of('10', sealed('10', '11', '12'))).toBe(hourAt('09'))
    expect(of('10', sealed('09', '10', '11', '12'))).toBe(hourAt('08'))
    expect(of('10', sealed('08', '09', '10', '11', '12'))).toBeUndefined()
    expect(of('08', sealed('08', '09', '10', '11', '12'))).toBeUndefined()
  })

  it('only an hour that is taken still', () => {
    const quick = { traits: traitsWith({ lateHoursMax: 1 }) }
    expect(of('11', sealed('11', '12'), quick)).toBeUndefined()
    expect(of('11', sealed('11', '12'), quick, timeAt('11:59'))).toBe(hourAt('10'))
    // The deadline itself is too late.
    expect(of('10', sealed(), quick, timeAt('12:00'))).toBe(hourAt('11'))
    expect(of('11', sealed('11', '12'), quick, timeAt('12:00'))).toBeUndefined()
  })

  it('no hour after the end', () => {
    const over = { endedAt: timeAt('11:40') }
    expect(of('11', sealed('11'), over)).toBe(hourAt('10'))
    expect(of('11', sealed(), over, timeAt('12:40'))).toBeUndefined()
  })
})

describe('an event is refused', () => {
  const now = timeAt('12:00')
  const event = {
    id: '1',
    source: 's',
    agreement: 'agr_1',
    dimension: 'calls',
    quantity: '1',
    at: timeAt('11:00'),
    allocations: null,
  }
  const refusal = (more = {}, meter: Parameters<typeof refusalOf>[1] = meterWith()) => {
    const found = refusalOf({ ...event, ...more }, meter, windowOf(now))
    return found && [found.code, found.path, found.message]
  }

  it('never, where all is well', () => expect(refusal()).toBeUndefined())

  it('where nothing can be metered for it', () => {
    expect(refusalOf(event, undefined, windowOf(now))).toEqual({
      code: 'unknown_agreement',
      path: 'agreement',
      message: 'no agreement agr_1',
    })
    expect(refusal({}, meterWith({ traits: null }))).toEqual([
      'no_metering',
      'agreement',
      'its marketplace takes no usage through here',
    ])
    expect(refusal({}, meterWith({ isBlind: true }))).toEqual([
      'unknown_dimension',
      'dimension',
      'the agreement’s listing is not known here yet; send it again later',
    ])
    expect(refusal({ dimension: 'miles' })).toEqual([
      'unknown_dimension',
      'dimension',
      'the listing has no dimension miles',
    ])
    expect(refusal({ dimension: 'seats' })).toEqual([
      'not_metered',
      'dimension',
      'seats is sold up front, not metered',
    ])
  })

  it('five minutes ahead at the latest, ninety days old at most', () => {
    expect(windowOf(now)).toEqual({ from: '2026-12-10T12:00:00.000Z', until: timeAt('12:05') })
    expect(refusal({ at: timeAt('12:05') })).toBeUndefined()
    expect(refusal({ at: later(timeAt('12:05'), 1) })).toEqual([
      'in_future',
      'at',
      'lies in the future',
    ])
    const old = meterWith({ startsAt: '2020-01-01T00:00:00.000Z' })
    expect(refusal({ at: '2026-12-10T12:00:00.000Z' }, old)).toBeUndefined()
    expect(refusal({ at: '2026-12-10T11:59:59.999Z' }, old)).toEqual([
      'too_old',
      'at',
      'is more than 90 days ago',
    ])
  })

  it('before the hour in which the agreement starts', () => {
    const meter = meterWith({ startsAt: timeAt('10:30') })
    expect(refusal({ at: timeAt('10:00') }, meter)).toBeUndefined()
    expect(refusal({ at: timeAt('09:59') }, meter)).toEqual([
      'before_start',
      'at',
      'is before the agreement starts (2027-03-10T10:30:00.000Z)',
    ])
  })
})

describe('an event goes', () => {
  const now = timeAt('12:30')
  const place = (time: string, meter = meterWith(), sealed: Hour[] = [], from = now) =>
    placeOf({ at: timeAt(time) }, meter, new Set(sealed), from)

  it('to its hour, or to another that is open', () => {
    const plain = { hour: hourAt('11'), late: false, isMoved: false, reason: null }
    expect(place('11:10')).toEqual(plain)
    expect(place('10:10', meterWith(), [hourAt('10')])).toEqual({ ...plain, isMoved: true })
  })

  it('to what is lost, and says why', () => {
    const lost = (reason: string) => ({ hour: hourAt('11'), late: true, isMoved: false, reason })
    const over = meterWith({ endedAt: timeAt('11:00') })
    expect(place('11:10', over)).toEqual(
      lost('it happened after the agreement ended (2027-03-10T11:00:00.000Z)'),
    )
    expect(place('11:10', meterWith({ endedAt: timeAt('11:01') })).reason).toBe(
      'it came after the marketplace’s deadline (2027-03-10T12:01:00.000Z)',
    )
    const quick = meterWith({ traits: traitsWith({ lateHoursMax: 1 }) })
    expect(place('11:10', quick, [], timeAt('13:00'))).toEqual(
      lost('it came after the marketplace’s deadline (2027-03-10T13:00:00.000Z)'),
    )
    expect(place('11:10', quick, [], later(timeAt('13:00'), -1)).reason).toBeNull()
    expect(place('11:10', meterWith({ traits: null }))).toEqual(
      lost('its marketplace takes no usage'),
    )
    const young = meterWith({ startsAt: timeAt('11:00') })
    expect(place('11:10', young, [hourAt('11'), hourAt('12')])).toEqual(
      lost('every hour the marketplace still takes was sent already'),
    )
  })

  it('with the times of where it goes', () => {
    const placed = place('11:10')
    expect(timesOf(placed, meterWith(), now)).toEqual({
      dueAt: timeAt('12:05'),
      deadline: '2027-03-11T12:00:00.000Z',
    })
    expect(timesOf(placed, meterWith({ traits: null }), now).deadline).toBe(now)
  })
})

describe('calls', () => {
  const port = (more = {}) => ({
    traits: traitsWith(more),
    compatible: (a: { buyerRef: string }, b: { buyerRef: string }) =>
      Number(a.buyerRef) % 3 === Number(b.buyerRef) % 3 || a.buyerRef === '9',
    report: async () => [],
  })
  const ids = (count: number, batchMax: number) =>
    pack(
      Array.from({ length: count }, (_, n) => reportWith(String(n), { buyerRef: String(n) })),
      port({ batchMax }),
    ).map((batch) => batch.map(({ id }) => id).join(' '))

  it('hold what fits with everything in them, in order', () => {
    expect(ids(0, 2)).toEqual([])
    expect(ids(8, 3)).toEqual(['0 3 6', '1 4 7', '2 5'])
    expect(ids(8, 2)).toEqual(['0 3', '1 4', '2 5', '6', '7'])
    expect(ids(3, 1)).toEqual(['0', '1', '2'])
    // The ninth goes with anything, and the tenth not with all of what it joined.
    expect(ids(11, 9)).toEqual(['0 3 6 9', '1 4 7 10', '2 5 8'])
  })
})
