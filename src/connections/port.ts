/** One thing an account must be able to do, tried. */
export type Check = {
  /** The call that was made, in the provider's own word: `ListEntities`. */
  readonly call: string
  /** The permission the call needs, as the provider's administrator knows it. */
  readonly permission: string
  /** `missing`: refused for want of the permission. `failed`: anything else; `detail` says what. `skipped`: not needed with these settings. */
  readonly outcome: 'ok' | 'missing' | 'failed' | 'skipped'
  readonly detail?: string
}

/**
 * The account behind a connection.
 *
 * - `check` makes one harmless call to each API that the other ports use and reports each on its own;
 *   wrong credentials are outcomes too, never thrown. It changes nothing at the provider.
 */
export interface AccountPort {
  check(): Promise<readonly Check[]>
}
