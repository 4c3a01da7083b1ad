import { describe, expect, it } from 'vitest'
import { drawdown } from '../../src/commitments/drawdown.ts'
import { position } from '../../src/commitments/position.ts'
import { toDecimal } from '../../src/kernel/money.ts'
import type { Day } from '../../src/kernel/time.ts'
import { usd } from '../worked-examples/cases.ts'
import { terms, tranche } from './sample.ts'

/** Terms that say what the buyer had used of a million up to a day. */
const said = (asOf: Day, amount: string, others: string | null = null) =>
  terms({
    tranches: [
      tranche('2026-01-01', '2027-01-01', '1000000.00', {
        native: { amount: usd(amount), asOf },
        others: others === null ? null : { amount: usd(others), asOf },
      }),
    ],
  })

const recent = (now: ReturnType<typeof said>, before: ReturnType<typeof said>[]) => {
  const found = position(now, drawdown([now], []), '2026-09-01', before).recent?.forecast
  return found && [found.windowDays, found.dailyRate, toDecimal(found.projectedAtEnd)]
}

describe('the recent pace', () => {
  const now = said('2026-09-01', '600000.00')
  const [march, may, august] = [
    said('2026-03-01', '100000.00'),
    said('2026-05-01', '300000.00'),
    said('2026-08-01', '560000.00'),
  ]

  it('is that since the latest statement a whole window back', () => {
    expect(recent(now, [march, may, august])).toEqual([123, '2439.024390', '897560.98'])
  })

  it('is that since the oldest statement while none lies so far back', () => {
    expect(recent(now, [august])).toEqual([31, '1290.322581', '757419.35'])
  })

  it('holds what other vendors were said to have used on both days', () => {
    const both = recent(said('2026-09-01', '600000.00', '20000.00'), [
      said('2026-05-01', '300000.00', '8000.00'),
    ])
    expect(both?.[1]).toBe('2536.585366')
  })

  it('is not known without an earlier statement, nor from one that was more', () => {
    expect(recent(now, [])).toBeUndefined()
    expect(recent(now, [now])).toBeUndefined()
    expect(recent(now, [said('2026-05-01', '700000.00')])).toBeUndefined()
  })
})
