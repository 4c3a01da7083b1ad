import { describe, expect, it } from 'vitest'
import { divide, floor, isDecimal, round, trim } from '../../src/kernel/decimal.ts'
import { couldMatch, inEffect, matches, unknownPaths } from '../../src/kernel/facts.ts'
import { isId, newId } from '../../src/kernel/id.ts'
import {
  add,
  amountFault,
  convert,
  money,
  parseMoney,
  post,
  ratio,
  split,
  toDecimal,
} from '../../src/kernel/money.ts'
import { asProblem, Problem, refuse } from '../../src/kernel/problem.ts'
import { addMonths, endAfter, isDay, readInstant, within } from '../../src/kernel/time.ts'

describe('decimals', () => {
  it('reads plain decimals only', () => {
    expect(
      ['0', '-1.50', '0.000000000001', '12345678901234567890123456'].every((d) => isDecimal(d)),
    ).toBe(true)
    expect(
      ['', '.5', '5.', '01', '+1', '1e3', '1,000', 'NaN', '0.0000000000001', ' 1'].some((d) =>
        isDecimal(d),
      ),
    ).toBe(false)
  })

  it('never shows a negative zero', () => {
    expect(round('-0.001', 2)).toBe('0.00')
    expect(round('-0.001', 2, 'half_up')).toBe('0.00')
    expect(trim('-0.000')).toBe('0')
    expect(divide('0', '-3', 2)).toBe('0.00')
  })

  it('floors below zero away from it', () => {
    expect([floor('2.9'), floor('-2.1'), floor('-2')]).toEqual(['2', '-3', '-2'])
    expect(round('-2.001', 2, 'floor')).toBe('-2.01')
  })

  it('does not take a long quotient for a tie', () => {
    expect(divide('0.4999999999999999999999999999999999999999', '1', 0)).toBe('0')
    expect(divide('1', '3', 2)).toBe('0.33')
    expect(divide('29.9997', '1000', 4, 'down')).toBe('0.0299')
    expect(() => divide('1', '0.0', 2)).toThrow(RangeError)
  })
})

describe('money', () => {
  it('names what is wrong with an amount', () => {
    expect(amountFault('USD', '12.345')).toBe('USD has at most 2 decimals')
    expect(amountFault('JPY', '12.5')).toBe('JPY has at most 0 decimals')
    expect(amountFault('usd', '1')).toMatch(/not an ISO/)
    expect(amountFault('USD', '1e3')).toMatch(/decimal string/)
    expect(amountFault('USD', '10000000000000000.00')).toBe('is too large')
    expect(amountFault('KWD', '-0.001')).toBeUndefined()
  })

  it('refuses to mix currencies', () => {
    expect(() => add(money('USD', 1n), money('EUR', 1n))).toThrow(Problem)
    expect(() => ratio(money('USD', 1n), money('EUR', 1n), 2)).toThrow(Problem)
  })

  it('prints every currency with its own digits', () => {
    expect(toDecimal(money('JPY', -5n))).toBe('-5')
    expect(toDecimal(money('KWD', 5n))).toBe('0.005')
    expect(toDecimal(money('USD', -5n))).toBe('-0.05')
  })

  it('posts half a minor unit away from zero', () => {
    expect(toDecimal(post('USD', '-1.005'))).toBe('-1.01')
    expect(toDecimal(convert(parseMoney('EUR', '0.06'), { currency: 'JPY', price: '160.5' }))).toBe(
      '10',
    )
  })

  it('splits by weights only where there are any', () => {
    expect(() => split(money('USD', 5n), [0n, 0n])).toThrow(RangeError)
    expect(() => split(money('USD', 5n), [1n, -1n])).toThrow(RangeError)
    expect(split(money('USD', 5n), [0n, 1n]).map(toDecimal)).toEqual(['0.00', '0.05'])
  })
})

describe('time', () => {
  it('knows which days exist', () => {
    expect(isDay('2028-02-29')).toBe(true)
    expect(isDay('2026-02-29')).toBe(false)
    expect(isDay('2026-2-9')).toBe(false)
  })

  it('reads moments of any offset and refuses what is none', () => {
    expect(readInstant('2026-05-01T10:00:00+02:00')).toBe('2026-05-01T08:00:00.000Z')
    expect(readInstant('2026-05-01T10:00:00.123456Z')).toBe('2026-05-01T10:00:00.123Z')
    expect(readInstant('2026-05-01')).toBeUndefined()
    expect(readInstant('2026-02-30T10:00:00Z')).toBeUndefined()
  })

  it('counts months from the anchor, across years and backwards', () => {
    expect(addMonths('2024-01-31', 13)).toBe('2025-02-28')
    expect(addMonths('2024-03-31', -1)).toBe('2024-02-29')
  })

  it('takes the last day in and the end out', () => {
    const period = { start: '2026-01-01', endExclusive: endAfter('2026-12-31') } as const
    expect(within('2026-12-31', period)).toBe(true)
    expect(within('2027-01-01', period)).toBe(false)
    expect(within('2999-01-01', { start: '2026-01-01', endExclusive: null })).toBe(true)
  })
})

describe('facts', () => {
  const facts = { a: 'x', day: '2026-05-01', yes: true, same: 'x' }

  it('match by every kind of condition', () => {
    expect(
      matches({ a: 'x', yes: true, day: { gte: '2026-05-01', lt: '2026-05-02' } }, facts),
    ).toBe(true)
    expect(matches({ a: { in: ['y', 'x'] } }, facts)).toBe(true)
    expect(matches({ a: { not: 'y' }, same: { ref: 'a' } }, facts)).toBe(true)
    expect(matches({ a: { notRef: 'same' } }, facts)).toBe(false)
    expect(matches({ day: { lt: '2026-05-01' } }, facts)).toBe(false)
  })

  it('satisfy nothing while unknown, on either side', () => {
    for (const when of [
      { b: { not: 'x' } },
      { b: 'x' },
      { a: { notRef: 'b' } },
      { b: { ref: 'a' } },
    ])
      expect(matches(when, { ...facts, b: null })).toBe(false)
  })

  it('tell which unknown ones could still decide', () => {
    expect(couldMatch({ a: 'x', b: true }, facts)).toBe(true)
    expect(couldMatch({ a: 'y', b: true }, facts)).toBe(false)
    expect(unknownPaths({ a: { ref: 'c' }, b: true }, facts)).toEqual(['c', 'b'])
  })

  it('date a rule by its basis, half-open', () => {
    const window = { from: '2026-05-01', to: '2026-06-01', basis: 'day' } as const
    expect(inEffect(window, facts)).toBe(true)
    expect(inEffect(window, { day: '2026-06-01' })).toBe(false)
    expect(inEffect({ ...window, from: null, to: null }, {})).toBe(false)
  })
})

describe('ids and problems', () => {
  it('tell their kind', () => {
    expect(isId('offer', newId('offer'))).toBe(true)
    expect(isId('agr', newId('offer'))).toBe(false)
    expect(isId('offer', 'offer_../x')).toBe(false)
  })

  it('name every violation at once', () => {
    const errors = [
      { path: 'a', message: 'is wrong' },
      { path: 'b', message: 'too' },
    ]
    expect(() => refuse(errors)).toThrow('is wrong (and 1 more)')
    expect(() => refuse([])).not.toThrow()
    expect(asProblem(new Error('secret')).message).toBe('something went wrong here')
  })
})
