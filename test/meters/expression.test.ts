import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, sentenceOf, type Wanted } from '../../src/meters/expression.ts'
import { always } from '../property/always.ts'

const properties = JSON.parse(
  `{"bytes":2000000,"size":"10.50","region":"EU","ok":true,"off":false,"big":1e21,"tiny":1e-7,
    "exact":0.1,"long":0.30000000000000004,"huge":1e30,"negative":-2.5,"nested":{"deep":3},
    "a-b":4,"list":[1],"none":null,"__proto__":{"x":1},"word":"ten","empty":""}`,
)
const evaluate = (text: string, wanted: Wanted = 'a number') => {
  const made = compile(text, wanted)
  if ('complaints' in made) return { complaint: sentenceOf(made.complaints) }
  const faults: unknown[] = []
  const value = made.expression(properties, (fault) => faults.push(fault))
  return faults.length > 0 ? { faults } : { value: shown(value) }
}
const shown = (value: unknown) =>
  typeof value === 'object' && value !== null ? (value as { number: string }).number : value

describe('an expression', () => {
  it.each([
    ['properties.bytes / 1000000', '2'],
    ['properties.bytes - 1 - 2', '1999997'],
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['-properties.negative', '2.5'],
    ['- - 3', '3'],
    ['0.1 + 0.2', '0.3'],
    ['properties.exact * 3', '0.3'],
    ['properties.size * 2', '21'],
    ['properties.big', '1000000000000000000000'],
    ['properties.tiny', '0.0000001'],
    ['properties.nested.deep', '3'],
    ['properties["a-b"] + properties["bytes"]', '2000004'],
    ['10 / 3', '3.333333333333'],
    ['-20 / 3', '-6.666666666667'],
    ['1 / 3 * 3', '0.999999999999'],
    ['min(3, 1, 2)', '1'],
    ['max(properties.size, 10.49)', '10.5'],
    ['floor(-2.1)', '-3'],
    ['ceil(-2.1)', '-2'],
    ['ceil(2.1)', '3'],
    ['round(2.5)', '3'],
    ['round(-2.5)', '-3'],
    ['round(properties.bytes / 3, 2)', '666666.67'],
    ['coalesce(properties.nothing, 7)', '7'],
    ['coalesce(properties.none, properties.bytes)', '2000000'],
    ['coalesce(properties.bytes, properties.word / 0)', '2000000'],
  ])('%s is %s', (text, value) => expect(evaluate(text)).toEqual({ value }))

  it.each([
    ['properties.region == "EU"', true],
    ["properties.region != 'EU'", false],
    ['lower(properties.region) in ["eu", "us"]', true],
    ['properties.bytes in [1, 2000000.0]', true],
    ['properties.size == 10.5', true],
    ['properties.size == "10.5"', false],
    ['properties.nothing == null', true],
    ['properties.nothing == "EU"', false],
    ['properties.ok && !properties.off', true],
    ['properties.off && properties.word > 1', false],
    ['properties.ok || properties.word > 1', true],
    ['properties.region == "EU" && properties.size > 10', true],
    ['properties.size <= 10.50 || false', true],
    ['properties.size < 10.50', false],
    ['properties.empty == ""', true],
    ['coalesce(properties.nothing, false)', false],
  ])('%s is %s', (text, value) => expect(evaluate(text, 'true or false')).toEqual({ value }))

  it('gives text or numbers where both will do', () => {
    expect(evaluate('properties.region', 'a number or text')).toEqual({ value: 'EU' })
    expect(evaluate('properties.bytes', 'a number or text')).toEqual({ value: '2000000' })
  })
})

