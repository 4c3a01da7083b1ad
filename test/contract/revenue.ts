import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BrokenRow, LineAction, LineKind, ReportedRow } from '../../src/revenue/model.ts'
import type { ReportFile, RevenuePort } from '../../src/revenue/port.ts'
import { speaksOurCodes } from './troubles.ts'
import type { World } from './world.ts'

/** A line as the marketplace itself billed it. */
export type Billed = {
  readonly lineRef: string
  readonly kind: LineKind
  readonly action: LineAction
  readonly amount: string
  readonly currency: string
  readonly agreementRef: string | null
}

export type RevenueWorld = World<'revenue'> & {
  /** Whether the reports are read over the network. */
  readonly isRemote: boolean
  /** A deal is sold, used, billed, partly refunded, paid and paid out; the reports tell of all of it. */
  readonly earn: () => Promise<void>
  readonly billed: () => Promise<readonly Billed[]>
  /** The buyer's account of a deal, as everything else knows it. */
  readonly buyerRef: string
  /** Which month a file is of, as text that sorts. */
  readonly coveredMonth: (file: ReportFile) => string
  /** Another thing happens and is reported; nothing else changes. */
  readonly earnMore: () => Promise<void>
  /** Puts a row with too few columns and one with an amount that is none into a file of so many good rows. */
  readonly spoil: (goodRows: number) => Promise<{
    readonly name: RegExp
    readonly broken: readonly { readonly row: number; readonly column: string | null }[]
  }>
  /** Adds a file whose first line is no header. */
  readonly behead: () => Promise<RegExp>
}

const chunkMax = 1_000

