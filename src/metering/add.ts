import { type Deps, transact } from '../deps.ts'
import { type Decimal, isZero, plus } from '../kernel/decimal.ts'
import { type Hour, hourOf, type Instant } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import { lose, type TooLate } from './late.ts'
import { addParts, type Part } from './parts.ts'
import { type Place, shrinksLoss } from './place.ts'
import { type Plan, plan, type Wanted } from './plan.ts'
import type { RolledUp } from './roll-up.ts'

/** A part that wants to be in a record. */
export type Wish = Wanted & { readonly part: Part }

export type Added = {
  /** Positions of what was there before. */
  readonly known: ReadonlySet<number>
  /** Of each part. */
  readonly places: readonly Place[]
}

/**
 * Adds parts to their records, each once, and writes down what came too late for its hour or for any. Fails with a race
 * (`isRace`) when a record is sent meanwhile.
 */
export async function add(
  deps: Deps,
  wishes: readonly Wish[],
  now: Instant,
  careful: boolean,
): Promise<Added> {
  if (wishes.length === 0) return { known: new Set(), places: [] }
  const where = await plan(deps.db, wishes, now, careful)
  return transact(deps, async (tx) => {
    const placed = wishes.map(({ part }, n) => ({ part, slot: where.slotOf[n] ?? 0 }))
    const rolled = await addParts(tx.db, placed, where.slots, now)
    await tellOdd(tx, wishes, where, rolled)
    return { known: rolled.known, places: where.places }
  })
}

/** Writes down what goes to another hour than its own, and loses what came too late for any. */
export async function tellOdd(
  tx: Deps,
  wanted: readonly Wanted[],
  { places, slotOf }: Plan,
  { known, late }: RolledUp,
): Promise<void> {
  const moved = new Map<string, Wanted & { to: Hour; hour: Hour; sum: Decimal }>()
  const lost = new Map<number, { first: Wanted; at: Place; added: Decimal }>()
  for (const [n, one] of wanted.entries()) {
    const [at, slot] = [places[n], slotOf[n]]
    if (!at || slot === undefined || known.has(n)) continue
    if (at.isMoved) {
      const hour = one.origin?.hour ?? hourOf(one.at)
      const key = `${hour} ${at.hour} ${one.meter.agreement} ${one.dimension}`
      const sum = plus(moved.get(key)?.sum ?? '0', one.quantity)
      moved.set(key, { ...one, hour, to: at.hour, sum })
    } else if (at.late) {
      const before = lost.get(slot)
      const added = plus(before?.added ?? '0', one.quantity)
      const why = before && !shrinksLoss(before.at) ? before.at : at
      lost.set(slot, { first: one, at: why, added })
    }
  }
  for (const { meter, dimension, hour, to, sum } of moved.values())
    if (!isZero(sum))
      await record(tx, 'usage.late', meter.agreement, {
        dimension,
        hour,
        reportedFor: to,
        quantity: sum,
      })
  const tooLate = late.flatMap(({ id, slot, sent }): TooLate[] => {
    const why = lost.get(slot)
    if (!why) return []
    const { meter, dimension } = why.first
    return [{ id, meter, dimension, at: why.at, added: why.added, sent }]
  })
  await lose(tx, tooLate)
}
