import type { Agreement } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import type { Month } from '../kernel/time.ts'
import type { Vantage } from '../revenue/model.ts'
import {
  type ContractFilter,
  listPostings,
  listRatings,
  type PostingRow,
  type RatingRow,
} from './contract-rows.ts'
import { comparisons } from './differences.ts'
import { load } from './facts.ts'
import * as invoices from './invoices.ts'
import type { Comparison, Verdict } from './model.ts'
import { listParts, type PartFilter, type UsagePart } from './parts.ts'
import { type Statement, statementOf } from './statement.ts'
import { subjectsOf } from './subjects.ts'

/** What became of one agreement's month; throws `not_found` for no agreement. */
export async function statement(
  deps: Deps,
  id: string,
  month: Month,
  at: Vantage,
): Promise<Statement> {
  const agreement = await agreements.get(deps, id)
  return statementOf(await load(deps, agreement, month, at))
}

/** A comparison and whose it is. */
export type Reconciled = Comparison & {
  readonly agreement: Agreement['id']
  readonly agreementRef: string
  readonly connection: Agreement['connection']
  /** Its place among the agreement's. */
  readonly place: number
}

export type ReconcileFilter = {
  readonly month: Month
  readonly agreement?: string | undefined
  readonly verdict?: Verdict | undefined
}

const agreementsAtOnce = 50

/**
 * Comparisons of a month, agreement by agreement, after a place: at least one page's, or as far as a bounded number of
 * agreements goes. `next` is the place to go on from; null at the end.
 */
export async function reconcile(
  deps: Deps,
  { month, agreement: wanted, verdict }: ReconcileFilter,
  at: Vantage,
  { limit, after }: { readonly limit: number; readonly after: readonly string[] | undefined },
): Promise<{ readonly rows: readonly Reconciled[]; readonly next: readonly string[] | null }> {
  const [id = '', place = '-1'] = after ?? []
  const ids = await idsAfter(deps, { month, wanted }, id, agreementsAtOnce + 1)
  const rows: Reconciled[] = []
  for (const one of ids.slice(0, agreementsAtOnce)) {
    const agreement = await agreements.get(deps, one)
    const { agreementRef, connection } = agreement
    const all = comparisons(await load(deps, agreement, month, at))
      .map((row, n) => ({ ...row, agreement: agreement.id, agreementRef, connection, place: n }))
      .filter((row) => verdict === undefined || row.verdict === verdict)
      .filter((row) => one !== id || row.place > Number(place))
    for (const row of all) {
      if (rows.length === limit) return { rows, next: placeOf(rows.at(-1)) }
      rows.push(row)
    }
  }
  const last = ids[agreementsAtOnce - 1]
  return { rows, next: ids.length > agreementsAtOnce && last ? [last, endOfOne] : null }
}

/** Beyond the last row of an agreement. */
const endOfOne = '999999999'

const placeOf = (row: Reconciled | undefined): readonly string[] | null =>
  row ? [row.agreement, String(row.place)] : null

/** The agreement that was not finished, and those after it. */
async function idsAfter(
  deps: Deps,
  { month, wanted }: { readonly month: Month; readonly wanted: string | undefined },
  id: string,
  limit: number,
): Promise<readonly string[]> {
  if (wanted === undefined) return subjectsOf(deps.db, month, id, limit)
  const found = (await agreements.find(deps, [wanted])).get(wanted)
  return found && found.id >= id ? [found.id] : []
}

/** What makes up records; `agreement` is our id or the marketplace's. */
export async function parts(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: PartFilter,
): Promise<readonly UsagePart[]> {
  const agreement = await ourId(deps, filter.agreement)
  return agreement === undefined ? [] : listParts(deps.db, limit, after, { ...filter, agreement })
}

/** What a marketplace answered that it invoiced; `agreement` is our id or the marketplace's. */
export async function listInvoices(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: { readonly agreement: string; readonly month?: Month | undefined },
): Promise<readonly invoices.KeptInvoice[]> {
  const agreement = await ourId(deps, filter.agreement)
  return agreement === undefined
    ? []
    : invoices.list(deps.db, limit, after, { ...filter, agreement })
}

/** How a contract priced records; `agreement` is our id or the marketplace's. */
export async function ratings(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: ContractFilter,
): Promise<readonly RatingRow[]> {
  const agreement = await ourId(deps, filter.agreement)
  return agreement === undefined ? [] : listRatings(deps.db, limit, after, { ...filter, agreement })
}

/** What a contract added to the dimension it bills to; `agreement` is our id or the marketplace's. */
export async function postings(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: ContractFilter,
): Promise<readonly PostingRow[]> {
  const agreement = await ourId(deps, filter.agreement)
  return agreement === undefined
    ? []
    : listPostings(deps.db, limit, after, { ...filter, agreement })
}

const ourId = async (deps: Deps, ref: string): Promise<Agreement['id'] | undefined> =>
  (await agreements.find(deps, [ref])).get(ref)?.id
