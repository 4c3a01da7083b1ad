import { sql } from 'kysely'
import type { Deps } from '../deps.ts'
import { type Decimal, isZero, trim } from '../kernel/decimal.ts'
import type { Id } from '../kernel/id.ts'
import type { Rate } from '../kernel/money.ts'
import type { Hour } from '../kernel/time.ts'
import { record } from '../platform/record.ts'
import type { UsageState } from './model.ts'
import { worth } from './quantities.ts'

/** Usage that no marketplace takes any more, beyond what the price includes. */
export type Loss = {
  readonly id: Id<'rec'>
  readonly agreement: string
  readonly dimension: string
  readonly hour: Hour
  /** All of the record that is lost. */
  readonly quantity: Decimal
  /** What of it was lost just now. */
  readonly added: Decimal
  /** Null: why it was lost in the first place, of which this takes something back. */
  readonly reason: string | null
  readonly rate: Rate | undefined
}

const takenBack = 'usage that was lost or refused is taken back'

export const lostState = (
  { quantity, reason, rate }: Pick<Loss, 'quantity' | 'reason' | 'rate'>,
  at: Extract<UsageState, { is: 'lost' }>['at'],
): Extract<UsageState, { is: 'lost' }> => ({
  is: 'lost',
  reason: reason ?? takenBack,
  quantity: trim(quantity),
  value: worth(rate, quantity),
  at,
})

/** Writes down what is lost on its records, with its value, and that it was lost. */
export async function saveLost(tx: Deps, losses: readonly Loss[]): Promise<void> {
  if (losses.length === 0) return
  const at = tx.now()
  const states = losses.map((loss) => JSON.stringify(lostState(loss, at)))
  await sql`update usage_records r set state_is = 'lost', updated_at = ${at},
      state = s.state::jsonb || case when s.keeps and r.state ? 'reason'
        then jsonb_build_object('reason', r.state -> 'reason') else '{}' end
    from unnest(${losses.map(({ id }) => id)}::text[], ${states}::text[],
      ${losses.map(({ reason }) => reason === null)}::boolean[]) as s(id, state, keeps)
    where r.id = s.id`.execute(tx.db)
  for (const loss of losses) if (!isZero(loss.added)) await witness(tx, loss)
}

/** Records the loss of what was lost just now: the same record can lose more later. */
export const witness = (tx: Deps, { id, rate, added, ...loss }: Loss): Promise<void> =>
  record(tx, 'usage.lost', id, {
    agreement: loss.agreement,
    dimension: loss.dimension,
    hour: loss.hour,
    reason: loss.reason ?? takenBack,
    quantity: trim(added),
    value: worth(rate, added),
  })
