import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plus, times, total } from '../../src/kernel/decimal.ts'
import { minorDigits, money, post, sum, toDecimal } from '../../src/kernel/money.ts'
import { addDays, type Day, startOf } from '../../src/kernel/time.ts'
import type { Db } from '../../src/platform/db.ts'
import { visible } from '../../src/revenue/lines.ts'
import type { LineAction, LineKind, Vantage } from '../../src/revenue/model.ts'
import { revenueRows, type Summed, totals } from '../../src/revenue/report.ts'
import { openTestDatabase, type TestDatabase } from '../database.ts'
import { always, cases, seeded, tried } from './always.ts'

const dayAt = (n: number): Day => addDays('2026-01-01', n)

/** One version of a line: days after the first of January when it was true, told and written down, and withdrawn. */
type Told = { valid: number; known: number; recorded: number; deleted: number | null }

describe('the report of a past day', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await openTestDatabase()
  })
  afterAll(() => database.close())

  const day = fc.integer({ min: 0, max: 5 })
  const line: fc.Arbitrary<Told[]> = fc.array(
    fc.record({ valid: day, known: day, recorded: day, deleted: fc.option(day, { freq: 3 }) }),
    { minLength: 1, maxLength: 4 },
  )
  const vantage = fc.record({ asOf: day, known: day, recorded: fc.option(day) })
  const vantages = 20

  it('never changes by what is told or written down later, and is what was known of each line', async () => {
    const started = performance.now()
    const each = Math.ceil(cases / vantages)
    const points = fc.sample(vantage, { numRuns: vantages, ...seeded })
    const lines = fc.sample(line, { numRuns: each * vantages, ...seeded })
    await database.database.db.connection().execute(async (db) => {
      await sql`create temp table revenue_lines (connection text, line_ref text, seq bigint,
        valid_from timestamptz, known_from timestamptz, recorded_at timestamptz,
        deleted_at timestamptz)`.execute(db)
      for (const [n, point] of points.entries()) {
        const at: Vantage = {
          asOf: dayAt(point.asOf),
          known: dayAt(point.known),
          recordedBy: point.recorded === null ? null : startOf(dayAt(point.recorded)),
        }
        const ours = lines.slice(n * each, (n + 1) * each)
        const isTold = ({ known, recorded }: Told) =>
          known <= point.known && (point.recorded === null || recorded <= point.recorded)
        await sql`truncate revenue_lines`.execute(db)
        await insert(db, ours, isTold)
        const before = await seen(db, at)
        await insert(db, ours, (version) => !isTold(version))
        expect(await seen(db, at)).toEqual(before)
        expect(before).toEqual(
          ours.map((versions) => expected(versions.filter(isTold), versions, at)),
        )
      }
      await sql`drop table pg_temp.revenue_lines`.execute(db)
    })
    tried(each * vantages, started)
  }, 600_000)

  async function insert(
    db: Db,
    lines: readonly Told[][],
    wanted: (version: Told) => boolean,
  ): Promise<void> {
    const rows = lines.flatMap((versions, n) =>
      versions.flatMap((version, seq) =>
        wanted(version)
          ? [
              {
                line: n,
                seq,
                valid: dayAt(version.valid),
                known: dayAt(version.known),
                recorded: dayAt(version.recorded),
                deleted: version.deleted === null ? null : dayAt(version.deleted),
              },
            ]
          : [],
      ),
    )
    await sql`insert into revenue_lines select 'one', r.line, r.seq, r.valid at time zone 'UTC',
        r.known at time zone 'UTC', r.recorded at time zone 'UTC', r.deleted at time zone 'UTC'
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(line text, seq bigint,
        valid timestamp, known timestamp, recorded timestamp, deleted timestamp)`.execute(db)
    await sql`create index if not exists line_versions on revenue_lines (connection, line_ref)`.execute(
      db,
    )
    await sql`analyze revenue_lines`.execute(db)
  }

  /** Which version is shown of each line, by its place in it; none where none is. */
  async function seen(db: Db, at: Vantage): Promise<(number | undefined)[]> {
    const { rows } = await sql<{ line: string; seq: bigint }>`select l.line_ref as line, l.seq
      from revenue_lines l where ${visible(at)}`.execute(db)
    const found: (number | undefined)[] = []
    const each = Math.ceil(cases / vantages)
    for (let n = 0; n < each; n++) found.push(undefined)
    for (const { line, seq } of rows) {
      expect(found[Number(line)]).toBeUndefined()
      found[Number(line)] = Number(seq)
    }
    return found
  }

  /** Of each valid day the version told last, unless withdrawn by then; of those the latest that was true. */
  function expected(told: readonly Told[], all: readonly Told[], at: Vantage): number | undefined {
    const valid = told.filter(({ valid }) => dayAt(valid) <= at.asOf)
    const newest = [...Map.groupBy(valid, (version) => version.valid).values()].map((same) =>
      same.reduce((a, b) => (b.known >= a.known ? b : a)),
    )
    const standing = newest.filter(({ deleted }) => deleted === null || dayAt(deleted) > at.known)
    const shown = standing.toSorted((a, b) => b.valid - a.valid)[0]
    return shown && all.indexOf(shown)
  }
})

