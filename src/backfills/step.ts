import type { Deps } from '../deps.ts'
import { total, trim } from '../kernel/decimal.ts'
import type { Rate } from '../kernel/money.ts'
import { hourStart } from '../kernel/time.ts'
import * as metering from '../metering/service.ts'
import * as meters from '../meters/service.ts'
import type { Backfill, Cursor, Fate, Row, Unreadable } from './model.ts'
import { ratesOf } from './rates.ts'
import * as store from './store.ts'
import { nextUnit, type Unit } from './units.ts'

const unreadableKept = 100

/**
 * Does one step of a backfill that is held, in the transaction that holds it: a page of one hour's events. Answers the
 * backfill as it is then. A step that was undone is simply done; one that was done is never done again, because what is
 * counted, how far it is and the rows are written together.
 */
export async function step(tx: Deps, backfill: Backfill): Promise<Backfill> {
  const known = await meters.ofListing(tx, backfill.asked.listing)
  const names = [...new Set(known.map(({ event }) => event))].toSorted()
  const unit = await unitOf(tx, backfill, names)
  if (!unit) return { ...backfill, state: { is: 'done' }, finishedAt: tx.now() }
  const again = await meters.readAgain(tx, unit, {
    meters: known.filter(({ event }) => event === unit.name),
    choose: (meter) =>
      backfill.asked.useVersionsOf === 'now'
        ? meters.asSaidLast(meter)
        : meters.inForce(meter, unit.hour),
    after: unit.after,
    isLook: backfill.isDry,
  })
  const { fates, made } = await settle(tx, backfill, unit, again)
  const rows = [...again.sums].map(
    ([dimension, { before, after }]): Row => ({
      agreement: unit.agreement,
      dimension,
      hour: unit.hour,
      before,
      after,
      fates: fates.get(dimension) ?? [],
    }),
  )
  await store.addRows(tx.db, backfill.id, rows)
  return advanced(backfill, unit, again, made)
}

/** Where the last step left off, or the next hour that has events. */
async function unitOf(
  { db }: Deps,
  { asked, cursor }: Backfill,
  names: readonly string[],
): Promise<Cursor | undefined> {
  if (cursor?.after) return cursor
  const unit: Unit | undefined = await nextUnit(db, asked, names, cursor)
  return unit && { ...unit, after: null }
}

type Settled = { readonly fates: ReadonlyMap<string, readonly Fate[]>; readonly made: number }

/** Brings what is counted in line, or only says where it would go. */
async function settle(
  tx: Deps,
  { id, isDry, asked }: Backfill,
  { agreement, hour }: Cursor,
  { differences, keep }: meters.Again,
): Promise<Settled> {
  const byDimension = Map.groupBy(differences, ({ dimension }) => dimension)
  const at = hourStart(hour)
  const sums = [...byDimension].map(([dimension, all]) => ({
    agreement,
    dimension,
    at,
    quantity: total(all.map(({ quantity }) => quantity)),
  }))
  const places = await metering.placeOnly(tx, sums)
  const planned = new Map(places.map((fate) => [fate.dimension, asLeft(fate, asked.acceptLoss)]))
  const closed = new Set(
    [...planned.values()].filter(({ is }) => is === 'left').map(({ dimension }) => dimension),
  )
  // A meter counts an hour for all its dimensions or for none.
  const left = new Set(
    differences
      .filter(({ dimension }) => closed.has(dimension))
      .map(({ meter }) => meter as string),
  )
  const rates = await ratesOf(tx, agreement)
  const valued = (dimension: string, all: readonly Fate[]) =>
    all.map((fate) => ({ ...fate, value: lossOf(fate, rates.get(dimension)) }))
  const fates = new Map(
    [...planned].map(([dimension, fate]) => [dimension, valued(dimension, [shown(fate)])]),
  )
  if (isDry) return { fates, made: 0 }
  const wanted = differences.filter(({ meter }) => !left.has(meter))
  const given = await metering.contribute(
    tx,
    wanted.map((one) => ({ ...one, agreement, run: id })),
  )
  await keep(left)
  const done = Map.groupBy(
    given.filter((one) => 'quantity' in one),
    ({ dimension }) => dimension,
  )
  for (const [dimension, fate] of planned)
    fates.set(
      dimension,
      valued(dimension, [
        ...merged(done.get(dimension) ?? []),
        ...leftOver(differences, left, fate),
      ]),
    )
  return { fates, made: [...done.values()].flat().length }
}

type Placed = Omit<Fate, 'is'> & { readonly is: Fate['is']; readonly dimension: string }

/** What no marketplace takes any more stays as it is, unless its loss is accepted. */
const asLeft = (fate: metering.Fate, acceptLoss: boolean): Placed =>
  fate.is === 'lost' && !acceptLoss ? { ...fate, is: 'left' } : fate

/** What is lost or left is worth something. */
const lossOf = ({ is, quantity }: Fate, rate: Rate | undefined) =>
  is === 'lost' || is === 'left' ? metering.worth(rate, quantity) : null

const shown = ({ is, quantity, hour, reason, value }: Placed): Fate => ({
  is,
  quantity: trim(quantity),
  hour,
  reason,
  value,
})

/** One fate for each hour and kind. */
function merged(fates: readonly metering.Fate[]): Fate[] {
  const groups = Map.groupBy(fates, ({ is, hour, reason }) => `${is} ${hour} ${reason}`)
  return [...groups.values()].flatMap((all) => {
    const [first] = all
    if (!first) return []
    const quantity = total(all.map((one) => one.quantity))
    return [shown({ ...first, quantity, value: null })]
  })
}

function leftOver(
  differences: meters.Again['differences'],
  left: ReadonlySet<string>,
  fate: Placed,
): Fate[] {
  const own = differences.filter(
    ({ meter, dimension }) => left.has(meter) && dimension === fate.dimension,
  )
  if (own.length === 0) return []
  const quantity = total(own.map((one) => one.quantity))
  return [shown({ ...fate, is: 'left', quantity })]
}

function advanced(backfill: Backfill, unit: Cursor, again: meters.Again, made: number): Backfill {
  const { counts } = backfill
  const unreadable: Unreadable[] = [...backfill.unreadable, ...again.unreadable]
  return {
    ...backfill,
    cursor: { ...unit, after: again.next },
    counts: {
      events: counts.events + again.events,
      unreadable: counts.unreadable + again.unreadable.length,
      hours: counts.hours + (again.next === null ? 1 : 0),
      contributions: counts.contributions + made,
    },
    unreadable: unreadable.slice(0, unreadableKept),
  }
}
