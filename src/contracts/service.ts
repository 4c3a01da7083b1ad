import type { Agreement } from '../agreements/model.ts'
import * as agreements from '../agreements/service.ts'
import { type Deps, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem, refuse, type Violation } from '../kernel/problem.ts'
import { hourOf, hourStart, type Instant, readInstant, startOf } from '../kernel/time.ts'
import * as listings from '../listings/service.ts'
import type { Db } from '../platform/db.ts'
import { record } from '../platform/record.ts'
import { faultsOf } from './faults.ts'
import { amend as amended, type Contract, type HeldBook, open, type Version } from './model.ts'
import { type Preview, preview as played, usageFaults } from './preview.ts'
import type { AmendContract, CreateContract, PreviewContract } from './requests.ts'
import * as store from './store.ts'

import type { ContractTerms } from './terms.ts'

export { everPriced } from './priced.ts'

/** A contract and its book as it stands. */
export type Standing = { readonly contract: Contract; readonly held: HeldBook }

/**
 * Agrees on what an agreement's usage costs, from an hour on. Throws `invalid` with every rule it breaks, `conflict`
 * when the agreement has a contract already.
 */
export async function create(
  deps: Deps,
  { agreement: ref, terms, from: asked }: CreateContract,
): Promise<Standing> {
  const from = asked && readInstant(asked)
  const agreement = (await agreements.find(deps, [ref])).get(ref)
  refuse([
    ...(await agreementFaults(deps, ref, agreement, terms)),
    ...faultsOf(terms).map(inTerms),
    ...fromFaults(terms, from),
  ])
  if (!agreement) throw new Problem('internal', 'an unknown agreement was not refused')
  const id = newId('ctr')
  const at = deps.now()
  const book = open(terms, from)
  const held = { agreement: agreement.id, connection: agreement.connection, version: 1, book }
  await transact(deps, async (tx) => {
    const contract = { id, agreement: agreement.id, currency: terms.currency }
    const first = { number: 1, from: book.from, terms, recordedAt: at, actor: tx.actor }
    await store.insert(tx.db, contract, first)
    await store.insertBook(tx.db, held, at)
    await record(tx, 'contract.created', id, { agreement: agreement.id, from: book.from, terms })
  })
  return standing(deps, id)
}

/**
 * Says what is so from an hour on: a new version beside the old ones. What was priced by then stays as it is, and
 * versions that would begin later no longer do. Throws `stale` when `revision` is not the newest.
 */
export async function amend(
  deps: Deps,
  id: string,
  { terms, from }: AmendContract,
  revision?: number,
): Promise<Standing> {
  const before = await store.get(deps.db, id)
  if (revision !== undefined && revision !== before.revision)
    throw new Problem('stale', 'the contract was changed since it was read')
  const at = deps.now()
  const begins = (from && readInstant(from)) ?? hourStart(hourOf(at))
  const agreement = await agreements.get(deps, before.agreement)
  refuse([
    ...(await agreementFaults(deps, before.agreement, agreement, terms)),
    ...faultsOf(terms).map(inTerms),
    ...amendFaults(before, terms, begins),
  ])
  const number = before.versions.length + 1
  await transact(deps, async (tx) => {
    // The book first: whoever rates holds it too, and sees the version or does not.
    const held = (await store.holdBooks(tx.db, [before.agreement])).get(before.agreement)
    if (!held) throw new Problem('internal', `contract ${id} has no book`)
    const version = { number, from: begins, terms, recordedAt: at, actor: tx.actor }
    await store.insertNext(tx.db, before, version)
    const book = amended(held.book, terms, begins)
    await store.saveBooks(tx.db, [{ ...held, version: number, book }], at)
    await record(tx, 'contract.amended', id, { version: number, from: begins, terms })
  })
  return standing(deps, id)
}

/** What usage would cost by terms that nobody agreed on. Throws `invalid` with every rule they break; keeps nothing. */
export function preview({ terms, usage }: PreviewContract): Preview {
  refuse([...faultsOf(terms).map(inTerms), ...usageFaults(terms, usage)])
  return played(terms, usage)
}

export async function standing(deps: Deps, id: string): Promise<Standing> {
  const contract = await store.get(deps.db, id)
  const held = await store.bookOf(deps.db, contract.agreement)
  if (!held) throw new Problem('internal', `contract ${id} has no book`)
  return { contract, held }
}

