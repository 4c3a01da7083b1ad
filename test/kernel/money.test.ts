import { describe, expect, it } from 'vitest'
import { isCurrency, minorDigits } from '../../src/kernel/currency.ts'
import {
  add,
  amountFault,
  charge,
  fromJson,
  money,
  parseMoney,
  portion,
  ratio,
  split,
  subtract,
  sum,
  toDecimal,
  toJson,
  zero,
} from '../../src/kernel/money.ts'
import { Problem } from '../../src/kernel/problem.ts'

const problem = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return error instanceof Problem ? [error.code, error.message] : error
  }
  return undefined
}

describe('currencies', () => {
  it('have the digits that ISO gives them', () => {
    const digits = (codes: string) => codes.split(' ').map(minorDigits)
    expect(new Set(digits('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF'))).toEqual(
      new Set([0]),
    )
    expect(new Set(digits('XOF XPF'))).toEqual(new Set([0]))
    expect(new Set(digits('USD EUR GBP AED ZWG HUF IDR COP PKR TWD XCG XAD'))).toEqual(new Set([2]))
    expect(new Set(digits('BHD IQD JOD KWD LYD OMR TND'))).toEqual(new Set([3]))
    expect(new Set(digits('CLF UYW'))).toEqual(new Set([4]))
  })

  it('are ISO’s codes and nothing else', () => {
    for (const code of ['', ' ', 'usd', 'USD ', 'XXX', 'XAU', 'EURO', 'undefined'])
      expect(isCurrency(code)).toBe(false)
    expect(['USD', 'AED', 'JPY', 'BHD', 'UYW'].every(isCurrency)).toBe(true)
    expect(() => minorDigits('XXX')).toThrow(new RangeError('XXX is not an ISO 4217 currency'))
  })
})

describe('an amount as text', () => {
  it('is read to the minor unit, of either sign', () => {
    expect(parseMoney('USD', '1200.00')).toEqual({ currency: 'USD', minor: 120_000n })
    expect(parseMoney('USD', '-0.5')).toEqual(money('USD', -50n))
    expect(parseMoney('USD', '7')).toEqual(money('USD', 700n))
    expect(parseMoney('JPY', '-1200')).toEqual(money('JPY', -1200n))
    expect(parseMoney('KWD', '1.2')).toEqual(money('KWD', 1200n))
    expect(toDecimal(zero('USD'))).toBe('0.00')
    expect(toDecimal(zero('JPY'))).toBe('0')
  })

  it('may be just below ten to the eighteenth minor units, of either sign', () => {
    expect(amountFault('USD', '9999999999999999.99')).toBeUndefined()
    expect(amountFault('USD', '-9999999999999999.99')).toBeUndefined()
    expect(amountFault('USD', '10000000000000000.00')).toBe('is too large')
    expect(amountFault('USD', '-10000000000000000.00')).toBe('is too large')
    expect(amountFault('JPY', '1000000000000000000')).toBe('is too large')
  })

  it('says what is wrong with it', () => {
    expect(amountFault('XXX', '1')).toBe('XXX is not an ISO 4217 currency')
    expect(amountFault('USD', '1,5')).toBe('must be a decimal string such as "1200.00"')
    expect(amountFault('USD', `0.${'0'.repeat(31)}`)).toBe(
      'must be a decimal string such as "1200.00"',
    )
    expect(problem(() => parseMoney('USD', '1.234'))).toEqual([
      'invalid',
      'amount 1.234 USD has at most 2 decimals',
    ])
    expect(problem(() => fromJson({ currency: 'XXX', amount: '1' }))).toEqual([
      'invalid',
      'amount 1 XXX is not an ISO 4217 currency',
    ])
  })

  it('is what JSON carries, with the digits of the currency', () => {
    expect(toJson(money('USD', 5n))).toEqual({ currency: 'USD', amount: '0.05' })
    expect(fromJson({ currency: 'USD', amount: '0.05' })).toEqual(money('USD', 5n))
  })
})

describe('money', () => {
  it('is added and taken away in one currency alone', () => {
    expect(add(money('USD', 5n), money('USD', -7n))).toEqual(money('USD', -2n))
    expect(subtract(money('USD', 5n), money('USD', 7n))).toEqual(money('USD', -2n))
    expect(sum('EUR', [])).toEqual(money('EUR', 0n))
    expect(sum('EUR', [money('EUR', 1n), money('EUR', 2n)])).toEqual(money('EUR', 3n))
    expect(problem(() => add(money('USD', 5n), money('EUR', 5n)))).toEqual([
      'internal',
      'cannot add EUR to USD',
    ])
    expect(problem(() => sum('EUR', [money('USD', 1n)]))).toEqual([
      'internal',
      'cannot add USD to EUR',
    ])
  })

  it('is compared in one currency alone', () => {
    expect(ratio(money('USD', 100n), money('USD', 300n), 4)).toBe('0.3333')
    expect(problem(() => ratio(money('USD', 5n), money('EUR', 5n), 2))).toEqual([
      'internal',
      'cannot compare EUR with USD',
    ])
    expect(() => ratio(money('USD', 5n), zero('USD'), 2)).toThrow(RangeError)
  })

  it('comes of a rate and a quantity, rounded once', () => {
    expect(charge({ currency: 'USD', price: '0.0012' }, '1234567.5')).toEqual(
      money('USD', 148_148n),
    )
    expect(charge({ currency: 'JPY', price: '0.5' }, '-3')).toEqual(money('JPY', -2n))
    expect(portion(money('USD', -50n), '0.03')).toEqual(money('USD', -2n))
  })
})

describe('a split', () => {
  const parts = (minor: bigint, weights: bigint[]) =>
    split(money('USD', minor), weights).map((part) => part.minor)

  it('gives what is left over to the largest remainders', () => {
    expect(parts(10n, [1n, 1n, 5n])).toEqual([2n, 1n, 7n])
    expect(parts(100n, [1n, 2n, 4n])).toEqual([14n, 29n, 57n])
    expect(parts(100n, [5n, 1n, 1n])).toEqual([72n, 14n, 14n])
    expect(parts(7n, [1n, 3n, 3n, 3n])).toEqual([1n, 2n, 2n, 2n])
    expect(parts(8n, [3n, 3n, 3n, 1n])).toEqual([3n, 2n, 2n, 1n])
  })

  it('gives it to the first of those that are alike', () => {
    expect(parts(5n, [1n, 1n, 1n])).toEqual([2n, 2n, 1n])
    expect(parts(4n, [1n, 1n, 1n])).toEqual([2n, 1n, 1n])
    expect(
      parts(
        1n,
        Array.from({ length: 12 }, () => 1n),
      ),
    ).toEqual([1n, ...Array(11).fill(0n)])
  })

  it('is the mirror of itself below zero, and nothing of nothing', () => {
    expect(parts(-100n, [1n, 2n, 4n])).toEqual([-14n, -29n, -57n])
    expect(parts(0n, [1n, 2n])).toEqual([0n, 0n])
    expect(parts(100n, [0n, 7n])).toEqual([0n, 100n])
  })

  it('needs weights, none of them negative', () => {
    const refusal = new RangeError('weights must be non-negative and not all zero')
    expect(() => parts(5n, [])).toThrow(refusal)
    expect(() => parts(5n, [0n, 0n])).toThrow(refusal)
    expect(() => parts(5n, [3n, -1n])).toThrow(refusal)
    expect(() => parts(5n, [-3n, -1n])).toThrow(refusal)
  })
})
