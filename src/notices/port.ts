import type { ReceivedNotice } from './model.ts'

/** A call from outside, read but not trusted. */
export type IncomingNotice = {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What one provider pushes to us.
 *
 * - `receive` verifies the sender, against the connection's shared secret (compared in constant time) or the
 *   provider's published keys, and throws `unauthenticated` when it is not the provider. The only thing it may fetch
 *   are those keys, within 3 seconds; when they cannot be had it throws `unavailable`, never `unauthenticated`, since a
 *   provider may take a refusal for an answer.
 * - It interprets nothing: what a notice is about is looked up afterwards. What comes from the provider and cannot be
 *   read is a notice too, of kind `unreadable` about `other` (see `unreadable`): it would come again for ever.
 * - `pull` is there where notices are fetched: at most `max` of them, each with the receipt that `acknowledge` takes
 *   once they are stored. What is not acknowledged comes again.
 */
export interface NoticesPort {
  receive(incoming: IncomingNotice, secret: string): Promise<readonly ReceivedNotice[]>
  pull?(max: number): Promise<readonly PulledNotice[]>
  acknowledge?(receipts: readonly string[]): Promise<void>
}

export type PulledNotice = { readonly notice: ReceivedNotice; readonly receipt: string }
