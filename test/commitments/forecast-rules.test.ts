import { describe, expect, it } from 'vitest'
import {
  above,
  capFlag,
  forecast,
  type Position,
  paceFlag,
  shortfall,
} from '../../src/commitments/forecast.ts'
import { settle } from '../../src/commitments/statement.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'

const burn = (counted: string, days: number) =>
  ({ method: 'trailing', counted: usd(counted), days }) as const
const year = (more: Partial<Position> = {}): Position => ({
  amount: usd('3650.00'),
  start: '2026-01-01',
  endExclusive: '2027-01-01',
  asOf: '2026-01-11',
  consumed: usd('100.00'),
  scheduled: usd('0'),
  burn: burn('100.00', 10),
  ...more,
})

describe('a forecast', () => {
  it('goes on at the pace so far', () => {
    expect(forecast(year())).toEqual({
      method: 'trailing',
      windowDays: 10,
      termDays: 365,
      elapsedDays: 10,
      dailyRate: '10.000000',
      remaining: usd('3550.00'),
      pace: '1.0000',
      projectedAtEnd: usd('3650.00'),
      projectedShortfall: usd('0'),
      exhaustionDate: '2027-01-01',
      flag: 'ON_TRACK',
    })
  })

  it('adds what is agreed and still to be invoiced', () => {
    const found = forecast(year({ scheduled: usd('7.50'), burn: burn('0', 10) }))
    expect(found.projectedAtEnd).toEqual(usd('107.50'))
    expect(found.projectedShortfall).toEqual(usd('3542.50'))
    expect(found.exhaustionDate).toBeNull()
  })

  it('knows no pace before the first day has passed, nor of nothing', () => {
    const early = forecast(year({ asOf: '2026-01-01', burn: burn('100.00', 0) }))
    expect(early).toMatchObject({
      elapsedDays: 0,
      dailyRate: '0',
      pace: null,
      flag: null,
      exhaustionDate: null,
      projectedAtEnd: usd('100.00'),
    })
    expect(forecast(year({ amount: usd('0') }))).toMatchObject({ pace: null, flag: null })
    expect(forecast(year({ amount: usd('0'), asOf: '2026-01-01' })).pace).toBeNull()
    expect(forecast(year({ asOf: '2025-12-01' })).elapsedDays).toBe(0)
    expect(forecast(year({ amount: usd('0.01') })).pace).not.toBeNull()
    expect(forecast(year({ asOf: '2026-01-02', burn: burn('5.00', 1) }))).toMatchObject({
      elapsedDays: 1,
      dailyRate: '5.000000',
    })
  })

  it('burns nothing after the end, and nothing where nothing burns', () => {
    const after = forecast(year({ asOf: '2027-03-01' }))
    expect(after).toMatchObject({ elapsedDays: 365, projectedAtEnd: usd('100.00') })
    expect(forecast(year({ burn: burn('-5.00', 10) })).exhaustionDate).toBeNull()
    expect(forecast(year({ burn: burn('0.01', -1) }))).toMatchObject({
      dailyRate: '0',
      exhaustionDate: null,
      projectedAtEnd: usd('100.00'),
    })
  })

  it('is used up on the day on which the last cent goes', () => {
    const left = (remaining: string, counted: string, days: number) =>
      forecast(year({ amount: usd(remaining), consumed: usd('0'), burn: burn(counted, days) }))
        .exhaustionDate
    expect(left('100.00', '10.00', 1)).toBe('2026-01-21')
    expect(left('100.01', '10.00', 1)).toBe('2026-01-22')
    expect(left('100.00', '10.01', 1)).toBe('2026-01-21')
    expect(left('99.99', '0.03', 3)).toBe('2053-05-28')
    expect(left('0', '0.01', 1)).toBe('2026-01-11')
  })

  it('is not told a thousand years ahead', () => {
    const days = (cents: string) =>
      forecast(year({ amount: usd(cents), consumed: usd('0'), burn: burn('0.01', 1) }))
        .exhaustionDate
    expect(days('3650.00')).toBe('3025-05-14')
    expect(days('3650.01')).toBeNull()
  })
})

describe('how a pace reads', () => {
  it('gives each bound to the better side', () => {
    const limits = {
      shortfallBelow: '0.5',
      watchBelow: '0.9',
      earlyAbove: '1.5',
      capNearFrom: '0.5',
    }
    const flags = (pace: string) => [paceFlag(pace), paceFlag(pace, limits)]
    expect(flags('0.7999')).toEqual(['AT_RISK_SHORTFALL', 'WATCH'])
    expect(flags('0.80')).toEqual(['WATCH', 'WATCH'])
    expect(flags('0.95')).toEqual(['ON_TRACK', 'ON_TRACK'])
    expect(flags('1.10')).toEqual(['ON_TRACK', 'ON_TRACK'])
    expect(flags('1.1001')).toEqual(['EARLY_EXHAUSTION', 'ON_TRACK'])
    expect(flags('1.5001')[1]).toBe('EARLY_EXHAUSTION')
  })

  it('and how full a ceiling is', () => {
    const flag = (counted: string) => capFlag(usd('100.00'), usd(counted))
    expect(['79.99', '80.00', '99.99', '100.00', '100.01'].map(flag)).toEqual([
      'OK',
      'CAP_NEAR',
      'CAP_NEAR',
      'CAP_REACHED',
      'CAP_REACHED',
    ])
  })
})

describe('a shortfall', () => {
  it('is invoiced, but for a share that may be carried forward', () => {
    const of = (consumed: string, share: string | null) => {
      const found = shortfall(usd('1000.00'), usd(consumed), share)
      return [found.shortfall, found.carriedForward, found.invoiced]
    }
    expect(of('700.00', null)).toEqual([usd('300.00'), usd('0'), usd('300.00')])
    expect(of('700.00', '0.10')).toEqual([usd('300.00'), usd('100.00'), usd('200.00')])
    expect(of('950.00', '0.10')).toEqual([usd('50.00'), usd('50.00'), usd('0')])
    expect(of('1200.00', '0.10')).toEqual([usd('0'), usd('0'), usd('0')])
  })

  it('is what one amount lies above another, or nothing', () => {
    expect(above(usd('5'), usd('3'))).toEqual(usd('2'))
    expect(above(usd('3'), usd('5'))).toEqual(usd('0'))
    expect(above(usd('3'), usd('3'))).toEqual(usd('0'))
  })
})

describe('a buyer’s statement', () => {
  const entry = (charge: string, stated: string | null, coveredByCredit = false) => ({
    day: '2026-01-01' as Day,
    charge: usd(charge),
    coveredByCredit,
    stated: stated === null ? null : usd(stated),
  })

  it('is folded from the amount committed, and what does not follow is marked', () => {
    const found = settle(usd('100.00'), [
      entry('-10.00', '90.00'),
      entry('-10.00', '75.00'),
      entry('-10.00', null),
      entry('-10.00', '70.00', true),
      entry('5.00', '75.00'),
    ])
    expect(found.map(({ balance }) => balance)).toEqual(
      ['90.00', '80.00', '70.00', '70.00', '75.00'].map(usd),
    )
    expect(found.map(({ agrees }) => agrees)).toEqual([true, false, true, true, true])
  })
})
