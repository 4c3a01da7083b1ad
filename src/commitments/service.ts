import * as buyers from '../buyers/service.ts'
import { type Deps, transact } from '../deps.ts'
import { newId } from '../kernel/id.ts'
import { Problem, refuse, type Violation } from '../kernel/problem.ts'
import { type Day, dayOf } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { type Terms, termOf } from './model.ts'
import type { Kept, NewVersion } from './store.ts'
import * as store from './store.ts'
import { type AmendCommitment, type CreateCommitment, readTerms, type TermsJson } from './terms.ts'

export { estimateFit } from './estimate.ts'
export { reckon } from './reckon.ts'
export type { Kept } from './store.ts'
export { type Summary, summaries } from './summary.ts'

/** Enters what a buyer promised a cloud. Throws `invalid` with every rule it breaks, `not_found` for the buyer. */
export async function create(deps: Deps, command: CreateCommitment): Promise<Kept> {
  const { buyer, ...asked } = command
  await buyers.get(deps, buyer)
  const terms = checked(asked, dayOf(deps.now()))
  const id = newId('cmt')
  const at = deps.now()
  await transact(deps, async (tx) => {
    await store.lockBuyer(tx.db, buyer)
    refuse(await overlaps(tx, buyer, terms))
    const first = { validFrom: terms.signedAt, knownFrom: terms.claim.statedAt }
    await store.insert(tx.db, { id, buyer, at }, { ...first, recordedAt: at, number: 1, asked })
    await record(tx, 'commitment.created', id, { buyer, terms: asked })
  })
  return store.get(deps.db, id)
}

/**
 * Says what is so from a day on: a new version beside the old ones. A day that has a version is corrected by it.
 * Throws `stale` when `revision` is not the newest.
 */
export async function amend(
  deps: Deps,
  id: string,
  { effectiveFrom, ...changes }: AmendCommitment,
  revision?: number,
): Promise<Kept> {
  const before = await store.get(deps.db, id)
  if (revision !== undefined && revision !== before.revision)
    throw new Problem('stale', 'the commitment was changed since it was read')
  const today = dayOf(deps.now())
  const validFrom = effectiveFrom ?? today
  const asked: TermsJson = { ...base(before, validFrom), ...defined(changes) }
  const terms = checked(asked, today, beforeFirst(before, validFrom))
  const next: NewVersion = {
    asked,
    validFrom,
    knownFrom: changes.claim?.statedAt ?? today,
    recordedAt: deps.now(),
    number: before.versions.length + 1,
  }
  await transact(deps, async (tx) => {
    await store.lockBuyer(tx.db, before.buyer)
    refuse(await overlaps(tx, before.buyer, terms, before.id))
    await store.amend(tx.db, before, next)
    await record(tx, 'commitment.amended', id, {
      fields: Object.keys(changes),
      effectiveFrom: validFrom,
      terms: asked,
    })
  })
  return store.get(deps.db, id)
}

export const get = (deps: Deps, id: string): Promise<Kept> => store.get(deps.db, id)

export const list = (
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<Kept[]> => store.list(deps.db, limit, after, filter)

/** Every commitment there is, in the order they were entered. */
export const every = (deps: Deps, filter: store.Filter): AsyncGenerator<Kept> =>
  store.every(deps.db, filter)

function checked(asked: TermsJson, today: Day, more: readonly Violation[] = []): Terms {
  const read = readTerms(asked)
  const broken = 'faults' in read ? read.faults : []
  const future =
    asked.claim.statedAt > today
      ? [{ path: 'claim.statedAt', message: 'must not lie in the future' }]
      : []
  refuse([...broken, ...future, ...more])
  if ('faults' in read) throw new Problem('internal', 'terms were refused without a fault')
  return read.terms
}

/** The version an amendment builds on: the newest of those in force that day, as we know it today. */
function base(kept: Kept, day: Day): TermsJson {
  const known = kept.versions.filter((v) => v.validFrom <= day)
  const latest = known
    .toSorted((a, b) =>
      a.validFrom === b.validFrom ? a.number - b.number : a.validFrom < b.validFrom ? -1 : 1,
    )
    .at(-1)
  return (latest ?? kept.versions[0] ?? unheld(kept)).asked
}

const unheld = (kept: Kept): never => {
  throw new Problem('internal', `commitment ${kept.id} has no version`)
}

function beforeFirst(kept: Kept, day: Day): Violation[] {
  const first = kept.versions.map((v) => v.validFrom).toSorted()[0] ?? day
  return day < first
    ? [{ path: 'effectiveFrom', message: `must not lie before ${first}, when it was signed` }]
    : []
}

/** Two commitments must not both count the same lines. */
async function overlaps(
  deps: Deps,
  buyer: string,
  terms: Terms,
  except?: string,
): Promise<Violation[]> {
  const term = termOf(terms.tranches)
  const found: Violation[] = []
  for await (const other of store.every(deps.db, { buyer, provider: terms.provider })) {
    const theirs = other.versions.at(-1)?.terms
    if (other.id === except || !theirs) continue
    const { start, endExclusive } = termOf(theirs.tranches)
    const sameTime = start < term.endExclusive && term.start < endExclusive
    if (sameTime && shareAccounts(terms.accounts, theirs.accounts))
      found.push({
        path: 'accounts',
        message: `overlaps ${other.id}: name the accounts that fall under each, or other days`,
      })
  }
  return found
}

const shareAccounts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === 0 || b.length === 0 || a.some((account) => b.includes(account))

const defined = <T extends object>(changes: T) =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