export const get = (deps: Deps, id: string): Promise<Contract> => store.get(deps.db, id)

/** The contracts there are; of an agreement by our id or the marketplace's. */
export async function list(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  { agreement }: { readonly agreement?: string | undefined },
): Promise<Contract[]> {
  if (agreement === undefined) return store.list(deps.db, limit, after, {})
  const found = (await agreements.find(deps, [agreement])).get(agreement)
  return found ? store.list(deps.db, limit, after, { agreement: found.id }) : []
}

/** The versions of the contracts of some agreements, the oldest first; agreements without a contract are absent. */
export async function ofAgreements(
  deps: Deps,
  ids: readonly string[],
): Promise<Map<string, readonly Version[]>> {
  const found = await store.ofAgreements(deps.db, ids)
  return new Map(found.map(({ agreement, versions }) => [agreement, versions]))
}

/**
 * The books of some agreements, each knowing every version there is, locked until the transaction ends: call it with
 * one. Agreements without a contract are absent. To be taken in one call for all that a transaction needs, so that
 * two workers never wait for each other. Nothing is advanced: that is for whoever knows what was rated.
 */
export const holdBooks = (db: Db, ids: readonly string[]): Promise<Map<string, HeldBook>> =>
  store.holdBooks(db, ids)

/** Keeps books that `holdBooks` gave in the same transaction, with the moment when time alone does something next. */
export const saveBooks = (db: Db, books: readonly HeldBook[], at: Instant): Promise<void> =>
  store.saveBooks(db, books, at)

/**
 * Agreements of a seller account whose book has something to do by a moment, though nothing was used: the longest due
 * first, at most `limit`. `by` is how far usage is known to be rated, not the time of day. Nothing is locked.
 */
export const dueBooks = (
  db: Db,
  connection: string,
  by: Instant,
  limit: number,
): Promise<Agreement['id'][]> => store.dueBooks(db, connection, by, limit)

const inTerms = ({ path, message }: Violation): Violation => ({ path: `terms.${path}`, message })

async function agreementFaults(
  deps: Deps,
  ref: string,
  agreement: Agreement | undefined,
  terms: ContractTerms,
): Promise<Violation[]> {
  if (!agreement) return [{ path: 'agreement', message: `no agreement ${ref}` }]
  if (agreement.listing === null) return []
  const { dimensions } = await listings.get(deps, agreement.listing)
  const metered = [
    ...dimensions.filter(({ types }) => types.includes('usage')).map(({ key }) => key),
    ...agreement.usageRates.map(({ dimension }) => dimension),
  ]
  if (metered.includes(terms.bills.dimension)) return []
  return [
    {
      path: 'terms.bills.dimension',
      message: `is not metered by the agreement’s listing, which has ${metered.join(', ') || 'none'}`,
    },
  ]
}

const fromFaults = (terms: ContractTerms, from: Instant | undefined): Violation[] =>
  from !== undefined && terms.end !== null && from >= startOf(terms.end)
    ? [{ path: 'from', message: 'must lie before the contract’s end' }]
    : []

const versionsMax = 100

/** What was billed so far must stay comparable, and a term must follow the one before. */
function amendFaults(contract: Contract, terms: ContractTerms, from: Instant): Violation[] {
  const last = contract.versions.findLast((version) => version.from <= from)
  const first = contract.versions[0]
  const before = (last ?? first)?.terms
  if (!before || !first) throw new Problem('internal', `contract ${contract.id} has no version`)
  const found = fromFaults(terms, from)
  if (from < first.from)
    found.push({ path: 'from', message: `must not lie before ${first.from}, when it began` })
  if (contract.versions.length >= versionsMax)
    found.push({ path: '', message: `a contract has at most ${versionsMax} versions` })
  if (terms.currency !== before.currency)
    found.push({ path: 'terms.currency', message: `must stay ${before.currency}` })
  for (const part of ['dimension', 'unit'] as const)
    if (terms.bills[part] !== before.bills[part])
      found.push({ path: `terms.bills.${part}`, message: `must stay ${before.bills[part]}` })
  if (terms.start !== before.start && (before.end === null || terms.start < before.end))
    found.push({
      path: 'terms.start',
      message: `must stay ${before.start}, or be the start of a term after ${before.end ?? 'its end'}`,
    })
  else if (terms.start !== before.start && from < startOf(terms.start))
    found.push({ path: 'from', message: `must not lie before the new term, ${terms.start}` })
  return found
}
