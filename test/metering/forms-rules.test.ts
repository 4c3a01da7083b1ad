import { describe, expect, it } from 'vitest'
import { later } from '../../src/kernel/time.ts'
import { readEvent, sameEvent } from '../../src/metering/incoming.ts'
import type { AnyEvent, NamedEvent, Reversal } from '../../src/metering/model.ts'
import { placeBack, refusalOf, shrinksLoss, windowOf } from '../../src/metering/place.ts'
import { canonicalOf, readProperties } from '../../src/metering/properties.ts'
import { hourAt, meterWith, timeAt, traitsWith } from './sample.ts'

const named = {
  id: '1',
  source: 'app',
  agreement: 'agr_1',
  event: 'export',
  properties: { rows: 12, by: 'anna' },
  at: '2027-03-10T09:30:00.000Z',
}
const reversal = { id: '2', source: 'app', reverses: '1' }

const read = (value: object): AnyEvent => {
  const found = readEvent(value)
  if ('violations' in found) throw new Error(JSON.stringify(found.violations))
  return found.event
}
const faults = (value: object): string[] => {
  const found = readEvent(value)
  return 'violations' in found
    ? found.violations.map(({ path, message }) => `${path}: ${message}`)
    : []
}

describe('a named event is read', () => {
  it('as it stands, with properties or without', () => {
    expect(read(named)).toEqual(named)
    expect(read({ ...named, properties: undefined })).toEqual({ ...named, properties: {} })
  })

  it('with every fault named', () => {
    expect(faults({ ...named, dimension: 'calls' })).toEqual([
      'dimension: is not a field of a named event',
    ])
    expect(faults({ properties: {} })).toEqual([
      'id: is missing',
      'source: is missing',
      'agreement: is missing',
      'event: is missing',
      'at: must be an RFC 3339 date-time with an offset, such as 2027-01-01T09:30:00Z',
    ])
    expect(faults({ ...named, event: 'x'.repeat(201) })).toEqual([
      'event: must have at most 200 characters',
    ])
    expect(faults({ ...named, event: 'x'.repeat(200) })).toEqual([])
    expect(faults({ ...named, properties: 'rows' })).toEqual(['properties: must be an object'])
  })
})

describe('a reversal is read', () => {
  it('with what it takes back, and whatever else it tells', () => {
    expect(read(reversal)).toEqual({ ...reversal, agreement: null, at: null })
    const more = { ...reversal, agreement: 'agr_1', at: '2027-03-10T09:30:00.000Z' }
    expect(read(more)).toEqual(more)
    expect(read({ ...reversal, agreement: null, at: null })).toMatchObject({ at: null })
  })

  it('with every fault named', () => {
    expect(faults({ ...reversal, quantity: '1' })).toEqual([
      'quantity: is not a field of a reversal',
    ])
    expect(faults({ reverses: '' })).toEqual([
      'id: is missing',
      'source: is missing',
      'reverses: must not be empty',
    ])
    expect(faults({ ...reversal, agreement: 7 })).toEqual(['agreement: must be text'])
    expect(faults({ ...reversal, at: 'then' })).toHaveLength(1)
    expect(faults({ ...reversal, reverses: 'x'.repeat(201) })).toHaveLength(1)
    expect(faults({ ...reversal, reverses: 'x'.repeat(200) })).toEqual([])
  })
})

