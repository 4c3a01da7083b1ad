import type { Deps } from '../deps.ts'
import type { Instant } from '../kernel/time.ts'
import { type Day, dayOf, readInstant } from '../kernel/time.ts'
import { type Disbursement, disbursements } from './disbursements.ts'
import * as read from './ledger.ts'
import type { ImportFile, RevenueImport, Vantage } from './model.ts'
import * as store from './store.ts'
import * as told from './told-usage.ts'

export { tolerance } from './compare.ts'
export { start } from './import.ts'
export type { Billed } from './ledger.ts'
export type { ToldPeriod, ToldUsage } from './told-usage.ts'

export type ImportWithFiles = RevenueImport & { readonly files: readonly ImportFile[] }

export async function getImport(deps: Deps, id: string): Promise<ImportWithFiles> {
  const found = await store.get(deps.db, id)
  return { ...found, files: (await store.files(deps.db, [id])).get(id) ?? [] }
}

export async function listImports(
  deps: Deps,
  query: { readonly connection: string | undefined; readonly limit: number },
  after?: readonly string[],
): Promise<ImportWithFiles[]> {
  const imports = await store.list(deps.db, query, after)
  const files = await store.files(
    deps.db,
    imports.map((row) => row.id),
  )
  return imports.map((row) => ({ ...row, files: files.get(row.id) ?? [] }))
}

export async function faults(
  deps: Deps,
  id: string,
  limit: number,
  after?: readonly string[],
): Promise<store.StoredFault[]> {
  await store.get(deps.db, id)
  return store.faults(deps.db, id, limit, after)
}

/**
 * Where a report looks from. Without a day: today. Without `known`: as the marketplaces knew it on that day, so an
 * old report says what it said; a later `known` says what is known about that day now.
 */
export function vantage(
  deps: Deps,
  asked: {
    readonly asOf?: Day | undefined
    readonly known?: Day | undefined
    readonly recordedBy?: Instant | undefined
  },
): Vantage {
  const asOf = asked.asOf ?? dayOf(deps.now())
  return {
    asOf,
    known: asked.known ?? asOf,
    recordedBy: readInstant(asked.recordedBy ?? '') ?? null,
  }
}

export const listLines = (
  deps: Deps,
  filter: read.LineFilter,
  at: Vantage,
  page: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<read.ResolvedLine[]> => read.list(deps.db, filter, at, page)

export const listDisbursements = (
  deps: Deps,
  filter: { readonly connection?: string | undefined },
  at: Vantage,
  page: { readonly limit: number; readonly after?: readonly string[] | undefined },
): Promise<Disbursement[]> => disbursements(deps.db, filter, at, page)

/** Charges and refunds that buyers were invoiced at one provider, for what they burn of a commitment. */
export const billedTo = (
  deps: Deps,
  buyer: { readonly id: string; readonly provider: string; readonly accounts: readonly string[] },
  at: Vantage,
): Promise<read.Billed[]> => read.billedTo(deps.db, buyer, at)

/** Sums by month, agreement, currency, action and kind. Throws `invalid` when there are more than one report can hold. */
export const sums = (deps: Deps, filter: read.LineFilter, at: Vantage) =>
  read.sums(deps.db, filter, at)

/** Periods that reports tell usage of, by rows after a place, and the place after them. */
export const toldPeriods = (deps: Deps, connection: string, after: bigint, rowsMax: number) =>
  told.toldPeriods(deps.db, connection, after, rowsMax)

/** What reports tell of the usage of one period of a seller account. */
export const toldUsage = (deps: Deps, connection: string, period: told.ToldPeriod, limit: number) =>
  told.toldUsage(deps.db, connection, period, limit)
