import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Agreement,
  changedFields,
  dated,
  type RemoteAgreement,
  remindersOf,
  sameContent,
  supersedes,
  usageEnd,
  validAfter,
} from '../../src/agreements/model.ts'
import { type Arrival, agreementOf, knownHolder } from '../../src/agreements/registration.ts'
import type { Instant } from '../../src/kernel/time.ts'
import { registration, remote } from './market.ts'

const at = (minute: number): Instant => `2027-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`

describe('two readings of one agreement', () => {
  it.each([
    ['a later change wins', [5, 1], [4, 9], true],
    ['an earlier change loses, however late it was read', [4, 9], [5, 1], false],
    ['of one change, the later reading wins', [5, 2], [5, 1], true],
    ['of one change, the earlier reading loses', [5, 1], [5, 2], false],
    ['the same reading again wins', [5, 1], [5, 1], true],
  ] as const)('%s', (_, [changed, read], [heldChanged, heldRead], expected) => {
    const reading = (c: number, r: number) => ({
      remote: remote('a', { changedAt: at(c) }),
      readAt: at(r),
    })
    expect(supersedes(reading(changed, read), reading(heldChanged, heldRead))).toBe(expected)
  })

  it('are the same whatever the order of keys', () => {
    const a = remote('a', { native: { one: 1, two: { three: [3], four: undefined } } })
    const b = remote('a', { native: { two: { three: [3] }, one: 1 } })
    expect(sameContent(a, b)).toBe(true)
    expect(changedFields(a, b)).toEqual([])
  })

  it('differ by the fields that differ', () => {
    const after = remote('a', { changedAt: at(1), state: { is: 'suspended' }, native: { x: 1 } })
    expect(changedFields(remote('a'), after).sort()).toEqual(['changedAt', 'native', 'state'])
  })
})

describe('readings that a marketplace does not date', () => {
  type Held = { readonly remote: RemoteAgreement; readonly readAt: Instant }
  const undated = (planRef: string) => ({ ...remote('a', { planRef }), changedAt: null })
  const take = (held: Held | undefined, [minute, planRef]: readonly [number, string]): Held => {
    const [told, readAt] = [undated(planRef), at(minute)]
    if (held && !supersedes({ remote: told, readAt }, held)) {
      const changedAt = validAfter(held, { remote: told, readAt })
      return { ...held, remote: { ...held.remote, changedAt } }
    }
    return { remote: dated(told, readAt, held?.remote), readAt }
  }

  it('leave what the newest said, in whatever order they come', () => {
    const plans = fc.array(fc.constantFrom('silver', 'gold', 'team'), {
      minLength: 1,
      maxLength: 12,
    })
    const shuffled = plans.chain((words) => {
      const readings = words.map((word, minute) => [minute, word] as const)
      return fc.tuple(
        fc.constant(readings),
        fc.shuffledSubarray(readings, { minLength: readings.length }),
      )
    })
    fc.assert(
      fc.property(shuffled, ([readings, order]) => {
        const held = order.reduce(take, undefined as Held | undefined)
        expect(held?.readAt).toBe(at(readings.length - 1))
        expect(held?.remote.planRef).toBe(readings.at(-1)?.[1])
        const inOrder = readings.reduce(take, undefined as Held | undefined)
        const [date = '', first = ''] = [held?.remote.changedAt, inOrder?.remote.changedAt]
        expect([date >= first, date <= at(readings.length - 1)]).toEqual([true, true])
      }),
    )
  })

  it('are dated by the first that showed it so', () => {
    const words = ['silver', 'silver', 'gold', 'gold', 'silver']
    const dates = words.map((_, n) => {
      const readings = words.slice(0, n + 1).map((word, minute) => [minute, word] as const)
      return readings.reduce(take, undefined as Held | undefined)?.remote.changedAt
    })
    expect(dates).toEqual([at(0), at(0), at(2), at(2), at(4)])
  })

  it('keep the marketplace’s own date where there is one', () => {
    expect(dated(remote('a', { changedAt: at(7) }), at(9), remote('a')).changedAt).toBe(at(7))
  })
})

