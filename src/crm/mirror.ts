import type { Id } from '../kernel/id.ts'
import { type Instant, later } from '../kernel/time.ts'
import { type CrmBudget, type CrmMissing, type CrmRow, sharedLinks } from './model.ts'

/**
 * Where one row stands. `due`: to be sent. `waiting`: put off, tried again at its time. `sending`: on its way;
 * whoever sends it has until its time. `refused`: nothing happens until its content changes or somebody retries.
 */
export type RowState = 'due' | 'waiting' | 'sending' | 'clean' | 'refused'
export const rowStates = ['due', 'waiting', 'sending', 'clean', 'refused'] as const

export type MirrorRow = {
  readonly id: Id<'crm'>
  readonly connection: Id<'conn'>
  readonly row: CrmRow
  readonly hash: string
  readonly state: RowState
  readonly attempts: number
  readonly dueAt: Instant | null
  readonly problem: string | null
  /** Its id in the sales system. */
  readonly crmRef: string | null
  /** Shared links as they were last told. */
  readonly told: Readonly<Record<string, string>>
  readonly sentAt: Instant | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/**
 * Where a connection's mirror stands. `unchecked`: what it lacks is asked before the next row. `missing`: nothing is
 * sent until the sales system has all of it. `waiting`: nothing is sent until then. `moved`: the credentials lead to
 * another organisation; somebody must say that all is to be sent anew.
 */
export type MirrorState =
  | { readonly is: 'unchecked' }
  | { readonly is: 'ready' }
  | { readonly is: 'missing'; readonly missing: readonly CrmMissing[] }
  | { readonly is: 'waiting'; readonly code: string; readonly reason: string }
  | { readonly is: 'moved'; readonly from: string; readonly to: string }

export const mirrorStates = ['unchecked', 'ready', 'missing', 'waiting', 'moved'] as const

export type Mirror = {
  readonly connection: Id<'conn'>
  readonly organisation: string | null
  readonly state: MirrorState
  /** Not before then: the end of `waiting`, the next look at what is `missing`. */
  readonly until: Instant | null
  readonly checkedAt: Instant | null
  readonly savedAt: Instant | null
  readonly budget: CrmBudget | null
}

export const fresh = (connection: Id<'conn'>): Mirror => ({
  connection,
  organisation: null,
  state: { is: 'unchecked' },
  until: null,
  checkedAt: null,
  savedAt: null,
  budget: null,
})

const checkAgainMs = 86_400_000

/** Whether what the sales system lacks must be asked before a row is sent: at first, daily, and while something lacks. */
export const mustCheck = ({ state, checkedAt }: Mirror, now: Instant): boolean =>
  state.is === 'unchecked' ||
  state.is === 'missing' ||
  checkedAt === null ||
  later(checkedAt, checkAgainMs) <= now

/** Nothing is sent now: until when, or null for until somebody acts. */
export function heldUntil({ state, until }: Mirror, now: Instant): Instant | null | undefined {
  if (state.is === 'moved') return null
  return until !== null && until > now ? until : undefined
}

const backoffMs = 30_000
const backoffMaxMs = 3_600_000
export const attemptsMax = 8

/** When a row that was put off for the n-th time is tried again; undefined when it was tried often enough. */
export const retryAt = (now: Instant, attempts: number): Instant | undefined =>
  attempts >= attemptsMax
    ? undefined
    : later(now, Math.min(backoffMs * 2 ** (attempts - 1), backoffMaxMs))

/** The row as it is sent: a shared link that was told before, or that we do not know, is left to the people there. */
export function outgoing({ row, told }: MirrorRow): CrmRow {
  const links = Object.entries(row.links).filter(
    ([name, target]) => !isShared(name) || (target !== null && told[name] !== target),
  )
  return { ...row, links: Object.fromEntries(links) } as CrmRow
}

/** The shared links that a row, once saved, has told. */
export const toldBy = ({ row, told }: MirrorRow): Record<string, string> => ({
  ...told,
  ...Object.fromEntries(
    Object.entries(row.links).filter(
      (link): link is [string, string] => isShared(link[0]) && typeof link[1] === 'string',
    ),
  ),
})

const isShared = (name: string) => sharedLinks.some((shared) => shared === name)

/** A row there ought to be. Of two for one key the higher rank is kept; a later one of the same rank replaces it. */
export type Wanted = { readonly row: CrmRow; readonly rank: Instant }

/** One wanted row for each key: the last of the highest rank. */
export function strongest(wanted: readonly Wanted[]): Wanted[] {
  const kept = new Map<string, Wanted>()
  for (const one of wanted) {
    const name = `${one.row.kind} ${one.row.key}`
    const other = kept.get(name)
    if (!other || other.rank <= one.rank) kept.set(name, one)
  }
  return [...kept.values()]
}
