import { z } from 'zod'
import { type Adapter, adapter } from '../../src/adapter.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Instant } from '../../src/kernel/time.ts'
import type { BrokenRow, ReportedRow, RevenueLine } from '../../src/revenue/model.ts'
import type { Preparation, ReportFile } from '../../src/revenue/port.ts'

/** Report files in memory: what a test puts there, in chunks of a size it chooses. */
export type Reports = {
  readonly files: Map<string, { rows: ReportedRow[]; broken: BrokenRow[]; fingerprint: string }>
  chunk: number
  /** Thrown once this many chunks have been handed out. */
  failAfter: { chunks: number; problem: Problem } | null
  /** Where it is set, reports are made on demand: what the port answers, and the calls it got. */
  prepare: ((key: string, held: unknown) => Promise<Preparation>) | null
  asked: { key: string; held: unknown }[]
  /** Notes that files and rows were read with. */
  heldBy: unknown[]
  listed: number
  read: string[]
}

export const reports = (): Reports => ({
  files: new Map(),
  chunk: 100,
  failAfter: null,
  prepare: null,
  asked: [],
  heldBy: [],
  listed: 0,
  read: [],
})

export const put = (
  { files }: Reports,
  name: string,
  rows: readonly Omit<ReportedRow, 'row'>[],
  broken: readonly BrokenRow[] = [],
) =>
  files.set(name, {
    rows: rows.map((row, i) => ({ ...row, row: i + 2 })),
    broken: [...broken],
    fingerprint: `${rows.length}-${broken.length}-${JSON.stringify(rows).length}`,
  })

/** A marketplace that only has reports, and one that has none. */
export const marketplace = (state: Reports, provider = 'aws'): Adapter =>
  adapter({
    provider,
    title: 'Test Marketplace',
    settings: z.object({}),
    credentials: z.object({}),
    example: { settings: {}, credentials: {} },
    client: () => state,
    ports: { revenue: portOf },
  })

export const silent: Adapter = adapter({
  provider: 'quiet',
  title: 'Quiet Marketplace',
  settings: z.object({}),
  credentials: z.object({}),
  example: { settings: {}, credentials: {} },
  client: () => ({}),
  ports: {},
})

const portOf = (state: Reports) => ({
  ...(state.prepare && {
    async prepare(key: string, held: unknown): Promise<Preparation> {
      state.asked.push({ key, held })
      return state.prepare?.(key, held) ?? { is: 'ready', held }
    },
  }),
  async files(held: unknown): Promise<readonly ReportFile[]> {
    state.listed += 1
    state.heldBy.push(held)
    return [...state.files].map(([name, { fingerprint, rows }]) => ({
      name,
      fingerprint,
      sizeBytes: rows.length * 100,
    }))
  },
  async *read(file: ReportFile, held: unknown) {
    state.heldBy.push(held)
    state.read.push(file.name)
    const found = state.files.get(file.name)
    if (!found) throw new Problem('not_found', `no file ${file.name}`)
    const last = [...found.rows, ...found.broken].reduce((n, { row }) => Math.max(n, row), 1)
    for (let from = 2; from <= last; from += state.chunk) {
      const within = (row: { row: number }) => row.row >= from && row.row < from + state.chunk
      if (state.failAfter && state.failAfter.chunks-- <= 0) {
        const { problem } = state.failAfter
        state.failAfter = null
        throw problem
      }
      yield {
        rows: found.rows.slice(from - 2, from - 2 + state.chunk).filter(within),
        broken: found.broken.filter(within),
      }
    }
  },
})

/** A reported line as a test needs it: what it does not name is an ordinary charge. */
export function line(
  lineRef: string,
  amount: string,
  more: Partial<RevenueLine> & {
    validFrom?: string
    /** Null: the report does not date it. */
    knownFrom?: string | null
    deletedAt?: string | null
  } = {},
): Omit<ReportedRow, 'row'> {
  const { validFrom = '2026-08-31T00:00:00Z', knownFrom, deletedAt = null, ...rest } = more
  return {
    validFrom: iso(validFrom),
    knownFrom: knownFrom === null ? null : iso(knownFrom ?? validFrom),
    deletedAt: deletedAt === null ? null : iso(deletedAt),
    native: { billing_event_id: lineRef, amount },
    content: {
      is: 'line',
      lineRef,
      parentRef: null,
      action: 'invoiced',
      kind: 'gross',
      nativeKind: 'INVOICED SELLER_REV_SHARE',
      amount,
      currency: 'USD',
      others: [],
      invoiceRef: '781216640',
      invoicedOn: validFrom.slice(0, 10) as '2026-08-31',
      dueOn: null,
      usage: null,
      agreementRef: 'agmt-1',
      offerRef: null,
      listingRef: 'prod-1',
      payerRef: 'acct-0001',
      payoutRef: null,
      facts: {},
      ...rest,
    },
  }
}

export const account = (ref: string, accountRef: string): Omit<ReportedRow, 'row'> => ({
  validFrom: '2026-08-20T14:23:11.000Z',
  knownFrom: '2026-08-21T00:00:00.000Z',
  deletedAt: null,
  native: { account_id: ref, aws_account_id: accountRef },
  content: { is: 'fact', subject: 'account', ref, values: { accountRef } },
})

const iso = (text: string): Instant => new Date(text).toISOString() as Instant
