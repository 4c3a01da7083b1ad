import { describe, expect, it } from 'vitest'
import type { Hour, Instant } from '../../src/kernel/time.ts'
import { deadlineOf, dueOf, reportHour } from '../../src/metering/hours.ts'
import type { Report } from '../../src/metering/model.ts'
import { pack, turn } from '../../src/metering/pace.ts'
import { apportion, freeze, worth } from '../../src/metering/quantities.ts'
import { traits } from './market.ts'

const hour = (text: string) => `2027-${text}:00Z` as Hour
const at = (text: string) => `2027-${text}:00.000Z` as Instant

describe('the deadline of an hour', () => {
  it.each([
    ['a day after the hour', '03-10T09', null, '03-11T10:00'],
    ['a day after the last hour but one of a month', '03-30T23', null, '04-01T00:00'],
    ['the month’s close, though a day has not passed', '03-31T10', null, '04-01T06:00'],
    ['the same for its last hour', '03-31T23', null, '04-01T06:00'],
    ['an hour after the agreement ended', '03-10T09', '03-10T09:20', '03-10T10:20'],
    ['the end itself for hours after it', '03-10T10', '03-10T09:20', '03-10T09:20'],
    ['its own where the end lies far ahead', '03-10T09', '03-20T09:20', '03-11T10:00'],
  ])('is %s', (_, of, ended, deadline) =>
    expect(deadlineOf(traits, hour(of), ended === null ? null : at(ended))).toBe(at(deadline)),
  )

  it.each([
    ['the last hour of a Pacific month in winter', '2027-02-01T07', '2027-02-01T09:00'],
    ['the first one of the next', '2027-02-01T08', '2027-03-01T09:00'],
    ['the last hour of a Pacific month in summer', '2027-07-01T06', '2027-07-01T08:00'],
    ['the first one of the next', '2027-07-01T07', '2027-08-01T08:00'],
    ['a month at whose end the clocks change', '2027-10-20T00', '2027-11-01T08:00'],
  ] as const)('closes a month in its own zone: %s', (_, started, closes) => {
    const timeZone = 'America/Los_Angeles'
    const pacific = { ...traits, lateHoursMax: 24 * 40, monthClose: { day: 1, hour: 1, timeZone } }
    expect(deadlineOf(pacific, `${started}:00Z`, null)).toBe(`${closes}:00.000Z`)
  })

  it('knows marketplaces that take usage for an hour only', () => {
    const quick = { ...traits, lateHoursMax: 1, monthClose: { day: 1, hour: 8 } }
    expect(deadlineOf(quick, hour('03-10T09'), null)).toBe(at('03-10T11:00'))
    expect(deadlineOf({ ...traits, monthClose: null }, hour('03-31T23'), null)).toBe(
      at('04-02T00:00'),
    )
  })
})

describe('a record is due', () => {
  it('five minutes after its hour, or at once when the agreement is over', () => {
    expect(dueOf(hour('03-10T09'), null, at('03-10T09:30'))).toBe(at('03-10T10:05'))
    expect(dueOf(hour('03-10T09'), at('03-10T09:20'), at('03-10T09:30'))).toBe(at('03-10T09:30'))
    expect(dueOf(hour('03-10T09'), at('03-10T09:40'), at('03-10T09:30'))).toBe(at('03-10T10:05'))
  })
})

