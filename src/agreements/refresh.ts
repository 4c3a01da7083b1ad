import { type Deps, enqueue } from '../deps.ts'
import type { Instant } from '../kernel/time.ts'

const job = 'agreements.refresh'

/** Asks for an agreement to be read again from its marketplace, now or at a time, in the caller's transaction. */
export const refresh = (
  tx: Deps,
  connection: string,
  agreementRef: string,
  at?: Instant,
): Promise<void> => enqueue(tx, job, `${connection}/${agreementRef}`, at)
