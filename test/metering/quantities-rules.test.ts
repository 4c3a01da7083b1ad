import { describe, expect, it } from 'vitest'
import type { Decimal } from '../../src/kernel/decimal.ts'
import { type Allowance, cover, isOutrun, leftOf } from '../../src/metering/included.ts'
import { apportion, freeze, worth } from '../../src/metering/quantities.ts'
import { compareWith, type Held, sameAsDouble, together } from '../../src/metering/verdict.ts'
import { hourAt, timeAt, traitsWith } from './sample.ts'

const whole = traitsWith()
const decimal = traitsWith({ quantity: 'decimal' })

describe('what is sent for a record', () => {
  const sent = (...given: Parameters<typeof freeze>) => {
    const { carriedIn, covered, sent, carriedOut } = freeze(...given)
    return [carriedIn, covered, sent, carriedOut].join(' ')
  }

  it('is the whole part of what was carried and came, or all of it where decimals are taken', () => {
    expect(sent('0.60', '0.7', whole)).toBe('0.6 0 1 0.3')
    expect(sent('0', '0.999999999999', whole)).toBe('0 0 0 0.999999999999')
    expect(sent('0.60', '0.70', decimal)).toBe('0.6 0 1.3 0')
    expect(sent('0', '3.0', whole)).toBe('0 0 3 0')
  })

  it('is what exceeds the included units, and of what was carried everything', () => {
    expect(sent('0.6', '5.5', whole, '5.50')).toBe('0.6 5.5 0 0.6')
    expect(sent('0.6', '5.5', whole, '5')).toBe('0.6 5 1 0.1')
  })

  it('is no more than one report can hold', () => {
    const small = traitsWith({ quantityMax: '10' })
    expect(sent('0', '10', small)).toBe('0 0 10 0')
    expect(sent('0', '10.5', small)).toBe('0 0 10 0.5')
    expect(sent('0.5', '11.5', small)).toBe('0.5 0 10 2')
    expect(sent('0', '12.25', { ...small, quantity: 'decimal' })).toBe('0 0 10 2.25')
  })

  it('is nothing where more was taken back than there is, and less later', () => {
    expect(sent('0.5', '-2', whole)).toBe('0.5 0 0 -1.5')
    expect(sent('-1.5', '2', whole)).toBe('-1.5 0 0 0.5')
    expect(sent('-1.5', '4', whole)).toBe('-1.5 0 2 0.5')
    expect(sent('-0.5', '0.5', decimal)).toBe('-0.5 0 0 0')
    expect(sent('0', '-0.25', decimal)).toBe('0 0 0 -0.25')
  })
})

describe('what usage is worth', () => {
  it('is its rate, rounded once to the currency', () => {
    expect(worth({ currency: 'JPY', price: '0.015' }, '100')).toEqual({
      currency: 'JPY',
      amount: '2',
    })
    expect(worth({ currency: 'USD', price: '0.001' }, '4.999')).toEqual({
      currency: 'USD',
      amount: '0.00',
    })
    expect(worth({ currency: 'USD', price: '0.001' }, '5')?.amount).toBe('0.01')
    expect(worth({ currency: 'USD', price: '0.001' }, '-5')?.amount).toBe('-0.01')
  })

  it('is not known without a rate, nor beyond what money can hold', () => {
    expect(worth(undefined, '1')).toBeNull()
    expect(worth({ currency: 'USD', price: '99999999999' }, '999999999999999')).toBeNull()
  })
})

