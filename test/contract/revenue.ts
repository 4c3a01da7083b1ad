import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { plus, round, times, total } from '../../src/kernel/decimal.ts'
import { minorDigits } from '../../src/kernel/money.ts'
import type { ReportedRow, RevenueLine } from '../../src/revenue/model.ts'
import { tellsUsage } from './read-back.ts'
import { makesReports } from './revenue-on-demand.ts'
import {
  type Billed,
  linesOf,
  preparePort,
  type Reports,
  type RevenueWorld,
  reportsOf,
} from './revenue-world.ts'
import { speaksOurCodes } from './troubles.ts'

const chunkMax = 1_000

/** `RevenuePort`, its comment executed. */
export function revenueContract(name: string, open: () => Promise<RevenueWorld>): void {
  describe(`${name}: revenue`, () => {
    let world: RevenueWorld
    let reports: Reports
    beforeAll(async () => {
      world = await open()
      reports = reportsOf(world)
    })
    afterAll(() => world.close())
    const lines = async () => linesOf((await reports.rows()).rows)

    it('tells no lines before there are any', async () => {
      expect(await lines()).toEqual([])
    })

    it('yields every line that was billed, to the cent', async () => {
      await world.earn()
      reports.outdated()
      const { rows, broken } = await reports.rows()
      expect(broken).toEqual([])
      const told = linesOf(rows).map(billedOf)
      const billed = await world.billed()
      expect(billed.length).toBeGreaterThan(world.tells.payouts ? 10 : 5)
      expect(byRef(told)).toEqual(byRef(billed))
      // Only where reports overlap without dating their rows may a line stand in two of them.
      if (rows.every(({ knownFrom }) => knownFrom !== null))
        expect(told).toHaveLength(billed.length)
    })

    it('tells a line that it does not date once in a file', async () => {
      for (const file of await reports.files()) {
        const undated: string[] = []
        for await (const { rows } of reports.chunks(file))
          undated.push(...rows.filter(({ knownFrom }) => knownFrom === null).map(keyOf))
        expect(undated).toHaveLength(new Set(undated).size)
      }
    })

    it('tells payouts by themselves, and which lines each one holds', async (context) => {
      context.skip(!world.tells.payouts, 'payouts are not told')
      const told = await lines()
      const payouts = told.filter(({ kind }) => kind === 'payout')
      expect(payouts.length).toBeGreaterThan(0)
      for (const { payoutRef, amount, currency } of payouts) {
        const held = told.filter(
          (line) =>
            line.kind !== 'payout' && line.action === 'disbursed' && line.payoutRef === payoutRef,
        )
        const explained = times(total(held.map((line) => amountIn(line, currency))), '-1')
        expect(round(explained, minorDigits(currency))).toBe(round(amount, minorDigits(currency)))
      }
    })

    it('ties refunds to the lines they give back', async (context) => {
      context.skip(!world.tells.refunded, 'refunds do not name what they give back')
      const told = await lines()
      const refs = new Set(told.map(({ lineRef }) => lineRef))
      const refunds = told.filter(
        ({ kind, action }) => kind.endsWith('_refund') && action === 'invoiced',
      )
      expect(refunds.length).toBeGreaterThan(0)
      for (const { parentRef } of refunds) expect(refs).toContain(parentRef)
    })

    it('tells each price and fee in the other currencies too, at a rate that gives the amount', async (context) => {
      context.skip(world.others.length === 0, 'one currency')
      const told = (await lines()).filter(({ kind }) => kind === 'gross' || kind === 'fee')
      expect(told.length).toBeGreaterThan(0)
      for (const line of told) {
        expect(line.others.map(({ role, currency }) => ({ role, currency }))).toEqual(world.others)
        for (const { amount, rate, rateOn } of line.others) {
          if (rate === null) continue
          expect(rateOn).toMatch(/^\d{4}-\d\d-\d\d$/)
          const apart = plus(times(line.amount, rate), times(amount, '-1'))
          expect(Math.abs(Number(apart))).toBeLessThanOrEqual(0.01)
        }
      }
    })

    it('knows the buyer’s account by what the reports say of accounts', async () => {
      const { rows } = await reports.rows()
      const accounts = new Map(
        rows.flatMap(({ content }) =>
          content.is === 'fact' && content.subject === 'account'
            ? [[content.ref, content.values.accountRef] as const]
            : [],
        ),
      )
      const gross = linesOf(rows).filter(({ kind }) => kind === 'gross')
      expect(gross.length).toBeGreaterThan(0)
      for (const { payerRef } of gross)
        expect(accounts.get(payerRef ?? '') ?? payerRef).toBe(world.buyerRef)
    })

    it('says of each row when it was true, when it was known if it can, and what it is natively', async () => {
      const { rows } = await reports.rows()
      for (const { validFrom, knownFrom, native } of rows) {
        expect(validFrom).toMatch(/^\d{4}-\d\d-\d\dT/)
        if (knownFrom !== null) expect(knownFrom >= validFrom).toBe(true)
        expect(Object.keys(native).length).toBeGreaterThan(2)
      }
    })

    it('numbers rows from the header on, in chunks that are not too large', async () => {
      for (const file of await reports.files()) {
        const numbers = new Set<number>()
        let last = 1
        for await (const { rows, broken } of reports.chunks(file)) {
          expect(rows.length + broken.length).toBeLessThanOrEqual(chunkMax)
          const within = [...rows, ...broken].map(({ row }) => row)
          // A row may tell several lines, and a chunk begins after the one before it.
          expect(Math.min(...within)).toBe(last + 1)
          last = Math.max(...within)
          for (const row of within) numbers.add(row)
        }
        expect(numbers.size).toBe(last - 1)
      }
    })

    it('reads a file twice alike', async () => {
      expect(await reports.rows()).toEqual(await reports.rows())
    })

    it('lists the oldest file first, and a changed file under another fingerprint', async () => {
      const before = await reports.files()
      expect(await reports.files()).toEqual(before)
      await world.earnMore()
      reports.outdated()
      const after = await reports.files()
      expect(new Set(after.map((file) => file.name)).size).toBe(after.length)
      const known = new Set(before.map((file) => JSON.stringify(file)))
      const changed = after.filter((file) => !known.has(JSON.stringify(file)))
      expect(changed.length).toBeGreaterThan(0)
      if (world.made === null) expect(changed.length).toBeLessThan(after.length)
      expect(after.map(world.coveredMonth)).toEqual(after.map(world.coveredMonth).sort())
    })

    it('yields the good rows of a file and names the broken ones', async (context) => {
      if (!world.spoil) return context.skip('nobody can spoil a file')
      const { name: file, broken: expected } = await world.spoil(2_500)
      reports.outdated()
      const { rows, broken } = await reports.rows(file)
      expect(new Set(rows.map(({ row }) => row)).size).toBe(2_500)
      expect(broken.map(({ row, column }) => ({ row, column }))).toEqual(expected)
      for (const { message, raw } of broken) {
        expect(message).toMatch(/\w/)
        expect(raw).not.toBe('')
      }
    })

    it('calls a file without a readable header one broken row', async (context) => {
      if (!world.behead) return context.skip('nobody can behead a file')
      const file = await world.behead()
      reports.outdated()
      const { rows, broken } = await reports.rows(file)
      expect(rows).toEqual([])
      expect(broken).toHaveLength(1)
    })

    tellsUsage(
      () => world,
      () => reports,
    )

    it('needs no network where the reports lie at hand', async (context) => {
      context.skip(world.isRemote, 'the reports are elsewhere')
      expect((await world.astray().files(null)).length).toBeGreaterThan(0)
    })

    describe('made', () => makesReports(() => world))

    describe('over the network', () => {
      let keys = 0
      beforeEach((context) => context.skip(!world.isRemote, 'the reports lie at hand'))
      speaksOurCodes<'revenue'>(
        () => world,
        (port) => (port.prepare ? preparePort(port)(`codes-${++keys}`, null) : port.files(null)),
      )
    })
  })
}

const billedOf = (line: RevenueLine): Billed => ({
  lineRef: line.lineRef,
  kind: line.kind,
  action: line.action,
  amount: line.amount,
  currency: line.currency,
  agreementRef: line.agreementRef,
})

const keyOf = ({ content }: ReportedRow): string =>
  content.is === 'line' ? `line ${content.lineRef}` : `${content.subject} ${content.ref}`

/** A line's amount in the currency of its payout. */
const amountIn = (line: RevenueLine, currency: string): string =>
  line.others.find((other) => other.role === 'payout' && other.currency === currency)?.amount ??
  line.amount

const byRef = (lines: readonly Billed[]) =>
  Object.fromEntries(lines.map((line) => [line.lineRef, line]))
