import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import type { Decimal } from '../kernel/decimal.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instant } from '../kernel/time.ts'
import { add, type Wish } from './add.ts'
import { type Fate, fateOf } from './fates.ts'
import { load, type Metered } from './metered.ts'
import type { Contribution, Part } from './parts.ts'
import { plan, type Wanted } from './plan.ts'
import { repeated } from './race.ts'

/** What became of a contribution: where it went, or that it was there before, or that its event was taken back. */
type Contributed = Fate | { readonly is: 'known' } | { readonly is: 'reversed' }

/**
 * Adds contributions to named events that are stored already, each once for a run; answers by their places. What is
 * positive is placed like late usage, what is negative like usage that is taken back: its own hour if that is unsent,
 * the next that can be reported, or the loss. Nothing is made of an event that was taken back: the events are locked
 * until the transaction ends. Call it in a transaction.
 */
export async function contribute(
  tx: Deps,
  given: readonly Contribution[],
): Promise<readonly Contributed[]> {
  const reversed = await reversedOf(tx, given)
  const open = given.flatMap((contribution, index) =>
    reversed.has(`${contribution.source}\n${contribution.event}`) ? [] : [{ contribution, index }],
  )
  const meterOf = await metersOf(
    tx,
    open.map(({ contribution }) => contribution),
  )
  const wishes = open.map(({ contribution }) =>
    wishOf(contribution, meterOf, { is: 'meter', contribution }),
  )
  const all: Contributed[] = given.map(() => ({ is: 'reversed' }))
  const fates = await addAll(tx, wishes)
  for (const [n, { index }] of open.entries()) all[index] = fates[n] ?? { is: 'known' }
  return all
}

/** Where quantities would go now, if they were added: by the same rules, and nothing is stored. */
export async function placeOnly(deps: Deps, given: readonly Quantity[]): Promise<readonly Fate[]> {
  const meterOf = await metersOf(deps, given)
  const wanted = given.map((one): Wanted => ({ ...one, meter: meterOf(one.agreement) }))
  const { places } = await plan(deps.db, wanted, deps.now(), true)
  return wanted.flatMap((one, n) => {
    const place = places[n]
    return place ? [fateOf(one, place)] : []
  })
}

/** A quantity of an agreement (our id) and dimension at a moment; negative where usage is taken back. */
type Quantity = {
  readonly agreement: string
  readonly dimension: string
  readonly quantity: Decimal
  readonly at: Instant
}

/** Adds all that is not there yet; null for what was. */
async function addAll(tx: Deps, wishes: readonly Wish[]): Promise<(Fate | null)[]> {
  const { known, places } = await repeated(tx, () => add(tx, wishes, tx.now(), true))
  return wishes.map((wish, n) => {
    const place = places[n]
    return known.has(n) || !place ? null : fateOf(wish, place)
  })
}

const wishOf = (
  { agreement, dimension, quantity, at }: Quantity,
  meterOf: (agreement: string) => Metered,
  part: Part,
): Wish => ({ meter: meterOf(agreement), dimension, quantity, at, part })

async function metersOf(
  deps: Deps,
  given: readonly Pick<Quantity, 'agreement'>[],
): Promise<(agreement: string) => Metered> {
  const found = await load(
    deps,
    given.map(({ agreement }) => agreement),
  )
  return (agreement) => {
    const meter = found.get(agreement)
    if (!meter) throw new Problem('not_found', `no agreement ${agreement}`)
    return meter
  }
}

/** Locks the events, so that nobody takes one back meanwhile, and says which were, by source and id. */
async function reversedOf(
  { db }: Deps,
  given: readonly Pick<Contribution, 'source' | 'event'>[],
): Promise<ReadonlySet<string>> {
  const keys = [given.map((one) => one.source), given.map((one) => one.event)]
  await sql`select from usage_events e
    where (e.source, e.id) in (select * from unnest(${keys[0]}::text[], ${keys[1]}::text[]))
    order by e.source, e.id for share`.execute(db)
  const { rows } = await sql<{ source: string; event: string }>`
    select source, reverses as event from usage_events
    where reverses is not null and (source, reverses) in
      (select * from unnest(${keys[0]}::text[], ${keys[1]}::text[]))`.execute(db)
  return new Set(rows.map(({ source, event }) => `${source}\n${event}`))
}