describe('what is sent is split over tags', () => {
  const parts = (...quantities: Decimal[]) =>
    quantities.map((quantity, n) => ({ quantity, tags: { n: String(n) } }))
  const shares = (...given: Parameters<typeof apportion>) =>
    apportion(...given).map(({ quantity, tags }) => `${tags.n ?? 'rest'} ${quantity}`)

  it('by largest remainder, ties to the earlier, and what gets nothing is left out', () => {
    expect(shares('1', parts('0.5', '0.5', '0.5'), whole)).toEqual(['0 1'])
    expect(shares('10', parts('1', '1', '5'), whole)).toEqual(['0 2', '1 1', '2 7'])
    expect(shares('100', parts('1', '2', '4'), whole)).toEqual(['0 14', '1 29', '2 57'])
    expect(shares('8', parts('3', '3', '3', '1'), whole)).toEqual(['0 3', '1 2', '2 2', '3 1'])
    expect(shares('7', parts('0', '7'), whole)).toEqual(['1 7'])
    expect(shares('5', parts(...Array(12).fill('1')), whole)).toEqual([
      '0 1',
      '1 1',
      '2 1',
      '3 1',
      '4 1',
    ])
  })

  it('to the twelfth decimal where decimals are taken', () => {
    expect(shares('1', parts('1', '1', '1'), decimal)).toEqual([
      '0 0.333333333334',
      '1 0.333333333333',
      '2 0.333333333333',
    ])
    expect(shares('2.5', parts('1', '1.5'), decimal)).toEqual(['0 1', '1 1.5'])
    expect(shares('0.000000000001', parts('1', '2'), decimal)).toEqual(['1 0.000000000001'])
  })

  it('and the smallest go without, where there are more than it takes', () => {
    const few = { ...whole, allocationsMax: 2 }
    const given = [...parts('1', '3', '2'), { quantity: '4', tags: {} }]
    expect(shares('10', given, few)).toEqual(['1 3', 'rest 7'])
    expect(shares('10', given, { ...whole, allocationsMax: 3 })).toEqual(['1 3', '2 2', 'rest 5'])
    expect(shares('10', given, { ...whole, allocationsMax: 4 })).toEqual([
      '0 1',
      '1 3',
      '2 2',
      'rest 4',
    ])
    expect(shares('6', parts('1', '3', '2'), { ...whole, allocationsMax: 1 })).toEqual(['rest 6'])
    expect(shares('6', parts('1', '3', '2'), { ...whole, allocationsMax: 0 })).toEqual([])
  })

  it('not where nothing is sent, came, or was taken back under some of them', () => {
    expect(shares('0', parts('0.5', '0.2'), whole)).toEqual([])
    expect(shares('1', parts('0', '0'), whole)).toEqual([])
    expect(shares('1', [], whole)).toEqual([])
    expect(shares('1', parts('2', '-1'), whole)).toEqual([])
  })
})

describe('included units', () => {
  const period = (changes: Partial<Allowance> = {}): Allowance => ({
    startsAt: timeAt('00:00'),
    endsAt: null,
    quantity: '10',
    used: '0',
    over: '0',
    ...changes,
  })
  const used = (...given: Parameters<typeof cover>) => {
    const { covered, allowances } = cover(...given)
    return [covered, ...allowances.map((one) => `${one.used}+${one.over}`)].join(' ')
  }

  it('are what a period has less what is used up, never less than nothing', () => {
    expect([
      leftOf(period({ used: '3' })),
      leftOf(period({ used: '10' })),
      leftOf(period({ used: '12' })),
      leftOf(period({ quantity: null, used: '12' })),
    ]).toEqual(['7', '0', '0', null])
  })

  it('cover what is left of them, and count what lies beyond', () => {
    expect(used(hourAt('09'), '4', [period({ used: '3.5' })])).toBe('4 7.5+0')
    expect(used(hourAt('09'), '4', [period({ used: '8' })])).toBe('2 10+2')
    expect(used(hourAt('09'), '4', [period({ used: '12', over: '1' })])).toBe('0 12+5')
    expect(used(hourAt('09'), '4', [period({ quantity: null, used: '12' })])).toBe('4 16+0')
    expect(used(hourAt('09'), '0', [period()])).toBe('0 0+0')
    expect(used(hourAt('09'), '4', [])).toBe('0')
  })

  it('are those of the periods that the hour touches', () => {
    const covered = (changes: Partial<Allowance>) =>
      cover(hourAt('09'), '4', [period(changes)]).covered
    expect(covered({ startsAt: timeAt('10:00') })).toBe('0')
    expect(covered({ startsAt: timeAt('09:59') })).toBe('4')
    expect(covered({ endsAt: timeAt('09:01') })).toBe('4')
    expect(covered({ endsAt: timeAt('09:00') })).toBe('0')
    expect(
      cover(hourAt('09'), '-4', [period({ used: '4', endsAt: timeAt('09:00') })]).covered,
    ).toBe('0')
  })

  const old = period({ endsAt: timeAt('09:30'), used: '8.5' })
  const next = period({ startsAt: timeAt('09:30'), quantity: '5' })
  const later = period({ startsAt: timeAt('10:00'), quantity: '5' })

  it('of the older period go first, and the newest keeps count of what lies beyond', () => {
    expect(used(hourAt('09'), '4', [later, next, old])).toBe('4 10+0 2.5+0 0+0')
    expect(used(hourAt('09'), '40', [next, later, old])).toBe('6.5 10+0 5+33.5 0+0')
    expect(used(hourAt('10'), '4', [old, later, next])).toBe('4 8.5+0 4+0 0+0')
    expect(used(hourAt('09'), '1', [next, old])).toBe('1 9.5+0 0+0')
    expect(used(hourAt('09'), '1.5', [next, old])).toBe('1.5 10+0 0+0')
  })

  it('come back after what lay beyond them, those of the newest period first', () => {
    const full = [
      period({ endsAt: timeAt('09:30'), used: '10' }),
      { ...next, used: '5', over: '3' },
    ]
    expect(used(hourAt('09'), '-2', full)).toBe('0 10+0 5+1')
    expect(used(hourAt('09'), '-3', full)).toBe('0 10+0 5+0')
    expect(used(hourAt('09'), '-4', full)).toBe('-1 10+0 4+0')
    expect(used(hourAt('09'), '-9', full.toReversed())).toBe('-6 9+0 0+0')
    expect(used(hourAt('09'), '-30', full)).toBe('-15 0+0 0+0')
    expect(used(hourAt('10'), '-9', full)).toBe('-5 10+0 0+0')
    expect(used(hourAt('09'), '-9', [])).toBe('0')
  })

  it('are in doubt for an hour after all that was read, until it is read again', () => {
    const over = [period({ endsAt: timeAt('09:00') }), period({ endsAt: timeAt('08:00') })]
    const isIn = (time: string, periods: Allowance[], readAt: string) =>
      isOutrun(hourAt(time), periods, timeAt(readAt))
    expect(isIn('09', over, '08:59')).toBe(true)
    expect(isIn('09', over.toReversed(), '08:59')).toBe(true)
    expect(isIn('10', over, '08:59')).toBe(true)
    expect(isIn('09', over, '09:00')).toBe(false)
    expect(isIn('08', over, '08:59')).toBe(false)
    expect(isIn('09', [...over, period()], '08:59')).toBe(false)
    expect(isIn('09', [period(), ...over], '08:59')).toBe(false)
    expect(isIn('09', [], '08:59')).toBe(false)
  })
})