describe('the revenue report', () => {
  const kinds: readonly LineKind[] = [
    ...(['gross', 'gross_refund', 'fee', 'fee_refund', 'seller_tax', 'other_tax'] as const),
    ...(['wholesale', 'adjustment', 'infrastructure', 'marketplace_tax', 'payout'] as const),
    'unknown',
  ]
  const actions: readonly LineAction[] = [
    'invoiced',
    'collected',
    'disbursed',
    'forgiven',
    'unknown',
  ]
  const row: fc.Arbitrary<Summed> = fc
    .record({
      month: fc.constantFrom('2026-01', '2026-02'),
      connection: fc.constantFrom('a', 'b'),
      agreementRef: fc.constantFrom('x', 'y', null),
      currency: fc.constantFrom('USD', 'JPY'),
      action: fc.constantFrom(...actions),
      kind: fc.constantFrom(...kinds),
      cents: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
    })
    .map(({ cents, ...more }) => ({
      ...more,
      agreement: null,
      buyer: null,
      lines: 1,
      amount: toDecimal(money(more.currency, cents)),
    })) as fc.Arbitrary<Summed>

  it('balances: what was billed is its parts, and what is not paid out is what is left of it', () => {
    always(
      fc.property(fc.array(row, { maxLength: 30 }), (own) => {
        for (const found of revenueRows({ own, others: [] })) {
          const { gross, refund, fee, tax, wholesale, adjustment, net } = found.billed
          const { currency } = found
          expect(sum(currency, [gross, refund, fee, tax, wholesale, adjustment])).toEqual(net)
          expect(sum(currency, [found.disbursed, found.undisbursed])).toEqual(
            sum(currency, [net, found.forgiven]),
          )
        }
      }),
    )
  })

  it('holds every line once, whatever order they come in, and its totals are its rows', () => {
    always(
      fc.property(fc.array(row, { maxLength: 30 }), (own) => {
        const rows = revenueRows({ own, others: [] })
        expect(revenueRows({ own: own.toReversed(), others: [] })).toEqual(rows)
        const all = totals({ own, others: [] })
        for (const currency of ['USD', 'JPY']) {
          const ours = rows.filter((one) => one.currency === currency)
          const whole = all.filter((one) => one.currency === currency)
          expect(whole.length).toBe(ours.length > 0 ? 1 : 0)
          for (const figure of ['collected', 'disbursed', 'undisbursed', 'unclassified'] as const)
            expect(
              sum(
                currency,
                whole.map((one) => one[figure]),
              ),
            ).toEqual(
              sum(
                currency,
                ours.map((one) => one[figure]),
              ),
            )
          const billed = own.filter(
            (one) =>
              one.currency === currency && one.action === 'invoiced' && netKinds.has(one.kind),
          )
          expect(
            sum(
              currency,
              whole.map((one) => one.billed.net),
            ),
          ).toEqual(post(currency, total(billed.map((one) => one.amount))))
        }
      }),
    )
  })
  const netKinds = new Set<LineKind>(
    kinds.filter((kind) => !['marketplace_tax', 'payout', 'unknown'].includes(kind)),
  )

  it('rounds each figure once, by no more than half a unit', () => {
    const exact = fc.array(
      fc.integer({ min: -999_999, max: 999_999 }).map((n) => times(String(n), '0.000001')),
      { minLength: 1, maxLength: 20 },
    )
    always(
      fc.property(exact, fc.constantFrom('USD', 'JPY', 'KWD'), (amounts, currency) => {
        const group = { month: '2026-01', connection: 'a', agreement: null, agreementRef: 'x' }
        const own = amounts.map((amount) => ({
          ...group,
          ...{ buyer: null, currency, action: 'invoiced', kind: 'fee', lines: 1, amount },
        })) as Summed[]
        const [found] = revenueRows({ own, others: [] })
        const off = plus(toDecimal(found!.billed.fee), times(total(amounts), '-1'))
        const half = Number(`0.5e-${minorDigits(currency)}`)
        expect(Math.abs(Number(off))).toBeLessThanOrEqual(half)
        expect(found!.billed.net).toEqual(found!.billed.fee)
      }),
    )
  })
})
