import { newId } from '../kernel/id.ts'
import type { Instant } from '../kernel/time.ts'
import type { Actor } from './auth.ts'
import { type Db, json } from './db.ts'

/** What it takes to write down that something happened. */
export type Witness = {
  readonly db: Db
  readonly now: () => Instant
  readonly actor: Actor
  readonly requestId?: string | undefined
}

/**
 * Records that something happened, in the same transaction as the thing itself: what (`offer.live`),
 * to what (its id), by whom, and why (`data`, which never holds a secret). It is the audit trail.
 */
export async function record(
  { db, now, actor, requestId }: Witness,
  kind: string,
  subject: string,
  data: object = {},
): Promise<void> {
  await db
    .insertInto('events')
    .values({
      id: newId('evt'),
      at: now(),
      kind,
      subject,
      actor: json<Actor>(actor),
      request_id: requestId ?? null,
      data: json<unknown>(data),
    })
    .execute()
}
