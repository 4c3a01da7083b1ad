import type { Deps } from '../deps.ts'
import { trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import { record } from '../platform/record.ts'
import type * as claims from './claims.ts'
import type { Metered } from './metered.ts'
import type { UsageState } from './model.ts'
import * as policies from './policies.ts'
import { heldUntil, suspicion, type UsagePolicy } from './policy.ts'
import { worth } from './quantities.ts'
import type { Books } from './series.ts'

/** Looks at each record before it is frozen. */
export type Holder = {
  /** What becomes of a record that has to wait for a person; undefined for one that goes on. */
  judge(work: claims.Work): claims.Decided | undefined
  /** Writes down what was held, and what its time let go. */
  tell(): Promise<void>
}

/** What an account's policy holds of records that are about to be frozen. */
export async function holder(
  tx: Deps,
  connection: Id<'conn'>,
  { meters, books }: Known,
): Promise<Holder> {
  const now = tx.now()
  const { policy } = await policies.get(tx.db, connection)
  const told: { readonly kind: string; readonly id: string; readonly data: object }[] = []
  return {
    judge(work) {
      if (work.releasedAt !== null) return undefined
      // Its time is over, or it would not have been taken up.
      if (work.state.is === 'held') {
        told.push({
          kind: 'usage.released',
          id: work.id,
          data: { ...nameOf(work), why: 'deadline' },
        })
        return undefined
      }
      const state = stateOf(policy, work, { meters, books }, now)
      const dueAt = state && heldUntil(policy, now, work.deadline)
      if (!state || !dueAt) return undefined
      const { reason, usual, value } = state
      const { deadline } = work
      const data = { ...nameOf(work), reason, usual, value, deadline, until: dueAt }
      told.push({ kind: 'usage.held', id: work.id, data })
      return { id: work.id, split: null, report: null, state, dueAt, isCalled: false }
    },
    async tell() {
      for (const { kind, id, data } of told) await record(tx, kind, id, data)
    },
  }
}

type Known = { readonly meters: ReadonlyMap<string, Metered>; readonly books: Books }

function stateOf(
  policy: UsagePolicy,
  work: claims.Work,
  { meters, books }: Known,
  since: Extract<UsageState, { is: 'held' }>['since'],
): Extract<UsageState, { is: 'held' }> | undefined {
  const rate = meters.get(work.agreement)?.rates.get(work.dimension)
  const { peak, hours } = books.history(work)
  const reason = suspicion(policy, { quantity: work.quantity, peak, hours, rate })
  if (reason === undefined) return undefined
  return { is: 'held', reason, usual: trim(peak), value: worth(rate, work.quantity), since }
}

/** A record in the words of events. */
export const nameOf = ({
  agreement,
  dimension,
  hour,
  quantity,
}: Pick<claims.Work, 'agreement' | 'dimension' | 'hour' | 'quantity'>) => ({
  agreement,
  dimension,
  hour,
  quantity: trim(quantity),
})
