import type { Deps } from '../deps.ts'
import type { Violation } from '../kernel/problem.ts'
import type { Hour } from '../kernel/time.ts'
import {
  type Active,
  activeOf,
  type Contribution,
  changed,
  type NamedEvent,
  readAll,
  versioned,
} from './contribute.ts'
import type { Meter } from './model.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'
import { type Reversal, undo } from './undo.ts'

export { type Again, readAgain } from './again.ts'
export type { Contribution, NamedEvent } from './contribute.ts'
export { amend, create, dimensionFaults, get, identityFaults, list } from './define.ts'
export type { Reversal } from './undo.ts'

/**
 * What meters give which dimensions for fresh events, each of which is stored in this transaction already. By the
 * place of the event: `faults` names everything that a meter cannot read in it (such an event gives nothing), and
 * `unread` holds those that no meter of their listing takes. What is zero is not given. Aggregates that do not add up
 * are given as differences under row locks that last until the transaction ends. An event with faults
 * is not to be kept.
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
  const [additive, others] = [taken.filter(addsUp), taken.filter((one) => !addsUp(one))]
  const given = additive.flatMap((one) =>
    changed(one, one.event, { before: '0', after: one.value }),
  )
  return { given: [...given, ...(await settle(tx, others))], faults, unread }
}

/** All meters of a listing, by id. */
export const ofListing = (deps: Deps, listing: string): Promise<Meter[]> =>
  store.ofListing(deps.db, listing)

/** A meter as it reads the events of an hour; undefined where it is not there yet or switched off. */
export const inForce = (meter: Meter, hour: Hour): Active | undefined => activeOf(meter, hour)[0]

/** A meter as what was said of it last, whenever that holds from. */
export const asSaidLast = (meter: Meter): Active | undefined =>
  versioned(meter, meter.versions.at(-1)?.number ?? 0)

const addsUp = ({ definition: { aggregation } }: { definition: { aggregation: string } }) =>
  aggregation === 'sum' || aggregation === 'count'

/**
 * What takes back all that meters made of named events, under the reversals' own source and id: what was given for
 * them (in this transaction too, which has stored it), and what their hour's aggregate becomes without them. The
 * reversals' own rows are stored already, and so are the contributions of events that came with them. The originals are
 * locked until the transaction ends.
 */
export async function reversed(
  tx: Deps,
  reversals: readonly Reversal[],
): Promise<{ readonly given: readonly Contribution[] }> {
  return { given: reversals.length === 0 ? [] : await undo(tx, reversals) }
}