describe('what does not compile', () => {
  it.each([
    ['', 'character 1: expected an expression, found nothing'],
    ['1 +', 'character 4: expected expression after +'],
    [
      'properties.a properties.b',
      'character 1: expected one expression, found another at character 14',
    ],
    ['1, 2', 'character 1: expected one expression, found another at character 4'],
    ['(1, 2)', 'character 1: expected one expression, found another at character 5'],
    ['foo', 'character 1: expected properties.name, a function or a value, found foo'],
    [
      'properties',
      'character 1: expected properties.name, a function or a value, found properties',
    ],
    ['this', 'character 1: expected properties.name, a function or a value'],
    ['process.exit()', 'character 1: only the named functions can be called'],
    ['properties.a()', 'character 1: only the named functions can be called'],
    ['globalThis.x', 'character 1: expected properties.name: nothing else has parts'],
    ['"a".length', 'character 1: expected properties.name: nothing else has parts'],
    ['properties[properties.a]', 'character 1: expected properties.name or properties["name"]'],
    ['properties[0]', 'character 1: expected properties.name or properties["name"]'],
    ['properties?.a', 'character 1: expected properties.name or properties["name"]'],
    ['properties.a.b.c.d.e.f', 'character 1: at most 5 names in a row'],
    ['1e3', 'character 1: expected a number such as 12 or 0.5, found 1e3'],
    ['012', 'character 1: expected a number such as 12 or 0.5, found 012'],
    ['.5', 'character 1: expected a number such as 12 or 0.5, found .5'],
    ['"a" + 1', 'character 1: expected a number, found text'],
    ['1 + !properties.a', 'character 6: expected a number, found true or false'],
    ['!1', 'character 2: expected true or false, found a number'],
    ['1 == 1', 'character 1: expected a number, found true or false'],
    ['null', 'character 1: expected a number, found null'],
    ['[1]', 'character 1: a list stands only after in'],
    ['1 in 2', 'character 6: expected a list such as ["eu", "us"] after in'],
    ['1 in [1 + 1]', 'character 7: expected a value'],
    [
      'sqrt(4)',
      'character 1: expected one of min, max, floor, ceil, round, coalesce, lower, found sqrt',
    ],
    ['constructor("x")()', 'character 1: only the named functions can be called'],
    [
      'toString()',
      'character 1: expected one of min, max, floor, ceil, round, coalesce, lower, found toString',
    ],
    ['round(1, 13)', 'character 10: expected 0 to 12 decimals'],
    ['round(1, properties.a)', 'character 10: expected 0 to 12 decimals'],
    ['min()', 'character 1: min takes 1 to 10 values, found 0'],
    ['coalesce(1)', 'character 1: coalesce takes 2 values, found 1'],
    ['floor(1, 2)', 'character 1: floor takes 1 values, found 2'],
  ])('%s', (text, complaint) => expect(evaluate(text)).toEqual({ complaint }))

  it.each([
    'a = 1',
    'a => 1',
    '`a`',
    '2 ** 3',
    '1 % 2',
    '1 | 2',
    'a ? 1 : 2',
    '"x',
    '(1',
    '+1',
    '~1',
    '/a/',
    '{}',
    'new A',
    '1 === 1',
    'a ?? 1',
    '#',
    'min(1,)',
    '1 // 2',
  ])('is refused: %s', (text) =>
    expect(evaluate(text)).toEqual({ complaint: expect.stringMatching(/^character \d+: ./) }),
  )

  it('names every fault it finds', () => {
    expect(evaluate('foo + bar(1) + "a"')).toEqual({
      complaint: 'character 1: expected properties.name, a function or a value, found foo',
    })
    expect(evaluate('sqrt(1) + pow(2) + "a"')).toEqual({
      complaint: expect.stringMatching(/found sqrt; .*found pow; .*found text/),
    })
  })

  it('is bounded in length, depth and parts', () => {
    expect(evaluate(`1${' '.repeat(500)}`)).toHaveProperty('complaint')
    expect(evaluate(`1${'+1'.repeat(100)}`)).toEqual({
      complaint: expect.stringMatching(/at most/),
    })
    expect(evaluate(`${'-'.repeat(90)}1`)).toEqual({ complaint: expect.stringMatching(/nesting/) })
    expect(evaluate(`${'('.repeat(200)}1${')'.repeat(200)}`)).toEqual({ value: '1' })
    expect(evaluate(`${'['.repeat(400)}`)).toHaveProperty('complaint')
    const parts = `min(${'1,'.repeat(210)}1)`
    expect(evaluate(parts)).toEqual({ complaint: expect.stringMatching(/at most 200 parts/) })
  })
})