describe('the same event of another form', () => {
  const event = read(named) as NamedEvent
  const back = read(reversal) as Reversal

  it('is named alike, of the same moment and properties in any order', () => {
    expect(sameEvent(event, { ...event, properties: { by: 'anna', rows: 12 } })).toBe(true)
    for (const more of [
      { agreement: 'agr_2' },
      { event: 'import' },
      { at: '2027-03-10T09:30:00.001Z' as const },
      { properties: { rows: 13, by: 'anna' } },
      { properties: { rows: '12', by: 'anna' } },
      { properties: { rows: 12 } },
    ])
      expect(sameEvent(event, { ...event, ...more })).toBe(false)
  })

  it('takes the same back; what only one of them tells is no contradiction', () => {
    const told = { ...back, agreement: 'agr_1', at: timeAt('09:00') }
    expect(sameEvent(back, told)).toBe(true)
    expect(sameEvent(told, back)).toBe(true)
    expect(sameEvent(told, told)).toBe(true)
    expect(sameEvent(back, { ...back, reverses: '3' })).toBe(false)
    expect(sameEvent(told, { ...told, agreement: 'agr_2' })).toBe(false)
    expect(sameEvent(told, { ...told, at: timeAt('09:01') })).toBe(false)
  })

  it('is never one of another form', () => {
    const direct = read({
      ...{ id: '1', source: 'app', agreement: 'agr_1', dimension: 'calls' },
      ...{ quantity: '1', at: named.at },
    })
    const all = [direct, event, back]
    for (const [n, a] of all.entries())
      for (const [m, b] of all.entries()) expect(sameEvent(a, b)).toBe(n === m)
  })
})

describe('properties', () => {
  const broken = (properties: unknown) => {
    const found: string[] = []
    readProperties(properties, 'p', (path, message) => void found.push(`${path}: ${message}`))
    return found
  }
  const named = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`name${n}`, n]))
  const nested = (depth: number): unknown => (depth === 0 ? 'leaf' : { a: nested(depth - 1) })

  it('are kept as given', () => {
    const given = { a: 1, b: [true, null, 'x\ny'], c: { d: -0.5 } }
    expect(readProperties(given, 'p', () => {})).toEqual(given)
    expect(broken(given)).toEqual([])
    expect(readProperties(undefined, 'p', () => {})).toEqual({})
    expect(broken([])).toEqual(['p: must be an object'])
    expect(broken(null)).toEqual(['p: must be an object'])
  })

  it('have at most 64 names, of 1 to 100 characters', () => {
    expect(broken(named(64))).toEqual([])
    expect(broken(named(65))).toEqual(['p: must have at most 64 names'])
    const name = 'p: a name must have 1 to 100 characters, and no line breaks'
    expect(broken({ '': 1 })).toEqual([name])
    expect(broken({ ['x'.repeat(100)]: 1 })).toEqual([])
    expect(broken({ ['x'.repeat(101)]: 1 })).toEqual([name])
    expect(broken({ 'a\nb': 1 })).toEqual([name])
    expect(broken({ a: { '': 1 } })).toEqual([name.replace('p:', 'p.a:')])
  })

  it('are at most 8 deep and 16 KiB', () => {
    expect(broken(nested(8))).toEqual([])
    expect(broken(nested(9))).toEqual([`p${'.a'.repeat(8)}: must be nested at most 8 deep`])
    const size = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) })
    expect(broken(size(16_384))).toEqual([])
    expect(broken(size(16_385))).toEqual(['p: must have at most 16384 bytes as JSON'])
    expect(broken({ a: 'ü'.repeat(8_189) })).toHaveLength(1)
  })

  it('hold what JSON and a database can', () => {
    expect(broken({ a: Number.NaN })).toEqual([
      'p.a: is beyond what a number can hold; send a text',
    ])
    expect(broken({ a: [1, Number.POSITIVE_INFINITY] })).toHaveLength(1)
    const text = 'must not contain U+0000 or half a surrogate pair'
    expect(broken({ a: 'x\u0000' })).toEqual([`p.a: ${text}`])
    expect(broken({ a: { b: ['\ud800'] } })).toEqual([`p.a.b.0: ${text}`])
  })

  it('are the same as one text, whatever order their names came in', () => {
    expect(canonicalOf({ b: [1, { d: 1, c: null }], a: 'x' })).toBe(
      '{"a":"x","b":[1,{"c":null,"d":1}]}',
    )
    expect(canonicalOf(undefined)).toBe('null')
    expect(canonicalOf([2, 1])).not.toBe(canonicalOf([1, 2]))
  })
})