/** `RevenuePort`, its comment executed. */
export function revenueContract(name: string, open: () => Promise<RevenueWorld>): void {
  describe(`${name}: revenue`, () => {
    let world: RevenueWorld
    beforeAll(async () => {
      world = await open()
    })
    afterAll(() => world.close())

    it('has no files before there are reports', async () => {
      expect(await world.port().files(null)).toEqual([])
    })

    it('yields every line that was billed, to the cent', async () => {
      await world.earn()
      const { rows, broken } = await everything(world.port())
      expect(broken).toEqual([])
      const told = rows.flatMap(({ content }) =>
        content.is === 'line'
          ? [
              {
                lineRef: content.lineRef,
                kind: content.kind,
                action: content.action,
                amount: content.amount,
                currency: content.currency,
                agreementRef: content.agreementRef,
              },
            ]
          : [],
      )
      const billed = await world.billed()
      expect(billed.length).toBeGreaterThan(10)
      expect(byRef(told)).toEqual(byRef(billed))
      expect(told).toHaveLength(billed.length)
    })

    it('tells payouts by themselves, and which lines each one holds', async () => {
      const lines = linesOf((await everything(world.port())).rows)
      const payouts = lines.filter(({ kind }) => kind === 'payout')
      expect(payouts.length).toBeGreaterThan(0)
      for (const { payoutRef, amount } of payouts) {
        const held = lines.filter(
          (line) =>
            line.kind !== 'payout' && line.action === 'disbursed' && line.payoutRef === payoutRef,
        )
        const cents = (text: string) => Math.round(Number(text) * 100)
        expect(held.reduce((sum, line) => sum - cents(line.amount), 0)).toBe(cents(amount))
      }
    })

    it('ties refunds and payouts to the lines they are of', async () => {
      const lines = linesOf((await everything(world.port())).rows)
      const refs = new Set(lines.map(({ lineRef }) => lineRef))
      const refunds = lines.filter(
        ({ kind, action }) => kind.endsWith('_refund') && action === 'invoiced',
      )
      expect(refunds.length).toBeGreaterThan(0)
      for (const { parentRef } of refunds) expect(refs).toContain(parentRef)
    })

    it('knows the buyer’s account by what the reports say of accounts', async () => {
      const { rows } = await everything(world.port())
      const accounts = new Map(
        rows.flatMap(({ content }) =>
          content.is === 'fact' && content.subject === 'account'
            ? [[content.ref, content.values.accountRef] as const]
            : [],
        ),
      )
      const gross = linesOf(rows).filter(({ kind }) => kind === 'gross')
      expect(gross.length).toBeGreaterThan(0)
      for (const { payerRef } of gross) expect(accounts.get(payerRef ?? '')).toBe(world.buyerRef)
    })

    it('says of each row when it was true and when it was known, and what it is natively', async () => {
      const { rows } = await everything(world.port())
      for (const { validFrom, knownFrom, native } of rows) {
        expect(validFrom).toMatch(/^\d{4}-\d\d-\d\dT/)
        if (knownFrom !== null) expect(knownFrom >= validFrom).toBe(true)
        expect(Object.keys(native).length).toBeGreaterThan(2)
      }
    })

    it('numbers rows from the header on, in chunks that are not too large', async () => {
      const port = world.port()
      for (const file of await port.files(null)) {
        const numbers: number[] = []
        for await (const { rows, broken } of port.read(file, null)) {
          expect(rows.length + broken.length).toBeLessThanOrEqual(chunkMax)
          numbers.push(...rows.map(({ row }) => row), ...broken.map(({ row }) => row))
        }
        expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 2))
      }
    })

    it('lists the oldest file first, and a changed file under another fingerprint', async () => {
      const before = await world.port().files(null)
      expect(await world.port().files(null)).toEqual(before)
      await world.earnMore()
      const after = await world.port().files(null)
      expect(new Set(after.map((file) => file.name)).size).toBe(after.length)
      const known = new Map(before.map((file) => [file.name, file]))
      const changed = after.filter(
        (file) => known.has(file.name) && known.get(file.name)?.fingerprint !== file.fingerprint,
      )
      const added = after.filter((file) => !known.has(file.name))
      expect(changed.length + added.length).toBeGreaterThan(0)
      expect(changed.length + added.length).toBeLessThan(after.length)
      expect(after.map(world.coveredMonth)).toEqual(after.map(world.coveredMonth).sort())
    })

    it('yields the good rows of a file and names the broken ones', async () => {
      const { name: file, broken: expected } = await world.spoil(2_500)
      const { rows, broken } = await content(world.port(), file)
      expect(rows).toHaveLength(2_500)
      expect(broken.map(({ row, column }) => ({ row, column }))).toEqual(expected)
      for (const { message, raw } of broken) {
        expect(message).toMatch(/\w/)
        expect(raw).not.toBe('')
      }
    })

    it('calls a file without a readable header one broken row', async () => {
      const { rows, broken } = await content(world.port(), await world.behead())
      expect(rows).toEqual([])
      expect(broken).toHaveLength(1)
    })

    it('needs no network where the reports lie at hand', async (context) => {
      context.skip(world.isRemote, 'the reports are elsewhere')
      expect((await world.astray().files(null)).length).toBeGreaterThan(0)
    })

    describe('over the network', () => {
      beforeEach((context) => context.skip(!world.isRemote, 'the reports lie at hand'))
      speaksOurCodes<'revenue'>(
        () => world,
        (port) => port.files(null),
      )
    })
  })
}

type Read = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

async function everything(port: RevenuePort, wanted = /./): Promise<Read> {
  const rows: ReportedRow[] = []
  const broken: BrokenRow[] = []
  for (const file of (await port.files(null)).filter(({ name }) => wanted.test(name))) {
    const read = await fileContent(port, file)
    rows.push(...read.rows)
    broken.push(...read.broken)
  }
  return { rows, broken }
}

const content = (port: RevenuePort, name: RegExp) => everything(port, name)

async function fileContent(port: RevenuePort, file: ReportFile): Promise<Read> {
  const rows: ReportedRow[] = []
  const broken: BrokenRow[] = []
  for await (const chunk of port.read(file, null)) {
    rows.push(...chunk.rows)
    broken.push(...chunk.broken)
  }
  return { rows, broken }
}

const linesOf = (rows: readonly ReportedRow[]) =>
  rows.flatMap(({ content }) => (content.is === 'line' ? [content] : []))

const byRef = (lines: readonly Billed[]) =>
  Object.fromEntries(lines.map((line) => [line.lineRef, line]))
