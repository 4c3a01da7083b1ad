import { expect } from 'vitest'
import { hourMs } from '../../src/kernel/time.ts'
import type {
  BrokenRow,
  LineAction,
  LineKind,
  OtherAmount,
  ReportedRow,
} from '../../src/revenue/model.ts'
import type { Preparation, ReportFile, RevenuePort } from '../../src/revenue/port.ts'
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
  /** Every line the reports must tell, once each. */
  readonly billed: () => Promise<readonly Billed[]>
  /** What the marketplace counted of each dimension until now, where its reports tell usage so that it can be tied. */
  readonly used?: () => Promise<Readonly<Record<string, string>>>
  /** Whether payouts are told, and refunds name what they give back. */
  readonly tells: { readonly payouts: boolean; readonly refunded: boolean }
  /** The other currencies each price and fee of this world is told in. */
  readonly others: readonly { readonly role: OtherAmount['role']; readonly currency: string }[]
  /** The buyer's account of a deal, as everything else knows it. */
  readonly buyerRef: string
  /** Which month a file is of, as text that sorts. */
  readonly coveredMonth: (file: ReportFile) => string
  /** Another thing happens and is reported; nothing else changes. */
  readonly earnMore: () => Promise<void>
  /** Puts a row with too few columns and one with an amount that is none into a file of so many good rows; null where nobody can. */
  readonly spoil:
    | ((goodRows: number) => Promise<{
        readonly name: RegExp
        readonly broken: readonly { readonly row: number; readonly column: string | null }[]
      }>)
    | null
  /** Adds a file whose first line is no header; null where nobody can. */
  readonly behead: (() => Promise<RegExp>) | null
  /** Why what was made under a key is not found again once the note of it is lost; absent where it is. */
  readonly forgets?: string
  /** How many reports the provider was asked to make; null where it makes none on demand. */
  readonly made: (() => Promise<number>) | null
}

/** The newest reports of a world: made first where they are made on demand, once until something happens. */
export type Reports = {
  /** Reports from before are out of date. */
  readonly outdated: () => void
  readonly files: () => Promise<readonly ReportFile[]>
  readonly rows: (wanted?: RegExp) => Promise<Rows>
  readonly chunks: (file: ReportFile) => AsyncIterable<Rows>
}
export type Rows = { readonly rows: readonly ReportedRow[]; readonly broken: readonly BrokenRow[] }

export function reportsOf(world: RevenueWorld): Reports {
  let made: Promise<{ readonly held: unknown }> | null = null
  let keys = 0
  const make = async () =>
    world.port().prepare ? prepared(world, `contract-${++keys}`) : { held: null }
  const held = async () => {
    made ??= make()
    return (await made).held
  }
  const files = async () => world.port().files(await held())
  async function* chunks(file: ReportFile) {
    yield* world.port().read(file, await held())
  }
  return {
    outdated() {
      made = null
    },
    files,
    chunks,
    async rows(wanted = /./) {
      const rows: ReportedRow[] = []
      const broken: BrokenRow[] = []
      for (const file of (await files()).filter(({ name }) => wanted.test(name)))
        for await (const chunk of chunks(file)) {
          rows.push(...chunk.rows)
          broken.push(...chunk.broken)
        }
      return { rows, broken }
    },
  }
}

const callsMax = 200
const waitMsMax = 48 * hourMs

/** Has reports made as an import does: asked again with the last note, when the port said. */
export async function prepared(
  world: RevenueWorld,
  key: string,
  first: unknown = null,
): Promise<{ readonly held: unknown; readonly calls: number }> {
  let held = first
  let waitedMs = 0
  for (let calls = 1; calls <= callsMax; calls += 1) {
    const answer = await preparePort(world.port())(key, held)
    held = JSON.parse(JSON.stringify(answer.held ?? null))
    if (answer.is === 'ready') return { held, calls }
    expect(answer.detail).toMatch(/\w/)
    expect(answer.retryAfterMs).toBeGreaterThan(0)
    waitedMs += answer.retryAfterMs
    expect(waitedMs).toBeLessThanOrEqual(waitMsMax)
    await world.advance(`PT${Math.ceil(answer.retryAfterMs / 1_000)}S`)
  }
  return expect.fail(`not ready after ${callsMax} calls`)
}

export const preparePort =
  (port: RevenuePort) =>
  (key: string, held: unknown): Promise<Preparation> =>
    port.prepare?.(key, held) ?? expect.fail('makes no reports on demand')

export const linesOf = (rows: readonly ReportedRow[]) =>
  rows.flatMap(({ content }) => (content.is === 'line' ? [content] : []))