describe('usage is reported for', () => {
  const agreement = { traits, runsFrom: at('03-01T00:00'), endedAt: null }
  const now = at('03-10T12:30')
  const sealed = (...hours: string[]) => new Set(hours.map((text) => hour(`03-10T${text}`)))
  it.each([
    ['its own hour', [], '03-10T09'],
    ['the next that was not sent', ['09', '10'], '03-10T11'],
    ['the current one when all others were sent', ['09', '10', '11'], '03-10T12'],
    ['the nearest before when even that was', ['09', '10', '11', '12'], '03-10T08'],
  ])('%s', (_, taken, target) =>
    expect(reportHour(hour('03-10T09'), sealed(...taken), agreement, now)).toBe(hour(target)),
  )

  it('no hour after the end, none before the start, and none that is closed', () => {
    const over = { ...agreement, runsFrom: at('03-10T08:30'), endedAt: at('03-10T11:40') }
    expect(reportHour(hour('03-10T11'), sealed('11'), over, now)).toBe(hour('03-10T10'))
    expect(reportHour(hour('03-10T11'), sealed('11', '10', '09', '08'), over, now)).toBeUndefined()
    const old = new Set(
      Array.from({ length: 12 }, (_, n) => hour(`03-10T${String(n).padStart(2, '0')}`)),
    )
    const late = { ...agreement, endedAt: at('03-10T11:40') }
    expect(reportHour(hour('03-10T11'), old, late, now)).toBe(hour('03-09T23'))
  })
})

describe('what is sent', () => {
  it('is the whole part of what was carried and came, and the rest goes on', () => {
    expect(freeze('0.6', '0.7', traits)).toEqual({
      carriedIn: '0.6',
      covered: '0',
      sent: '1',
      rated: '0',
      carriedOut: '0.3',
    })
    expect(freeze('0', '0.999999999999', traits)).toMatchObject({ sent: '0' })
    expect(freeze('0', '1.25', { ...traits, quantity: 'decimal' })).toMatchObject({
      sent: '1.25',
      rated: '0',
      carriedOut: '0',
    })
  })
  it('is never more than one report can hold', () => {
    expect(freeze('0', '2147483648.5', traits)).toMatchObject({
      sent: '2147483647',
      rated: '0',
      carriedOut: '1.5',
    })
  })
  it('is split over its tags without a unit gained or lost', () => {
    const parts = ['0.5', '0.5', '0.5'].map((quantity, n) => ({ quantity, tags: { t: String(n) } }))
    expect(apportion('1', parts, traits)).toEqual([{ quantity: '1', tags: { t: '0' } }])
    expect(apportion('3', parts, traits).map((part) => part.quantity)).toEqual(['1', '1', '1'])
    expect(apportion('0', parts, traits)).toEqual([])
    const few = apportion('6', [...parts, { quantity: '1.5', tags: {} }], {
      ...traits,
      allocationsMax: 2,
    })
    expect(few).toEqual([
      { quantity: '1', tags: { t: '0' } },
      { quantity: '5', tags: {} },
    ])
  })
  it('is worth its rate, or unknown', () => {
    expect(worth({ currency: 'JPY', price: '0.015' }, '100')).toEqual({
      currency: 'JPY',
      amount: '2',
    })
    expect(worth(undefined, '1')).toBeNull()
    expect(worth({ currency: 'USD', price: '99999999999' }, '999999999999999')).toBeNull()
  })
})

describe('calls', () => {
  const report = (id: number, meteringRef = 'a') =>
    ({ id: String(id), meteringRef }) as unknown as Report
  const port = {
    traits,
    compatible: (a: Report, b: Report) => a.meteringRef === b.meteringRef,
    report: async () => [],
  }
  it('are as few as may share one', () => {
    const reports = Array.from({ length: 260 }, (_, n) => report(n, n % 2 ? 'a' : 'b'))
    const batches = pack(reports, port)
    expect(batches.map((batch) => batch.length)).toEqual([...Array(10).fill(25), 5, 5])
    expect(batches.flat().length).toBe(260)
  })
  it('keep the marketplace’s pace', async () => {
    const slow = { ...port, traits: { ...traits, callsPerSecondMax: 3 } }
    const started: number[] = []
    await Promise.all(
      Array.from({ length: 7 }, () => turn(slow).then(() => started.push(performance.now()))),
    )
    for (const [n, begun] of started.entries())
      expect(
        started.filter((other) => other >= begun && other < begun + 990).length,
        `call ${n}`,
      ).toBeLessThanOrEqual(3)
    expect(started.length).toBe(7)
  })
})