describe('an event of another form is refused', () => {
  const now = timeAt('12:00')
  const code = (event: AnyEvent, meter: Parameters<typeof refusalOf>[1] = meterWith()) =>
    refusalOf(event, meter, windowOf(now))?.code
  const event = { ...(read(named) as NamedEvent), at: timeAt('11:00') }
  const back = read(reversal) as Reversal

  it('like any other where it is named, but for its dimension', () => {
    expect(code(event)).toBeUndefined()
    expect(code(event, meterWith({ isBlind: true }))).toBeUndefined()
    expect(code(event, meterWith({ traits: null }))).toBe('no_metering')
    expect(code({ ...event, at: later(timeAt('12:05'), 1) })).toBe('in_future')
    expect(code({ ...event, at: '2026-01-01T00:00:00.000Z' })).toBe('too_old')
    expect(refusalOf(event, undefined, windowOf(now))?.message).toBe('no agreement agr_1')
  })

  it('where it takes back, for its agreement or the future alone', () => {
    expect(refusalOf(back, undefined, windowOf(now))).toBeUndefined()
    expect(refusalOf({ ...back, agreement: 'x' }, undefined, windowOf(now))).toEqual({
      code: 'unknown_agreement',
      path: 'agreement',
      message: 'no agreement x',
    })
    expect(code({ ...back, at: timeAt('12:05') })).toBeUndefined()
    expect(
      refusalOf({ ...back, at: later(timeAt('12:05'), 1) }, meterWith(), windowOf(now)),
    ).toEqual({ code: 'in_future', path: 'at', message: 'lies in the future' })
    expect(code({ ...back, at: '2020-01-01T00:00:00.000Z' })).toBeUndefined()
  })
})

describe('what takes usage back goes', () => {
  const now = timeAt('12:30')
  const at = (time: string, late = false) => ({ hour: hourAt(time), late })
  const place = (
    origin: ReturnType<typeof at>,
    standing: Parameters<typeof placeBack>[1],
    { meter = meterWith(), sealed = [] as string[] } = {},
  ) => placeBack(origin, standing, meter, new Set(sealed.map(hourAt)), now)
  const kept = (time: string, isMoved = false) => ({
    hour: hourAt(time),
    late: false,
    isMoved,
    reason: null,
  })
  const lost = (time: string, reason: string) => ({
    hour: hourAt(time),
    late: true,
    isMoved: false,
    reason,
  })

  it('where that went while its record is unsent, else to the next hour that can be reported', () => {
    expect(place(at('09'), 'unsent')).toEqual(kept('09'))
    expect(place(at('09'), 'sent', { sealed: ['09', '10'] })).toEqual(kept('11', true))
    expect(place(at('09'), 'sent')).toEqual(kept('09'))
    expect(place(at('09'), 'absent')).toEqual(kept('09'))
  })

  it('to the oldest hour that is taken still, whatever its age', () => {
    const quick = meterWith({ traits: traitsWith({ lateHoursMax: 1 }) })
    expect(place(at('05'), 'sent', { meter: quick })).toEqual(kept('11', true))
    expect(place(at('11'), 'sent', { meter: quick })).toEqual(kept('11'))
  })

  it('among what is lost where that was, and makes the loss smaller', () => {
    const smaller = lost('09', 'it takes back usage that was lost or refused')
    for (const found of [
      place(at('09', true), 'unsent'),
      place(at('09'), 'gone'),
      place(at('09'), 'late'),
    ]) {
      expect(found).toEqual(smaller)
      expect(shrinksLoss(found)).toBe(true)
    }
    expect(shrinksLoss(place(at('09'), 'unsent'))).toBe(false)
  })

  it('among what is owed where no hour is left', () => {
    const over = meterWith({ startsAt: timeAt('09:00'), endedAt: timeAt('09:30') })
    const found = place(at('09'), 'sent', { meter: over })
    expect(found).toEqual(
      lost(
        '09',
        'more was sent than was used, which is owed to the buyer: no hour is left that could be reported',
      ),
    )
    expect(shrinksLoss(found)).toBe(false)
    expect(place(at('09'), 'sent', { meter: meterWith({ traits: null }) })).toEqual(
      lost('09', 'its marketplace takes no usage'),
    )
  })
})
