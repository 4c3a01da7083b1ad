import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addDays,
  addMonths,
  type Day,
  endAfter,
  isDay,
  readInstant,
} from '../../src/kernel/time.ts'
import { createTestWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await createTestWorld()
})
afterAll(() => world.close())

const cursor = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')

describe('the ends of the calendar', () => {
  it('knows no day before 1900 and none after 9999', () => {
    for (const day of ['0000-01-01', '0001-01-01', '1899-12-31', '10000-01-01', '-000001-01-01'])
      expect([day, isDay(day)]).toEqual([day, false])
    expect([isDay('1900-01-01'), isDay('9999-12-31')]).toEqual([true, true])
  })

  it('knows no moment that an offset carries beyond', () => {
    expect(readInstant('9999-12-31T23:59:59-00:01')).toBeUndefined()
    expect(readInstant('1900-01-01T00:00:00+00:01')).toBeUndefined()
    expect(readInstant('9999-12-31T23:59:59.999Z')).toBe('9999-12-31T23:59:59.999Z')
  })

  it('does not pass them when it counts', () => {
    const last: Day = '9999-12-31'
    expect([addDays(last, 1), endAfter(last), addMonths(last, 1)]).toEqual([last, last, last])
    expect(addDays('1900-01-01', -1)).toBe('1900-01-01')
    expect(addMonths('9999-11-30', 1)).toBe('9999-12-30')
  })
})

describe('reports asked for at the ends of the calendar', () => {
  const dated = ['revenue-lines', 'disbursements', 'reports/revenue', 'reports/drawdown']
  it.each(dated)('answers /v1/%s as of the last day', async (path) => {
    for (const name of ['asOf', 'known'])
      expect((await world.as('admin').get(`/v1/${path}?${name}=9999-12-31`)).status).toBe(200)
  })

  const refused = [
    ...dated.flatMap((path) => [`${path}?asOf=0000-01-01`, `${path}?known=0000-01-01`]),
    ...dated.map((path) => `${path}?recordedBy=9999-12-31T23:59:59-23:59`),
    'usage-records?from=0000-01-01T00:00:00Z',
    'usage-records?to=0000-01-01T00:00:00%2B23:59',
    'reports/metering?month=0000-01',
    'reports/revenue?from=0000-01',
    'revenue-lines?month=0000-01',
    ...['api-keys', 'connections', 'usage-records', 'notices', 'commitments', 'listings'].map(
      (path) => `${path}?cursor=${cursor('0000-01-01T00:00:00.000Z', '0')}`,
    ),
    ...['buyers', 'documents', 'offers', 'reports/offers', 'crm/rows', 'revenue-imports'].map(
      (path) => `${path}?cursor=${cursor('0000-01-01T00:00:00.000Z', '0')}`,
    ),
  ]
  it.each(refused)('says what is wrong with /v1/%s', async (path) => {
    const { status, body } = await world.as('admin').get(`/v1/${path}`)
    expect(status).toBe(422)
    expect(body.errors).toHaveLength(1)
  })
})