describe('reminders of a deadline', () => {
  const by: Instant = '2027-01-31T00:00:00.000Z'
  it.each([
    ['2027-01-01T00:00:00.000Z', 0, '2027-01-24T00:00:00.000Z'],
    ['2027-01-23T23:59:59.999Z', 0, '2027-01-24T00:00:00.000Z'],
    ['2027-01-24T00:00:00.000Z', 1, '2027-01-30T00:00:00.000Z'],
    ['2027-01-30T00:00:00.000Z', 2, null],
    ['2027-03-01T00:00:00.000Z', 2, null],
  ] as const)('at %s: %i are due', (now, due, next) => {
    expect(remindersOf(by, now)).toEqual({ due, next })
  })
})

describe('usage stops', () => {
  const ended = { is: 'ended', how: 'cancelled' } as const
  it.each([
    ['never while a licence runs', { licenseRefs: ['l', 'm'] }, { l: at(1) }, null, null],
    [
      'when the last licence ended',
      { licenseRefs: ['l', 'm'] },
      { l: at(2), m: at(1) },
      null,
      at(2),
    ],
    [
      'when its licence ended, also before the agreement says so',
      { licenseRefs: ['l'] },
      { l: at(3) },
      null,
      at(3),
    ],
    [
      'by the licence rather than the agreement',
      { licenseRefs: ['l'], state: ended },
      { l: at(3) },
      at(2),
      at(3),
    ],
    [
      'when it ended, without a word about licences',
      { licenseRefs: ['l'], state: ended, changedAt: at(4) },
      {},
      null,
      at(4),
    ],
    [
      'at its end, when that came before the change',
      { licenseRefs: [], state: ended, changedAt: at(4), endsAt: at(1) },
      {},
      null,
      at(1),
    ],
    [
      'not later because it changed again',
      { licenseRefs: [], state: ended, changedAt: at(9) },
      {},
      at(4),
      at(4),
    ],
    ['not at all while it is active', { licenseRefs: [] }, {}, null, null],
  ] as const)('%s', (_, changes, ends, held, expected) => {
    expect(usageEnd(remote('a', changes), new Map(Object.entries(ends)), held)).toBe(expected)
  })
})

describe('a registration is for', () => {
  const agreement = (ref: string, changes: Partial<Agreement> = {}) =>
    ({ ...remote(ref), listing: 'lst_1', ...changes }) as Agreement
  const [a, b] = [agreement('a'), agreement('b')]

  it('the agreement with its licence, of several that one account has', () => {
    const who = registration({ licenseRef: 'license-of-b' })
    expect(agreementOf(who, null, [a, b])).toBe(b)
  })
  it('none, while no agreement has its licence, even if only one could be meant', () => {
    expect(agreementOf(registration({ licenseRef: 'license-of-c' }), 'lst_1', [a])).toBeUndefined()
  })
  it('the only running agreement of the account and product, without a licence', () => {
    const over = agreement('b', { state: { is: 'ended', how: 'expired' } })
    const other = agreement('c', { listing: 'lst_2' })
    expect(agreementOf(registration(), 'lst_1', [a, over, other])).toBe(a)
  })
  it('none, when several could be meant or the product is not known', () => {
    expect(agreementOf(registration(), 'lst_1', [a, b])).toBeUndefined()
    expect(agreementOf(registration(), null, [a])).toBeUndefined()
  })
})

it('asks again who a token belongs to once half an hour has gone', () => {
  const who = registration()
  const arrival = { state: { is: 'waiting', who, resolvedAt: at(0) } } as Arrival
  expect(knownHolder(arrival, at(29))).toBe(who)
  expect(knownHolder(arrival, at(30))).toBeUndefined()
  expect(knownHolder({ ...arrival, state: { is: 'arrived' } }, at(1))).toBeUndefined()
})
