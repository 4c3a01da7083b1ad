import { describe, expect, it } from 'vitest'
import {
  compare,
  divide,
  floor,
  isDecimal,
  isNegative,
  isZero,
  least,
  minus,
  negate,
  plus,
  type Rounding,
  round,
  times,
  total,
} from '../../src/kernel/decimal.ts'

describe('a decimal', () => {
  it('is plain text of so many digits on either side of the point, whatever its sign', () => {
    expect(isDecimal('12345678901234567890123456')).toBe(true)
    expect(isDecimal('-12345678901234567890123456.123456789012')).toBe(true)
    expect(isDecimal('123456789012345678901234567')).toBe(false)
    expect(isDecimal('-123456789012345678901234567')).toBe(false)
    expect([isDecimal('99.999', 2, 3), isDecimal('-99.999', 2, 3)]).toEqual([true, true])
    expect([isDecimal('100', 2, 3), isDecimal('9.9999', 2, 3)]).toEqual([false, false])
    expect(['1.', '-', '--1', '1-', '1 ', '1.2.3', '1.5x', '-01'].some((d) => isDecimal(d))).toBe(
      false,
    )
  })

  it('adds, takes away and multiplies exactly, however long', () => {
    expect(plus('0.1', '0.2')).toBe('0.3')
    expect(plus('12345678901234567890.12', '0.000000000001')).toBe(
      '12345678901234567890.120000000001',
    )
    expect(minus('1', '0.999999999999')).toBe('0.000000000001')
    expect(minus('1.5', '1.50')).toBe('0')
    expect(times('0.00000001', '0.00000001')).toBe('0.0000000000000001')
    expect(times('-12345678901234567890', '98765432109876543210')).toBe(
      '-1219326311370217952237463801111263526900',
    )
    expect(total(['0.1', '0.2', '-0.3'])).toBe('0')
    expect(total([])).toBe('0')
  })

  it('is never written with an exponent', () => {
    expect(times('1', '0.00000000000000000000000001')).toBe('0.00000000000000000000000001')
    expect(times('100000000000000', '100000000000000000')).toBe('10000000000000000000000000000000')
  })

  it('knows its sign, and zero has none', () => {
    expect(['-0.1', '0.1', '0', '-0'].map(isNegative)).toEqual([true, false, false, false])
    expect(['0', '-0.00', '0.001'].map(isZero)).toEqual([true, true, false])
    expect([negate('1.5'), negate('-1.5'), negate('0')]).toEqual(['-1.5', '1.5', '0'])
    expect([compare('1', '1.0'), compare('2', '10'), compare('-2', '-10')]).toEqual([0, -1, 1])
  })

  it('gives the lesser of two, the first where they are the same', () => {
    expect([least('2', '10'), least('10', '2'), least('-1', '1')]).toEqual(['2', '2', '-1'])
    expect([least('1.0', '1'), least('1', '1.0')]).toEqual(['1.0', '1'])
  })

  it('is no JS number, in no part of a calculation', () => {
    const number = 0.1 as unknown as string
    for (const calculate of [plus, minus, times, compare, least])
      expect(() => calculate(number, '1')).toThrow(TypeError)
    expect(() => plus('1', number)).toThrow(TypeError)
    expect(() => divide('1', number, 2)).toThrow(TypeError)
    expect(() => divide(number, '3', 2)).toThrow(TypeError)
    expect(() => floor(number)).toThrow(TypeError)
  })
})

describe('rounding', () => {
  const values = ['2.5', '3.5', '2.4', '2.6', '-2.5', '-2.4', '-2.6', '7']
  it.each<[Rounding, string]>([
    ['half_away_from_zero', '3 4 2 3 -3 -2 -3 7'],
    ['half_even', '2 4 2 3 -2 -2 -3 7'],
    ['down', '2 3 2 2 -2 -2 -2 7'],
    ['up', '3 4 3 3 -3 -3 -3 7'],
    ['half_up', '3 4 2 3 -2 -2 -3 7'],
    ['floor', '2 3 2 2 -3 -3 -3 7'],
  ])('%s settles ties and remainders its own way', (mode, expected) => {
    expect(values.map((value) => round(value, 0, mode)).join(' ')).toBe(expected)
    expect(values.map((value) => divide(value, '1', 0, mode)).join(' ')).toBe(expected)
  })

  it('is half away from zero where nothing else is said', () => {
    expect([round('0.125', 2), round('-0.125', 2)]).toEqual(['0.13', '-0.13'])
    expect([divide('1', '8', 2), divide('-1', '8', 2)]).toEqual(['0.13', '-0.13'])
  })

  it('keeps as many places as asked for', () => {
    expect([round('1', 2), round('1.005', 1), round('-7', 0)]).toEqual(['1.00', '1.0', '-7'])
    expect(round('1.239', 2, 'floor')).toBe('1.23')
    expect(round('1', 2, 'half_up')).toBe('1.00')
    expect(round('-1.235', 2, 'half_up')).toBe('-1.23')
  })

  it('takes the sign from nothing but zero', () => {
    expect(round('-0.4', 0)).toBe('0')
    expect(round('-0.4', 0, 'half_even')).toBe('0')
    expect(round('-10.04', 1)).toBe('-10.0')
    expect(round('-0.05', 1)).toBe('-0.1')
    expect(round('-0.5', 0, 'floor')).toBe('-1')
  })
})

describe('dividing', () => {
  it('rounds once, however long the quotient is', () => {
    expect(divide('2', '3', 4)).toBe('0.6667')
    expect(divide('-2', '3', 4)).toBe('-0.6667')
    expect(divide('2', '3', 0)).toBe('1')
    expect(divide('10', '4', 0, 'half_even')).toBe('2')
    expect(divide('1000000000000000000000000', '7', 3)).toBe('142857142857142857142857.143')
    expect(divide('1', '1000000000000000000000000000000000000000000000000000', 2, 'up')).toBe(
      '0.01',
    )
  })

  it('sees past a tie that only looks like one', () => {
    const hair = `0.5${'0'.repeat(60)}1`
    expect(divide(hair, '1', 0, 'half_even')).toBe('1')
    expect(divide('1', `2.${'0'.repeat(59)}1`, 0, 'half_even')).toBe('0')
    // 10^60 ÷ (2 × 10^60 − 1) is a little above a half; only the digit that stands for the rest tells.
    expect(divide(`1${'0'.repeat(60)}`, `1${'9'.repeat(60)}`, 0, 'half_even')).toBe('1')
  })

  it('by zero is refused by name', () => {
    expect(() => divide('1', '-0.00', 2)).toThrow(new RangeError('division by zero'))
  })
})