describe('what a marketplace holds', () => {
  const held = (more: Partial<Held> = {}): Held => ({
    submitted: '5',
    processed: '5',
    verdict: 'agreed',
    planRef: null,
    nativeStatus: 'ok',
    ...more,
  })
  const now = timeAt('12:00')
  const judged = (
    told: Held | null,
    accepted: Decimal,
    { isMoving = false, newestAt = '2027-03-09T12:00:00.000Z' as typeof now | null } = {},
  ) => {
    const { verdict, difference } = compareWith(told, { accepted, newestAt, isMoving }, now)
    return `${verdict} ${difference}`
  }
  const fresh = { newestAt: '2027-03-09T12:00:00.001Z' } as const

  it('agrees where it is the same, and it says so', () => {
    expect(judged(held(), '5')).toBe('agreed 0')
    expect(judged(held({ verdict: 'pending' }), '5')).toBe('pending 0')
    expect(judged(held({ verdict: 'unknown' }), '5')).toBe('pending 0')
    expect(judged(held({ processed: null }), '5')).toBe('agreed 0')
    expect(judged(null, '0')).toBe('agreed 0')
    expect(judged(null, '0', fresh)).toBe('agreed 0')
    expect(judged(held({ submitted: '0', processed: null }), '0')).toBe('agreed 0')
  })

  it('differs by what it will bill, once it had a day', () => {
    expect(judged(held({ processed: '7' }), '5')).toBe('differs 2')
    expect(judged(held({ submitted: '4', processed: null }), '5')).toBe('differs -1')
    expect(judged(held({ submitted: '4' }), '5')).toBe('differs 0')
    expect(judged(held({ verdict: 'differs' }), '5')).toBe('differs 0')
    expect(judged(held({ processed: '7' }), '5', fresh)).toBe('pending 2')
    expect(judged(held({ processed: '7' }), '5', { newestAt: null })).toBe('differs 2')
  })

  it('is missing, unknown here, rejected or on its way', () => {
    expect(judged(null, '5')).toBe('missing_there -5')
    expect(judged(null, '5', fresh)).toBe('pending -5')
    expect(judged(held(), '0')).toBe('unknown_here 5')
    expect(judged(held({ submitted: '0', processed: '0' }), '5')).toBe('differs -5')
    expect(judged(held({ verdict: 'rejected' }), '5', { isMoving: true })).toBe('rejected 0')
    expect(judged(null, '5', { isMoving: true })).toBe('pending -5')
    expect(judged(held({ verdict: 'differs' }), '5', { isMoving: true })).toBe('pending 0')
  })

  it('went through a double where it says that it agrees, and nowhere else', () => {
    const long = '1234567.890123456789'
    const double = '1234567.8901234567'
    expect(judged(held({ submitted: double, processed: double }), long)).toMatch(/^agreed/)
    expect(judged(held({ submitted: double, processed: '1234568' }), long)).toMatch(/^differs/)
    const unsure = held({ submitted: double, processed: null, verdict: 'unknown' })
    expect(judged(unsure, long)).toMatch(/^differs/)
  })

  it('is the same as ours within half of the fifteenth digit', () => {
    expect(sameAsDouble('123456789012345.5', '123456789012345')).toBe(true)
    expect(sameAsDouble('123456789012345.51', '123456789012345')).toBe(false)
    expect(sameAsDouble('123456789012344.5', '123456789012345')).toBe(true)
    expect(sameAsDouble('123456789012344.49', '123456789012345')).toBe(false)
    expect(sameAsDouble('1234567890123455', '1234567890123450')).toBe(true)
    expect(sameAsDouble('1234567890123455.1', '1234567890123450')).toBe(false)
    expect(sameAsDouble('12345678901234550', '12345678901234500')).toBe(true)
    expect(sameAsDouble('12345678901234550.1', '12345678901234500')).toBe(false)
    expect(sameAsDouble('7.000000000000005', '7')).toBe(true)
    expect(sameAsDouble('7.0000000000000051', '7')).toBe(false)
    expect(sameAsDouble('0.004000000000000005', '0.004')).toBe(true)
    expect(sameAsDouble('0.0040000000000000051', '0.004')).toBe(false)
    expect(sameAsDouble('0.7000000000000005', '0.7')).toBe(true)
    expect(sameAsDouble('0.70000000000000051', '0.7')).toBe(false)
    expect(sameAsDouble('-123456789012345.5', '-123456789012345')).toBe(true)
    expect(sameAsDouble('-123456789012345.51', '-123456789012345')).toBe(false)
    expect(sameAsDouble('0.000000000000005', '0')).toBe(true)
    expect(sameAsDouble('0.0000000000000051', '0')).toBe(false)
    expect(sameAsDouble('0.0000000000000051', '0.0')).toBe(false)
  })

  it('under several plans is their sum and the gravest of what it says', () => {
    const a = held({ submitted: '1.5', processed: '1', planRef: 'gold', nativeStatus: 'Accepted' })
    const b = held({
      submitted: '2',
      planRef: 'silver',
      nativeStatus: 'Mismatch',
      verdict: 'differs',
    })
    const both = {
      submitted: '3.5',
      processed: '6',
      verdict: 'differs',
      planRef: 'gold, silver',
      nativeStatus: 'Accepted, Mismatch',
    }
    expect(together(a, b)).toEqual(both)
    expect(together(b, a)).toEqual({
      ...both,
      planRef: 'silver, gold',
      nativeStatus: 'Mismatch, Accepted',
    })
    expect(together(together(a, b), a)).toMatchObject({ planRef: 'gold, silver', submitted: '5' })
    expect(together(a, held({ processed: null })).processed).toBeNull()
    expect(together(held({ processed: null }), a).processed).toBeNull()
    expect(together(held(), held())).toMatchObject({ planRef: null, nativeStatus: 'ok' })
    const silent = held({ nativeStatus: '' })
    expect(together(silent, silent).nativeStatus).toBe('')
    const words = ['agreed', 'pending', 'unknown', 'differs', 'rejected'] as const
    for (const [n, verdict] of words.entries())
      for (const lighter of words.slice(0, n + 1)) {
        expect(together(held({ verdict }), held({ verdict: lighter })).verdict).toBe(verdict)
        expect(together(held({ verdict: lighter }), held({ verdict })).verdict).toBe(verdict)
      }
  })
})
