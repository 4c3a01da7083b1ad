import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { count, type Eligible } from '../../src/commitments/count.ts'
import { drawdown, type Purchase } from '../../src/commitments/drawdown.ts'
import { type FitCharge, offerFit } from '../../src/commitments/fit.ts'
import { history, type Version } from '../../src/commitments/model.ts'
import { assess, providersRuled } from '../../src/commitments/rules.ts'
import { money, sum } from '../../src/kernel/money.ts'
import { addDays, type Day, startOf } from '../../src/kernel/time.ts'
import { terms, tranche } from '../commitments/sample.ts'
import { always } from './always.ts'

const cap = { pct: '0.25', of: 'tranche', max: null } as const
const tranches = [
  tranche('2025-01-01', '2026-01-01', '10000.00'),
  tranche('2026-01-01', '2027-01-01', '40000.00'),
]
const days = fc
  .oneof(fc.integer({ min: -30, max: 760 }), fc.integer({ min: 350, max: 370 }))
  .map((n) => addDays('2025-01-01', n))
const cents = fc.bigInt({ min: -600_000n, max: 900_000n })
const lines = fc.array(fc.tuple(days, cents), { maxLength: 40 }).map((rows) =>
  rows.map(
    ([invoiceDate, minor], i): Eligible => ({
      id: `L${i}`,
      invoiceDate,
      refundOf: null,
      eligible: money('USD', minor),
      cap,
    }),
  ),
)
/** The same in any other order. */
const turned = <Thing>(all: readonly Thing[]) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length }))
const total = (found: ReturnType<typeof count>) =>
  sum(
    'USD',
    found.lines.map((l) => l.counted),
  ).minor

describe('counting', () => {
  it('never passes the ceiling nor falls below zero, at any line', () => {
    always(
      fc.property(lines, (all) => {
        const running = new Map<string, bigint>()
        for (const { tranche: t, counted } of count([terms({ tranches })], all).lines) {
          if (!t) {
            expect(counted.minor).toBe(0n)
            continue
          }
          const sofar = (running.get(t.start) ?? 0n) + counted.minor
          running.set(t.start, sofar)
          expect(sofar >= 0n && sofar <= t.amount.minor / 4n).toBe(true)
        }
      }),
    )
  })

  it('gives the same answer in whatever order lines arrive', () => {
    always(
      fc.property(lines.chain(turned), ([all, shuffled]) => {
        const history = [terms({ tranches })]
        expect(count(history, shuffled)).toEqual(count(history, all))
      }),
    )
  })

  it('does not depend in total on when within a tranche a line was invoiced', () => {
    always(
      fc.property(lines, days, (all, day) => {
        const inside = all.filter(
          (l) => l.invoiceDate >= '2025-01-01' && l.invoiceDate < '2026-01-01',
        )
        const within = day >= '2025-01-01' && day < '2026-01-01' ? day : '2025-06-01'
        const moved = inside.map((l) => ({ ...l, invoiceDate: within as Day }))
        const history = [terms({ tranches })]
        expect(total(count(history, moved))).toBe(total(count(history, inside)))
      }),
    )
  })

  it('counts a later line without touching what earlier ones counted', () => {
    always(
      fc.property(lines, cents, (all, minor) => {
        const last: Eligible = {
          id: 'Z',
          invoiceDate: addDays('2025-01-01', 800),
          refundOf: null,
          eligible: money('USD', minor),
          cap,
        }
        const history = [terms({ tranches: [tranche('2025-01-01', '2028-01-01', '40000.00')] })]
        const before = count(history, all).lines
        expect(count(history, [...all, last]).lines.slice(0, before.length)).toEqual(before)
      }),
    )
  })

  it('keeps what counted when a ceiling moves without reinstating', () => {
    always(
      fc.property(lines, fc.integer({ min: 1, max: 200_000 }), (all, amount) => {
        const first = terms({
          reinstateOnAmend: false,
          tranches: [tranche('2025-01-01', '2027-01-01', '20000.00')],
        })
        const second = {
          ...first,
          validFrom: '2026-01-01' as Day,
          tranches: [tranche('2025-01-01', '2027-01-01', `${amount}.00`)],
        }
        const eve = all.filter((l) => l.invoiceDate < '2026-01-01')
        const before = count([first], eve).lines
        const after = count([first, second], all).lines
        expect(after.slice(0, before.length).map((l) => l.counted)).toEqual(
          before.map((l) => l.counted),
        )
        for (const { line, counted } of after)
          if (line.eligible.minor >= 0n) expect(counted.minor >= 0n).toBe(true)
      }),
    )
  })
})

