import type { Table } from '../../world.ts'
import type { Subscription } from '../purchases.ts'
import type { AzureState } from '../state.ts'

/** What a token of the landing page stands for. */
type MarketplaceToken = { readonly subscription: string; readonly issuedAt: number }

const tokens = (state: AzureState): Table<MarketplaceToken> =>
  state.world.table('azure.marketplaceTokens')

/** A new token for the publisher's landing page: base64 that means nothing to anybody but Microsoft. */
export function issueToken(state: AzureState, subscription: Subscription): string {
  // The first byte makes the text begin with `+`, so that nobody forgets to decode the address.
  const bytes = Buffer.concat([Buffer.from([0xfb]), Buffer.from(state.ids.hex(128), 'hex')])
  const token = bytes.toString('base64')
  tokens(state).put(token, { subscription: subscription.id, issuedAt: state.now() })
  return token
}

/** The subscription a token stands for, `expired`, or null when nobody issued it. */
export function subscriptionOf(state: AzureState, token: string): Subscription | 'expired' | null {
  const known = tokens(state).get(token)
  const subscription = known && state.subscriptions.get(known.subscription)
  if (!subscription) return null
  const { marketplaceTokenMs } = state.settings().fulfilment
  return state.now() < known.issuedAt + marketplaceTokenMs ? subscription : 'expired'
}
