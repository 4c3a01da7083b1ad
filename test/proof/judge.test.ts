import { describe, expect, it } from 'vitest'
import { exact, sum, text } from '../../bench/proof/exact.ts'
import { type Case, deadlineOf, differences, mayBeLost } from '../../bench/proof/judge.ts'
import { places } from '../../bench/proof/places.ts'

const hour = Date.parse('2027-01-12T09:00:00Z')
const minute = 60_000
const event = (quantity: string, at = hour + 5 * minute, acceptedAt = at + minute) => ({
  quantity,
  at,
  acceptedAt,
  reverses: null,
})
const record = (sent: string, is = 'accepted', more: object = {}) => ({
  id: 'rec_1',
  hour: '2027-01-12T09:00:00.000Z',
  sent,
  state: { is, ...more },
})
const row = (parts: Readonly<Record<string, string>>) => ({
  accepted: '0',
  carried: '0',
  included: '0',
  rated: '0',
  due: '0',
  refused: '0',
  lost: '0',
  holds: true,
  ...parts,
})
/** Three events of 4.75 in one hour: four units held, three quarters carried. */
const good: Case = {
  name: 'a',
  rules: places.aws.rules,
  dimension: 'api_calls',
  events: [event('1.5'), event('2.25'), event('1')],
  cancelledAt: null,
  settledAt: [hour + 80 * minute],
  held: new Map([['api_calls 2027-01-12T09', '4']]),
  violations: [],
  row: row({ events: '4.75', records: '4.75', accepted: '4', carried: '0.75' }),
  records: [record('4')],
}

describe('the judgement of the metering proof', () => {
  it('finds nothing where all adds up', () => expect(differences(good)).toEqual([]))
  it('finds a unit too many at the cloud', () => {
    const held = new Map([['api_calls 2027-01-12T09', '5']])
    expect(differences({ ...good, held }).join()).toMatch(/the cloud holds 5/)
  })
  it('finds a unit too few, although both sides agree on it', () => {
    const held = new Map([['api_calls 2027-01-12T09', '3']])
    const short = { ...good, held, records: [record('3')] }
    const told = row({ events: '4.75', records: '4.75', accepted: '3', carried: '1.75' })
    expect(differences({ ...short, row: told }).join()).toMatch(/carried/)
  })
  it('finds an event that counted twice', () => {
    const told = row({ events: '6.25', records: '6.25', accepted: '4', carried: '2.25' })
    expect(differences({ ...good, row: told }).join()).toMatch(/true is 4.75/)
  })
  it('finds an hour that was accepted under another quantity, and one that was accepted twice', () => {
    expect(differences({ ...good, records: [record('3')] }).join()).toMatch(/accepted as 3/)
    expect(differences({ ...good, records: [record('4'), record('4')] }).join()).toMatch(
      /two records/,
    )
  })
  it('finds what is still due, and says where it stands', () => {
    const told = row({ events: '4.75', records: '4.75', due: '4', carried: '0.75' })
    const found = differences({
      ...good,
      row: told,
      held: new Map(),
      records: [record('4', 'due')],
    })
    expect(found.join()).toMatch(/4 is still due: .*"is":"due"/)
  })
  it('finds an invariant that the service itself says is broken, and a missing row', () => {
    expect(differences({ ...good, row: { ...good.row, holds: false } }).join()).toMatch(/invariant/)
    expect(differences({ ...good, row: undefined }).join()).toMatch(/no row/)
  })
  it('finds what the cloud says was against its rules', () =>
    expect(differences({ ...good, violations: ['overlap: twice'] })).toEqual(['a: overlap: twice']))

  const told = row({ events: '4.75', records: '4.75', lost: '4.75' })
  const state = { reason: 'too late', quantity: '4.75', value: { currency: 'USD', amount: '1.00' } }
  const lost = { ...good, held: new Map(), row: told, records: [record('4.75', 'lost', state)] }
  it('finds a loss that could have been spared', () =>
    expect(differences(lost).join()).toMatch(/4.75 is lost, at most 0 had to be: .*too late/))
  it('takes a loss that nobody could have spared, if it has a name and a value', () => {
    expect(differences({ ...lost, settledAt: [] })).toEqual([])
    const nameless = record('4.75', 'lost', { ...state, value: null })
    expect(differences({ ...lost, settledAt: [], records: [nameless] }).join()).toMatch(/not named/)
  })
  it('finds a refusal that could have been spared, and takes one of what came too late or after the end', () => {
    const refused = {
      ...lost,
      row: row({ events: '4.75', records: '4.75', refused: '4.75' }),
      records: [record('4.75', 'refused', { reason: 'not subscribed' })],
    }
    expect(differences(refused).join()).toMatch(/at most 0 had to be: .*refused not subscribed/)
    expect(differences({ ...refused, settledAt: [] })).toEqual([])
    expect(differences({ ...refused, cancelledAt: hour })).toEqual([])
  })
  it('wants what the price includes to be used up first', () => {
    const included = {
      ...good,
      rules: places.azure.rules,
      events: [event('1300.5')],
      held: new Map([['api_calls 2027-01-12T09', '100.5']]),
      records: [record('100.5')],
      row: row({ events: '1300.5', records: '1300.5', accepted: '100.5', included: '1200' }),
    }
    expect(differences(included)).toEqual([])
    const held = new Map([['api_calls 2027-01-12T09', '200.5']])
    const less = row({ events: '1300.5', records: '1300.5', accepted: '200.5', included: '1100' })
    const wrong = { ...included, held, row: less, records: [record('200.5')] }
    expect(differences(wrong)).toEqual(['a: 1100 is included, it should be 1200 to 1200'])
  })
})

