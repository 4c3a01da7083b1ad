import type { GcpClient } from './client.ts'

/**
 * What this process knows of drafts it asked for, by their keys: when, that one was made, or that Google turned it away.
 * It saves searches and waits; without it, after a restart, Google's list is looked through.
 */
export type Sent =
  | { readonly is: 'sent'; readonly atMs: number }
  | { readonly is: 'made'; readonly offer: string }
  | { readonly is: 'turned_away' }

const sent = new WeakMap<GcpClient, Map<string, Sent>>()
const sentMax = 1_000

export const sentUnder = (client: GcpClient, key: string): Sent | undefined =>
  sent.get(client)?.get(key)

export function note(client: GcpClient, key: string, what: Sent): void {
  const known = sent.get(client) ?? new Map<string, Sent>()
  sent.set(client, known)
  known.delete(key)
  known.set(key, what)
  const [oldest] = known.keys()
  if (known.size > sentMax && oldest !== undefined) known.delete(oldest)
}
