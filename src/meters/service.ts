import type { Deps } from '../deps.ts'
import { negate } from '../kernel/decimal.ts'
import type { Violation } from '../kernel/problem.ts'
import { type Contribution, changed, type NamedEvent, readAll } from './contribute.ts'
import { additive, type EventKey, lockEvents } from './stored.ts'

export { type Contribution, type NamedEvent, type Readings, readAll } from './contribute.ts'

/** A reversal, by its own source and id, of a named event. */
export type Reversal = {
  readonly source: string
  readonly id: string
  readonly original: NamedEvent
}

/**
 * What meters give which dimensions for fresh events, each of which is stored in this transaction already. By the
 * place of the event: `faults` names everything that a meter cannot read in it (such an event gives nothing), and
 * `unread` holds those that no meter of their listing takes. What is zero is not given. Aggregates that do not add up
 * are given as differences under row locks that last until the transaction ends. To know the faults before anything is
 * stored, ask `readAll`, which answers the same and writes nothing.
 */
export async function contributions(
  tx: Deps,
  events: readonly NamedEvent[],
): Promise<{
  readonly given: readonly Contribution[]
  readonly faults: ReadonlyMap<number, readonly Violation[]>
  readonly unread: ReadonlySet<number>
}> {
  const { taken, faults, unread } = await readAll(tx, events)
  const given = taken.flatMap((one) => changed(one, one.event, { before: '0', after: one.value }))
  return { given, faults, unread }
}

/**
 * What takes back all that meters made of named events, under the reversals' own source and id: what was given for
 * them (in this transaction too, which has stored it), and what their hour's aggregate becomes without them. Call it
 * after `contributions` were stored. The originals are locked until the transaction ends.
 */
export async function reversed(
  tx: Deps,
  reversals: readonly Reversal[],
): Promise<{ readonly given: readonly Contribution[] }> {
  if (reversals.length === 0) return { given: [] }
  const originals = reversals.map(({ original }) => original)
  await lockEvents(tx.db, originals)
  const by = new Map(reversals.map((one) => [keyOf(one.original), one]))
  const given = (await additive(tx.db, originals)).flatMap((made): Contribution[] => {
    const reversal = by.get(keyOf({ source: made.source, id: made.event }))
    if (!reversal) return []
    const { source, id } = reversal
    return [
      {
        ...made,
        meter: made.meter as Contribution['meter'],
        source,
        event: id,
        quantity: negate(made.quantity),
      },
    ]
  })
  return { given }
}

/** Neither holds a line break. */
const keyOf = ({ source, id }: EventKey): string => `${source}\n${id}`
