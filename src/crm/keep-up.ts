import * as z from 'zod'
import type { Deps } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { type Instant, later } from '../kernel/time.ts'
import type { SyncDefinition } from '../sync.ts'
import {
  agreementsAfter,
  allCommitments,
  beginning,
  type DrawnOf,
  type Found,
  offersAfter,
  type Place,
} from './collect.ts'
import { drawnByAgreement } from './drawn.ts'
import { nudge, want } from './service.ts'
import * as store from './store.ts'

const minuteMs = 60_000
/** What only a full look finds: a buyer's account here, what was billed, drawdown, a row that overtook another. */
const fullEveryMs = 3_600_000
/** A change is written down before its transaction ends, so a change this old may still appear. */
const overlapMs = 120_000
const pagesMax = 1_000

const place = z.object({
  at: z.custom<Instant>((at) => typeof at === 'string'),
  id: z.string(),
})
const progress = z.object({
  /** Changes up to here were seen. */
  seen: z.custom<Instant>((at) => typeof at === 'string'),
  /** A full look under way: the next page of offers; null: agreements and commitments. */
  full: z.object({ offers: place.nullable() }).nullable(),
  fullAt: z.custom<Instant>((at) => typeof at === 'string').nullable(),
})
type Progress = z.infer<typeof progress>

/**
 * Keeps the rows of one sales system as they ought to be: what changed each minute, all of it each hour. It asks the
 * sales system nothing; rows that differ become due, and a job sends them.
 */
async function run(deps: Deps, connection: Id<'conn'>, cursor: string | null) {
  const known = read(deps, cursor)
  const start = later(deps.now(), -overlapMs)
  await changes(deps, connection, known.seen)
  const after = await look(deps, connection, { ...known, seen: start })
  await nudge(deps, connection)
  return { cursor: JSON.stringify(after), more: after.full !== null }
}

function read(deps: Deps, cursor: string | null): Progress {
  const parsed = progress.safeParse(cursor && JSON.parse(cursor))
  const anew = { seen: deps.now(), full: null, fullAt: null }
  return parsed.success ? parsed.data : anew
}

async function changes(deps: Deps, connection: Id<'conn'>, seen: Instant): Promise<void> {
  const from = { at: seen, id: '' }
  await every(deps, connection, from, (at) => offersAfter(deps, at))
  await every(deps, connection, from, (at) => agreementsAfter(deps, at, asBefore(deps, connection)))
}

/** What was billed is reckoned at a full look only; in between a row keeps what it says. */
const asBefore =
  (deps: Deps, connection: Id<'conn'>): DrawnOf =>
  async (page) => {
    const keys = page.map(({ key }) => key)
    const known = await store.drawnOf(deps.db, connection, keys)
    return ({ key }) => known.get(key) ?? null
  }

/** A step of the full look, when one is due or under way. */
async function look(deps: Deps, connection: Id<'conn'>, known: Progress): Promise<Progress> {
  const due = known.fullAt === null || later(known.fullAt, fullEveryMs) <= deps.now()
  const full = known.full ?? (due ? { offers: beginning } : null)
  if (full === null) return known
  if (full.offers !== null) {
    const { wanted, next } = await offersAfter(deps, full.offers)
    await want(deps, connection, wanted)
    return { ...known, full: { offers: next } }
  }
  const drawn = await drawnByAgreement(deps)
  await every(deps, connection, beginning, (at) => agreementsAfter(deps, at, async () => drawn))
  await want(deps, connection, await allCommitments(deps))
  return { ...known, full: null, fullAt: deps.now() }
}

async function every(
  deps: Deps,
  connection: Id<'conn'>,
  from: Place,
  find: (at: Place) => Promise<Found>,
): Promise<void> {
  let at: Place | null = from
  for (let pages = 0; at !== null && pages < pagesMax; pages++) {
    const found: Found = await find(at)
    await want(deps, connection, found.wanted)
    at = found.next
  }
}

export const keepUp: SyncDefinition = { name: 'crm', port: 'crm', everyMs: minuteMs, run }
