import { describe, expect, it } from 'vitest'
import { readBatch, verdicts } from '../../src/metering/batch.ts'
import { readEvent, sameEvent } from '../../src/metering/incoming.ts'
import type { UsageEvent } from '../../src/metering/model.ts'
import type { Refusal } from '../../src/metering/place.ts'

const event = {
  id: '1',
  source: 'app',
  agreement: 'agr_1',
  dimension: 'calls',
  quantity: '1.5',
  at: '2027-03-10T09:30:00.000Z',
}
const read = (more: object = {}): UsageEvent => {
  const found = readEvent({ ...event, ...more })
  if ('violations' in found) throw new Error(JSON.stringify(found.violations))
  return found.event as UsageEvent
}
const faults = (more: object = {}): string[] => {
  const found = readEvent({ ...event, ...more })
  return 'violations' in found
    ? found.violations.map(({ path, message }) => `${path}: ${message}`)
    : []
}

describe('an event is read', () => {
  it('as it stands', () => {
    expect(read()).toMatchObject({ ...event, allocations: null })
    expect(read({ allocations: null }).allocations).toBeNull()
  })

  it('only if it is an object', () => {
    for (const value of [null, undefined, 'event', 7, [event]])
      expect(readEvent(value)).toEqual({ violations: [{ path: '', message: 'must be an object' }] })
  })

  it('with everything that is missing or too much named at once', () => {
    const found = readEvent({ more: 1 })
    if (!('violations' in found)) throw new Error('it was read')
    const named = found.violations.map(({ path }) => path)
    for (const path of ['more', 'id', 'source', 'at']) expect(named).toContain(path)
    for (const path of ['id', 'source', 'agreement', 'dimension', 'quantity', 'at'])
      expect(faults({ [path]: undefined }).map((text) => text.split(':')[0])).toEqual([path])
    expect(faults({ more: 1 })).toEqual(['more: is not a field here'])
    expect(faults({ id: undefined })).toEqual(['id: is missing'])
    expect(faults({ quantity: undefined })).toEqual(['quantity: is missing'])
  })

  it.each(['id', 'source', 'agreement', 'dimension'])('with text for its %s', (path) => {
    const most = { id: 200, source: 100, agreement: 200, dimension: 100 }[path] ?? 0
    expect(faults({ [path]: 7 })).toEqual([`${path}: must be text`])
    expect(faults({ [path]: '' })).toEqual([`${path}: must not be empty`])
    expect(faults({ [path]: 'x'.repeat(most) })).toEqual([])
    expect(faults({ [path]: 'x'.repeat(most + 1) })).toEqual([
      `${path}: must have at most ${most} characters`,
    ])
    const unstorable = [`${path}: must not contain line breaks or control characters`]
    for (const text of ['a\nb', '\u0000', '\ud800', `${'x'.repeat(most - 1)}\n`])
      expect(faults({ [path]: text })).toEqual(unstorable)
    expect(faults({ [path]: '\ud83d\ude00' })).toEqual([])
  })

  it.each([
    ['0', '0'],
    ['7', '7'],
    ['10.50', '10.5'],
    ['1.0', '1'],
    ['0.000000000001', '0.000000000001'],
    ['999999999999999.999999999999', '999999999999999.999999999999'],
    ['1.2345678901234', null],
    ['1000000000000000', null],
    ['1e30', null],
    ['NaN', null],
    ['1,5', null],
    ['+1', null],
    ['01', null],
    ['1.', null],
    ['', null],
    [' 1', null],
    ['1\n', null],
    ['x1', null],
    ['1x', null],
  ])('with a quantity: %j', (quantity, expected) => {
    if (expected === null)
      expect(faults({ quantity })).toEqual([
        'quantity: must be a decimal string such as "1.5", at most 15 digits before and 12 after the point',
      ])
    else expect(read({ quantity }).quantity).toBe(expected)
  })

  it('with a quantity that is no number of JavaScript’s', () => {
    expect(faults({ quantity: 1.5 })).toEqual([
      'quantity: must be a decimal string such as "1.5", not a number',
    ])
    expect(faults({ quantity: null })[0]).toMatch(/^quantity: must be a decimal string/)
  })

  it('with a quantity that is not negative: what takes usage back names it', () => {
    for (const quantity of ['-1', '-0.000000000001'])
      expect(faults({ quantity })).toEqual([
        'quantity: must not be negative: a correction names the event that it takes back in `reverses`',
      ])
    expect(read({ quantity: '-0.0' })).toMatchObject({ quantity: '0' })
  })

  it.each([
    ['2027-03-10T09:30:00.123Z', '2027-03-10T09:30:00.123Z'],
    ['2027-12-28T23:59:59.999Z', '2027-12-28T23:59:59.999Z'],
    ['2027-01-31T00:00:00.000Z', '2027-01-31T00:00:00.000Z'],
    ['2027-10-10T10:10:10Z', '2027-10-10T10:10:10.000Z'],
    ['2027-03-10T09:30:00+02:00', '2027-03-10T07:30:00.000Z'],
    ['2027-03-10T09:30:00.1234567Z', '2027-03-10T09:30:00.123Z'],
    ['2028-02-29T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    ['2027-02-29T00:00:00.000Z', null],
    ['2027-13-10T09:30:00.000Z', null],
    ['2027-00-10T09:30:00.000Z', null],
    ['2027-03-00T09:30:00.000Z', null],
    ['2027-03-32T09:30:00.000Z', null],
    ['2027-03-10T24:30:00.000Z', null],
    ['2027-03-10T09:60:00.000Z', null],
    ['2027-03-10T09:30:60.000Z', null],
    ['2027-03-10T09:30:00.000', null],
    ['2027-03-10T09:3x:00.000Z', null],
    ['2027-03-10T09:30:0x.000Z', null],
    ['2027-03-10T0x:30:00.000Z', null],
    ['2027-03-1xT09:30:00.000Z', null],
    ['2027-03-2xT09:30:00.000Z', null],
    ['xxxx-03-10T09:30:00.000Z', null],
    ['2027-03-10T09:30:00.xxxZ', null],
    ['12027-03-10T09:30:00.000Z', null],
    ['2027-03-10T09:30:00.000Z ', null],
    ['7-03-10T09:30:00.000Z', null],
    [1_800_000_000_000, null],
    [undefined, null],
  ])('with a moment that there is: %j', (at, expected) => {
    if (expected === null)
      expect(faults({ at })).toEqual([
        'at: must be an RFC 3339 date-time with an offset, such as 2027-01-01T09:30:00Z',
      ])
    else expect(read({ at }).at).toBe(expected)
  })
})

describe('the parts of an event', () => {
  const parts = (...quantities: string[]) => quantities.map((quantity) => ({ quantity }))

  it('are read with their tags, in the order of their names', () => {
    const allocations = [{ quantity: '1.50', tags: { b: '2', a: '1', c: '3' } }]
    expect(JSON.stringify(read({ allocations }).allocations)).toBe(
      '[{"quantity":"1.5","tags":{"a":"1","b":"2","c":"3"}}]',
    )
    expect(read({ allocations: parts('1', '0.5') }).allocations).toEqual([
      { quantity: '1', tags: {} },
      { quantity: '0.5', tags: {} },
    ])
    expect(read({ quantity: '0', allocations: parts('0') }).allocations).toBeNull()
  })

  it('add up to it', () => {
    expect(faults({ allocations: parts('1', '0.6') })).toEqual([
      'allocations: must add up to the quantity',
    ])
    expect(faults({ allocations: parts('1', 'x') })).toHaveLength(1)
  })

  it('are at least one and at most fifty', () => {
    const refusal = ['allocations: must be an array of 1 to 50 parts']
    expect(faults({ quantity: '50', allocations: parts(...Array(50).fill('1')) })).toEqual([])
    expect(faults({ quantity: '51', allocations: parts(...Array(51).fill('1')) })).toEqual(refusal)
    for (const allocations of [[], {}, 'x']) expect(faults({ allocations })).toEqual(refusal)
  })

  it('say where they are wrong', () => {
    expect(faults({ allocations: [{ quantity: '1.5' }, null] })).toEqual([
      'allocations.1: must be an object',
    ])
    expect(faults({ allocations: ['1.5'] })).toEqual(['allocations.0: must be an object'])
    expect(faults({ allocations: [[]] })).toEqual(['allocations.0: must be an object'])
    expect(faults({ allocations: [{ quantity: '1.5', tag: {} }] })).toEqual([
      'allocations.0.tag: is not a field here',
    ])
    expect(faults({ allocations: [{ tags: {} }] })).toEqual(['allocations.0.quantity: is missing'])
    for (const tags of [null, 'x', []])
      expect(faults({ allocations: [{ quantity: '1.5', tags }] })).toEqual([
        'allocations.0.tags: must be an object of texts',
      ])
  })

  it('have at most five tags, of names and texts that can be stored', () => {
    const tagged = (tags: object) => faults({ allocations: [{ quantity: '1.5', tags }] })
    expect(tagged({ a: '', b: '1', c: '1', d: '1', e: '1' })).toEqual([
      'allocations.0.tags.a: must not be empty',
    ])
    expect(tagged({ a: '1', b: '1', c: '1', d: '1', e: '1' })).toEqual([])
    expect(tagged({ a: '1', b: '1', c: '1', d: '1', e: '1', f: '1' })).toEqual([
      'allocations.0.tags: must have at most 5 tags',
    ])
    const named = ["allocations.0.tags: a tag's name must have 1 to 100 characters"]
    expect(tagged({ '': '1' })).toEqual(named)
    expect(tagged({ 'a\nb': '1' })).toEqual(named)
    expect(tagged({ ['x'.repeat(101)]: '1' })).toEqual(named)
    expect(tagged({ ['x'.repeat(100)]: 'x'.repeat(256) })).toEqual([])
    expect(tagged({ a: 'x'.repeat(257) })).toEqual([
      'allocations.0.tags.a: must have at most 256 characters',
    ])
    expect(tagged({ a: 7 })).toEqual(['allocations.0.tags.a: must be text'])
  })
})

describe('the same event', () => {
  const allocations = [
    { quantity: '1', tags: { a: '1', b: '2' } },
    { quantity: '0.5', tags: {} },
  ]

  it('may be written otherwise', () => {
    expect(sameEvent(read(), { ...read(), quantity: '1.50' })).toBe(true)
    const turned = [{ quantity: '1.0', tags: { b: '2', a: '1' } }, allocations[1]!]
    expect(sameEvent(read({ allocations }), { ...read(), allocations: turned })).toBe(true)
  })

  it('has the same content in every part', () => {
    for (const more of [
      { agreement: 'agr_2' },
      { dimension: 'gigabytes' },
      { at: '2027-03-10T09:30:00.001Z' },
      { quantity: '1.51' },
      { allocations },
    ])
      expect(sameEvent(read(), { ...read(), ...more } as UsageEvent)).toBe(false)
    const changed = [
      allocations.toReversed(),
      allocations.slice(1),
      [{ ...allocations[0]!, tags: { a: '1', b: '3' } }, allocations[1]!],
      [{ ...allocations[0]!, tags: { a: '1' } }, allocations[1]!],
      [{ ...allocations[0]!, quantity: '1.1' }, allocations[1]!],
    ]
    for (const other of changed)
      expect(sameEvent(read({ allocations }), { ...read(), allocations: other })).toBe(false)
  })
})

describe('a batch', () => {
  const keyed = (events: readonly UsageEvent[]) =>
    new Map(events.map((one) => [`${one.source}\n${one.id}`, one]))
  const asTheyAre = <Event>(one: Event) => one
  const no: Refusal = { code: 'too_old', path: 'at', message: 'is too old' }

  it('keeps the good events and names each bad one by its place and id', () => {
    const { entries, repeats, refused } = readBatch([
      { ...event, id: 'a' },
      { ...event, id: 'b', quantity: 'x' },
      'event',
      { ...event, id: 7 },
      { ...event, id: 'a' },
      { ...event, id: 'a', source: 'other' },
      null,
    ])
    expect(entries.map(({ index }) => index)).toEqual([0, 5])
    expect(repeats.map(({ index, first }) => [index, first.id])).toEqual([[4, 'a']])
    const [b, text, seven, nothing] = refused
    expect(b).toMatchObject({ index: 1, id: 'b', code: 'invalid', path: 'quantity' })
    expect(b!.errors).toEqual([{ path: 'quantity', message: b!.message }])
    expect(text).toEqual({
      index: 2,
      id: null,
      code: 'invalid',
      path: '',
      message: 'must be an object',
      errors: [{ path: '', message: 'must be an object' }],
    })
    expect(seven).toMatchObject({ index: 3, id: null, path: 'id', message: 'must be text' })
    expect(nothing).toMatchObject({ index: 6, id: null })
  })

  it('counts repeats of the same content, and names those of other content', () => {
    const batch = readBatch([
      { ...event, id: 'a' },
      { ...event, id: 'a', quantity: '2' },
      { ...event, id: 'a', quantity: '1.50' },
      { ...event, id: 'a', quantity: '3' },
    ])
    const message = 'this id was used before with other content, which stays'
    const conflict = (index: number) => ({ index, id: 'a', source: 'app', message })
    expect(verdicts(batch, [], [], new Map(), asTheyAre)).toEqual({
      duplicates: 1,
      refused: [],
      conflicts: [conflict(1), conflict(3)],
    })
    const taken = keyed([read({ id: 'a', quantity: '3' })])
    const found = verdicts(batch, batch.entries, [], taken, asTheyAre)
    expect(found).toEqual({
      duplicates: 1,
      refused: [],
      conflicts: [conflict(0), conflict(1), conflict(2)],
    })
  })

  it('compares agreements by our own id of them', () => {
    const batch = readBatch([event, { ...event, agreement: 'theirs' }])
    const ours = <Event extends object>(one: Event) => ({ ...one, agreement: 'agr_1' })
    expect(verdicts(batch, [], [], new Map(), ours)).toMatchObject({ duplicates: 1, conflicts: [] })
    expect(verdicts(batch, [], [], new Map(), asTheyAre)).toMatchObject({ duplicates: 0 })
    expect(verdicts(batch, [], [], keyed([ours(read())]), ours)).toMatchObject({ duplicates: 1 })
  })

  it('takes what was taken before for a duplicate, though it would be refused today', () => {
    const batch = readBatch([{ ...event, id: 'a' }, 'event', { ...event, id: 'b' }])
    const bad = batch.entries.map((entry) => ({ ...entry, refusal: no }))
    const refusal = (index: number, id: string) => ({
      index,
      id,
      ...no,
      errors: [{ path: 'at', message: 'is too old' }],
    })
    const none = verdicts(batch, [], bad, new Map(), asTheyAre)
    expect(none).toMatchObject({ duplicates: 0, conflicts: [] })
    expect(none.refused.map(({ index }) => index)).toEqual([0, 1, 2])
    expect([none.refused[0], none.refused[2]]).toEqual([refusal(0, 'a'), refusal(2, 'b')])
    const one = verdicts(batch, [], bad, keyed([read({ id: 'a' })]), asTheyAre)
    expect(one.duplicates).toBe(1)
    expect(one.refused.map(({ index }) => index)).toEqual([1, 2])
  })
})