describe('what may be lost', () => {
  const { rules } = places.aws
  const settled = { rules, cancelledAt: null, settledAt: [hour + 80 * minute] }
  it('is nothing that was accepted, due and settled in time', () =>
    expect(mayBeLost(settled, event('1'))).toBe(false))
  it('is what was accepted after the cloud’s deadline', () =>
    expect(mayBeLost(settled, event('1', hour, hour + 25 * 60 * minute))).toBe(true))
  it('is what time jumped over before it was due', () =>
    expect(mayBeLost({ ...settled, settledAt: [hour + 30 * minute] }, event('1'))).toBe(true))
  it('is what came after the agreement’s end', () =>
    expect(mayBeLost({ ...settled, cancelledAt: hour + 6 * minute }, event('1'))).toBe(true))
})

describe('deadlines, as the proof knows them', () => {
  const at = (text: string) => Date.parse(text)
  it('are a day after the hour, and earlier where the month closes', () => {
    const { rules } = places.aws
    expect(deadlineOf(rules, at('2027-01-12T09:00Z'))).toBe(at('2027-01-13T10:00Z'))
    expect(deadlineOf(rules, at('2027-01-31T20:00Z'))).toBe(at('2027-02-01T06:00Z'))
    expect(deadlineOf(places.azure.rules, at('2027-01-31T20:00Z'))).toBe(at('2027-02-01T21:00Z'))
  })
  it('go by the Pacific month where a cloud does, also in summer', () => {
    const { rules } = places.gcp
    expect(deadlineOf(rules, at('2027-02-01T07:00Z'))).toBe(at('2027-02-01T09:00Z'))
    expect(deadlineOf(rules, at('2027-02-01T08:00Z'))).toBe(at('2027-02-01T15:00Z'))
    expect(deadlineOf(rules, at('2027-07-01T06:00Z'))).toBe(at('2027-07-01T08:00Z'))
  })
})

describe('the proof’s own arithmetic', () => {
  it('reads and writes decimals exactly', () => {
    for (const one of ['0', '1', '-1.5', '0.000000000001', '123456789012345.123456789012'])
      expect(text(exact(one))).toBe(one)
    expect(text(sum(['0.1', '0.2', '-0.3'].map(exact)))).toBe('0')
    expect(() => exact('1,5')).toThrow(/no decimal/)
    expect(() => exact('1e3')).toThrow(/no decimal/)
  })
})