const purchases = fc
  .array(fc.tuple(days, fc.bigInt({ min: 1n, max: 900_000n }), fc.boolean()), { maxLength: 25 })
  .map((rows) =>
    rows.map(
      ([invoiceDate, minor, deployed], i): Purchase => ({
        id: `L${i}`,
        invoiceDate,
        amount: money('USD', minor),
        refundOf: null,
        facts: { 'product.type': 'saas', 'product.badge': deployed ? 'DEPLOYED_ON_AWS' : 'NONE' },
      }),
    ),
  )

describe('the ledger', () => {
  it('counts nothing of a line that is refunded in full on the day', () => {
    always(
      fc.property(
        purchases,
        fc.constantFrom('AT_REFUND_DATE', 'AT_ORIGINAL_DATE'),
        (all, refunds) => {
          const refunded = all.flatMap((p) => [
            p,
            {
              ...p,
              id: `${p.id}R`,
              amount: money('USD', -p.amount.minor),
              refundOf: p.id,
              facts: {},
            },
          ])
          const ledger = drawdown(
            [terms({ tranches, refunds: refunds as 'AT_REFUND_DATE' })],
            refunded,
          )
          for (const t of ledger.tranches) expect(t.counted.minor).toBe(0n)
        },
      ),
    )
  })

  it('says a rule or a reason for every line, and counts only what it calls eligible', () => {
    always(
      fc.property(purchases, (all) => {
        const ledger = drawdown([terms({ tranches })], all)
        expect(ledger.lines).toHaveLength(all.length)
        for (const line of ledger.lines) {
          expect(line.rule ?? line.reason).toBeTruthy()
          if (line.status !== 'counts') expect(line.counted.minor).toBe(0n)
        }
      }),
    )
  })
})

describe('the past', () => {
  const day = fc.integer({ min: 0, max: 40 }).map((n) => addDays('2026-01-01', n))
  const versions = fc
    .array(fc.record({ validFrom: day, knownFrom: day, recordedOn: day }), { maxLength: 12 })
    .map((all) =>
      all.map(
        ({ recordedOn, ...dates }, i): Version => ({
          ...dates,
          recordedAt: startOf(recordedOn),
          number: i + 1,
          terms: terms({ note: String(i) }),
        }),
      ),
    )

  it('does not change once it is past: what is told or written down later is not in it', () => {
    always(
      fc.property(
        versions.chain(turned),
        day,
        day,
        fc.option(day),
        ([all, other], asOf, known, by) => {
          const at = { asOf, known, recordedBy: by && startOf(by) }
          const seen = history(all, at)
          const then = all.filter(
            (v) => v.knownFrom <= known && (by === null || v.recordedAt <= startOf(by)),
          )
          expect(history(then, at)).toEqual(seen)
          expect(history(other, at)).toEqual(seen)
          for (const [i, version] of seen.entries()) {
            expect(version.validFrom <= asOf && version.knownFrom <= known).toBe(true)
            if (i > 0) expect(seen[i - 1]!.validFrom < version.validFrom).toBe(true)
            const newer = then.filter((v) => v.validFrom === version.validFrom)
            expect(Math.max(...newer.map((v) => v.number))).toBe(version.number)
          }
        },
      ),
    )
  })

  it('comes out the same however often and in whatever order its lines are read', () => {
    const at = fc.constantFrom('AT_REFUND_DATE' as const, 'AT_ORIGINAL_DATE' as const)
    const some = purchases
      .map((all) =>
        all.flatMap((one, i) => {
          const amount = money('USD', -one.amount.minor / 2n)
          const back = { ...one, id: `${one.id}R`, refundOf: one.id, facts: {}, amount }
          return i % 3 === 0 ? [one, back] : [one]
        }),
      )
      .chain(turned)
    always(
      fc.property(some, at, ([returned, shuffled], refunds) => {
        const of = (lines: readonly Purchase[]) => {
          const found = drawdown([terms({ tranches, refunds })], lines)
          const unknown = found.tranches.map((t) => sum('USD', t.unknown))
          return {
            ...found,
            tranches: found.tranches.map((t, i) => ({ ...t, unknown: unknown[i] })),
          }
        }
        expect(of(shuffled)).toEqual(of(returned))
        for (const tranche of of(returned).tranches) {
          const ours = of(returned).lines.filter((line) => line.tranche === tranche.tranche.start)
          expect(
            sum(
              'USD',
              ours.map((line) => line.counted),
            ),
          ).toEqual(tranche.counted)
        }
      }),
    )
  })
})

