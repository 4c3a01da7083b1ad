import * as agreements from '../agreements/service.ts'
import type { Deps } from '../deps.ts'
import { Problem, refuse } from '../kernel/problem.ts'
import type { Instant, Month } from '../kernel/time.ts'
import * as allowances from './allowances.ts'
import * as events from './event-list.ts'
import * as lanes from './lane-list.ts'
import type { UsageRecord } from './model.ts'
import { partsOf, type StoredPart } from './parts-list.ts'
import * as readBacks from './read-backs.ts'
import { type MeteringRow, meteringRows, reportRowsMax } from './report.ts'
import * as store from './store.ts'

export { contribute, placeOnly } from './contribute.ts'
export type { Fate } from './fates.ts'
export { discard, release } from './holds.ts'
export { ingest, tryOut } from './ingest.ts'
export { choosePolicy, policy } from './policies.ts'
export { worth } from './quantities.ts'
export { type HeldNow, take as takeReadBack } from './read-back.ts'

export const get = (deps: Deps, id: string): Promise<UsageRecord> => store.get(deps.db, id)

/** Records by hour, oldest first; `agreement` is our id or the marketplace's. */
export async function list(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: store.Filter,
): Promise<UsageRecord[]> {
  const agreement = await ourId(deps, filter.agreement)
  return agreement === null ? [] : store.list(deps.db, limit, after, { ...filter, agreement })
}

/** What a record sums up; throws `not_found` for no record. */
export async function eventsOf(
  deps: Deps,
  id: string,
  limit: number,
  after: readonly string[] | undefined,
): Promise<StoredPart[]> {
  return partsOf(deps.db, await store.get(deps.db, id), limit, after)
}

/** Events as they were told, by source and id; `agreement` is our id or the marketplace's. Throws `not_found` for no record. */
export async function listEvents(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  {
    record: id,
    ...filter
  }: Omit<events.EventFilter, 'record'> & { readonly record?: string | undefined },
): Promise<events.ListedEvent[]> {
  const needy = (['dimension', 'name', 'from', 'to'] as const).filter((name) => filter[name])
  if (filter.agreement === undefined && id === undefined)
    refuse(
      needy.map((name) => ({ path: `query.${name}`, message: 'needs an agreement beside it' })),
    )
  const agreement = await ourId(deps, filter.agreement)
  if (agreement === null) return []
  const record = id === undefined ? undefined : await store.get(deps.db, id)
  return events.listEvents(deps.db, limit, after, { ...filter, agreement, record })
}

/** One event with the parts of records that it is or became. Throws `not_found`. */
export async function getEvent(deps: Deps, source: string, id: string) {
  const event = await events.findEvent(deps.db, source, id)
  if (!event) throw new Problem('not_found', `no event ${id} of source ${source}`)
  return event
}

/** What was reported and what became of it, for each agreement and dimension, and whether all of it adds up. */
export async function proof(
  deps: Deps,
  filter: { readonly agreement?: string | undefined; readonly month?: Month | undefined },
): Promise<{ readonly rows: readonly MeteringRow[]; readonly holds: boolean }> {
  const agreement = await ourId(deps, filter.agreement)
  const rows = agreement === null ? [] : await meteringRows(deps.db, { ...filter, agreement })
  if (rows.length > reportRowsMax)
    refuse([{ path: 'query.agreement', message: `more than ${reportRowsMax} rows; name one` }])
  return { rows, holds: rows.every((row) => row.holds) }
}

/** Included units by period, and what is left of them; `agreement` is our id or the marketplace's. */
export async function listAllowances(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: allowances.AllowanceFilter,
): Promise<allowances.AllowanceRow[]> {
  const agreement = await ourId(deps, filter.agreement)
  if (agreement === null) return []
  return allowances.list(deps.db, limit, after, { ...filter, agreement })
}

/** What marketplaces hold beside what we count, by day; `agreement` is our id or the marketplace's. */
export async function listReadBacks(
  deps: Deps,
  limit: number,
  after: readonly string[] | undefined,
  filter: readBacks.ReadBackFilter,
): Promise<readBacks.ReadBack[]> {
  const { agreement } = filter
  const known = agreement === undefined ? undefined : await agreements.find(deps, [agreement])
  const agreementRef = agreement && (known?.get(agreement)?.agreementRef ?? agreement)
  return readBacks.list(deps.db, limit, after, { ...filter, agreement: agreementRef })
}

/** Periods that reports told usage of and that end after a moment, the newest first. */
export const reportedPeriods = (deps: Deps, connection: string, since: Instant, limit: number) =>
  readBacks.reportedPeriods(deps.db, connection, since, limit)

/** The sending queue by seller account. */
export const listLanes = (
  deps: Deps,
  limit: number,
  after?: string | undefined,
): Promise<lanes.LaneState[]> => lanes.list(deps.db, limit, after, deps.now())

/** How many usage records stand where. */
export const usageByState = (deps: Deps): Promise<store.StateCount[]> => store.countByState(deps.db)

/** Our id of an agreement; undefined when none is asked for, null when it is not known. */
async function ourId(deps: Deps, ref: string | undefined): Promise<string | undefined | null> {
  if (ref === undefined) return undefined
  return (await agreements.find(deps, [ref])).get(ref)?.id ?? null
}
