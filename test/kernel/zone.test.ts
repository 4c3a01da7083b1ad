import { describe, expect, it } from 'vitest'
import type { Day } from '../../src/kernel/time.ts'
import { addDays, hourMs, later, millis } from '../../src/kernel/time.ts'
import { zoneDay, zoneStart } from '../../src/kernel/zone.ts'

const pacific = 'America/Los_Angeles'
const hours = (day: Day) =>
  (millis(zoneStart(addDays(day, 1), pacific)) - millis(zoneStart(day, pacific))) / hourMs

describe('days of a time zone', () => {
  it('begin at its midnight, in winter and in summer', () => {
    expect(zoneStart('2026-12-31', pacific)).toBe('2026-12-31T08:00:00.000Z')
    expect(zoneStart('2026-07-01', pacific)).toBe('2026-07-01T07:00:00.000Z')
    expect(zoneStart('2026-07-01', 'UTC')).toBe('2026-07-01T00:00:00.000Z')
    expect(zoneStart('2026-07-01', 'Asia/Kolkata')).toBe('2026-06-30T18:30:00.000Z')
  })

  it('have 23 hours when the clock goes forward and 25 when it goes back', () => {
    expect(hours('2027-03-13')).toBe(24)
    expect(hours('2027-03-14')).toBe(23)
    expect(hours('2026-11-01')).toBe(25)
    expect(zoneStart('2026-11-02', pacific)).toBe('2026-11-02T08:00:00.000Z')
  })

  it('begin after a midnight that the clock skips', () => {
    expect(zoneStart('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z')
  })

  it('hold every moment from their start to the next', () => {
    for (const day of ['2026-11-01', '2027-03-14', '2026-12-31', '2028-02-29'] as const) {
      const [start, next] = [zoneStart(day, pacific), zoneStart(addDays(day, 1), pacific)]
      expect(zoneDay(start, pacific)).toBe(day)
      expect(zoneDay(later(start, -1), pacific)).toBe(addDays(day, -1))
      expect(zoneDay(later(next, -1), pacific)).toBe(day)
    }
  })

  it('tell the same moment as another day elsewhere', () => {
    expect(zoneDay('2027-01-01T07:59:59.999Z', pacific)).toBe('2026-12-31')
    expect(zoneDay('2027-01-01T07:59:59.999Z', 'UTC')).toBe('2027-01-01')
  })

  it('cannot be had of a zone that there is not', () => {
    expect(() => zoneStart('2026-07-01', 'Mars/Olympus')).toThrow('Mars/Olympus')
    expect(() => zoneDay('2026-07-01T00:00:00.000Z', 'Mars/Olympus')).toThrow('Mars/Olympus')
  })
})
