import type { Deps } from '../deps.ts'
import { type Decimal, minus, plus } from '../kernel/decimal.ts'
import { newId } from '../kernel/id.ts'
import type { MoneyJson, Rate } from '../kernel/money.ts'
import { Problem, refuse, type Violation } from '../kernel/problem.ts'
import { type Hour, hourOf, type Instant, readInstant } from '../kernel/time.ts'
import * as listings from '../listings/service.ts'
import * as metering from '../metering/service.ts'
import type { Definition, Meter } from '../meters/model.ts'
import * as meters from '../meters/service.ts'
import { type Asked, type Cursor, spanFaults, type TryMeter, type Unreadable } from './model.ts'
import { ratesOf } from './rates.ts'
import { subjectOf } from './subject.ts'
import { countEvents, nextUnit } from './units.ts'

const eventsMax = 50_000
const rowsMax = 1_000
const unreadableKept = 100

/** What a meter gave one agreement's dimension in an hour, and what it would give. */
export type TriedRow = {
  readonly agreement: string
  readonly dimension: string
  readonly hour: Hour
  readonly before: Decimal
  readonly after: Decimal
  readonly difference: Decimal
  /** Of the difference, at the agreement's rate; null when that is not known. */
  readonly value: MoneyJson | null
}

/** What a definition would change of the past. */
export type Tried = {
  readonly events: number
  readonly unreadable: number
  /** The first of them. */
  readonly unreadableEvents: readonly Unreadable[]
  /** The first hours; all of them are in `sums`. */
  readonly rows: readonly TriedRow[]
  readonly hasMore: boolean
  /** Over all hours and agreements, by dimension. */
  readonly sums: readonly Omit<TriedRow, 'agreement' | 'hour' | 'value'>[]
}

/**
 * Reads stored events as a definition would, beside what the meter of that key made of them. Stores nothing. Throws
 * `invalid` with everything that is wrong, and where there are too many events.
 */
export async function attempt(deps: Deps, command: TryMeter): Promise<Tried> {
  const { asked, meter } = await prepared(deps, command)
  const { definition } = command
  const count = await countEvents(deps.db, asked, [definition.event], eventsMax + 1)
  if (count > eventsMax)
    refuse([
      {
        path: 'to',
        message: `more than ${eventsMax} events: name an agreement, or fewer hours`,
      },
    ])
  const rates = new Map<string, Map<string, Rate>>()
  const found: Found = { events: 0, unreadable: [], rows: new Map() }
  let cursor = null as Cursor | null
  for (let read = 0; read <= count; read++) {
    const unit: Cursor | undefined = cursor?.after
      ? cursor
      : await nextOf(deps, asked, definition.event, cursor)
    if (!unit) break
    if (!rates.has(unit.agreement)) rates.set(unit.agreement, await ratesOf(deps, unit.agreement))
    const again = await meters.readAgain(deps, unit, {
      meters: [meter],
      choose: () => ({ meter, version: 0, definition }),
      after: unit.after,
      isLook: true,
    })
    collect(found, unit, again)
    cursor = { ...unit, after: again.next }
  }
  return summary(found, rates)
}

const nextOf = async (
  { db }: Deps,
  asked: Asked,
  name: string,
  cursor: Cursor | null,
): Promise<Cursor | undefined> => {
  const unit = await nextUnit(db, asked, [name], cursor)
  return unit && { ...unit, after: null }
}

/** The hours, and the meter that would change; one that is not there yet has given nothing. */
async function prepared(
  deps: Deps,
  { listing, key, definition, agreement, from, to }: TryMeter,
): Promise<{ readonly asked: Asked; readonly meter: Meter }> {
  const faults: Violation[] = [...spanFaults(from, to, deps.now())]
  const subject = await subjectOf(deps, { listing })
  const narrowed = agreement === undefined ? subject : await subjectOf(deps, { agreement })
  for (const one of new Set([subject, narrowed])) if ('faults' in one) faults.push(...one.faults)
  const isOther = 'listing' in narrowed && narrowed.listing !== listing
  if (isOther) faults.push({ path: 'agreement', message: 'is of another listing' })
  const known = 'listing' in subject ? await meters.ofListing(deps, listing) : []
  const meter = known.find((one) => one.key === key)
  if (meter) faults.push(...meters.identityFaults(definition, meter))
  if ('listing' in subject)
    faults.push(...meters.dimensionFaults(definition, await listings.get(deps, listing)))
  refuse(faults)
  if ('faults' in narrowed) throw new Problem('internal', 'a try without a subject')
  const hour = (at: string) => hourOf(readInstant(at) as Instant)
  const asked: Asked = {
    ...narrowed,
    from: hour(from),
    to: hour(to),
    useVersionsOf: 'now',
    acceptLoss: false,
  }
  return { asked, meter: meter ?? imagined(deps, { listing: narrowed.listing, definition }) }
}

function imagined(
  { now }: Deps,
  { listing, definition }: { readonly listing: Meter['listing']; readonly definition: Definition },
): Meter {
  const { event, aggregation } = definition
  const [createdAt, updatedAt] = [now(), now()]
  const base = { id: newId('mtr'), listing, key: 'tried', event, aggregation, revision: 0 }
  return { ...base, createdAt, updatedAt, versions: [] }
}

type Sum = { before: Decimal; after: Decimal }
type Found = {
  events: number
  unreadable: Unreadable[]
  readonly rows: Map<string, Sum & { agreement: string; dimension: string; hour: Hour }>
}

function collect(found: Found, { agreement, hour }: Cursor, again: meters.Again): void {
  found.events += again.events
  found.unreadable.push(...again.unreadable)
  for (const [dimension, { before, after }] of again.sums) {
    const key = `${hour} ${agreement} ${dimension}`
    const row = found.rows.get(key) ?? { agreement, dimension, hour, before: '0', after: '0' }
    found.rows.set(key, {
      ...row,
      before: plus(row.before, before),
      after: plus(row.after, after),
    })
  }
}

function summary(found: Found, rates: ReadonlyMap<string, ReadonlyMap<string, Rate>>): Tried {
  const all = [...found.rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  const sums = new Map<string, Sum>()
  for (const { dimension, before, after } of all) {
    const sum = sums.get(dimension) ?? { before: '0', after: '0' }
    sums.set(dimension, { before: plus(sum.before, before), after: plus(sum.after, after) })
  }
  return {
    events: found.events,
    unreadable: found.unreadable.length,
    unreadableEvents: found.unreadable.slice(0, unreadableKept),
    rows: all.slice(0, rowsMax).map((row) => {
      const difference = minus(row.after, row.before)
      const rate = rates.get(row.agreement)?.get(row.dimension)
      return { ...row, difference, value: metering.worth(rate, difference) }
    }),
    hasMore: all.length > rowsMax,
    sums: [...sums].map(([dimension, { before, after }]) => ({
      dimension,
      before,
      after,
      difference: minus(after, before),
    })),
  }
}