describe('the rules', () => {
  it('take nothing to be eligible when nothing is known', () => {
    for (const provider of [...providersRuled, 'nobody'])
      expect(assess(provider, {}).is).not.toBe('counts')
  })
})

describe('an offer’s fit', () => {
  const rows = tranches.map((t) => ({ ...t, counted: money('USD', 0n), forecastNative: null }))
  const charges = fc.array(fc.tuple(days, fc.bigInt({ min: 0n, max: 2_000_000n })), {
    maxLength: 20,
  })
  const rooms = fc.tuple(
    fc.bigInt({ min: 0n, max: 900_000n }),
    fc.bigInt({ min: 0n, max: 900_000n }),
  )

  const judged = (on: Day, minor: bigint): FitCharge => {
    const t = tranches.find((x) => on >= x.start && on < x.endExclusive)
    const late = on >= '2027-01-01' ? 'AFTER_COMMITMENT' : 'BEFORE_COMMITMENT'
    return {
      on,
      amount: money('USD', minor),
      status: t ? 'counts' : 'excluded',
      reason: t ? 'COUNTS' : late,
      rule: null,
      missing: [],
      share: '1',
      pool: t?.start ?? '',
    }
  }

  it('explains every cent of the total, and its moves gain exactly what they promise', () => {
    always(
      fc.property(charges, rooms, (all, [first, second]) => {
        const asked = all.map(([on, minor]) => judged(on, minor))
        const room = new Map([
          ['2025-01-01', money('USD', first)],
          ['2026-01-01', money('USD', second)],
        ])
        const found = offerFit(asked, rows, room, 'USD')
        const parts = [found.countable, found.overCap, found.beforeCommitment]
        const rest = [found.afterCommitmentEnd, found.notEligible, found.unknown]
        expect(sum('USD', [...parts, ...rest])).toEqual(found.tcv)
        const gained = sum(
          'USD',
          found.moves.map((m) => m.amount),
        )
        expect(found.countableIfMoved.minor - found.countable.minor).toBe(gained.minor)

        const moved = [
          ...asked,
          ...found.moves.flatMap((m) => [
            judged(m.from, -m.amount.minor),
            judged(m.to, m.amount.minor),
          ]),
        ]
        const byDay = Map.groupBy(moved, (c) => c.on)
        const again = [...byDay].map(([on, cs]) =>
          judged(
            on,
            cs.reduce((a, c) => a + c.amount.minor, 0n),
          ),
        )
        expect(offerFit(again, rows, room, 'USD').countable).toEqual(found.countableIfMoved)
      }),
    )
  })
})