describe('what cannot be read', () => {
  const digits = /at most 15 digits/
  it.each([
    ['properties.nothing + properties.also', ['properties.nothing', 'properties.also'], /missing/],
    ['properties.word * 2', ['properties.word'], /a number/],
    ['properties.ok + 1', ['properties.ok'], /a number/],
    ['properties.long', ['properties.long'], digits],
    ['properties.huge', ['properties.huge'], digits],
    ['properties.list', ['properties.list'], /number, text/],
    ['properties.nested', ['properties.nested'], /number, text/],
    ['properties.constructor', ['properties.constructor'], /missing/],
    ['properties.__proto__.constructor', ['properties.__proto__.constructor'], /missing/],
    ['properties.region.length', ['properties.region.length'], /missing/],
    ['properties.bytes / properties.zero', ['properties.zero'], /missing/],
    ['1 / (properties.bytes - 2000000)', ['properties'], /zero/],
    [`properties.big${' * properties.big'.repeat(2)}`, ['properties'], /40 digits/],
    ['lower(properties.bytes) == "a"', ['properties.bytes'], /text/],
  ])('%s', (text, paths, message) => {
    const wanted = text.includes('==') ? 'true or false' : 'a number'
    const found = evaluate(text, wanted) as { faults: { path: string; message: string }[] }
    expect(found.faults?.map(({ path }) => path)).toEqual(paths)
    for (const fault of found.faults) expect(fault.message).toMatch(message)
  })

  it('is a truth that is missing', () => {
    expect(evaluate('properties.nothing', 'true or false')).toEqual({
      faults: [{ path: 'properties.nothing', message: 'is missing: true or false is needed' }],
    })
  })
})

/** A sum, difference or product of decimals, and what it comes to in whole units of 10^-places. */
type Tree = {
  readonly text: string
  readonly units: bigint
  readonly places: number
  /** Some part of it has more digits before the point than there may be. */
  readonly isWide?: boolean
}
const leaf = fc
  .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.integer({ min: 0, max: 6 }))
  .map(([units, places]): Tree => {
    const digits = String(units < 0n ? -units : units).padStart(places + 1, '0')
    const whole = digits.slice(0, digits.length - places)
    const rest = digits.slice(digits.length - places)
    const text = `${whole}${rest && '.'}${rest}`
    return { text: units < 0n ? `(-${text})` : text, units, places }
  })
const scaled = ({ units, places }: Tree, to: number) => units * 10n ** BigInt(to - places)
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('tree'), fc.constantFrom('+', '-', '*'), tie('tree'))
      .map(([a, operator, b]): Tree => {
        const text = `(${a.text} ${operator} ${b.text})`
        if (operator === '*')
          return widened({ text, units: a.units * b.units, places: a.places + b.places }, a, b)
        const places = Math.max(a.places, b.places)
        const [left, right] = [scaled(a, places), scaled(b, places)]
        return widened(
          { text, units: operator === '+' ? left + right : left - right, places },
          a,
          b,
        )
      }),
  ),
})).tree
const widened = (tree: Tree, ...parts: readonly Tree[]): Tree => {
  const size = tree.units < 0n ? -tree.units : tree.units
  const isWide = parts.some((part) => part.isWide) || size >= 10n ** BigInt(39 + tree.places)
  return { ...tree, isWide }
}
const fits = ({ text, isWide }: Tree) => text.length < 230 && !isWide

describe('arithmetic', () => {
  it('agrees with whole numbers of any length on every sum, difference, product and comparison', () => {
    always(
      fc.property(tree.filter(fits), tree.filter(fits), (a, b) => {
        const places = Math.max(a.places, b.places)
        const [left, right] = [scaled(a, places), scaled(b, places)]
        const facts: [string, boolean][] = [
          ['<', left < right],
          ['<=', left <= right],
          ['==', left === right],
          ['!=', left !== right],
          ['>', left > right],
          ['>=', left >= right],
        ]
        for (const [operator, holds] of facts)
          expect(evaluate(`${a.text} ${operator} ${b.text}`, 'true or false')).toEqual({
            value: holds,
          })
        const { value } = evaluate(a.text) as { value: string }
        const [whole = '', rest = ''] = value.replace('-', '').split('.')
        const units = BigInt(whole + rest) * 10n ** BigInt(a.places - rest.length)
        expect(value.startsWith('-') ? -units : units).toBe(a.units)
      }),
    )
  })
})
