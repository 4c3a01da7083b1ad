import { type Deps, enqueue, transact } from '../deps.ts'
import type { Id } from '../kernel/id.ts'
import { dayMs, millis } from '../kernel/time.ts'
import type { Outcome } from '../platform/jobs.ts'
import { record } from '../platform/record.ts'
import { type Agreement, type Awaits, remindersOf } from './model.ts'
import * as store from './store.ts'

const job = 'agreements.remind'

/** Says that an agreement awaits the seller when that is new, and has people reminded of its deadline. */
export async function heed(tx: Deps, held: Agreement, next: Agreement): Promise<void> {
  const { awaits, agreementRef, id } = next
  const isNew = held.revision === 0
  if (awaits === null || (!isNew && isSame(held.awaits, awaits))) return
  if (isNew || held.awaits === null)
    await record(tx, 'agreement.awaiting', id, { agreementRef, ...awaits })
  if (awaits.by === null) return
  await store.setReminders(tx.db, id, remindersOf(awaits.by, tx.now()).due)
  await enqueue(tx, job, id)
}

const isSame = (a: Awaits | null, b: Awaits) =>
  a?.what === b.what && a.by === b.by && planOf(a) === planOf(b)
const planOf = (awaits: Awaits) => (awaits.what === 'change' ? awaits.planRef : null)

/** Reminds people of an agreement that still awaits them, a week and a day before its deadline. */
export const remind = (deps: Deps, id: string): Promise<Outcome> =>
  transact(deps, async (tx) => {
    const { agreement, reminders } = await store.holdReminded(tx.db, id as Id<'agr'>)
    const { awaits, agreementRef, state } = agreement
    if (!awaits?.by || state.is === 'ended') return 'done'
    const { due, next } = remindersOf(awaits.by, tx.now())
    if (due > reminders) {
      const daysLeft = Math.max(0, Math.ceil((millis(awaits.by) - millis(tx.now())) / dayMs))
      await record(tx, 'agreement.still_awaiting', id, { agreementRef, ...awaits, daysLeft })
      await store.setReminders(tx.db, agreement.id, due)
    }
    return next === null ? 'done' : { again: next }
  })
