import type { Deps } from '../deps.ts'
import type { Instant } from '../kernel/time.ts'
import { add, type Wish } from './add.ts'
import type { Entry } from './batch.ts'
import { countsOf, type Fate, fateOf, type Outcome } from './fates.ts'
import type { Judged, Took } from './ingest.ts'
import { isDirect, isNamed, isReversal, type Reversal } from './model.ts'
import { type NamedEntry, readNamed } from './named.ts'
import { takeBack } from './reverse.ts'

/** What came of events of any form, and of each by itself. */
export type TookEach = Took & { readonly outcomes: readonly Outcome[] }

/**
 * Takes events of any form, in one transaction: all that is new of them or nothing. What takes back comes last, so that
 * it finds what came with it.
 */
export async function takeMixed(
  tx: Deps,
  good: readonly Judged[],
  now: Instant,
  careful: boolean,
): Promise<TookEach> {
  const read = await readNamed(tx, good.flatMap(namedOf), now)
  const direct = good.flatMap(directOf)
  const wanted = [...direct, ...read.wishes]
  const { known, places } = await add(
    tx,
    wanted.map(({ wish }) => wish),
    now,
    careful,
  )
  const fates = new Map<number, Fate[]>(read.fresh.map(({ index }) => [index, []]))
  for (const [n, { index, wish }] of wanted.entries()) {
    const place = places[n]
    if (place && !known.has(n)) fates.set(index, [...(fates.get(index) ?? []), fateOf(wish, place)])
  }
  const kept = [...fates].map(([index, all]): Outcome => {
    return { index, fates: all, isUnmetered: read.unmetered.has(index) }
  })
  const back = await takeBack(tx, good.flatMap(reversalOf), now, careful)
  const outcomes = [...kept, ...back.outcomes]
  const again = direct.flatMap(({ entry }, n) => (known.has(n) ? [entry] : []))
  return {
    ...countsOf(outcomes),
    known: [...again, ...read.known, ...back.known],
    bad: [...read.bad, ...back.bad],
    outcomes,
  }
}

const namedOf = ({ index, event, meter }: Judged): NamedEntry[] =>
  isNamed(event) && meter ? [{ index, event, meter }] : []

const reversalOf = ({ index, event }: Judged): Entry<Reversal>[] =>
  isReversal(event) ? [{ index, event }] : []

function directOf(entry: Judged): { entry: Entry; index: number; wish: Wish }[] {
  const { index, event, meter } = entry
  if (!isDirect(event) || !meter) return []
  const { dimension, quantity, at } = event
  const part = { is: 'event', event, reverses: null } as const
  return [{ entry, index, wish: { meter, dimension, quantity, at, part } }]
}
