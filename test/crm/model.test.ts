import { describe, expect, it } from 'vitest'
import type { Agreement } from '../../src/agreements/model.ts'
import {
  attemptsMax,
  fresh,
  heldUntil,
  type MirrorRow,
  mustCheck,
  outgoing,
  retryAt,
  strongest,
  toldBy,
} from '../../src/crm/mirror.ts'
import { isScarce } from '../../src/crm/model.ts'
import { settlement } from '../../src/crm/outcome.ts'
import { agreementRow, offerRows } from '../../src/crm/rows.ts'
import type { Offer } from '../../src/offers/model.ts'
import { remote } from './market.ts'
import { wanted } from './sales-system.ts'

const now = '2027-01-01T00:00:00.000Z'
const row = (links: object, more: Partial<MirrorRow> = {}): MirrorRow => ({
  id: 'crm_1',
  connection: 'conn_1',
  row: wanted(1, {}, links).row,
  hash: 'h',
  state: 'sending',
  attempts: 0,
  dueAt: now,
  problem: null,
  crmRef: null,
  told: {},
  sentAt: null,
  createdAt: now,
  updatedAt: now,
  ...more,
})

describe('a budget', () => {
  it.each([
    [13_500, 15_000, false],
    [13_501, 15_000, true],
    [0, 0, false],
    [20_000, 15_000, true],
  ])('of %i used of %i is scarce: %s', (used, limit, scarce) => {
    expect(isScarce({ used, limit })).toBe(scarce)
  })
})

describe('a link', () => {
  it('that people may move is sent when it was never told, or is another now', () => {
    expect(outgoing(row({ account: 'A' })).links).toEqual({ account: 'A' })
    expect(outgoing(row({ account: 'A' }, { told: { account: 'A' } })).links).toEqual({})
    expect(outgoing(row({ account: 'B' }, { told: { account: 'A' } })).links).toEqual({
      account: 'B',
    })
  })

  it('that people may move is never cleared, and one of ours is', () => {
    const links = { account: null, opportunity: null, offer: null }
    expect(outgoing(row(links, { told: { account: 'A' } })).links).toEqual({ offer: null })
    expect(toldBy(row(links, { told: { account: 'A' } }))).toEqual({ account: 'A' })
  })
})

describe('a row that is put off', () => {
  it('waits longer each time, an hour at most, and not for ever', () => {
    const waits = Array.from({ length: attemptsMax }, (_, i) => retryAt(now, i + 1))
    expect(waits.slice(0, 3)).toEqual([
      '2027-01-01T00:00:30.000Z',
      '2027-01-01T00:01:00.000Z',
      '2027-01-01T00:02:00.000Z',
    ])
    expect(waits.at(-1)).toBeUndefined()
    expect(retryAt(now, 7)).toBe('2027-01-01T00:32:00.000Z')
  })

  it('is not blamed for a field that is missing for all', () => {
    const outcome = {
      key: 'offer_1',
      is: 'refused',
      reason: 'INVALID_FIELD',
      lacking: true,
    } as const
    expect(settlement(row({}), outcome, now)).toMatchObject({ state: 'waiting', attempts: 1 })
  })
})

describe('a mirror', () => {
  it('asks what is missing at first, daily, and while something is', () => {
    const ready = { ...fresh('conn_1'), state: { is: 'ready' }, checkedAt: now } as const
    expect(mustCheck(fresh('conn_1'), now)).toBe(true)
    expect(mustCheck(ready, '2027-01-01T23:59:59.999Z')).toBe(false)
    expect(mustCheck(ready, '2027-01-02T00:00:00.000Z')).toBe(true)
    expect(mustCheck({ ...ready, state: { is: 'missing', missing: [] } }, now)).toBe(true)
  })

  it('is held until its time, and for ever when it points elsewhere', () => {
    const until = '2027-01-01T01:00:00.000Z'
    const waiting = { ...fresh('conn_1'), until } as const
    expect(heldUntil(waiting, now)).toBe(until)
    expect(heldUntil(waiting, until)).toBeUndefined()
    const moved = { is: 'moved', from: 'a', to: 'b' } as const
    expect(heldUntil({ ...waiting, state: moved }, now)).toBeNull()
  })
})

it('keeps of rows for one key the last of the highest rank', () => {
  const of = (rank: string, name: string) => ({ ...wanted(1, { name }), rank }) as any
  const kept = strongest([of('2', 'b'), of('1', 'a'), of('2', 'c'), wanted(2)])
  expect(kept.map(({ row }) => (row.fields as any).name)).toEqual(['c', 'Offer 2'])
})

const offer = (more: object = {}, terms: object = {}) =>
  ({
    id: 'offer_1',
    state: { is: 'refused', reasons: [{ message: 'no EULA' }, { message: 'no price' }] },
    order: null,
    quote: null,
    problem: null,
    createdAt: now,
    updatedAt: now,
    ...more,
    terms: {
      name: 'Acme',
      acceptBy: '2027-03-31',
      start: '2027-01-31',
      term: { months: 1 },
      currency: 'USD',
      pricing: { usage: [{ dimension: 'calls', rate: '0.1' }] },
      ...terms,
    },
  }) as unknown as Offer
const around = { provider: 'bazaar', buyer: undefined, listing: undefined }

describe('the row of an offer', () => {
  it('says why it was refused, when it ends, and nothing that is not known', () => {
    const [only, ...others] = offerRows(offer(), around)
    expect(others).toEqual([])
    expect(only?.row.fields).toMatchObject({
      status: 'refused',
      nativeStatus: 'no EULA; no price',
      startsOn: '2027-01-31',
      endsOn: '2027-02-27',
      payments: 'usage',
      value: null,
      feePercent: null,
      netValue: null,
      buyerRefs: null,
      listingName: null,
    })
  })

  it('is accepted before anybody subscribed, and says why it could not be put back', () => {
    const accepted = { is: 'accepted', offerRef: 'o', acceptedAt: now, agreement: null }
    const status = (state: object) => offerRows(offer({ state }), around)[0]?.row.fields
    expect(status(accepted)).toMatchObject({ status: 'accepted', nativeStatus: null })
    const reasons = [{ part: 'job', code: null, message: 'too late' }]
    expect(status({ is: 'withdrawn', offerRef: 'o', reasons })).toMatchObject({
      status: 'withdrawn',
      nativeStatus: 'too late',
    })
  })

  it.each([
    [undefined, 'new'],
    [{ attested: false }, 'new'],
    [{ attested: true }, 'renewal'],
    [{ of: 'agr_1', attested: true }, 'renewal'],
  ])('with the answer %j is called %s', (renewal, type) => {
    const [only] = offerRows(offer({}, { renewal }), around)
    expect(only?.row.fields).toMatchObject({ type })
  })

  it('shows a fee as a percentage, exactly', () => {
    const money = { currency: 'USD', amount: '1.00' }
    const fee = { is: 'known', rate: '0.0150', amount: money, rules: [], confidence: 'official' }
    const quote = { tcv: money, acv: money, fee, net: money, nextTier: null }
    const [only] = offerRows(offer({ quote }), around)
    expect(only?.row.fields).toMatchObject({ feePercent: '1.5', value: '1.00', netValue: '1.00' })
  })
})

describe('the row of an agreement', () => {
  const agreement = (changes: object = {}) =>
    ({ ...remote('agmt-1', changes), id: 'agr_1', offer: null }) as unknown as Agreement
  const drawn = (currency: string | null, amount: string) =>
    ({ currency, amount, asOf: now }) as const

  it('leaves open what is drawn in another currency than its value', () => {
    const { row } = agreementRow(agreement(), {
      ...around,
      offer: undefined,
      drawn: drawn('EUR', '5'),
    })
    expect(row.fields).toMatchObject({ currency: 'USD', drawn: null, remaining: null })
  })

  it('counts nothing billed as zero, and takes the currency of what was billed when it has no value', () => {
    const rest = { ...around, offer: undefined }
    const none = agreementRow(agreement(), { ...rest, drawn: drawn(null, '0') })
    expect(none.row.fields).toMatchObject({ drawn: '0', remaining: '120000' })
    const open = agreementRow(agreement({ value: null }), { ...rest, drawn: drawn('EUR', '5') })
    expect(open.row.fields).toMatchObject({ currency: 'EUR', drawn: '5', remaining: null })
  })
})
